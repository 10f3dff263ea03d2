"""Masks and lines where the answer is known."""

import pytest
import torch

from scrubjay.evidence.embeddings.filter_images import compare_masks, line_fits
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate


def test_pairwise_agreements_are_counted() -> None:
    filters = Filters(torch.eye(2).double(), torch.zeros(2).double(), Gate.conjunction(2), 1.0)
    resid_mid = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    table = compare_masks(filters, ("α", "β"), resid_mid, {"truth": torch.tensor([1, 0, 0, 1])})
    assert table.names == ("α", "β", "gate", "truth")
    assert table.between("α", "β") == 0.5
    assert table.between("gate", "truth") == 0.75
    assert torch.equal(table.agreement, table.agreement.T)
    assert torch.equal(table.agreement.diag(), torch.ones(4).double())


def test_r_squared_is_one_on_a_line_and_nothing_when_permuted() -> None:
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(5000, 2, generator=draw, dtype=torch.float64)
    noise = torch.randn(5000, generator=draw, dtype=torch.float64)
    values = torch.stack([3 - 2 * image[:, 0], image[:, 1] + noise], dim=1)
    exact, noisy = line_fits(values, image, seed=0)
    assert exact.r_squared == pytest.approx(1)
    assert noisy.r_squared == pytest.approx(0.5, abs=0.03)
    assert max(exact.permuted, noisy.permuted) < 0.005


def test_r_squared_is_a_share_whatever_rounding_does() -> None:
    draw = torch.Generator().manual_seed(1)
    for _ in range(50):
        image = torch.randn(30, 2, generator=draw, dtype=torch.float64)
        assert all(0 <= line.r_squared <= 1 for line in line_fits(3 * image, image, seed=0))
    flat = torch.ones(10, 1, dtype=torch.float64)
    assert line_fits(flat, torch.arange(10.0).double()[:, None], seed=0)[0].r_squared == 0
