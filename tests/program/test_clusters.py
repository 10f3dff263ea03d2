"""The code of exceptions that lie together, and a search whose labels have such exceptions."""

from math import comb, log2

import numpy as np
import pytest

from scrubjay.program.clusters import clustered_bits
from scrubjay.program.code import choice_bits
from scrubjay.program.observed import Observed
from scrubjay.program.search import best_program


def read_row_by_row(known: np.ndarray, wrong: np.ndarray) -> float:
    """The bits, counted label by label: a class is the number of exceptions near a label that were read before it."""
    classes: dict[int, list[bool]] = {}
    for row, column in np.argwhere(known).tolist():
        near = sum(
            bool(wrong[above, beside])
            for above, beside in np.argwhere(known).tolist()
            if abs(above - row) <= 3 and abs(beside - column) <= 3 and (above, beside) < (row, column)
        )
        classes.setdefault(min(near, 3), []).append(bool(wrong[row, column]))
    return sum(log2(len(each) + 1) + log2(comb(len(each), sum(each))) for each in classes.values())


@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 1.0])
def test_the_bits_are_those_of_a_code_read_row_by_row(share: float) -> None:
    draw = np.random.default_rng(0)
    known = draw.random((12, 9)) < 0.8
    wrong = (draw.random(known.shape) < share) & known
    seen = Observed.of(np.zeros(known.shape, dtype=np.int64), known, rows=np.arange(12) * 5 - 7)
    assert clustered_bits(seen, wrong[known]) == pytest.approx(read_row_by_row(known, wrong))


def test_exceptions_that_lie_together_are_cheaper_and_others_hardly_dearer() -> None:
    draw, seen = np.random.default_rng(1), Observed.of(np.zeros((60, 60), dtype=np.int64))
    corners = draw.integers(4, 54, (8, 2))
    together = np.zeros((60, 60), dtype=bool)
    for row, column in corners.tolist():
        together[row : row + 4, column : column + 4] = draw.random((4, 4)) < 0.5
    apart = draw.permutation(together.reshape(-1))
    flat = choice_bits(seen.n, int(together.sum()))
    assert clustered_bits(seen, together.reshape(-1)) < 0.75 * flat
    assert flat < clustered_bits(seen, apart) < flat + 20
    assert clustered_bits(seen, np.zeros(seen.n, dtype=bool)) == choice_bits(seen.n, 0)


SIDE = 48
A, B = np.indices((SIDE, SIDE))
LINES = ((A + 2 * B < 70).astype(int) + (3 * A - B > 13) + (A - B < -7)) == 1


def test_errors_that_lie_together_near_a_boundary_buy_nothing() -> None:
    draw = np.random.default_rng(1)
    wrong = np.zeros(LINES.shape, dtype=bool)
    for row, column in draw.permutation(np.argwhere(LINES[:, 1:] != LINES[:, :-1]))[:4]:
        wrong |= ((A - row) ** 2 + (B - column) ** 2 <= 9) & (draw.random(LINES.shape) < 0.5)
    found = best_program(Observed.of((LINES ^ wrong).astype(np.int64)))
    assert found is not None and found.length.exceptions == wrong.sum() > 40
    assert (found.program.labels(A.reshape(-1), B.reshape(-1)).reshape(LINES.shape) == LINES).all()
