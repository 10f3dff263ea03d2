"""The search: exact where a program was put, silent where there is none."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput
from scrubjay.program.boundaries import cut_plane
from scrubjay.program.constants import simplest_between
from scrubjay.program.expression import Program
from scrubjay.program.families import families
from scrubjay.program.members import random_member
from scrubjay.program.observed import Observed
from scrubjay.program.recovered import Recovered, recover
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


SIDE = 32
A, B = square(SIDE)
KNOWN = {
    "modular": (A + B) % 23 < 11,
    "product": A * B < 130,
    "three lines": ((A + 2 * B < 47).astype(int) + (3 * A - B > 13) + (A - B < -7)) == 1,
    "two circles": (A * A + B * B < 670) ^ (A * A + B * B < 220),
    "square mod 29": (A**2 % 29 >= 5) & (A**2 % 29 < 14) & (A**3 < 220 * B),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_function_is_found_exactly(name: str) -> None:
    found = best_program(Observed.of(KNOWN[name].astype(np.int64)))
    assert found is not None and found.length.exceptions == 0
    assert (over(found.program, SIDE) == KNOWN[name]).all()


def test_flipped_labels_become_the_exceptions() -> None:
    a, b = square(48)
    truth = (a**2 % 29 >= 5) & (a**2 % 29 < 14) & (a**3 < 500 * b)
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


@pytest.mark.parametrize("seed", [3, 6, 8])
def test_a_random_member_is_found_exactly(seed: int) -> None:
    _, labels = random_member(seed, side=40)
    found = best_program(Observed.of(labels))
    assert found is not None and found.length.exceptions == 0
    assert (over(found.program, 40) == labels).all()


def blobs(seed: int, cells: int, side: int) -> np.ndarray:
    """Where a random field, smooth between cells + 1 knots a side, is positive."""
    knots = np.random.default_rng(seed).normal(size=(cells + 1, cells + 1))
    at = np.linspace(0, cells, side)
    smooth = np.array([np.interp(at, range(cells + 1), row) for row in knots])
    return np.array([np.interp(at, range(cells + 1), column) for column in smooth.T]).T > 0


def test_nothing_is_found_where_nothing_is() -> None:
    draw, side = np.random.default_rng(11), SIDE
    rows, columns = draw.random(side) < 0.5, draw.random(side) < 0.5
    for labels in (
        draw.random((side, side)) < 0.43,
        rows[:, None] ^ columns[None],
        KNOWN["three lines"][draw.permutation(side)],
        blobs(3, 4, side),
    ):
        assert best_program(Observed.of(labels.astype(np.int64))) is None


def test_the_sweep_finds_the_best_threshold_of_all() -> None:
    labels = KNOWN["square mod 29"]
    seen = Observed.of(labels.astype(np.int64))
    found = cut_plane(families(seen), seen.a, seen.y)
    assert len(found.boundaries) == 1
    assert (found.boundaries[0].below == (seen.a**3 < 220 * seen.b)).mean() > 0.98
    regions = found.regions(seen.n)
    for region in (0, 1):
        for a in range(SIDE):
            here = (regions == region) & (seen.a == a)
            assert len(set(seen.y[here])) <= 1


@settings(max_examples=60, deadline=None)
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


# Large matrices


LARGE = 70
WIDE_A, WIDE_B = square(LARGE)
WIDE = (WIDE_A**2 % 29 < 13) & (WIDE_B < 41)
FEW = 625


@dataclass(frozen=True)
class Searched:
    """What a search in a sample found, and the progress that it reported."""

    found: Recovered
    told: list[tuple[str, float]]


@pytest.fixture(scope="module")
def searched() -> Searched:
    told: list[tuple[str, float]] = []
    found = recover(
        Observed.of(WIDE.astype(np.int64)), most=FEW, progress=lambda stage, share: told.append((stage, share))
    )
    return Searched(found, told)


def test_a_sample_is_a_grid_of_random_rows_and_columns() -> None:
    seen = Observed.of(WIDE.astype(np.int64))
    sample = seen.sample(FEW, seed=0)
    rows, columns = np.unique(sample.a), np.unique(sample.b)
    assert len(rows) == len(columns) == 25 and sample.n == FEW
    assert (sample.y == WIDE[sample.a, sample.b]).all()
    assert len(set(zip(sample.a.tolist(), sample.b.tolist(), strict=True))) == FEW
    assert sample.a.tolist() == seen.sample(FEW, seed=0).a.tolist() != seen.sample(FEW, seed=1).a.tolist()
    assert seen.sample(LARGE**2, seed=0) is seen
    wide = Observed.of(np.zeros((4, 2000), dtype=np.int64)).sample(1000, seed=0)
    assert len(np.unique(wide.a)) == 4 and len(np.unique(wide.b)) == 250
    high = Observed.of(np.zeros((2000, 4), dtype=np.int64)).sample(1000, seed=0)
    assert len(np.unique(high.a)) == 250 and len(np.unique(high.b)) == 4


def test_a_sample_of_labels_with_holes_keeps_about_as_many() -> None:
    known = np.random.default_rng(0).random(WIDE.shape) < 0.5
    seen = Observed.of(WIDE.astype(np.int64), known)
    sample = seen.sample(FEW, seed=3)
    assert sample.n == pytest.approx(FEW, rel=0.1)
    assert known[sample.a, sample.b].all()
    assert seen.sample(seen.n, seed=0) is seen


def test_a_program_behind_many_labels_is_found_in_a_sample_and_fitted_to_all_of_them(searched: Searched) -> None:
    seen = Observed.of(WIDE.astype(np.int64))
    in_sample = best_program(seen.sample(FEW, seed=0))
    assert in_sample is not None and in_sample.length.exceptions == 0
    assert (over(in_sample.program, LARGE) != WIDE).any()  # the sample leaves the line's constant open
    found = searched.found
    assert found.program is not None and found.length is not None
    assert (over(found.program, LARGE) == WIDE).all()
    assert (found.searched, found.n, found.length.n, found.agreement) == (FEW, LARGE**2, LARGE**2, 1.0)
    assert found.table_bits == seen.table_bits and found.shuffled is None and found.random is None


def test_what_a_sample_does_not_show_is_an_exception_of_all() -> None:
    labels = WIDE ^ (np.random.default_rng(1).random(WIDE.shape) < 0.02)
    found = recover(Observed.of(labels.astype(np.int64)), most=FEW, seed=0)
    assert found.program is not None and found.length is not None
    wrong = over(found.program, LARGE) != labels
    assert (over(found.program, LARGE) != WIDE).mean() < 0.002
    assert set(found.exceptions) == set(zip(*(axis.tolist() for axis in np.nonzero(wrong)), strict=True))
    assert found.length.exceptions == wrong.sum()


def test_nothing_is_found_in_a_sample_of_noise() -> None:
    labels = np.random.default_rng(4).random((LARGE, LARGE)) < 0.4
    assert best_program(Observed.of(labels.astype(np.int64)), most=FEW) is None


def test_too_many_labels_are_refused_with_their_number_and_the_limit() -> None:
    many = np.broadcast_to(np.int64(0), (2001, 2000))
    with pytest.raises(BadInput, match=r"at most 4,000,000 labels, and this matrix has 4,002,000 \(2,001 x 2,000\)"):
        Observed.of(many)


def test_progress_rises_to_one_through_the_search_and_its_controls(searched: Searched) -> None:
    shares = [share for _, share in searched.told]
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares) and len(set(shares)) > 50
    stages = list(dict.fromkeys(stage for stage, _ in searched.told))
    assert stages[-2:] == ["the same search with shuffled labels", "the same search with random labels"]
    assert {"programs of curves alone", "programs that repeat along a", "fitting constants to all labels"} <= {*stages}
    assert any(stage.startswith("cutting the plane for a function of a") for stage in stages)
