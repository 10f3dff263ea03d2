"""Tasks by name and from files, and every refusal."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.named import as_task, named_task, split_task
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


@pytest.mark.parametrize("name", ["challenge2", "modular_addition:p=7,below=3,fraction=0.1,seed=0"])
def test_a_task_or_its_name_or_its_file_is_taken_as_a_task(name: str, file: Path) -> None:
    task = named_task(name)
    assert as_task(task) is task
    assert as_task(name).name == name == as_task(name).words
    np.savez(file, labels=LABELS)
    assert as_task(file).name == as_task(str(file)).name == named_task(file).name == "mine"


def test_a_table_of_text_is_a_task(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "table.csv", LABELS, fmt="%d", delimiter=",")
    task = named_task(tmp_path / "table.csv")
    assert task.name == "table" and task.domain.shape == LABELS.shape and task.last_is_assumed
    assert answers_and_split(task) == (LABELS.reshape(-1).tolist(), None)


SAYINGS: dict[str, Callable[[str], Task]] = {
    "the file alone": named_task,
    "last token": lambda words: named_task(f"{words}:last=9"),
    "split": lambda words: named_task(f"{words}:fraction=0.25,seed=3"),
    "last token and split": lambda words: named_task(f"{words}:last=9,fraction=0.25"),
    "split afterwards": lambda words: split_task(words, 0.25, 3),
}


@pytest.mark.parametrize("form", SAYINGS)
def test_the_words_of_a_file_make_its_task_again_from_anywhere(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", labels=LABELS)
    task = SAYINGS[form]("mine.npz")
    assert task.words.startswith(f"{tmp_path.resolve() / 'mine.npz'}:")
    monkeypatch.chdir("elsewhere")
    again = named_task(task.words)
    assert (again.name, again.domain, again.classes, again.words) == (task.name, task.domain, task.classes, task.words)
    assert answers_and_split(again) == answers_and_split(task)
    assert not again.last_is_assumed


def test_a_file_may_say_everything_and_its_words_make_it_again(file: Path) -> None:
    np.savez(file, labels=LABELS, train=TRAIN, last=9, classes=np.array([2, -1, 0, 1, 0]))
    task = named_task(file)
    again = named_task(task.words)
    assert (again.domain, again.classes, again.words) == (task.domain, task.classes, task.words)
    assert answers_and_split(again) == answers_and_split(task)


def test_options_of_a_file_reach_its_task(file: Path) -> None:
    np.savez(file, labels=LABELS)
    task = named_task(f"{file}:last=20,fraction=0.25,seed=3")
    assert task.domain.positions[-1] == (20,) and not task.last_is_assumed
    assert task.train is not None and int(task.train.sum()) == 6
    assert answers_and_split(named_task(f"{file}:fraction=0.25,seed=4"))[1] != task.train.tolist()


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({}, "last=x", "last must be a number, and is 'x'"),
        ({}, "p=3", "a file of labels has no option 'p', only last, fraction, seed, sha256"),
        ({}, "", "a file of labels has no option ''"),
        ({}, "last=6,last=7", "the option last is given twice"),
        ({}, "fraction=0", "fraction of 0.0 leaves one part of the 24 inputs empty"),
        ({"last": 9}, "last=8", "states the last token 9, so it cannot be 8"),
        ({"train": TRAIN}, "fraction=0.5", "holds a split (its array `train`), so no fraction of 0.5 can be chosen"),
        ({}, f"last={10**9}", "the largest is 10000000"),
    ],
)
def test_options_that_a_file_does_not_take_are_refused(
    file: Path, arrays: dict[str, Any], options: str, message: str
) -> None:
    np.savez(file, labels=LABELS, **arrays)
    with pytest.raises(BadInput, match=re.escape(message)):
        named_task(f"{file}:{options}")


CHANGES: dict[str, dict[str, Any]] = {
    "one label": {"labels": np.where(np.arange(24).reshape(4, 6) == 7, (LABELS + 1) % 3, LABELS)},
    "the shape": {"labels": LABELS.reshape(6, 4)},
    "the split": {"train": ~TRAIN},
    "no split": {"train": None},
    "the last token": {"last": 8},
    "the classes": {"classes": np.array([0, 2, 1])},
}


@pytest.mark.parametrize("what", CHANGES)
def test_labels_that_have_changed_since_are_noticed(file: Path, what: str) -> None:
    before: dict[str, Any] = {"labels": LABELS, "train": TRAIN, "last": 9, "classes": np.array([0, 1, 2])}
    np.savez(file, **before)
    words = named_task(file).words
    changed = before | CHANGES[what]
    if what == "the shape":
        changed["train"] = TRAIN.reshape(6, 4)
    np.savez(file, **{key: value for key, value in changed.items() if value is not None})
    with pytest.raises(BadInput, match=re.escape(f"the labels in {file.resolve()} have changed: their SHA-256 begins")):
        named_task(words)


def test_labels_packed_differently_have_not_changed(file: Path) -> None:
    np.savez(file, labels=LABELS)
    words = named_task(file).words
    np.savez_compressed(file, labels=LABELS.astype(np.uint8))
    assert answers_and_split(named_task(words)) == (LABELS.reshape(-1).tolist(), None)


def test_a_file_that_is_gone_is_named_with_what_to_do(file: Path) -> None:
    np.savez(file, labels=LABELS)
    words = named_task(f"{file}:fraction=0.25,seed=3").words
    file.rename(file.with_name("moved.npz"))
    again = re.escape("mine.npz:last=6,fraction=0.25,seed=3")
    with pytest.raises(
        BadInput, match=f"{re.escape(str(file.resolve()))}, which holds the stored task, is gone.*{again}"
    ):
        named_task(words)


def test_a_split_is_given_to_a_task_that_has_none() -> None:
    task = split_task("modular_addition:p=7", 0.3, seed=2)
    direct = modular_addition(7, fraction=0.3, seed=2)
    assert task.name == task.words == direct.name and answers_and_split(task) == answers_and_split(direct)
    own = split_task(Task.from_arrays(LABELS, name="arrays"), 0.5)
    assert own.train is not None and int(own.train.sum()) == 12 and own.name == own.words == "arrays"


def test_a_split_keeps_what_was_changed_in_a_named_task() -> None:
    task = replace(modular_addition(7), recipe=challenge2().recipe)
    assert split_task(task).recipe == challenge2().recipe


@pytest.mark.parametrize("words", ["challenge2", "modular_addition:p=7,fraction=0.5"])
def test_a_task_keeps_the_split_that_it_has(words: str) -> None:
    with pytest.raises(BadInput, match=r"has a split already, so no fraction of 0\.4 can be chosen"):
        split_task(words, 0.4)


def test_an_option_of_modular_addition_is_given_once() -> None:
    with pytest.raises(BadInput, match="the option p is given twice"):
        named_task("modular_addition:p=7,p=9")
