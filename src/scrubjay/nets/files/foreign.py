"""Reading other programs' checkpoints without running any code in them.

PyTorch files are opened with ``torch.load(weights_only=True)`` only, which refuses a pickle that calls a function. The
tensors that it returns can still claim a wrong size (a tensor of 10^9 elements can refer to a single stored number), so
the shape of every tensor is compared with the size of its storage before anything is computed with it.
"""

import io
import json
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.core.files import check_unpacked, is_file, is_folder, read_whole
from scrubjay.nets.files.stated_config import Stated

_WRAPPERS = ("model", "state_dict", "model_state_dict")
"""The keys under which training programs store the weights inside a larger dictionary."""

_CONFIGS = ("config", "cfg", "model_args")
"""The keys under which training programs store the config inside a larger dictionary."""

_FOLDER_FILES = ("model.safetensors", "pytorch_model.bin")
"""The names of the weights in a folder that Hugging Face's transformers have written."""

_LARGEST_CONFIG = 2**20
"""The largest number of bytes of a JSON file with a config."""

_MOST_TENSORS = 10_000
"""The largest number of tensors of a file that is read."""

_MOST_ELEMENTS = 2**31
"""The largest number of elements of a tensor that is read."""

_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""The number types of weights."""

_OTHER_TYPES = (torch.bool, torch.int64, torch.int32, torch.uint8)
"""The types of masks and counters, which may be stored beside the weights."""


@dataclass(frozen=True, eq=False)
class Foreign:
    """What another program has stored.

    Attributes:
        file: the file that holds the weights.
        content: the bytes of the file.
        tensors: its tensors by key.
        stated: the configs inside the file and beside it, each with its place.
    """

    file: Path
    content: bytes
    tensors: dict[str, torch.Tensor]
    stated: tuple[Stated, ...]


def read_foreign(path: str | Path) -> Foreign:
    """Read the tensors of a file of ``torch.save`` or safetensors, and the configs that belong to it.

    A config is a dictionary under one of the keys ``config``, ``cfg`` and ``model_args`` inside the file; or the file
    ``NAME.config.json`` beside ``NAME.pt``; or, for safetensors and ``pytorch_model.bin``, the file ``config.json`` in
    the same folder. Optimiser states, training histories and anything else beside the weights are ignored.
    Half-precision weights are converted to float32, which loses nothing.

    Args:
        path: the file, or a folder that contains ``model.safetensors`` or ``pytorch_model.bin``.

    Raises:
        BadInput: there is no such file, or the folder contains no such file.
        RefusedFile: the file is damaged, unsafe to read, or holds no tensors; or a tensor is larger than its storage,
            of a type that weights do not have, or too large; or a config is not an object in JSON.
    """
    path = _weights_file(Path(path))
    content = read_whole(path)
    if not content:
        raise RefusedFile(f"{path} is empty")
    loaded = _safetensors(content, path) if content[8:9] == b"{" else _torch(content, path)
    tensors = _weights(loaded)
    if not tensors:
        raise RefusedFile(
            f"{path} holds no weights, neither at the top level nor under one of the keys {', '.join(_WRAPPERS)}"
        )
    if len(tensors) > _MOST_TENSORS:
        raise RefusedFile(f"{path} holds {len(tensors)} tensors; at most {_MOST_TENSORS} can be read")
    faults = [fault for name, tensor in tensors.items() if (fault := _fault(name, tensor))]
    if faults:
        raise RefusedFile(f"{path} cannot be used:\n  " + "\n  ".join(faults))
    plain = {
        name: tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
        for name, tensor in tensors.items()
    }
    return Foreign(path, content, plain, (*_inside(loaded, path), *_beside(path)))


def _weights_file(path: Path) -> Path:
    """The file itself, or the one with the weights in a folder."""
    if not is_folder(path):
        return path
    found = next((path / name for name in _FOLDER_FILES if is_file(path / name)), None)
    if found is None:
        raise BadInput(
            f"cannot read {path}: Is a directory, and contains neither {' nor '.join(_FOLDER_FILES)}; name the file "
            f"with the weights"
        )
    return found


def _inside(loaded: object, path: Path) -> list[Stated]:
    if not isinstance(loaded, Mapping):
        return []
    return [
        Stated(f"{path.name} (under {key!r})", loaded[key]) for key in _CONFIGS if isinstance(loaded.get(key), Mapping)
    ]


def _beside(path: Path) -> list[Stated]:
    """The config in a JSON file beside the weights."""
    own = path.with_name(path.name.rsplit(".", 1)[0] + ".config.json")
    shared = path.with_name("config.json")
    is_shared = path.suffix == ".safetensors" or path.name in _FOLDER_FILES
    file = own if is_file(own) else shared if is_shared and is_file(shared) else None
    return [] if file is None else [Stated(file.name, _json(file))]


def _json(file: Path) -> dict[str, object]:
    size = file.stat().st_size
    if size > _LARGEST_CONFIG:
        raise RefusedFile(f"{file} has {size:,} bytes; a config has at most {_LARGEST_CONFIG:,}")
    try:
        config: object = json.loads(read_whole(file), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RefusedFile(f"{file} is not a config in JSON: {error}") from error
    if not isinstance(config, dict):
        raise RefusedFile(f"{file} must hold a JSON object, and holds a {type(config).__name__}")
    return config


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
        raise ValueError(f"the key {twice[:80]!r} occurs twice")
    return found


def _safetensors(content: bytes, path: Path) -> object:
    try:
        return safetensors.torch.load(content)
    except (SafetensorError, ValueError) as error:
        raise RefusedFile(f"{path} is a damaged safetensors file: {error}") from error


def _torch(content: bytes, path: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if content.startswith(b"PK\x03\x04"):
                check_unpacked(content, path)
            loaded: object = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            return loaded
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL ([\w.]+)|(?:reduce for unrecognized function|object of class) (.+)", str(error))
        if asked is not None:
            raise RefusedFile(
                f"{path} was not opened, because it contains more than tensors and plain values (it asks for "
                f"{asked[1] or asked[2]}); reading it could run code from the file"
            ) from error
        reason = str(error).split("WeightsUnpickler error:")[-1].strip().split("\n")[0]
        raise RefusedFile(f"{path} is not a checkpoint that PyTorch can read: {reason}") from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError,
            OverflowError, MemoryError, OSError, ImportError, struct.error, zipfile.BadZipFile) as error:  # fmt: skip
        raise RefusedFile(f"{path} is damaged or not a checkpoint: {_first_line(error)}") from error


def _weights(loaded: object) -> dict[str, torch.Tensor]:
    if isinstance(loaded, torch.nn.Module) or not isinstance(loaded, Mapping):
        return {}
    for wrapper in _WRAPPERS:
        if isinstance(loaded.get(wrapper), Mapping):
            return _tensors(loaded[wrapper])
    return _tensors(loaded)


def _tensors(loaded: Mapping[object, object]) -> dict[str, torch.Tensor]:
    return {str(key): value for key, value in loaded.items() if isinstance(value, torch.Tensor)}


def _fault(name: str, tensor: torch.Tensor) -> str | None:
    """What is wrong with a tensor, or None if it can be used."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        return f"{name} is a {tensor.layout} tensor without plain values"
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        return (
            f"{name} claims {tensor.numel()} elements of shape {tuple(tensor.shape)} (strides {tensor.stride()}), but "
            f"its storage has only {tensor.untyped_storage().nbytes()} bytes"
        )
    if tensor.numel() > _MOST_ELEMENTS:
        return f"{name} has {tensor.numel()} elements; at most {_MOST_ELEMENTS} can be read"
    if tensor.dtype not in (*_WEIGHT_TYPES, *_OTHER_TYPES):
        return f"{name} is of type {tensor.dtype}, which weights cannot have"
    return None


def _first_line(error: BaseException) -> str:
    line = str(error).strip().split("\n")[0]
    return line if " " in line else f"{type(error).__name__} {line}".strip()
