"""k-means in float64: Lloyd's steps from k-means++ seeding (Arthur & Vassilvitskii 2007)."""

import torch
from jaxtyping import Float64, Int
from torch import Tensor

_STEPS = 100


def kmeans(
    points: Float64[Tensor, "n r"], k: int, *, seed: int, steps: int = _STEPS
) -> tuple[Float64[Tensor, "k r"], Int[Tensor, "n"]]:
    """Centres and each point's nearest one.

    Args:
        points: what is grouped.
        k: groups, at most as many as there are points.
        seed: of the first centres.
        steps: at most; it stops earlier where nothing moves. O(n k r) each.
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
    """The centre nearest to each point; the first of equals."""
    away = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
    return torch.from_numpy(away.numpy().argmin(1))  # NumPy's argmin is four times as fast, and gives the first


def _seeded(points: Float64[Tensor, "n r"], k: int, draw: torch.Generator) -> Float64[Tensor, "k r"]:
    """Points, each drawn with odds of its squared distance to the nearest one drawn before."""
    drawn = [int(torch.randint(len(points), (1,), generator=draw))]
    away = (points - points[drawn[0]]).square().sum(1)
    while len(drawn) < k:
        odds = away if float(away.sum()) > 0 else torch.ones_like(away)
        drawn.append(int(torch.multinomial(odds, 1, generator=draw)))
        away = torch.minimum(away, (points - points[drawn[-1]]).square().sum(1))
    return points[drawn]
