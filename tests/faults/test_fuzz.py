"""Some seven hundred mutated files are read by every reader, and the findings of longer runs are tested one by one."""

import importlib
import io
import zipfile
from collections.abc import Callable
from functools import partial
from inspect import unwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.functions.table_files import table_from_file
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.files.hub import load_network
from scrubjay.tasks.named import named_task
from scrubjay.tasks.task import Task

LABELS = np.array([[0, 1], [1, 0]])
FROM_ARRAYS = partial(unwrap(Task.from_arrays.__func__), Task)  # type: ignore[attr-defined]
"""``Task.from_arrays`` without the run-time type checks that the tests add, because these would refuse first."""


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    module = importlib.import_module("benchmarks.fuzz")
    module.from_arrays = FROM_ARRAYS  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    "target",
    ["sealed network", "sealed state", "foreign safetensors", "torch archive", "torch legacy", "npz", "csv", "arrays"],
)
def test_mutated_files_are_refused_in_a_sentence_or_read_right(fuzz: ModuleType, target: str) -> None:
    row = fuzz.run(target, 40, 1)
    assert row.findings == []
    assert row.files == 40 and sum(row.refused.values()) > 5
    assert row.read + sum(row.refused.values()) == 40


@pytest.mark.parametrize("layout", ["neel", "pizza", "transformer-lens", "gpt2", "nanogpt", "own.toml"])
def test_changed_checkpoints_are_refused_or_say_what_they_assume(fuzz: ModuleType, layout: str) -> None:
    row = fuzz.run(f"import {layout}", 25, 1)
    assert row.findings == []
    assert row.read and row.refused["RefusedFile"] and row.read + sum(row.refused.values()) == 25


@pytest.mark.parametrize("target", ["layout file", "task file", "formula", "declaration", "table of answers"])
def test_changed_texts_are_refused_or_mean_what_they_say(fuzz: ModuleType, target: str) -> None:
    row = fuzz.run(target, 40, 2)
    assert row.findings == []
    assert row.read and row.read + sum(row.refused.values()) == 40


