"""Votes of the nearest cells against a loop over all pairs."""

import numpy as np
import pytest

from scrubjay.fit.neighbours import chosen_k, votes


def by_hand(known: np.ndarray, ones: np.ndarray, k: int, own: bool) -> np.ndarray:
    cells = np.argwhere(known)
    usual = 2 * ones[known].sum() > known.sum()
    said = np.zeros(known.shape, dtype=bool)
    for cell in np.ndindex(known.shape):
        far = ((cells - np.array(cell)) ** 2).sum(1)
        asked = np.ones(len(cells), dtype=bool) if own else far > 0
        nearest = asked & (far <= np.sort(far[asked])[k - 1]) if asked.sum() >= k else None
        if nearest is None:
            said[cell] = usual
        else:
            ayes = ones[tuple(cells[nearest].T)]
            said[cell] = usual if 2 * ayes.sum() == len(ayes) else 2 * ayes.sum() > len(ayes)
    return said


@pytest.mark.parametrize("shape", [(30,), (9, 12), (4, 5, 3)])
@pytest.mark.parametrize("share", [0.08, 0.5])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("of_one", [0.4, 0.6])
def test_votes_are_those_of_a_loop_over_all_pairs(
    shape: tuple[int, ...], share: float, own: bool, of_one: float
) -> None:
    draw = np.random.default_rng(len(shape))
    known, ones = draw.random(shape) < share, draw.random(shape) < of_one
    found = votes(known, ones, (1, 3, 5), own=own)
    for k in (1, 3, 5):
        assert np.array_equal(found[k], by_hand(known, ones, k, own)), k


def test_answers_of_unknown_cells_are_never_read() -> None:
    draw = np.random.default_rng(0)
    known, ones = draw.random((12, 12)) < 0.5, draw.random((12, 12)) < 0.5
    for k in (1, 5):
        assert np.array_equal(votes(known, ones, (k,))[k], votes(known, ones ^ ~known, (k,))[k])


def test_k_is_chosen_by_leaving_each_cell_out() -> None:
    chosen = set()
    for seed in range(6):
        draw = np.random.default_rng(seed)
        known, noise = draw.random((14, 14)) < 0.5, draw.random((14, 14)) < 0.05 * seed
        ones = (np.indices((14, 14)).sum(0) // 4 % 2 == 0) ^ noise
        right = {k: int((by_hand(known, ones, k, own=False) == ones)[known].sum()) for k in (1, 4, 20)}
        found = chosen_k(known, ones, (1, 4, 20))
        assert right[found] == max(right.values())
        chosen.add(found)
    assert len(chosen) > 1
