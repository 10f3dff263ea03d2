"""Refinement mends a hypothesis whose directions are off, and judges it on inputs that it did not learn from."""

from dataclasses import replace

import pytest
import torch

from scrubjay.evidence.scrubbing.refinement import Refined, refine_causally
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.run import Run, Settings
from tests.planted import Planted, plant


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant("AND", data=3, seed=8)


@pytest.fixture(scope="module")
def run(planted: Planted) -> Run:
    return planted.run()


def refined(filters: Filters, run: Run, settings: Settings | None = None) -> Refined:
    subspace = PCA.of(run.full.resid_mid).components[:3]
    chosen = settings or Settings(draws=2)
    return refine_causally(filters, run.full.resid_mid, subspace, run.readout, run.full.classes, chosen)


def test_turned_directions_turn_back(planted: Planted, run: Run) -> None:
    subspace = PCA.of(run.full.resid_mid).components[:3]
    off = 0.35 * torch.randn(2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) @ subspace
    turned = replace(planted.filters, directions=torch.nn.functional.normalize(planted.directions + off))
    found = refined(turned, run)
    before, after = found.fitted_scores.own.mean, found.refined_scores["1+2+3a+3b"].own.mean
    assert after > before + 0.03
    assert after > 0.92
    outside = found.filters.directions - (found.filters.directions @ subspace.T) @ subspace
    assert outside.abs().max() < 1e-9


def test_thresholds_move_along_and_the_steps_follow_from_the_seed(planted: Planted, run: Run) -> None:
    moved = replace(planted.filters, thresholds=planted.thresholds + 0.3)
    found, again = refined(moved, run).filters, refined(moved, run).filters
    assert torch.equal(found.directions, again.directions) and torch.equal(found.thresholds, again.thresholds)
    before, after = (
        float((each.predict(run.full.resid_mid) == (run.full.classes == 1)).double().mean()) for each in (moved, found)
    )
    assert before < 0.92 and after > 0.95


def test_no_answer_of_the_judging_half_is_read(planted: Planted, run: Run) -> None:
    """Both sets of directions are judged on the other half, so its answers turn the scores and not the directions."""
    turned = replace(planted.filters, directions=torch.nn.functional.normalize(planted.directions + 0.2))
    order = torch.randperm(len(run.full.classes), generator=torch.Generator().manual_seed(0))
    judge = order[len(order) // 2 :]
    inverted = run.full.classes.clone()
    inverted[judge] = 1 - inverted[judge]
    other = replace(run, full=replace(run.full, classes=inverted))
    first, second = refined(turned, run), refined(turned, other)
    assert torch.equal(first.filters.directions, second.filters.directions)
    for row, scores in first.refined_scores.items():
        assert scores.own.mean == pytest.approx(1 - second.refined_scores[row].own.mean, abs=1e-12)
    assert first.fitted_scores.own.mean == pytest.approx(1 - second.fitted_scores.own.mean, abs=1e-12)


def test_complement_and_donors_are_those_of_the_settings(planted: Planted, run: Run) -> None:
    turned = replace(planted.filters, directions=torch.nn.functional.normalize(planted.directions + 0.2))
    every = [
        refined(turned, run, Settings(draws=2, basis=basis, sampling=sampling)).fitted_scores
        for basis in ("orthogonal", "uncorrelated")
        for sampling in ("independent", "permute")
    ]
    assert all(one != other for at, one in enumerate(every) for other in every[:at])