@pytest.mark.parametrize("what", ["attn_coeff", "tok_embed", "config", "code"])
def test_the_fuzzer_sees_a_reader_that_does_not_heed_a_config_or_runs_code(
    fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    checkpoints = fuzz.fuzz_checkpoints
    sound, kept = checkpoints.sound, checkpoints.import_network

    def careless(path: Path, layout: str, declared: object) -> object:
        if what == "code":
            (path if path.is_dir() else path.parent).joinpath(checkpoints.MARKER).mkdir()
        imported = kept(path, layout, declared)
        c = imported.network.config
        if what == "tok_embed":
            imported.network.W_E[0, 0] += 1
        if what in ("config", "attn_coeff"):
            field = {"config": "act_fn", "attn_coeff": "attn_coeff"}[what]
            object.__setattr__(c, field, "silu" if field == "act_fn" else 0.25)
        return imported

    monkeypatch.setattr(checkpoints, "import_network", careless)
    findings = fuzz.run("import pizza", 12, 0).findings
    said = {
        "attn_coeff": "attn_coeff = 0.5 was stated, and the network has attn_coeff = 0.25",
        "tok_embed": "embed.W_E differs from the file",
        "config": "act_fn = 'ReLU' was stated, and the network has act_fn = 'silu'",
        "code": "code in the file was run",
    }
    assert sound("pizza").config["attn_coeff"] == 0.5
    assert any(said[what] in finding for finding in findings), findings


def test_the_fuzzer_sees_a_wrong_result_an_error_and_a_hang(fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(path: Path) -> bool:
        while True:
            pass

    def fail(path: Path) -> bool:
        raise KeyError("x")

    monkeypatch.setattr(fuzz, "LONGEST", 0.05)
    found = []
    for check in (hang, fail, lambda path: False):
        monkeypatch.setattr(fuzz, "is_the_table", check)
        (finding,) = fuzz.run("csv", 1, 0).findings
        found.append(finding.removeprefix("csv 0 0: "))
    assert found == ["Hung: ", "KeyError: 'x'", "read, and not what the file holds"]


@pytest.mark.parametrize(
    ("labels", "further", "says"),
    [
        (np.array([0, 2**62], dtype="m8[s]"), {}, "must be whole numbers, and are of type timedelta64"),
        (np.array([0, 1], dtype="M8[s]"), {}, "must be whole numbers, and are of type datetime64"),
        (np.array([0.0, -1e300]), {}, "count classes from 0, at most 100000; one is -1e\\+300"),
        (torch.ones(2, 2, requires_grad=True), {}, "are no array: Can't call numpy"),
        (LABELS, {"tokens": 3}, "the token sets of task own task must be sequences of whole numbers"),
        (LABELS, {"tokens": [["a", "b"], [0, 1]]}, "the token sets of task own task must be sequences of whole"),
        (LABELS, {"tokens": [[0, 2**70], [0, 1]]}, "position 0 of the domain has the token 1180591620717411303424"),
        (LABELS, {"classes": [[0], [[1]]]}, "the classes of task own task must be sequences of whole numbers"),
        (LABELS, {"classes": [[0], [2**70]]}, "has the token 1180591620717411303424 in a class; the largest is"),
        (LABELS, {"last": 1.5}, "the last token of task own task must be"),
        (LABELS, {"train": [[True], [True, False]]}, "the split of task own task are no array"),
    ],
)
def test_what_the_fuzzer_found_in_from_arrays_is_refused(labels: object, further: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        FROM_ARRAYS(labels, **further)


@pytest.mark.parametrize("entry", ["²", "9" * 5000, "9" * 19, "1_0", "-1", "1.0"])
def test_digits_that_are_no_numbers_are_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / "labels.csv").write_text(f"0,1\n1,{entry}\n")
    with pytest.raises(BadInput, match="entry 2 of row 2 of"):
        named_task(str(tmp_path / "labels.csv"))


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "labels.npz", labels=LABELS)
    with zipfile.ZipFile(tmp_path / "labels.npz", "a") as archive:
        archive.writestr("last", b"7")
    with pytest.raises(RefusedFile, match="holds members that are no arrays"):
        named_task(str(tmp_path / "labels.npz"))


@pytest.mark.parametrize("ending", [".pth", ".npz"])
def test_an_archive_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(
    tmp_path: Path, ending: str, fuzz: ModuleType
) -> None:
    packed, file = io.BytesIO(), tmp_path / f"bomb{ending}"
    if ending == ".npz":
        np.savez(packed, labels=LABELS)
    else:
        torch.save({"x": torch.ones(3)}, packed)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:  # the number of zeros matters only in the headers
        patch.setattr(fuzz.fuzz_checkpoints, "packed_zeros", lambda: (bytes(9), 0, 3 * 2**30))
        member = "labels.npy" if ending == ".npz" else "archive/data/0"
        file.write_bytes(fuzz.fuzz_checkpoints.bomb(packed.getvalue(), member))
    with pytest.raises(RefusedFile, match=rf"bomb\{ending} has .* bytes, and claims 3,221,22.* when it is unpacked"):
        named_task(str(file)) if ending == ".npz" else import_network(file)


@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + ".toml:sha256=0", "a" * 300 + ".npz:sha256=0"])
def test_a_name_that_is_too_long_is_a_sentence(tmp_path: Path, name: str) -> None:
    readers: tuple[Callable[[str], object], ...] = (import_network, load_network, named_task)
    for read in readers[2:] if ":" in name else readers[:2]:
        with pytest.raises(BadInput, match=r"too long|is gone"):
            read(f"{tmp_path}/{name}")


@pytest.mark.parametrize("content", [b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00\x06\x00{'a':("])
def test_a_damaged_table_of_answers_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npy").write_bytes(content)
    with pytest.raises(RefusedFile, match=r"t\.npy is no plain array of NumPy"):
        table_from_file(tmp_path / "t.npy")


def test_answers_beyond_64_bits_are_not_taken_for_unknown_ones(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([0, 2**63], dtype=np.uint64))
    with pytest.raises(BadInput, match=r"t\.npy: .* holds numbers below 2\*\*63, and one is 9223372036854775808"):
        table_from_file(tmp_path / "t.npy")


@pytest.mark.parametrize("layout", ["gpt2", "nanogpt", "transformer-lens"])
def test_a_file_that_lost_its_mlps_is_not_taken_for_attention_only(
    tmp_path: Path, fuzz: ModuleType, layout: str
) -> None:
    state = fuzz.fuzz_checkpoints.sound(layout).state
    kept = {key: weight for key, weight in state.items() if ".mlp." not in key}
    torch.save(kept, tmp_path / "net.pth")
    with pytest.raises(RefusedFile, match=r"mlp\.\S+ is missing"):
        import_network(tmp_path / "net.pth", layout, {"n_heads": 2, "norm": "LN"})
    without = {key: weight for key, weight in kept.items() if ".ln_2." not in key}
    torch.save(without, tmp_path / "net.pth")
    if layout != "transformer-lens":
        with pytest.raises(RefusedFile, match="has no MLP"):
            import_network(tmp_path / "net.pth", layout, {"n_heads": 2})
