"""Refinement mends a hypothesis whose directions are off, and judges it on inputs that it did not learn from."""

import torch

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.evidence.scrubbing.refinement import refine_causally
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from tests.planted import plant


def test_turned_directions_turn_back() -> None:
    planted = plant("AND", data=3, seed=8)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    subspace = PCA.of(act.resid_mid).components[:3]
    off = 0.35 * torch.randn(2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) @ subspace
    turned = Filters(torch.nn.functional.normalize(planted.directions + off), planted.thresholds, planted.gate, 0.0)
    found = refine_causally(turned, act.resid_mid, subspace, readout, act.classes, draws=2, seed=0)
    before, after = found.fitted_scores["1+2+3a+3b"].own.mean, found.refined_scores["1+2+3a+3b"].own.mean
    assert after > before + 0.03
    assert after > 0.94
    outside = found.filters.directions - (found.filters.directions @ subspace.T) @ subspace
    assert outside.abs().max() < 1e-9


def test_thresholds_move_along_and_the_steps_follow_from_the_seed() -> None:
    planted = plant("AND", data=3, seed=8)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    subspace = PCA.of(act.resid_mid).components[:3]
    moved = Filters(planted.directions, planted.thresholds + 0.3, planted.gate, 0.0)

    def refined() -> Filters:
        return refine_causally(moved, act.resid_mid, subspace, readout, act.classes, draws=2, seed=0).filters

    found, again = refined(), refined()
    assert torch.equal(found.directions, again.directions) and torch.equal(found.thresholds, again.thresholds)
    before, after = (
        float((each.predict(act.resid_mid) == (act.classes == 1)).double().mean()) for each in (moved, found)
    )
    assert before < 0.9 and after > 0.97
