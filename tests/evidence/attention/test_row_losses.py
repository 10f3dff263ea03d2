"""Rows of a domain sorted by what runs through them."""

import numpy as np
import torch

from scrubjay.evidence.attention.row_losses import RowKinds
from scrubjay.tasks.task import Task


def test_rows_are_sorted_by_what_runs_through_them() -> None:
    labels = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 1, 0]])
    task = Task.from_arrays(labels)
    assert task.labels is not None
    kinds = RowKinds.of(task, task.labels)
    assert kinds is not None and kinds.patterns == ("0", "1", "01", "10", "010")
    assert kinds.rows.tolist() == [1, 1, 1, 1, 1] and kinds.of_inputs.tolist()[::4] == [0, 2, 1, 3, 4]
    changed = torch.zeros(20, dtype=torch.bool)
    changed[4:7] = True
    assert kinds.shares(changed).tolist() == [0, 0, 0.75, 0, 0]


def test_a_task_of_three_classes_or_three_positions_has_no_rows() -> None:
    assert RowKinds.of(Task.from_arrays(np.array([[0, 1], [2, 0]])), torch.tensor([0, 1, 2, 0])) is None
    cube = Task.from_arrays(np.indices((3, 3, 3)).sum(0) % 2)
    assert cube.labels is not None and RowKinds.of(cube, cube.labels) is None
