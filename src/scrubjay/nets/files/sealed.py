"""Sealed files: safetensors files whose manifest contains a SHA-256 digest of the whole file.

The manifest is a JSON object, stored as the only metadata entry, ``scrubjay``. Its ``sha256`` is the digest of the
whole file with these 64 digits set to zero. A change of any byte, of a weight, the header or the digest itself, is
therefore detected.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from scrubjay.core.errors import RefusedFile
from scrubjay.core.files import read_whole, write_whole

_BLANK = "0" * 64
"""What stands in place of the digest while the digest is computed."""

_DIGEST = re.compile(rb'\\"sha256\\": \\"([0-9a-f]{64})\\"')


def write_sealed(path: str | Path, tensors: Mapping[str, torch.Tensor], manifest: Mapping[str, object]) -> str:
    """Write tensors and a manifest into a file, completely or not at all.

    Args:
        path: the file to write.
        tensors: the tensors by name. They are stored contiguously.
        manifest: what the file says about itself; it must be possible to write it as JSON. An entry ``sha256`` is
            replaced by the digest of the new file.

    Returns:
        The file's SHA-256 digest, in hexadecimal digits.

    Raises:
        OutOfResources: the folder cannot be written, or the disk is full.
    """
    stated = {key: manifest[key] for key in sorted(manifest) if key != "sha256"}
    text = json.dumps({"sha256": _BLANK, **stated})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    blank = safetensors.torch.save(plain, metadata={"scrubjay": text})
    digest = hashlib.sha256(blank).hexdigest()
    write_whole(path, _with_digest(blank, digest.encode()))
    return digest


def read_sealed(path: str | Path, kind: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read a sealed file, after checking its digest.

    Args:
        path: the file.
        kind: the value that ``kind`` must have in the manifest, for example ``network``.

    Returns:
        The tensors by name, and the manifest.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is damaged, or is not a sealed file of this kind.
    """
    content = read_whole(path)
    found = _DIGEST.search(content[: _header_end(content)])
    if found is None:
        raise RefusedFile(
            f"{path} is not a scrubjay {kind}, because it has no manifest with a digest; if it is another program's "
            f"checkpoint, convert it with `scrubjay import {path} --out NETWORK.safetensors`"
        )
    digest = hashlib.sha256(_with_digest(content, _BLANK.encode())).hexdigest()
    if digest.encode() != found[1]:
        raise RefusedFile(
            f"{path} is damaged: its manifest gives the SHA-256 digest {found[1].decode()[:12]}..., but its bytes have "
            f"{digest[:12]}..."
        )
    try:
        manifest = json.loads(json.loads(content[8 : _header_end(content)])["__metadata__"]["scrubjay"])
        tensors = safetensors.torch.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise RefusedFile(f"{path} has a valid digest but cannot be read: {error}") from error
    found_kind = manifest.get("kind") if isinstance(manifest, dict) else None
    if found_kind != kind:
        raise RefusedFile(f"{path} holds a {found_kind or 'file of no known kind'}, but a {kind} is needed here")
    return tensors, manifest


def _header_end(content: bytes) -> int:
    """The position of the first byte after the safetensors header."""
    return 8 + min(int.from_bytes(content[:8], "little"), len(content))


def _with_digest(content: bytes, digest: bytes) -> bytes:
    """The file with its first digest replaced."""
    end = _header_end(content)
    return _DIGEST.sub(rb'\\"sha256\\": \\"' + digest + rb'\\"', content[:end], count=1) + content[end:]
