"""Principal components against NumPy's singular values, and their signs against rotations of the solver."""

import numpy as np
import pytest
import torch

from scrubjay.nets.recording import Activations
from scrubjay.fit.pca import PCA


def test_components_are_numpys(full: Activations) -> None:
    pca = PCA.of(full.resid_mid)
    centred = full.resid_mid.double().numpy()
    centred = centred - centred.mean(0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    assert pca.variances.numpy() == pytest.approx(singular**2 / len(centred), abs=1e-9)
    assert np.abs(np.diag(rows[:8] @ pca.components[:8].numpy().T)) == pytest.approx(np.ones(8), abs=1e-6)


def test_signs_are_canonical_and_free_of_the_input_order(full: Activations) -> None:
    pca = PCA.of(full.resid_mid)
    shuffled = PCA.of(full.resid_mid[torch.randperm(len(full.resid_mid), generator=torch.Generator().manual_seed(0))])
    largest = pca.components.gather(1, pca.components.abs().argmax(1, keepdim=True))
    assert bool((largest > 0).all())
    assert torch.allclose(pca.components[:6], shuffled.components[:6], atol=1e-8)
    turned = PCA.of(-full.resid_mid)
    assert torch.allclose(turned.components[:6], pca.components[:6], atol=1e-8)


def test_scores_have_the_variances_and_no_correlation(full: Activations) -> None:
    pca = PCA.of(full.resid_mid)
    scores = pca.scores(full.resid_mid, 5)
    covariance = scores.T @ scores / len(scores)
    assert torch.allclose(covariance, torch.diag(pca.variances[:5]), atol=1e-9)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1), (0.8, 1), (0.81, 2), (1.0, 2)])
def test_holding_counts_components(share: float, expected: int) -> None:
    pca = PCA.from_moments(torch.zeros(3).double(), torch.diag(torch.tensor([0.8, 0.2, 0.0])).double())
    assert pca.holding(share) == expected


def test_a_stream_without_variance_has_no_components_to_hold() -> None:
    assert PCA.of(torch.ones(10, 3)).holding(0.99) == 0
