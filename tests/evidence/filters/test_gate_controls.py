"""Controls of a gate: they fail where they should, and are counted right."""

import pytest
import torch

from scrubjay.core.stats import Score, Stopping, agreement, chance_share, majority_share
from scrubjay.evidence.filters.gate_controls import GateControls, gate_controls, random_gates
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from tests.planted import one_direction, plant

ONE = [Gate.conjunction(1)]


def test_planted_filters_beat_every_control() -> None:
    run = plant("AND", data=3, tokens=24, seed=1).run()
    act, pca = run.full, PCA.of(run.full.resid_mid)
    found = fit_filters(act.resid_mid, pca, act.classes == 1, r=3, k=2)
    controls = gate_controls(found, act, pca, run.untrained, r=3, stopping=Stopping(10), seed=0)
    assert found.agreement > 0.995
    assert controls.random is not None
    value, interval = controls.strongest
    assert value == max(controls.majority, controls.random.mean, controls.untrained) < 0.9
    assert interval == (controls.random.interval if value == controls.random.mean else None)
    assert controls.majority == pytest.approx(0.5, abs=0.1)
    assert controls.random.mean >= controls.majority


def test_random_directions_of_one_component_come_from_all_of_them() -> None:
    """Otherwise the control would be the filter itself, and a mechanism of one direction could never pass."""
    act = one_direction(others=0.3).run().full
    pca = PCA.of(act.resid_mid)
    assert float((pca.components[0] @ torch.eye(6, dtype=torch.float64)[0]).abs()) > 0.99
    score = random_gates(act.resid_mid, pca, act.classes, r=1, gates=ONE, stopping=Stopping(10), seed=0)
    assert score is not None and score.mean < 0.8 and score.high < 0.9


def test_a_stream_that_varies_along_one_line_has_no_random_direction() -> None:
    flat = torch.linspace(-1, 1, 500)[:, None].double()
    tilted = flat @ torch.tensor([[3.0, 4.0, 0.0]]).double() + 1e-9 * torch.randn(500, 3, dtype=torch.float64)
    classes = (flat[:, 0] > 0.3).long()
    for stream in (flat, tilted, one_direction(tokens=5).run().full.resid_mid):
        some = classes[: len(stream)]
        found = random_gates(stream, PCA.of(stream), some, r=1, gates=ONE, stopping=Stopping(4), seed=0)
        assert found is None
    plane = torch.cat([tilted, torch.randn(500, 1, dtype=torch.float64)], dim=1)
    score = random_gates(plane, PCA.of(plane), classes, r=1, gates=ONE, stopping=Stopping(10), seed=0)
    assert score is not None and 0.65 < score.mean < 0.95


def test_the_strongest_control_has_an_interval_if_it_is_drawn() -> None:
    drawn = Score(0.7, 0.6, 0.8, 0.5, 9)
    assert GateControls(0.6, drawn, 0.65).strongest == (0.7, (0.6, 0.8))
    assert GateControls(0.6, drawn, 0.75).strongest == (0.75, None)
    assert GateControls(0.76, drawn, 0.75).strongest == (0.76, None)
    assert GateControls(0.6, None, 0.65).strongest == (0.65, None)


def test_an_answer_in_no_class_is_never_agreed_with() -> None:
    classes = torch.tensor([0, 1, -1, -1])
    assert agreement(torch.tensor([False, True, False, True]), classes) == 0.5
    assert majority_share(torch.tensor([1, 1, 0, -1])) == 0.5
    assert majority_share(torch.tensor([-1, -1, 0])) == 2 / 3
    assert chance_share(torch.tensor([1, 1, 0, -1])) == 0.25 + 2 / 16
