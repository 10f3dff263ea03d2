"""Principal components against NumPy's singular values, and their signs against rotations of the solver."""

import numpy as np
import pytest
import torch

from scrubjay.fit.pca import PCA, random_basis
from scrubjay.run import Run


def test_components_are_numpys(small_run: Run) -> None:
    pca = PCA.of(small_run.full.resid_mid)
    centred = small_run.full.resid_mid.double().numpy()
    centred = centred - centred.mean(0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    assert pca.variances.numpy() == pytest.approx(singular**2 / len(centred), abs=1e-9)
    assert np.abs(np.diag(rows[:8] @ pca.components[:8].numpy().T)) == pytest.approx(np.ones(8), abs=1e-6)


def test_signs_are_canonical_and_free_of_the_input_order(small_run: Run) -> None:
    pca = PCA.of(small_run.full.resid_mid)
    order = torch.randperm(len(small_run.full.resid_mid), generator=torch.Generator().manual_seed(0))
    shuffled = PCA.of(small_run.full.resid_mid[order])
    largest = pca.components.gather(1, pca.components.abs().argmax(1, keepdim=True))
    assert bool((largest > 0).all())
    assert torch.allclose(pca.components[:6], shuffled.components[:6], atol=1e-8)
    turned = PCA.of(-small_run.full.resid_mid)
    assert torch.allclose(turned.components[:6], pca.components[:6], atol=1e-8)


def test_scores_have_the_variances_and_no_correlation(small_run: Run) -> None:
    pca = PCA.of(small_run.full.resid_mid)
    scores = pca.scores(small_run.full.resid_mid, 5)
    covariance = scores.T @ scores / len(scores)
    assert torch.allclose(covariance, torch.diag(pca.variances[:5]), atol=1e-9)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1), (0.8, 1), (0.81, 2), (1.0, 2)])
def test_holding_counts_components(share: float, expected: int) -> None:
    pca = PCA.from_moments(torch.zeros(3).double(), torch.diag(torch.tensor([0.8, 0.2, 0.0])).double())
    assert pca.holding(share) == expected


def test_a_stream_without_variance_has_no_components_to_hold() -> None:
    assert PCA.of(torch.ones(10, 3)).holding(0.99) == 0


def test_a_random_basis_is_orthonormal_and_points_anywhere() -> None:
    basis = random_basis(6, 2, seed=0)
    assert torch.allclose(basis.T @ basis, torch.eye(2, dtype=torch.float64), atol=1e-12)
    assert torch.equal(basis, random_basis(6, 2, seed=0)) and not torch.equal(basis, random_basis(6, 2, seed=1))
    held = torch.stack([random_basis(6, 2, seed=seed).square().sum(1) for seed in range(400)]).mean(0)
    assert torch.allclose(held, torch.full((6,), 2 / 6, dtype=torch.float64), atol=0.05)  # each axis equally
