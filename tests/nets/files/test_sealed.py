"""Sealed files: a change of any byte is detected."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile
from scrubjay.nets.config import Config
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from tests.nets.test_transformer import random_network

TENSORS = {"a": torch.tensor([1.5, -2.0]), "b": torch.arange(6).view(2, 3)}


def flipped(content: bytes, at: int, mask: int) -> bytes:
    return content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def sealed(file: Path) -> bytes:
    write_sealed(file, TENSORS, {"kind": "thing", "n": 3})
    return file.read_bytes()


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("sealed") / "network.safetensors"
    write_sealed(path, random_network(Config(6, 3, 4, 2, 2, 5)).weights, {"kind": "network", "note": "x" * 40})
    return path, path.read_bytes()


def test_what_is_written_is_read(file: Path, sealed: bytes) -> None:
    tensors, manifest = read_sealed(file, "thing")
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[key], TENSORS[key]) for key in TENSORS)
    assert manifest.keys() == {"kind", "n", "sha256"} and manifest["n"] == 3


def test_the_digest_is_that_of_the_file_with_a_blank_digest(file: Path) -> None:
    digest = write_sealed(file, TENSORS, {"kind": "thing"})
    content = file.read_bytes()
    assert content.count(digest.encode()) == 1
    assert hashlib.sha256(content.replace(digest.encode(), b"0" * 64)).hexdigest() == digest
    assert read_sealed(file, "thing")[1]["sha256"] == digest


def test_a_sealed_file_is_plain_safetensors(file: Path, sealed: bytes) -> None:
    loaded = safetensors.torch.load_file(file)
    assert torch.equal(loaded["b"], TENSORS["b"])


def test_any_change_of_any_byte_of_a_tiny_file_is_refused(file: Path, sealed: bytes) -> None:
    for at in range(len(sealed)):
        for mask in (0x01, 0x20, 0xFF):
            file.write_bytes(flipped(sealed, at, mask))
            with pytest.raises(RefusedFile, match=re.escape(str(file))):
                read_sealed(file, "thing")
    file.write_bytes(sealed)
    read_sealed(file, "thing")


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=60)
def test_any_flipped_bit_of_a_network_is_refused(network_file: tuple[Path, bytes], place: float, bit: int) -> None:
    path, content = network_file
    path.write_bytes(flipped(content, int(place * len(content)), 1 << bit))
    with pytest.raises(RefusedFile):
        read_sealed(path, "network")


@given(place=st.floats(0, 1, exclude_max=True), new=st.binary(min_size=1, max_size=9), removed=st.integers(0, 9))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])
def test_any_bytes_put_in_the_place_of_others_are_refused(
    network_file: tuple[Path, bytes], place: float, new: bytes, removed: int
) -> None:
    path, content = network_file
    at = int(place * len(content))
    changed = content[:at] + new + content[at + removed :]
    path.write_bytes(changed)
    if changed == content:
        read_sealed(path, "network")
    else:
        with pytest.raises(RefusedFile):
            read_sealed(path, "network")


def test_a_truncated_or_longer_file_is_refused(file: Path, sealed: bytes) -> None:
    for content in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0", sealed + sealed]:
        file.write_bytes(content)
        with pytest.raises(RefusedFile):
            read_sealed(file, "thing")


def test_damage_is_told_apart_from_a_foreign_file(file: Path, sealed: bytes) -> None:
    file.write_bytes(flipped(sealed, len(sealed) - 1, 1))
    with pytest.raises(RefusedFile, match="is damaged: its manifest gives the SHA-256 digest"):
        read_sealed(file, "thing")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"scrubjay": json.dumps({"kind": "thing"})}])
def test_foreign_safetensors_are_sent_to_import(file: Path, metadata: dict[str, str] | None) -> None:
    safetensors.torch.save_file(TENSORS, file, metadata=metadata)
    with pytest.raises(RefusedFile, match=re.escape("is not a scrubjay thing, because it has no manifest")) as refused:
        read_sealed(file, "thing")
    assert f"`scrubjay import {file} --out" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 100, bytes(100)])
def test_other_files_are_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(RefusedFile, match="is not a scrubjay thing"):
        read_sealed(file, "thing")


def test_another_kind_is_refused(file: Path, sealed: bytes) -> None:
    with pytest.raises(RefusedFile, match="holds a thing, but a network is needed here"):
        read_sealed(file, "network")


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(BadInput, match=re.escape(f"cannot read {file}: No such file")):
        read_sealed(file, "thing")


def test_a_digest_that_the_manifest_quotes_is_not_taken_for_the_seal(file: Path) -> None:
    quoted = json.dumps({"sha256": "a" * 64})
    write_sealed(file, TENSORS, {"kind": "thing", "before": quoted, "then": {"sha256": "b" * 64}})
    _, manifest = read_sealed(file, "thing")
    assert manifest["before"] == quoted and manifest["then"] == {"sha256": "b" * 64}


def test_a_manifest_may_hold_the_digest_of_something_else(file: Path) -> None:
    write_sealed(file, TENSORS, {"kind": "thing", "origin": {"sha256": "b" * 64}})
    assert read_sealed(file, "thing")[1]["origin"] == {"sha256": "b" * 64}


def test_tensors_are_written_as_they_stand_whatever_their_strides(file: Path) -> None:
    turned: dict[str, Tensor] = {"x": torch.arange(6.0).view(2, 3).T, "y": torch.ones(2, requires_grad=True)}
    write_sealed(file, turned, {"kind": "thing"})
    tensors, _ = read_sealed(file, "thing")
    assert torch.equal(tensors["x"], turned["x"]) and not tensors["y"].requires_grad


def test_a_path_below_a_regular_file_can_not_be_written(file: Path, sealed: bytes) -> None:
    below = file / "deeper" / "net.safetensors"
    with pytest.raises(OutOfResources, match=re.escape(f"cannot write {below}: Not a directory")):
        write_sealed(below, TENSORS, {"kind": "thing"})
    assert file.read_bytes() == sealed


def test_a_manifest_that_is_no_object_is_refused(file: Path) -> None:
    blank = "0" * 64
    text = json.dumps([f'"sha256": "{blank}"']).replace("\\", "")  # the digest is in place, inside a JSON list
    for metadata in (text, json.dumps([{"sha256": blank}])):
        content = safetensors.torch.save(TENSORS, metadata={"scrubjay": metadata})
        digest = hashlib.sha256(content).hexdigest()
        file.write_bytes(content.replace(blank.encode(), digest.encode()))
        with pytest.raises(RefusedFile):
            read_sealed(file, "thing")
    with pytest.raises(RefusedFile, match="holds a file of no known kind, but a thing is needed here"):
        read_sealed(file, "thing")


def test_paths_may_be_strings(file: Path) -> None:
    write_sealed(str(file), TENSORS, {"kind": "thing"})
    assert read_sealed(str(file), "thing")[1]["kind"] == "thing"


def test_a_manifest_that_was_read_can_be_written_again(file: Path, sealed: bytes) -> None:
    tensors, manifest = read_sealed(file, "thing")
    write_sealed(file, tensors, {**manifest, "n": 4})
    assert read_sealed(file, "thing")[1]["n"] == 4
    write_sealed(file, tensors, manifest)
    assert file.read_bytes() == sealed
