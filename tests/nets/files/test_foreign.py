"""Other programs' files: no code in them is run, and the sizes that they claim are checked."""

import math
import os
import pickle
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.files.foreign import read_foreign
from tests.nets.files.test_layouts import assert_same_weights, transformer_lens_state
from tests.nets.test_transformer import random_network

NETWORK = random_network(Config(d_vocab=5, n_ctx=3, d_model=6, n_heads=2, d_head=3, d_mlp=4))
STATE = transformer_lens_state(NETWORK, zero_biases=False)


class CallsTheSystem:
    """An object that creates a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


class CallsEval(CallsTheSystem):
    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"__import__('pathlib').Path({str(self.marker)!r}).touch()",)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "other.pth"


@pytest.mark.parametrize("kind", [CallsTheSystem, CallsEval])
@pytest.mark.parametrize("form", ["archive", "legacy", "bare pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_not_run(
    file: Path, tmp_path: Path, kind: type[CallsTheSystem], form: str
) -> None:
    marker = tmp_path / "marker"
    content = {"model": dict(STATE), "config": kind(marker)}
    if form == "bare pickle":
        file.write_bytes(pickle.dumps(content["config"]))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=form == "archive")
    with pytest.raises(RefusedFile, match=re.escape(str(file))):
        import_network(file)
    assert not marker.exists()
    if form == "bare pickle":
        pickle.loads(file.read_bytes())
    else:
        torch.load(file, weights_only=False)
    assert marker.exists()


def test_the_refusal_of_a_dangerous_pickle_says_why(file: Path, tmp_path: Path) -> None:
    torch.save({"model": dict(STATE), "config": CallsTheSystem(tmp_path / "marker")}, file)
    with pytest.raises(RefusedFile, match=r"was not opened, .* could run code from the file") as refused:
        import_network(file)
    assert "will likely succeed" not in str(refused.value)


@pytest.mark.parametrize("content", [torch.nn.Linear(2, 3), {"model": torch.nn.Linear(2, 3)}, {"a": np.ones(3)}])
def test_objects_of_other_classes_are_refused(file: Path, content: object) -> None:
    torch.save(content, file)
    with pytest.raises(RefusedFile, match="was not opened, because it contains more than tensors and plain values"):
        read_foreign(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"epoch,loss\n1,0.5\n", "is damaged or not a checkpoint"),
        (b"PK\x03\x04 but no archive", "is damaged or not a checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_refused(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(RefusedFile, match=message) as refused:
        read_foreign(file)
    assert str(file) in str(refused.value)


def test_a_missing_file_and_a_folder_are_no_checkpoints(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=re.escape(f"cannot read {file}: No such file")):
        read_foreign(file)
    with pytest.raises(BadInput, match=re.escape(f"cannot read {tmp_path}: Is a directory")):
        read_foreign(tmp_path)


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
@pytest.mark.parametrize("form", ["archive", "legacy", "safetensors"])
def test_a_truncated_file_is_refused(file: Path, form: str, fraction: float) -> None:
    if form == "safetensors":
        safetensors.torch.save_file(STATE, file)
    else:
        torch.save(STATE, file, _use_new_zipfile_serialization=form == "archive")
    content = file.read_bytes()
    file.write_bytes(content[: math.ceil(len(content) * fraction) - 1])
    with pytest.raises(RefusedFile, match=re.escape(str(file))):
        read_foreign(file)


def test_a_file_of_zeros_is_not_taken_for_an_attack(file: Path) -> None:
    file.write_bytes(bytes(4096))
    with pytest.raises(RefusedFile) as refused:
        read_foreign(file)
    assert "could run code" not in str(refused.value)


def test_a_legacy_file_is_refused_wherever_it_ends(file: Path) -> None:
    torch.save({"a": torch.ones(3)}, file, _use_new_zipfile_serialization=False)
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(RefusedFile):
            read_foreign(file)


@pytest.mark.parametrize("form", ["archive", "safetensors"])
def test_a_damaged_file_is_read_or_refused_but_never_crashes(file: Path, form: str) -> None:
    if form == "archive":
        torch.save({"a": torch.ones(2)}, file)
    else:
        safetensors.torch.save_file({"a": torch.ones(2)}, file)
    content, refused = file.read_bytes(), 0
    for at in range(0, len(content), 5 if form == "archive" else 1):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x5A]) + content[at + 1 :])
        try:
            read_foreign(file)
        except ScrubjayError as error:
            refused += 1
            assert str(file) in str(error)
    assert refused > 50


def test_a_tensor_larger_than_its_storage_is_refused_without_making_it(file: Path) -> None:
    torch.save(STATE | {"embed.W_E": torch.zeros(1).expand(10**5, 10**4)}, file)
    assert file.stat().st_size < 20_000
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RefusedFile, match=r"embed\.W_E claims 1000000000 elements of shape \(100000, 10000\)"):
        import_network(file)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 500e6


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.ones(3, dtype=torch.complex64), "x is of type torch.complex64"),
        (torch.ones(3).to(torch.float8_e4m3fn), "x is of type torch.float8_e4m3fn"),
        (torch.eye(3).to_sparse(), "x is a torch.sparse_coo tensor without plain values"),
        (torch.ones(3, device="meta"), "x is a torch.strided tensor without plain values"),
    ],
)
def test_tensors_that_are_no_weights_are_named(file: Path, tensor: torch.Tensor, message: str) -> None:
    torch.save(STATE | {"x": tensor}, file)
    with pytest.raises(RefusedFile, match=re.escape(message)):
        read_foreign(file)


def test_all_tensors_at_fault_are_listed(file: Path) -> None:
    torch.save({"a": torch.ones(1, dtype=torch.complex64), "b": torch.ones(1), "c": torch.zeros(1).expand(9)}, file)
    with pytest.raises(RefusedFile) as refused:
        read_foreign(file)
    assert [line.split()[0] for line in str(refused.value).splitlines()[1:]] == ["a", "c"]


@pytest.mark.parametrize("content", [{}, [torch.ones(2)], torch.ones(2), 7, {"model": {"name": "x"}}, {"epoch": 3}])
def test_a_file_without_weights_is_refused(file: Path, content: object) -> None:
    torch.save(content, file)
    with pytest.raises(RefusedFile, match="holds no weights, neither at the top level nor under one of the keys model"):
        read_foreign(file)


def test_a_checkpoint_that_wraps_itself_is_refused(file: Path) -> None:
    content: dict[str, Any] = {}
    content["model"] = content
    torch.save(content, file)
    with pytest.raises(RefusedFile):
        read_foreign(file)


def test_safetensors_are_read_whatever_their_name(tmp_path: Path) -> None:
    for name in ("net.safetensors", "net.pth"):
        safetensors.torch.save_file(STATE, tmp_path / name)
        imported = import_network(tmp_path / name)
        assert_same_weights(imported.network, NETWORK)
        assert imported.source["file"] == name


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-4], lambda content: content + b"more", lambda content: content[:9] + content[10:]],
)
def test_damaged_safetensors_are_refused(file: Path, damage: Any) -> None:
    file.write_bytes(damage(safetensors.torch.save(STATE)))
    with pytest.raises(RefusedFile, match="is a damaged safetensors file"):
        read_foreign(file)


def test_parameters_and_legacy_files_are_read(file: Path) -> None:
    parameters = {key: torch.nn.Parameter(weight) for key, weight in STATE.items()}
    torch.save(parameters, file, _use_new_zipfile_serialization=False)
    network = import_network(file).network
    assert_same_weights(network, NETWORK)
    assert not any(weight.requires_grad for weight in network.parameters())


def test_the_bytes_come_with_the_tensors(file: Path) -> None:
    torch.save(STATE, file)
    found = read_foreign(file)
    assert found.content == file.read_bytes() and found.file == file and found.stated == ()
    assert found.tensors.keys() == STATE.keys() and all(torch.equal(found.tensors[key], STATE[key]) for key in STATE)
