"""Scrubbing on planted filters: right directions keep every answer, wrong ones don't."""

import pytest
import torch

from scrubjay.activations.readout import Readout
from scrubjay.activations.record import record
from scrubjay.evidence.scrubbing import Basis, Hypothesis, scrub_rest
from scrubjay.geometry.filters import Filters
from tests.planted import plant


@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
@pytest.mark.parametrize("gate", ["AND", "OR", "XOR"])
def test_the_planted_hypothesis_keeps_every_answer(gate: str, basis: Basis) -> None:
    planted = plant(gate, data=4, seed=1)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    truth = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    hypothesis = Hypothesis.of(truth, act.resid_mid, basis)
    assert scrub_rest(hypothesis, act.resid_mid, readout, act.classes, draws=3, seed=0).worst > 0.9999

    draw = torch.Generator().manual_seed(0)
    wrong = torch.linalg.qr(torch.randn(12, 2, generator=draw, dtype=torch.float64))[0].T
    false = Hypothesis.of(Filters(wrong, planted.thresholds, planted.gate, 1.0), act.resid_mid, basis)
    assert scrub_rest(false, act.resid_mid, readout, act.classes, draws=3, seed=0).mean < 0.8


@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
def test_values_stay_and_the_rest_is_the_donors(basis: Basis) -> None:
    planted = plant("AND", data=4, seed=1)
    resid_mid = record(planted.network, planted.task).resid_mid
    filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    hypothesis = Hypothesis.of(filters, resid_mid, basis)
    donors = torch.randint(len(resid_mid), (len(resid_mid),), generator=torch.Generator().manual_seed(1))
    mixed = hypothesis.rest_resampled(resid_mid, donors)

    def rest(x: torch.Tensor) -> torch.Tensor:
        return x - (x @ filters.directions.T) @ hypothesis.carriers

    assert torch.allclose(mixed @ filters.directions.T, resid_mid @ filters.directions.T, atol=1e-9)
    assert torch.allclose(rest(mixed), rest(resid_mid)[donors], atol=1e-9)
    centred = resid_mid - resid_mid.mean(0)
    together = rest(centred).T @ (centred @ filters.directions.T) / len(centred)
    if basis == "uncorrelated":
        assert together.abs().max() < 1e-9
    else:
        assert together.abs().max() > 1e-3
        assert torch.allclose(rest(resid_mid) @ filters.directions.T, torch.zeros(1).double(), atol=1e-9)


def test_a_single_draw_is_the_plain_recipe() -> None:
    planted = plant("AND", data=3, seed=4)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    direction = torch.nn.functional.normalize(planted.directions[:1] + 0.3)
    hypothesis = Hypothesis.of(Filters(direction, planted.thresholds[:1], planted.gate, 1.0), act.resid_mid)
    score = scrub_rest(hypothesis, act.resid_mid, readout, act.classes, draws=1, seed=9)
    donors = torch.randint(len(act.resid_mid), (len(act.resid_mid),), generator=torch.Generator().manual_seed(9))
    onto = direction.T @ direction
    mixed = act.resid_mid @ onto + act.resid_mid[donors] @ (torch.eye(12, dtype=torch.float64) - onto)
    hidden = (mixed @ planted.network.W_in + planted.network.b_in).relu()
    logits = (mixed + hidden @ planted.network.W_out + planted.network.b_out) @ planted.network.W_U
    assert score.mean == pytest.approx(float((logits.argmax(-1) == act.answers).double().mean()), abs=1e-12)
