"""Tasks by name and from files, and every refusal."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.tasks.named import named_task
from scrubjay.tasks.task import Task

LABELS = np.add.outer(np.arange(4), np.arange(6)) % 3
TRAIN = np.arange(24).reshape(4, 6) % 2 == 0


def answers_and_split(task: Task) -> tuple[list[int], list[bool] | None]:
    assert task.labels is not None
    return task.labels.tolist(), None if task.train is None else task.train.tolist()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.npz"


@pytest.mark.parametrize(
    "words",
    [
        "challenge2",
        "modular_addition:p=7",
        "modular_addition:p=7,below=3",
        "modular_addition:p=7,fraction=0.3,seed=5",
        "modular_addition:p=7,below=3,fraction=0.1,seed=0",
        "modular_addition:fraction=0.25,p=9",
    ],
)
def test_the_name_of_a_named_task_makes_it_again(words: str) -> None:
    task = named_task(words)
    again = named_task(task.name)
    assert again.name == task.name and again.domain == task.domain and again.classes == task.classes
    assert answers_and_split(again) == answers_and_split(task)


def test_options_reach_the_task() -> None:
    task = named_task("modular_addition:p=6,below=2,fraction=0.5,seed=9")
    assert task.labels is not None and task.train is not None
    assert task.domain.image(task.labels).tolist() == [[int((a + b) % 6 < 2) for b in range(6)] for a in range(6)]
    assert int(task.train.sum()) == 18
    assert task.train.tolist() != answers_and_split(named_task("modular_addition:p=6,fraction=0.5,seed=8"))[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mnist", "no task called 'mnist'"),
        ("", "no task called ''"),
        ("challenge2:p=3", "no task called 'challenge2:p=3'"),
        ("modular_addition", "no task called 'modular_addition'"),
        ("modular_addition:", "no task called 'modular_addition:'"),
        ("labels.npy", "no task called 'labels.npy'"),
        ("modular_addition:q=3", "no option 'q', only p, below, fraction, seed"),
        ("modular_addition:p=three", "p must be a number, and is 'three'"),
        ("modular_addition:p", "p must be a number, and is ''"),
        ("modular_addition:p=7,", "no option ''"),
        ("modular_addition:p=7,below=2.5", "below must be a number, and is '2.5'"),
        ("modular_addition:below=3", "needs its modulus, as in modular_addition:p=113"),
        ("modular_addition:p=1", "at least 2"),
        ("modular_addition:p=7,below=7", "between 1 and 6"),
        ("modular_addition:p=7,fraction=nan", "leaves one part"),
    ],
)
def test_words_that_name_no_task_are_refused(words: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        named_task(words)


def test_a_file_of_labels_is_a_task(file: Path) -> None:
    np.savez_compressed(file, labels=LABELS.astype(np.uint8))
    task = named_task(str(file))
    assert task.name == "mine" and task.domain.positions == ((0, 1, 2, 3), (0, 1, 2, 3, 4, 5), (6,))
    assert answers_and_split(task) == (LABELS.reshape(-1).tolist(), None)


def test_a_file_may_say_split_last_token_and_classes(file: Path) -> None:
    np.savez(file, labels=LABELS, train=TRAIN, last=9, classes=np.array([2, -1, 0, 1, 0]))
    task = named_task(str(file))
    assert task.domain.positions[-1] == (9,)
    assert task.classes == ((2, 4), (3,), (0,))
    assert answers_and_split(task) == (LABELS.reshape(-1).tolist(), TRAIN.reshape(-1).tolist())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"train": TRAIN}, "must hold `labels`, and may hold train, last, classes; it holds ['train']"),
        ({"labels": LABELS, "Labels": LABELS}, "it holds ['Labels', 'labels']"),
        ({"labels": np.zeros((4, 6))}, "all 24 labels of task mine are class 0"),
        ({"labels": LABELS + 0.5}, "labels of task mine must be whole numbers"),
        ({"labels": LABELS, "train": TRAIN.astype(int)}, "split of task mine must be Boolean"),
        ({"labels": LABELS, "train": TRAIN.T}, "split of task mine must be Boolean"),
        ({"labels": LABELS, "classes": np.array([0, 1])}, "must be classes 0 to 1, and hold 2"),
        ({"labels": LABELS, "classes": np.array([0, 3])}, "each with a token"),
    ],
)
def test_arrays_that_make_no_task_are_refused(file: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(file, **arrays)
    with pytest.raises(BadInput, match=re.escape(message)):
        named_task(str(file))


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(BadInput, match=re.escape(f"cannot read {file}: No such file")):
        named_task(str(file))


class WritesAMarker:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def test_pickled_objects_are_refused_and_not_run(file: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    np.savez(file, labels=np.array([[WritesAMarker(marker)]], dtype=object))
    with pytest.raises(RefusedFile, match=r"no \.npz of plain arrays"):
        named_task(str(file))
    assert not marker.exists()
    with np.load(file, allow_pickle=True) as archive:
        archive["labels"]
    assert marker.exists()


@pytest.mark.parametrize("content", [b"", b"labels\n0,1\n", b"PK\x03\x04", bytes(1000)])
def test_what_is_no_archive_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(RefusedFile, match=re.escape(f"{file} is no .npz of plain arrays")):
        named_task(str(file))


def test_a_truncated_archive_is_refused_wherever_it_ends(file: Path) -> None:
    np.savez_compressed(file, labels=LABELS, train=TRAIN)
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(RefusedFile, match=r"no \.npz of plain arrays"):
            named_task(str(file))


def test_a_lone_array_under_the_name_of_an_archive_is_refused(file: Path) -> None:
    with file.open("wb") as handle:
        np.save(handle, LABELS)
    with pytest.raises(RefusedFile, match="is a single array; pack it"):
        named_task(str(file))


def test_a_damaged_archive_is_read_or_refused_but_never_crashes(file: Path) -> None:
    np.savez_compressed(file, labels=LABELS)
    content = file.read_bytes()
    for at in range(len(content)):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :])
        try:
            named_task(str(file))
        except ScrubjayError as error:
            assert str(error)


@pytest.mark.parametrize(
    "further",
    [
        {"last": np.array([1, 2])},
        {"last": np.array("x")},
        {"classes": np.array([], dtype=int)},
        {"classes": np.array(["a", "b", "c"])},
        {"classes": np.array([0, 1, np.nan])},
    ],
)
def test_a_last_token_or_classes_of_a_wrong_kind_are_refused(file: Path, further: dict[str, Any]) -> None:
    np.savez(file, labels=LABELS, **further)
    with pytest.raises(BadInput):
        named_task(str(file))
