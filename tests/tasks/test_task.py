"""Tasks from arrays, classes of answers, targets and splits, and every refusal."""

import math
import random
import re
from typing import Any

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task, seeded_split

LABELS = np.array([[0, 1, 2], [2, 1, 0]])


def test_from_arrays_numbers_tokens_along_each_axis() -> None:
    task = Task.from_arrays(LABELS)
    assert task.domain == Domain(((0, 1), (0, 1, 2), (3,)))
    assert task.classes == ((0,), (1,), (2,))
    assert task.labels is not None and task.domain.image(task.labels).tolist() == LABELS.tolist()
    assert task.train is None and task.recipe is None and not task.is_binary


def test_from_arrays_takes_tokens_classes_last_and_split() -> None:
    train = np.array([[True, False, False], [False, True, True]])
    task = Task.from_arrays(
        LABELS, name="mine", tokens=[[5, 4], [1, 2, 3]], last=9, classes=[[7, 8], [6], [0]], train=train
    )
    assert task.name == "mine"
    assert task.domain.positions == ((5, 4), (1, 2, 3), (9,))
    assert task.classes == ((7, 8), (6,), (0,))
    assert task.train is not None and task.domain.image(task.train).tolist() == train.tolist()


@pytest.mark.parametrize(
    "labels", [[[True, False], [False, True]], [[1.0, 0.0], [0.0, 1.0]], np.eye(2, dtype=np.uint8), torch.eye(2).int()]
)
def test_from_arrays_takes_any_whole_numbers(labels: Any) -> None:
    task = Task.from_arrays(labels)
    assert task.labels is not None and task.labels.tolist() == [1, 0, 0, 1] and task.is_binary


def test_from_arrays_takes_one_or_three_varying_positions() -> None:
    assert Task.from_arrays([0, 1, 1]).domain.shape == (3,)
    assert Task.from_arrays(np.arange(24).reshape(2, 3, 4) % 2).domain.positions == (
        (0, 1),
        (0, 1, 2),
        (0, 1, 2, 3),
        (4,),
    )


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (LABELS, {"tokens": [[0, 1, 2], [0, 1]]}, "shape (2, 3), and its token sets the lengths (3, 2)"),
        (LABELS, {"tokens": [[0, 1]]}, "shape (2, 3), and its token sets the lengths (2,)"),
        ([[0, 1.5]], {}, "must be whole numbers, and hold 1.5"),
        ([[0, math.nan]], {}, "must be whole numbers, and hold nan"),
        ([[0, math.inf]], {}, "must be whole numbers, and hold inf"),
        ([["yes", "no"]], {}, "must be whole numbers, and are of type <U3"),
        ([[0j, 1j]], {}, "must be whole numbers, and are of type complex128"),
        ([[0, 1], [1]], {}, "are no array"),
        (np.array(1), {}, "must be a matrix, and have the shape ()"),
        ([[], []], {}, "must be a matrix, and have the shape (2, 0)"),
        ([[1, 1], [1, 1]], {}, "all 4 labels of task own task are class 1: with one class only"),
        ([[0, -2], [1, 1]], {}, "must be classes 0 to 1, and hold -2"),
        ([[0, 3], [1, 2]], {"classes": [[0], [1], [2]]}, "must be classes 0 to 2, and hold 3"),
        (LABELS, {"train": np.ones((2, 3), dtype=int)}, "must be Boolean of the labels' shape (2, 3); it is int64"),
        (LABELS, {"train": np.ones((3, 2), dtype=bool)}, "shape (2, 3); it is bool of shape (3, 2)"),
        (LABELS, {"train": np.ones(6, dtype=bool)}, "shape (2, 3); it is bool of shape (6,)"),
        (LABELS, {"last": -1}, "negative token -1"),
    ],
)
def test_from_arrays_says_what_is_wrong(labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        Task.from_arrays(labels, **options)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (((0,),), "two classes or more"),
        (((0,), ()), "each with a token"),
        (((0, 1), (1, 2)), "a token in two classes"),
    ],
)
def test_classes_that_are_none_are_refused(classes: tuple[tuple[int, ...], ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Task(name="t", domain=Domain.square(2, last=2), classes=classes)


def test_a_class_of_negative_tokens_is_refused() -> None:
    with pytest.raises(BadInput):
        Task.from_arrays([[0, 1]], classes=[[-1], [0]])


@pytest.mark.parametrize("what", ["labels", "split"])
def test_one_value_an_input(what: str) -> None:
    values: dict[str, Any] = {
        "labels": {"labels": torch.tensor([0, 1, 1])},
        "split": {"train": torch.tensor([True, False, True])},
    }[what]
    with pytest.raises(BadInput, match=rf"the {what} of task t must hold one value for each of the 4 .* \(3,\)"):
        Task(name="t", domain=Domain.square(2, last=2), classes=((0,), (1,)), **values)


def test_the_class_of_an_answer_is_the_group_that_holds_it() -> None:
    task = Task(name="t", domain=Domain.square(3, last=12), classes=((4, 0), (2,), (7, 1, 5)))
    homes = {4: 0, 0: 0, 2: 1, 7: 2, 1: 2, 5: 2}
    answers = [*range(13), 112, 10**9]
    assert task.class_of(torch.tensor(answers)).tolist() == [homes.get(token, -1) for token in answers]


def test_targets_are_the_tokens_of_the_classes() -> None:
    task = Task.from_arrays([[0, 1], [1, 0]], classes=[[7], [3]])
    assert task.targets().tolist() == [7, 3, 3, 7]


def test_there_are_no_targets_without_labels_or_with_classes_of_several_tokens() -> None:
    with pytest.raises(BadInput, match="no labels to train on"):
        Task(name="t", domain=Domain.square(2, last=2), classes=((0,), (1,))).targets()
    with pytest.raises(BadInput, match="classes of several tokens"):
        Task.from_arrays([[0, 1], [1, 0]], classes=[[0, 2], [1]]).targets()


@pytest.mark.parametrize(("rows", "columns"), [(113, 113), (7, 4), (1, 9)])
@pytest.mark.parametrize(("fraction", "seed"), [(0.5, 0), (0.3, 1), (0.77, 598)])
def test_the_split_is_that_of_a_shuffled_list_of_pairs(rows: int, columns: int, fraction: float, seed: int) -> None:
    pairs = [(a, b) for a in range(rows) for b in range(columns)]
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    training = set(shuffled[: int(fraction * len(pairs))])
    domain = Domain((tuple(range(rows)), tuple(range(columns)), (113,)))
    assert seeded_split(domain, fraction, seed).tolist() == [pair in training for pair in pairs]


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 1.5, math.nan, math.inf, 0.039])
def test_a_fraction_that_leaves_a_half_empty_is_refused(fraction: float) -> None:
    with pytest.raises(BadInput, match=f"fraction of {fraction} leaves one part of the 25 inputs empty"):
        seeded_split(Domain.square(5, last=5), fraction, 0)


def test_the_smallest_fraction_keeps_one_input() -> None:
    assert int(seeded_split(Domain.square(5, last=5), 0.04, 0).sum()) == 1
