"""Sealed files: safetensors whose manifest carries a SHA-256 over every byte of the file.

The manifest is the one metadata entry, ``scrubjay``, a JSON object. Its ``sha256`` is the digest of the whole file with
those 64 digits set to zero, so a change of any byte (of a weight, of the header, of the digest itself) shows.
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

from scrubjay.errors import RefusedFile
from scrubjay.files import read_whole, write_whole

_BLANK = "0" * 64
_DIGEST = re.compile(rb'\\"sha256\\": \\"([0-9a-f]{64})\\"')


def write_sealed(path: Path, tensors: Mapping[str, torch.Tensor], manifest: Mapping[str, object]) -> str:
    """Write tensors and manifest, whole or not at all; gives the digest.

    Raises:
        OutOfResources: the folder can't be written or the disk is full.
    """
    text = json.dumps({"sha256": _BLANK, **dict(sorted(manifest.items()))})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    blank = safetensors.torch.save(plain, metadata={"scrubjay": text})
    digest = hashlib.sha256(blank).hexdigest()
    write_whole(path, _with_digest(blank, digest.encode()))
    return digest


def read_sealed(path: Path, kind: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read a file back, after holding its digest against its bytes.

    Args:
        path: the file.
        kind: what the manifest's ``kind`` must say.

    Raises:
        BadInput: no such file.
        RefusedFile: damaged, or not a file of that kind.
    """
    content = read_whole(path)
    found = _DIGEST.search(content[: _header_end(content)])
    if found is None:
        raise RefusedFile(
            f"{path} is not a scrubjay {kind} (it has no manifest with a digest); for another program's checkpoint use "
            f"`scrubjay import {path} --out NETWORK.safetensors`"
        )
    digest = hashlib.sha256(_with_digest(content, _BLANK.encode())).hexdigest()
    if digest.encode() != found[1]:
        raise RefusedFile(
            f"{path} is damaged: its manifest says SHA-256 {found[1].decode()[:12]}..., its bytes give {digest[:12]}..."
        )
    try:
        manifest = json.loads(json.loads(content[8 : _header_end(content)])["__metadata__"]["scrubjay"])
        tensors = safetensors.torch.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise RefusedFile(f"{path} is sealed but can't be read: {error}") from error
    if manifest.get("kind") != kind:
        raise RefusedFile(f"{path} holds a {manifest.get('kind')}, and a {kind} is needed here")
    return tensors, manifest


def _header_end(content: bytes) -> int:
    return 8 + min(int.from_bytes(content[:8], "little"), len(content))


def _with_digest(content: bytes, digest: bytes) -> bytes:
    end = _header_end(content)
    return _DIGEST.sub(rb'\\"sha256\\": \\"' + digest + rb'\\"', content[:end], count=1) + content[end:]
