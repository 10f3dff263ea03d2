"""Scrubbing: the right hypothesis keeps every answer, and a draw is what a plain forward pass of the recipe gives."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from scrubjay.core.stats import Stopping
from scrubjay.evidence.ablations import BeyondSubspace, RestFromAnywhere, WithinSides, licensed, row_name
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Basis, Run, Sampling
from tests.data.small_network import small_task
from tests.planted import Planted, laid_over, plant


@pytest.fixture(scope="module")
def turned() -> Planted:
    """A planted AND whose directions are off, so that scrubbing loses answers."""
    made = plant("AND", data=4, seed=4)
    return replace(made, directions=torch.nn.functional.normalize(made.directions + 0.3))


@pytest.mark.parametrize("sampling", ["independent", "permute"])
@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
@pytest.mark.parametrize(("gate", "k"), [("AND", 2), ("OR", 2), ("XOR", 2), ("AND", 3)])
def test_the_planted_hypothesis_keeps_every_answer(gate: str, k: int, basis: Basis, sampling: Sampling) -> None:
    planted = plant(gate, k=k, data=4, seed=1)
    run = planted.run()
    scrubber = laid_over(planted, run.full.resid_mid, basis, sampling)
    scores = scrub(scrubber, run.readout, run.full.classes, stopping=Stopping(2), seed=0)
    assert list(scores) == [row_name(row) for row in licensed(k)]
    for row in scores.values():
        assert row.own.worst > 0.999, row.name


@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
def test_values_stay_and_the_rest_is_the_donors(basis: Basis) -> None:
    planted = plant("AND", data=4, seed=1)
    resid_mid = planted.run().full.resid_mid
    scrubber = laid_over(planted, resid_mid, basis)
    D, carriers = planted.directions, scrubber.hypothesis.carriers
    donors = scrubber.donors(0, 0)
    (stream,) = scrubber.streams(scrubber.ablated((RestFromAnywhere(),), donors))
    assert torch.allclose(stream @ D.T, resid_mid @ D.T, atol=1e-9)
    rest = resid_mid - resid_mid @ D.T @ carriers
    assert torch.allclose(stream - stream @ D.T @ carriers, rest[donors.anywhere], atol=1e-9)
    assert not torch.allclose(rest[donors.anywhere], rest)
    centred = resid_mid - resid_mid.mean(0)
    together = rest.T @ (centred @ D.T) / len(centred)
    if basis == "uncorrelated":
        assert together.abs().max() < 1e-9
    else:
        assert together.abs().max() > 1e-3 and torch.allclose(rest @ D.T, torch.zeros(1).double(), atol=1e-9)


def test_beyond_the_subspace_all_is_the_donors_and_within_it_nothing_is(turned: Planted) -> None:
    resid_mid = turned.run().full.resid_mid
    scrubber = laid_over(turned, resid_mid)
    scrubber = replace(scrubber, subspace=scrubber.subspace[:2])
    donors = scrubber.donors(0, 0)
    (stream,) = scrubber.streams(scrubber.ablated((BeyondSubspace(),), donors))
    inside, outside = scrubber.subspace, PCA.of(resid_mid).components[2:]
    assert torch.allclose(stream @ inside.T, resid_mid @ inside.T)
    assert torch.allclose(stream @ outside.T, resid_mid[donors.anywhere] @ outside.T)
    assert not torch.allclose(stream, resid_mid)


def test_a_draw_is_the_plain_recipe_through_the_plain_network(turned: Planted) -> None:
    run, D = turned.run(), turned.directions
    scrubber, own = laid_over(turned, run.full.resid_mid), run.full.classes
    scores = scrub(scrubber, run.readout, own, full=1 - own, truth=own, stopping=Stopping(1), seed=9)
    donors, network = scrubber.donors(9, 0), turned.network
    onto = torch.linalg.pinv(D) @ D
    for row in (licensed(2)[0], licensed(2)[-1]):
        values = scrubber.ablated(row, donors).values
        rest = run.full.resid_mid[donors.anywhere] @ (torch.eye(len(onto), dtype=torch.float64) - onto)
        mixed = values @ torch.linalg.pinv(D).T + rest
        hidden = (mixed @ network.W_in + network.b_in).relu()
        logits = (mixed + hidden @ network.W_out + network.b_out) @ network.W_U
        left = float((logits.argmax(-1) == run.full.answers).double().mean())
        found = scores[row_name(row)]
        assert found.own.mean == pytest.approx(left, abs=1e-12)
        assert found.full.mean == pytest.approx(1 - left, abs=1e-12)
        assert found.truth is not None and found.truth.mean == found.own.mean
        assert left < 0.999


def test_resampling_the_rest_is_a_hook_on_resid_mid(small: SavedNetwork) -> None:
    """The second route to [1]: swap the rest inside the plain forward pass of a trained network."""
    network = copy.deepcopy(small.network).double()
    run = Run.of(network, small_task())
    draw = torch.Generator().manual_seed(5)
    D = torch.nn.functional.normalize(torch.randn(2, 24, generator=draw, dtype=torch.float64))
    filters = Filters(D, torch.zeros(2, dtype=torch.float64), Gate.conjunction(2), 0.0)
    hypothesis = Hypothesis.of(filters, run.full.resid_mid)
    scrubber = Scrubber.of(hypothesis, run.full.resid_mid, torch.eye(24, dtype=torch.float64))
    row = (RestFromAnywhere(),)
    scores = scrub(scrubber, run.readout, run.full.classes, stopping=Stopping(1), seed=3, rows=[row])
    donors = scrubber.donors(3, 0).anywhere
    onto = torch.linalg.qr(D.T)[0]

    def patch(module: object, args: object, resid_mid: Tensor) -> Tensor:
        own, other = resid_mid[:, -1], resid_mid[donors, -1]
        patched = resid_mid.clone()
        patched[:, -1] = other + (own - other) @ onto @ onto.T
        return patched

    tokens = run.task.domain.tokens(run.task.domain.inputs())
    plain = network(tokens)[:, -1].argmax(-1)
    handle = network.resid_mid.register_forward_hook(patch)
    patched = network(tokens)[:, -1].argmax(-1)
    handle.remove()
    kept = float((patched == plain).double().mean())
    assert scores["1"].own.mean == pytest.approx(kept, abs=1e-12) and 0.4 < kept < 0.9


def test_a_row_alone_gives_what_it_gives_among_the_others(turned: Planted) -> None:
    run = turned.run()
    scrubber, until = laid_over(turned, run.full.resid_mid), Stopping(2)
    every = scrub(scrubber, run.readout, run.full.classes, stopping=until, seed=1)
    for row in licensed(2):
        alone = scrub(scrubber, run.readout, run.full.classes, stopping=until, seed=1, rows=[row])
        assert alone == {row_name(row): every[row_name(row)]}
    assert every["1+3b"].own.mean < 0.99


def test_a_row_that_is_known_well_enough_is_drawn_no_more(turned: Planted) -> None:
    run = turned.run()
    scrubber, rows = laid_over(turned, run.full.resid_mid), [(BeyondSubspace(),), (RestFromAnywhere(), WithinSides())]
    until = Stopping(most=12, least=3)
    exact, noisy = scrub(scrubber, run.readout, run.full.classes, stopping=until, seed=1, rows=rows).values()
    assert (exact.own.mean, exact.own.draws) == (1, 3)
    assert noisy.own.draws > 3 and noisy.own.high > noisy.own.low
    assert exact.full == exact.own and exact.truth is None
