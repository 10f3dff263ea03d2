"""Counts over pairs without running every pair, against running every pair."""

import numpy as np
import pytest

from scrubjay.certify.compact import PairNetwork, compact_bound, pairs_above, pairs_above_all, pairs_above_both


def drawn(seed: int, k: int, ties: bool) -> tuple[np.ndarray, np.ndarray, list[float]]:
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=(23, k)), draw.normal(size=(17, k))
    if ties:
        first, second = first.round(0), second.round(0)
    return first, second, [0.0, -1.0, 0.5][:k] if not ties else [0.0, -1.0, 1.0][:k]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_all_pairs(seed: int, ties: bool) -> None:
    first, second, thresholds = drawn(seed, 3, ties)
    above = first[:, None] + second[None] > np.array(thresholds)
    assert pairs_above(first[:, 0], second[:, 0], thresholds[0]) == above[..., 0].sum()
    both = above[..., :2].all(-1).sum()
    assert pairs_above_both(first[:, :2], second[:, :2], thresholds[:2]) == both
    assert pairs_above_all(first[:, :1], second[:, :1], thresholds[:1]) == (above[..., 0].sum(),) * 2
    assert pairs_above_all(first[:, :2], second[:, :2], thresholds[:2]) == (both, both)
    low, high = pairs_above_all(first, second, thresholds)
    assert low <= above.all(-1).sum() <= high


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("smallest", [1, 3, 4, 8])
def test_bounds_hold_and_meet_where_every_leaf_is_run(seed: int, smallest: int) -> None:
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=(24, 2)), draw.normal(size=(19, 2))
    read, weights = draw.normal(size=(2, 10)), draw.normal(size=10)
    network = PairNetwork(first @ read + draw.normal(size=10), second @ read, weights, (first[:, 0], second[:, 1]))
    right = draw.random((24, 19)) < 0.5
    true = int(((network.margins(np.arange(24), np.arange(19)) > 0) == right).sum())
    found = compact_bound(network, right, smallest)
    assert found.least <= true <= found.most and found.brute == 24 * 19 * 10
    assert (found.least == found.most) == (smallest <= 3 or found.least == true == found.most)
    if smallest <= 3:
        assert found.least == true


def test_a_smooth_network_costs_less_than_every_pair() -> None:
    """One filter: the share of the work falls as the tokens become more."""
    shares = []
    for tokens in (64, 256):
        line = np.linspace(-1, 1, tokens)[:, None]
        network = PairNetwork(
            line @ np.ones((1, 4)) + 0.1, line @ np.ones((1, 4)), np.ones(4), (line[:, 0] * 0 - 1.0, line[:, 0] * 0)
        )
        found = compact_bound(network, np.ones((tokens, tokens), bool))
        assert found.least == found.most == int((network.margins(np.arange(tokens), np.arange(tokens)) > 0).sum())
        shares.append(found.work / found.brute)
    assert shares[1] < shares[0] / 2 and shares[1] < 1
