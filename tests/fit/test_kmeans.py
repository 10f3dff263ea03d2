"""k-means on blobs, and against its own definition."""

import torch

from scrubjay.fit.kmeans import kmeans, nearest


def blobs(spread: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    centres = 10 * torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=torch.float64)
    member = torch.randint(4, (400,), generator=draw)
    return centres[member] + spread * torch.randn(400, 3, generator=draw, dtype=torch.float64), member


def test_blobs_that_lie_apart_are_found_from_every_seed() -> None:
    points, member = blobs()
    for seed in range(5):
        centres, found = kmeans(points, 4, seed=seed)
        assert all(len(set(found[member == blob].tolist())) == 1 for blob in range(4))
        assert len(set(found.tolist())) == 4
        for group in range(4):
            torch.testing.assert_close(centres[group], points[found == group].mean(0))
        again, _ = kmeans(points, 4, seed=seed)
        assert torch.equal(centres, again)


def test_it_ends_where_each_point_has_its_nearest_centre_and_each_centre_its_points_mean() -> None:
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    centres, member = kmeans(points, 7, seed=1)
    away = (points[:, None] - centres).square().sum(-1)
    assert torch.equal(member, away.argmin(1)) and torch.equal(nearest(points, centres), member)
    for group in range(7):
        torch.testing.assert_close(centres[group], points[member == group].mean(0))


def test_points_that_coincide_are_borne() -> None:
    centres, member = kmeans(torch.ones(6, 2, dtype=torch.float64), 3, seed=0)
    assert bool((centres == 1).all()) and bool((member == 0).all())
