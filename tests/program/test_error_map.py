"""The error map against errors that were put in known places."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from scrubjay.program.arcs import Arcs
from scrubjay.program.curves import Curve
from scrubjay.program.error_map import NEAR, error_map
from scrubjay.program.expression import Program
from scrubjay.program.phases import Phase
from scrubjay.tasks.task import Task

SIDE = 40
LINE = Program((Curve("line", 1, 1, "<", Fraction(50)),), (0,), None, (Arcs(False), Arcs(True)), 1)
TWO = Program(
    (Curve("line", 0, 1, "<", Fraction(10)), Curve("product", 1, 1, ">", Fraction(600))),
    (0, 0),
    Phase(1, 0, Fraction(1), 4),
    (Arcs(False, (2,)), Arcs(True), Arcs(True, (2,)), None),
    4,
)


def of(program: Program, *, split: bool = False) -> tuple[Task, torch.Tensor]:
    a, b = np.indices((SIDE, SIDE))
    labels = program.labels(a.reshape(-1), b.reshape(-1)).reshape(SIDE, SIDE).astype(np.int64)
    task = Task.from_arrays(labels, name="planted", train=(a + b) % 2 == 0 if split else None)
    assert task.labels is not None
    return task, task.labels.clone()


def wrong_at(classes: torch.Tensor, *cells: tuple[int, int]) -> torch.Tensor:
    for a, b in cells:
        classes[a * SIDE + b] ^= 1
    return classes


def test_distances_are_counted_in_cells_of_the_row() -> None:
    task, classes = of(LINE)  # row a changes between b = 49 - a and 50 - a; rows 0 to 10 have no change
    found = error_map(LINE, task, wrong_at(classes, (20, 29), (20, 30), (20, 25), (30, 0), (3, 3)))
    assert found is not None and found.along == "row" and found.errors == 5
    assert found.distance[20, 29] == found.distance[20, 30] == 1
    assert (found.distance[20, 25], found.distance[30, 0], found.distance[3, 3]) == (5, 20, 0)
    assert found.within[:5] == (2, 2, 2, 2, 3) and found.within[19] == 4
    assert (found.near, found.changing) == (3 / 5, 4 / 5)
    assert {part.name: (part.errors, part.changes) for part in found.boundaries} == {"a + b < 50": (4, 29)}
    assert {part.name: (part.lines, part.errors) for part in found.patterns} == {"1": (11, 1), "10": (29, 4)}
    assert sum(part.inputs for part in found.regions) == SIDE**2
    assert {part.name: part.errors for part in found.regions} == {"a + b < 50": 4, "a + b ≥ 50": 1}


def test_each_change_belongs_to_the_curve_that_makes_it() -> None:
    task, classes = of(TWO)
    found = error_map(TWO, task, wrong_at(classes, (0, 9), (1, 10), (29, 20), (29, 21), (29, 22)), seed=1)
    assert found is not None
    parts = {part.name: part for part in found.boundaries}
    labels = task.domain.image(classes).numpy() ^ found.wrong
    first, second = parts["b < 10"], parts["a·b > 600"]
    assert first.changes == int((labels[:, 9] != labels[:, 10]).sum())
    assert first.changes + second.changes == int((labels[:, 1:] != labels[:, :-1]).sum())
    assert (first.errors, second.errors) == (2, 3)
    assert [part.name for part in found.regions] == [
        "b ≥ 10 and a·b ≤ 600", "b ≥ 10 and a·b > 600", "b < 10 and a·b ≤ 600"
    ]  # fmt: skip
    assert [part.errors for part in found.regions] == [2, 2, 1]


def test_a_change_that_no_curve_makes_is_the_phases() -> None:
    sums = Program(LINE.curves, (0,), Phase(1, 1, Fraction(1), 20), (Arcs(True, (10,)), Arcs(True)), 20)
    task, classes = of(sums)
    found = error_map(sums, task, wrong_at(classes, (35, 34), (20, 30), (20, 39)))
    assert found is not None
    parts = {part.name: part for part in found.boundaries}
    assert set(parts) == {"a + b < 50", "phase"}
    labels = task.domain.image(classes).numpy() ^ found.wrong
    assert parts["phase"].changes + parts["a + b < 50"].changes == int((labels[:, 1:] != labels[:, :-1]).sum())
    assert parts["phase"].changes == sum(a + b - 1 >= 50 and (a + b) % 10 == 0 for a in range(40) for b in range(1, 40))
    assert (parts["phase"].errors, parts["a + b < 50"].errors) == (1, 2)
    assert sum(part.inputs for part in parts.values()) == 29 * SIDE  # rows 0 to 10 have no change, and no nearest one


def test_the_null_is_errors_thrown_into_the_same_rows() -> None:
    task, classes = of(LINE)
    draw = np.random.default_rng(0)
    cells = {(int(a), int(b)) for a, b in zip(draw.integers(15, 35, 150), draw.integers(0, SIDE, 150), strict=True)}
    found = error_map(LINE, task, wrong_at(classes, *cells))
    assert found is not None
    assert found.near_null.low <= found.near <= found.near_null.high
    rows = [[0.0] * 2 for _ in range(SIDE)]
    for a, _ in cells:  # the expectation, cell by cell
        near = sum(0 < found.distance[a, b] <= NEAR for b in range(SIDE)) / SIDE
        rows[a][0] += near
        rows[a][1] += 1
    assert found.near_null.mean == pytest.approx(sum(row[0] for row in rows) / len(cells), abs=0.01)
    assert found.changing == 1 > found.changing_null.high
    assert found.changing_null.mean == pytest.approx(float((found.distance > 0).mean()), abs=0.02)


def test_errors_at_the_boundary_stand_out() -> None:
    task, classes = of(LINE, split=True)
    found = error_map(LINE, task, wrong_at(classes, *((a, 50 - a) for a in range(12, 40))))
    assert found is not None and found.near == 1 and found.near_null.high < 0.5
    assert [(part.name, part.inputs, part.errors) for part in found.halves] == [
        ("training half", 800, 28), ("test half", 800, 0)
    ]  # fmt: skip


def test_lines_are_columns_where_the_phase_reads_b() -> None:
    turned = Program(
        (Curve("line", 1, 0, "<", Fraction(10)),), (0,), Phase(0, 1, Fraction(1), 4), (Arcs(False, (2,)), Arcs(True)), 4
    )
    task, classes = of(turned)
    found = error_map(turned, task, wrong_at(classes, (10, 0), (20, 3)))
    assert found is not None and found.along == "column"
    assert found.wrong[10, 0] and found.wrong[20, 3] and found.errors == 2
    assert found.distance[10, 0] == 1 and found.distance[20, 3] == 0
    assert {part.name: part.changes for part in found.boundaries} == {"a < 10": 20}


def test_without_errors_there_is_no_map() -> None:
    task, classes = of(LINE)
    assert error_map(LINE, task, classes) is None
