"""The search: exact where a program was put, silent where there is none."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.program.boundaries import cut_plane
from scrubjay.program.constants import simplest_between
from scrubjay.program.expression import Program
from scrubjay.program.families import families
from scrubjay.program.members import random_member
from scrubjay.program.observed import Observed
from scrubjay.program.recovered import recover
from scrubjay.program.search import best_program
from scrubjay.tasks.task import Task


def square(side: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.indices((side, side))
    return a, b


def over(program: Program, side: int) -> np.ndarray:
    a, b = square(side)
    return program.labels(a.reshape(-1), b.reshape(-1)).reshape(side, side)


def test_the_public_labels_program_is_recovered_from_the_matrix_alone(public_labels: Path) -> None:
    with np.load(public_labels) as archive:
        labels = archive["labels"].astype(np.int64)
    found = best_program(Observed.of(labels))
    assert found is not None and found.length.exceptions == 0
    assert (over(found.program, 113) == labels).all()
    assert found.length.total < 160 < 12_500 < Observed.of(labels).table_bits
    page = Path(__file__).parents[2] / "docs" / "labelling-function.md"
    assert f"```python\n{found.program.python()}```" in page.read_text()


def test_the_training_half_gives_all_of_it(challenge: Task) -> None:
    assert challenge.labels is not None and challenge.train is not None
    labels, known = challenge.labels.reshape(113, 113).numpy(), challenge.train.reshape(113, 113).numpy()
    found = best_program(Observed.of(np.where(known, labels, 7), known))
    assert found is not None and found.length.exceptions == 0 and found.length.n == 6384
    assert (over(found.program, 113) == labels).mean() >= 0.999


A, B = square(48)
KNOWN = {
    "modular": (A + B) % 43 < 20,
    "product": A * B < 300,
    "three lines": ((A + 2 * B < 70).astype(int) + (3 * A - B > 20) + (A - B < -10)) == 1,
    "two circles": (A * A + B * B < 1500) ^ (A * A + B * B < 500),
    "square mod 29": (A**2 % 29 >= 5) & (A**2 % 29 < 14) & (A**3 < 500 * B),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_function_is_found_exactly(name: str) -> None:
    found = best_program(Observed.of(KNOWN[name].astype(np.int64)))
    assert found is not None and found.length.exceptions == 0
    assert (over(found.program, 48) == KNOWN[name]).all()


def test_flipped_labels_become_the_exceptions() -> None:
    truth = KNOWN["square mod 29"]
    flips = np.random.default_rng(5).random(truth.shape) < 0.03
    found = recover(Observed.of((truth ^ flips).astype(np.int64)))
    assert found.program is not None and found.length is not None and found.agreement is not None
    assert (over(found.program, 48) == truth).all()
    assert set(found.exceptions) == set(zip(*(axis.tolist() for axis in np.nonzero(flips)), strict=True))
    assert found.shuffled is None and found.random is None
    assert found.agreement == pytest.approx(1 - flips.mean())


def test_where_nothing_is_found_there_is_no_length_and_no_agreement() -> None:
    labels = (np.random.default_rng(4).random((16, 16)) < 0.5).astype(np.int64)
    found = recover(Observed.of(labels))
    assert (found.program, found.length, found.agreement, found.exceptions) == (None, None, None, ())
    assert (found.n, found.ones, found.shuffled, found.random) == (256, int(labels.sum()), None, None)


def test_labels_of_columns_alone_are_shuffled_by_column() -> None:
    _, b = square(40)
    found = recover(Observed.of((b**2 % 29 < 12).astype(np.int64)))
    assert found.program is not None and not found.program.reads_a and found.agreement == 1
    assert found.shuffled is None and found.random is None  # rows in another order would leave every label


@pytest.mark.parametrize("seed", [3, 8])
def test_a_random_member_is_found_exactly(seed: int) -> None:
    _, labels = random_member(seed, side=60)
    found = best_program(Observed.of(labels))
    assert found is not None and found.length.exceptions == 0
    assert (over(found.program, 60) == labels).all()


def blobs(seed: int, cells: int, side: int) -> np.ndarray:
    """Where a random field, smooth between cells + 1 knots a side, is positive."""
    knots = np.random.default_rng(seed).normal(size=(cells + 1, cells + 1))
    at = np.linspace(0, cells, side)
    smooth = np.array([np.interp(at, range(cells + 1), row) for row in knots])
    return np.array([np.interp(at, range(cells + 1), column) for column in smooth.T]).T > 0


def test_nothing_is_found_where_nothing_is() -> None:
    draw, side = np.random.default_rng(11), 48
    rows, columns = draw.random(side) < 0.5, draw.random(side) < 0.5
    for labels in (
        draw.random((side, side)) < 0.43,
        rows[:, None] ^ columns[None],
        KNOWN["three lines"][draw.permutation(side)],
        blobs(3, 6, side),
    ):
        assert best_program(Observed.of(labels.astype(np.int64))) is None


def test_the_sweep_finds_the_best_threshold_of_all() -> None:
    labels = KNOWN["square mod 29"]
    seen = Observed.of(labels.astype(np.int64))
    found = cut_plane(families(seen), seen.a, seen.y)
    assert len(found.boundaries) == 1
    assert (found.boundaries[0].below == (seen.a**3 < 500 * seen.b)).mean() > 0.98
    regions = found.regions(seen.n)
    for region in (0, 1):
        for a in range(48):
            here = (regions == region) & (seen.a == a)
            assert len(set(seen.y[here])) <= 1


@settings(max_examples=200, deadline=None)
@given(st.fractions(0, 1000, max_denominator=500), st.fractions(0, 50, max_denominator=300))
def test_the_simplest_numbers_lie_in_their_interval(low: Fraction, width: Fraction) -> None:
    found = simplest_between(low, low + width)
    assert found and all(low <= number <= low + width for number in found)
    least = min(number.denominator for number in found)
    for denominator in range(1, least):  # no fraction of the interval is simpler
        assert -(-low * denominator // 1) > (low + width) * denominator // 1


def test_a_hole_is_no_label() -> None:
    labels = np.full((4, 4), 9, dtype=np.int64)
    known = np.zeros((4, 4), dtype=bool)
    known[1, 2] = known[2, 3] = True
    labels[1, 2], labels[2, 3] = 1, 0
    seen = Observed.of(labels, known, rows=np.array([5, 6, 7, 8]))
    assert (seen.a.tolist(), seen.b.tolist(), seen.y.tolist()) == ([6, 7], [2, 3], [True, False])
