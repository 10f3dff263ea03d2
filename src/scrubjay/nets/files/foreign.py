"""Reading other programs' checkpoints without running any code in them.

PyTorch files are opened with ``torch.load(weights_only=True)`` only, which refuses a pickle that calls a function. The
tensors that it returns can still claim a wrong size (a tensor of 10^9 elements can refer to a single stored number), so
the shape of every tensor is compared with the size of its storage before anything is computed with it.
"""

import io
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from scrubjay.core.errors import RefusedFile
from scrubjay.core.files import read_whole

_WRAPPERS = ("model", "state_dict", "model_state_dict")
"""The keys under which training programs store the weights inside a larger dictionary."""

_MOST_ELEMENTS = 2**31
"""The largest number of elements of a tensor that is read."""

_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""The number types of weights."""

_OTHER_TYPES = (torch.bool, torch.int64, torch.int32, torch.uint8)
"""The types of masks and counters, which may be stored beside the weights."""


def read_foreign(path: str | Path) -> tuple[bytes, dict[str, torch.Tensor]]:
    """Read the tensors of a file of ``torch.save`` or safetensors.

    Optimiser states, training histories and anything else beside the weights are ignored. Half-precision weights are
    converted to float32, which loses nothing.

    Args:
        path: the file.

    Returns:
        The bytes of the file, and its tensors by key.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is damaged, unsafe to read, or holds no tensors; or a tensor is larger than its storage,
            of a type that weights do not have, or too large.
    """
    path = Path(path)
    content = read_whole(path)
    if not content:
        raise RefusedFile(f"{path} is empty")
    loaded = _safetensors(content, path) if content[8:9] == b"{" else _torch(content, path)
    tensors = _weights(loaded)
    if not tensors:
        raise RefusedFile(
            f"{path} holds no weights, neither at the top level nor under one of the keys {', '.join(_WRAPPERS)}"
        )
    faults = [fault for name, tensor in tensors.items() if (fault := _fault(name, tensor))]
    if faults:
        raise RefusedFile(f"{path} cannot be used:\n  " + "\n  ".join(faults))
    return content, {
        name: tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
        for name, tensor in tensors.items()
    }


def _safetensors(content: bytes, path: Path) -> object:
    try:
        return safetensors.torch.load(content)
    except (SafetensorError, ValueError) as error:
        raise RefusedFile(f"{path} is a damaged safetensors file: {error}") from error


def _torch(content: bytes, path: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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
