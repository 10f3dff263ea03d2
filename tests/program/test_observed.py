"""What a search sees of a task, and its count of neighbours."""

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.program.code import choice_bits
from scrubjay.program.observed import Observed
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task


def test_a_tasks_inputs_are_pairs_of_its_tokens() -> None:
    labels = np.array([[0, 1, 1], [1, 0, 0]])
    task = Task.from_arrays(labels, tokens=([3, 5], [2, 4, 9]), name="pairs")
    classes = torch.tensor([1, 0, -1, 1, 1, 0])
    seen = Observed.of_task(task, classes)
    assert list(zip(seen.a.tolist(), seen.b.tolist(), seen.y.tolist(), strict=True)) == [
        (3, 2, True), (3, 4, False), (5, 2, True), (5, 4, True), (5, 9, False)
    ]  # fmt: skip
    some = Observed.of_task(task, classes, torch.tensor([True, False, True, True, False, True]))
    assert (some.a.tolist(), some.b.tolist()) == ([3, 5, 5], [2, 2, 9])


def test_a_task_of_more_classes_or_positions_is_refused() -> None:
    adding = modular_addition(5)
    with pytest.raises(BadInput, match="has 5 classes and 2 varying positions"):
        Observed.of_task(adding, torch.zeros(25, dtype=torch.int64))
    deep = Task.from_arrays(np.arange(8).reshape(2, 2, 2) % 2, name="deep")
    with pytest.raises(BadInput, match="task deep has 2 classes and 3 varying positions"):
        Observed.of_task(deep, torch.zeros(8, dtype=torch.int64))


def test_what_is_no_label_is_refused() -> None:
    with pytest.raises(BadInput, match="one is 2"):
        Observed.of(np.array([[0, 2], [1, 1]]))
    with pytest.raises(BadInput, match="1 are known"):
        Observed.of(np.array([[0, 1]]), np.array([[True, False]]))
    assert Observed.of(np.array([[0, 2, 1]]), np.array([[True, False, True]])).n == 2


def test_neighbours_are_counted_where_they_are_known() -> None:
    known = np.ones((4, 5), dtype=bool)
    known[0, 0] = False
    seen = Observed.of(np.zeros((4, 5), dtype=np.int64), known)
    chosen = np.isin(seen.a * 5 + seen.b, [1, 2, 19])  # two side by side in the first row, one in a corner
    assert seen.neighbouring(chosen) == 2 / (2 + 3 + 2)
    assert seen.neighbouring(np.zeros(seen.n, dtype=bool)) == 0
    assert seen.neighbouring(np.ones(seen.n, dtype=bool)) == 1


def test_rows_of_gaps_are_neighbours_all_the_same() -> None:
    numbers = np.array([2, 7, 8])
    seen = Observed.of(np.zeros((3, 3), dtype=np.int64), rows=numbers, columns=numbers)
    assert seen.neighbouring((seen.a == 2) & (seen.b < 8)) == 2 / 5


def test_the_tables_bits_choose_its_ones() -> None:
    seen = Observed.of(np.array([[0, 1, 1], [0, 0, 0]]))
    assert seen.table_bits == choice_bits(6, 2)
