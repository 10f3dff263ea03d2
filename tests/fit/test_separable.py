"""Separable scores on labels that such a score made, and on labels that it can't make."""

import pytest
import torch

from scrubjay.fit.separable import fit_separable

SIDE = 30


def plane() -> torch.Tensor:
    return torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE))


def made(rank: int, seed: int = 0) -> torch.Tensor:
    """Where a random additive score with so many products is positive."""
    draw = torch.Generator().manual_seed(seed)
    f, g = torch.randn(2, SIDE, generator=draw, dtype=torch.float64)
    u, v = torch.randn(2, SIDE, rank, generator=draw, dtype=torch.float64)
    return torch.gt((0.3 * (f[:, None] + g) + 2 * u @ v.T).reshape(-1), 0)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_score_of_the_right_rank_gives_all_labels_and_a_smaller_one_does_not(rank: int) -> None:
    choices, ones = plane(), made(rank)
    right = fit_separable(choices, ones, (SIDE, SIDE), products=rank, penalty=1e-3)
    assert bool(((right.scores(choices) > 0) == ones).double().mean() > 0.995)
    if rank:
        less = fit_separable(choices, ones, (SIDE, SIDE), products=rank - 1, penalty=1e-3)
        assert float(((less.scores(choices) > 0) == ones).double().mean()) < 0.93


def test_unseen_inputs_follow_from_half_of_them() -> None:
    choices, ones = plane(), made(1, seed=4)
    half = torch.rand(len(choices), generator=torch.Generator().manual_seed(1)) < 0.5
    found = fit_separable(choices[half], ones[half], (SIDE, SIDE), products=1, penalty=0.1)
    assert float(((found.scores(choices) > 0) == ones)[~half].double().mean()) > 0.9


def test_the_additive_loss_is_the_least() -> None:
    choices, penalty = plane(), 0.1
    ones = torch.rand(len(choices), generator=torch.Generator().manual_seed(2)) < 0.4
    found = fit_separable(choices, ones, (SIDE, SIDE), products=0, penalty=penalty)
    # at the least loss of a convex function its slope vanishes: each token's residuals add up to its penalty
    residual = ones.double() - torch.sigmoid(found.scores(choices))
    for at, table in enumerate(found.tables):
        slope = torch.zeros(SIDE, dtype=torch.float64).index_add_(0, choices[:, at], residual)
        torch.testing.assert_close(slope, 2 * penalty * table, atol=0.02, rtol=0)


def test_tokens_that_are_never_shown_get_nothing() -> None:
    choices, ones = plane(), made(2)
    shown = (choices[:, 0] != 7) & (choices[:, 1] != 3)
    found = fit_separable(choices[shown], ones[shown], (SIDE, SIDE), products=2, penalty=0.1)
    assert found.tables[0][7] == 0 and found.tables[1][3] == 0
    assert not found.left[7].any() and not found.right[3].any() and bool(found.left[8].any())
    assert found.free == 2 * SIDE - 1 + 2 * (2 * SIDE - 2)
