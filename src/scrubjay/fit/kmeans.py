"""k-means in float64: Lloyd's steps from k-means++ seeding (Arthur & Vassilvitskii 2007)."""

import torch
from jaxtyping import Float64, Int
from torch import Tensor

_STEPS = 100
"""The largest number of Lloyd's steps."""


def kmeans(
    points: Float64[Tensor, "n r"], k: int, *, seed: int, steps: int = _STEPS
) -> tuple[Float64[Tensor, "k r"], Int[Tensor, "n"]]:
    """Group points around k centres.

    Args:
        points: the points, shape [n, r].
        k: the number of groups, at most n.
        seed: seed for the first centres.
        steps: the largest number of steps; it stops earlier if no point changes its group. A step takes O(n k r).

    Returns:
        The centres, shape [k, r], and the number of each point's nearest centre, shape [n].
    """
    centres = _seeded(points, k, torch.Generator().manual_seed(seed))
    member = nearest(points, centres)
    for _ in range(steps):
        counts = torch.bincount(member, minlength=k)
        sums = torch.zeros_like(centres).index_add_(0, member, points)
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centres)
        moved = nearest(points, centres)
        if torch.equal(moved, member):
            break
        member = moved
    return centres, member


def nearest(points: Float64[Tensor, "n r"], centres: Float64[Tensor, "k r"]) -> Int[Tensor, "n"]:
    """The number of the centre nearest to each point, shape [n]; of equally near ones, the first."""
    away = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
    return torch.from_numpy(away.numpy().argmin(1))  # NumPy's argmin is four times as fast, and gives the first


def _seeded(points: Float64[Tensor, "n r"], k: int, draw: torch.Generator) -> Float64[Tensor, "k r"]:
    """Points, each drawn with a probability proportional to its squared distance from the nearest one drawn before."""
    drawn = [int(torch.randint(len(points), (1,), generator=draw))]
    away = (points - points[drawn[0]]).square().sum(1)
    while len(drawn) < k:
        odds = away if float(away.sum()) > 0 else torch.ones_like(away)
        drawn.append(int(torch.multinomial(odds, 1, generator=draw)))
        away = torch.minimum(away, (points - points[drawn[-1]]).square().sum(1))
    return points[drawn]
