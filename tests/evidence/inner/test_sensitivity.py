"""Margins, what errors in them cost, and their gradients, against automatic differentiation."""

import pytest
import torch
from torch import Tensor

from scrubjay.evidence.inner.sensitivity import RIVALS, SAMPLE, CloseCalls, closest
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Run
from tests.evidence.inner.cut_out import trained_run, untrained_run


@pytest.fixture(scope="module", params=["margin", "logits"])
def run(request: pytest.FixtureRequest, small: SavedNetwork) -> Run:
    return trained_run(small) if request.param == "margin" else untrained_run(classes=5)


@pytest.fixture(scope="module")
def calls(run: Run) -> CloseCalls:
    return CloseCalls.of(run.readout.as_hinges(), run.full.resid_mid, seed=0)


def scores_of(run: Run, stream: Tensor) -> Tensor:
    """The margin or the logits of streams, by the network's own weights."""
    network = run.network
    post = stream + (stream @ network.W_in + network.b_in).relu() @ network.W_out + network.b_out
    logits = post @ network.W_U
    return logits if run.readout.as_hinges().direct.shape[1] > 1 else logits[:, 1:2] - logits[:, :1]


def test_a_domain_that_is_smaller_than_the_sample_is_taken_whole(run: Run, calls: CloseCalls) -> None:
    n = run.task.domain.size
    assert n < SAMPLE and torch.equal(calls.inputs, torch.arange(n))
    assert torch.equal(CloseCalls.of(run.readout.as_hinges(), run.full.resid_mid, seed=5).gradients, calls.gradients)


def test_margins_compare_the_answer_with_the_next_largest_scores(run: Run, calls: CloseCalls) -> None:
    scores = scores_of(run, run.full.resid_mid)
    margins = torch.einsum("npc,nc->np", calls.columns, scores)
    if scores.shape[1] == 1:
        assert torch.allclose(margins, scores)
        assert torch.allclose(closest(scores), scores[:, 0].abs())
        return
    ordered = scores.sort(1, descending=True).values
    assert margins.shape[1] == min(scores.shape[1] - 1, RIVALS) == 8
    assert torch.allclose(margins, ordered[:, :1] - ordered[:, 1:9], atol=1e-9)
    assert torch.allclose(closest(scores), ordered[:, 0] - ordered[:, 1])


def test_gradients_are_those_of_automatic_differentiation(run: Run, calls: CloseCalls) -> None:
    for margin in (0, calls.columns.shape[1] - 1):
        stream = run.full.resid_mid.clone().requires_grad_(True)
        total = (scores_of(run, stream) * calls.columns[:, margin]).sum()
        (wanted,) = torch.autograd.grad(total, stream)
        assert torch.allclose(calls.gradients[:, margin], wanted, atol=1e-9 * float(wanted.abs().max()))


def test_an_error_costs_most_where_the_margin_is_small(run: Run, calls: CloseCalls) -> None:
    margins = torch.einsum("npc,nc->np", calls.columns, scores_of(run, run.full.resid_mid)).abs()
    softened = margins + margins[:, 0].median() / 10
    wanted = softened**-2 / (softened**-2).sum()
    assert torch.allclose(calls.weights, wanted) and float(calls.weights.sum()) == pytest.approx(1)


def test_the_costs_of_errors_are_means_of_squares(run: Run, calls: CloseCalls) -> None:
    draw = torch.Generator().manual_seed(0)
    error = torch.randn(calls.columns.shape[2], generator=draw).double()
    by_hand = (calls.weights * (calls.columns @ error).square()).sum()
    assert float(error @ calls.by_output @ error) == pytest.approx(float(by_hand))
    step = torch.randn(calls.gradients.shape[2], generator=draw).double()
    by_hand = (calls.weights * (calls.gradients @ step).square()).sum()
    assert float(step @ calls.by_stream @ step) == pytest.approx(float(by_hand))
