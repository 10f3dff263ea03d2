"""Other programs' files, read without running anything in them.

``torch.load(weights_only=True)`` and never anything else: a pickle that asks for a function is refused. What it
returns may still lie about its size (a tensor of 10^9 elements may stand on one number), so every tensor's shape is
held against its storage before anybody computes with it.
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

from scrubjay.errors import RefusedFile
from scrubjay.files import read_whole

_WRAPPERS = ("model", "state_dict", "model_state_dict")
_LARGEST = 2**31


def read_foreign(path: Path) -> tuple[bytes, dict[str, torch.Tensor]]:
    """The file's bytes and its tensors by key.

    Optimiser states, histories and other things beside the weights are passed over. Half-precision weights are
    widened to float32.

    Raises:
        BadInput: no such file.
        RefusedFile: truncated, damaged, unsafe, or without tensors; tensors that overlap themselves, are of a type that
            weights don't have, or are too large.
    """
    content = read_whole(path)
    if not content:
        raise RefusedFile(f"{path} is empty")
    loaded = _safetensors(content, path) if content[8:9] == b"{" else _torch(content, path)
    tensors = _weights(loaded)
    if not tensors:
        raise RefusedFile(
            f"{path} holds no weights: neither at its top nor under one of the keys {', '.join(_WRAPPERS)}"
        )
    faults = [fault for name, tensor in tensors.items() if (fault := _fault(name, tensor))]
    if faults:
        raise RefusedFile(f"{path} can't be used:\n  " + "\n  ".join(faults))
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
                f"{path} was not opened: it holds more than tensors and plain values, and to read that could run code "
                f"from the file (it asks for {asked[1] or asked[2]})"
            ) from error
        reason = str(error).split("WeightsUnpickler error:")[-1].strip().split("\n")[0]
        raise RefusedFile(f"{path} is no checkpoint that PyTorch can read: {reason}") from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError,
            OverflowError, MemoryError, OSError, ImportError, struct.error, zipfile.BadZipFile) as error:  # fmt: skip
        raise RefusedFile(f"{path} is damaged or no checkpoint at all: {_first_line(error)}") from error


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
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        return f"{name} is a {tensor.layout} tensor without plain values"
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        return (
            f"{name} claims {tensor.numel()} elements of shape {tuple(tensor.shape)} (strides {tensor.stride()}) on a "
            f"storage of {tensor.untyped_storage().nbytes()} bytes"
        )
    if tensor.numel() > _LARGEST:
        return f"{name} has {tensor.numel()} elements; the largest tensor that is read has {_LARGEST}"
    if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool):
        return None if tensor.dtype in (torch.int64, torch.int32, torch.uint8) else f"{name} is of type {tensor.dtype}"
    return None


def _first_line(error: BaseException) -> str:
    line = str(error).strip().split("\n")[0]
    return line if " " in line else f"{type(error).__name__} {line}".strip()
