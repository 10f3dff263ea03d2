"""Modular addition against plain Python."""

from typing import Any

import pytest

from scrubjay.core.errors import BadInput
from scrubjay.tasks.modular import modular_addition


@pytest.mark.parametrize("p", [2, 5, 12])
def test_labels_are_sums(p: int) -> None:
    task = modular_addition(p)
    assert task.labels is not None
    assert task.domain.image(task.labels).tolist() == [[(a + b) % p for b in range(p)] for a in range(p)]
    assert task.domain.tokens(task.domain.inputs())[:, 2].tolist() == [p] * p * p
    assert task.classes == tuple((answer,) for answer in range(p))
    assert task.targets().tolist() == task.labels.tolist()
    assert task.train is None


def test_below_makes_two_classes_of_many_tokens() -> None:
    task = modular_addition(7, below=3)
    assert task.labels is not None and task.is_binary
    assert task.domain.image(task.labels).tolist() == [[int((a + b) % 7 < 3) for b in range(7)] for a in range(7)]
    assert task.classes == ((3, 4, 5, 6), (0, 1, 2))


def test_labels_are_the_classes_of_the_right_answers() -> None:
    sums = modular_addition(11).targets()
    task = modular_addition(11, below=4)
    assert task.labels is not None and task.class_of(sums).tolist() == task.labels.tolist()


def test_the_fraction_trains() -> None:
    task = modular_addition(10, fraction=0.3, seed=4)
    assert task.train is not None and int(task.train.sum()) == 30
    other = modular_addition(10, fraction=0.3, seed=5)
    assert other.train is not None and other.train.tolist() != task.train.tolist()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "modular_addition:p=5"),
        ({"seed": 3}, "modular_addition:p=5"),
        ({"below": 2}, "modular_addition:p=5,below=2"),
        ({"fraction": 0.4, "seed": 3}, "modular_addition:p=5,fraction=0.4,seed=3"),
    ],
)
def test_the_name_says_the_options_that_matter(options: dict[str, Any], name: str) -> None:
    assert modular_addition(5, **options).name == name


@pytest.mark.parametrize("p", [1, 0, -7])
def test_a_modulus_below_two_is_refused(p: int) -> None:
    with pytest.raises(BadInput, match=f"at least 2, and got {p}"):
        modular_addition(p)


@pytest.mark.parametrize("below", [0, 5, 6, -1])
def test_below_must_leave_both_classes_an_answer(below: int) -> None:
    with pytest.raises(BadInput, match=f"between 1 and 4, .*; it is {below}"):
        modular_addition(5, below=below)


def test_a_fraction_that_trains_on_everything_is_refused() -> None:
    with pytest.raises(BadInput, match=r"fraction of 1\.0 leaves one part"):
        modular_addition(5, fraction=1.0)
