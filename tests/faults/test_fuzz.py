"""Three hundred mutated files are read by every reader, and the findings of longer runs are tested one by one."""

import importlib
import zipfile
from functools import partial
from inspect import unwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput, RefusedFile
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
