"""Scrubbing on planted filters: the right hypothesis keeps every answer, wrong ones don't; each draw is licensed."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.evidence.scrubbing.wrong_hypotheses import scrub_controls, strongest
from scrubjay.evidence.scrubber import Ablation, Basis, Hypothesis, Sampling, Scrubber, licensed, scrub
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from tests.planted import Planted, plant


def laid_over(
    planted: Planted, act: Activations, basis: Basis = "orthogonal", sampling: Sampling = "independent"
) -> Scrubber:
    filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    subspace = PCA.of(act.resid_mid).components[:4]
    return Scrubber.of(Hypothesis.of(filters, act.resid_mid, basis), act.resid_mid, subspace, sampling)


def test_two_variables_have_the_posts_ablations() -> None:
    assert [ablation.name for ablation in licensed(2)] == [
        "1", "1*", "1+2", "1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b",
    ]  # fmt: skip
    assert [ablation.name for ablation in licensed(1)] == ["1", "1*", "1+2"]
    assert licensed(3)[-1].name == "1+2+3a+3b+3c"


@pytest.mark.parametrize("sampling", ["independent", "permute"])
@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
@pytest.mark.parametrize(("gate", "k"), [("AND", 2), ("OR", 2), ("XOR", 2), ("AND", 3)])
def test_the_planted_hypothesis_keeps_every_answer(gate: str, k: int, basis: Basis, sampling: Sampling) -> None:
    planted = plant(gate, k=k, data=4, seed=1)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    scores = scrub(laid_over(planted, act, basis, sampling), readout, act.classes, draws=2, seed=0)
    assert list(scores) == [ablation.name for ablation in licensed(k)]
    for row in scores.values():
        assert row.own.worst > 0.999, row.name


@pytest.mark.parametrize(("gate", "k"), [("AND", 2), ("OR", 2), ("AND", 3)])
def test_wrong_hypotheses_lose_answers_in_every_row(gate: str, k: int) -> None:
    planted = plant(gate, k=k, data=4, seed=1)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    controls = scrub_controls(laid_over(planted, act), readout, act.classes, draws=2, seed=0)
    for ablation in licensed(k):
        if ablation.name != "1*":
            assert 0 < strongest(controls, ablation.name) < 0.93, ablation.name
    assert strongest(controls, "no such row") == 0
    by_name = {control.name: control for control in controls}
    assert set(by_name["random subspace"].left) == {"1*"} and "1*" not in by_name["random directions"].left
    assert {"random directions", "random subspace", "thresholds +1 sd", "thresholds -1 sd"} < set(by_name)
    assert by_name[f"gate {Gate.parity(k).name}"].left == {}, "XOR licenses nothing, so it can't be a control"


def test_controls_follow_from_their_seed_and_sample_as_the_hypothesis_does() -> None:
    planted = plant("AND", data=4, seed=1)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    independent, permuted = (laid_over(planted, act, sampling=each) for each in ("independent", "permute"))
    once = scrub_controls(independent, readout, act.classes, draws=2, seed=0)
    assert scrub_controls(independent, readout, act.classes, draws=2, seed=0) == once
    of_permuted = scrub_controls(permuted, readout, act.classes, draws=2, seed=0)
    assert all(one != other for one, other in zip(once, of_permuted, strict=True) if one.left)


def test_under_a_wrong_gate_idle_variables_are_not_idle() -> None:
    planted = plant("AND", data=4, seed=1)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    controls = {c.name: c for c in scrub_controls(laid_over(planted, act), readout, act.classes, draws=2, seed=0)}
    assert set(controls["gate OR"].left) == {"1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b"}
    assert controls["gate OR"].left["1+3a"].mean < 0.85


@pytest.mark.parametrize("sampling", ["independent", "permute"])
def test_each_step_changes_only_what_it_licenses(sampling: Sampling) -> None:
    planted = plant("AND", data=4, seed=1)
    scrubber = laid_over(planted, record(planted.network, planted.task), sampling=sampling)
    thresholds, before = planted.thresholds, scrubber.values
    bits = before > thresholds

    def after(*steps: str) -> Tensor:
        return scrubber.resampled_values(Ablation("", steps), torch.Generator().manual_seed(3))

    assert torch.equal(after("1"), before)
    sides = after("1", "2")
    assert torch.equal(sides > thresholds, bits)
    assert float((sides != before).double().mean()) > 0.9
    alpha = after("1", "3a")
    assert torch.equal(alpha[:, 1], before[:, 1])
    changed = alpha[:, 0] != before[:, 0]
    assert not bool((changed & bits[:, 1]).any())
    assert float(changed[~bits[:, 1]].double().mean()) > 0.9
    both = after("1", "3a", "3b")
    assert torch.equal(planted.gate(both > thresholds), planted.gate(bits))
    freed = (both[:, 1] != before[:, 1]) & bits[:, 0] & (alpha[:, 0] <= thresholds[0])
    assert bool(freed.any()), "[3b] must see the α that [3a] has changed"


def test_permutations_use_every_input_once() -> None:
    planted = plant("AND", data=4, seed=1)
    scrubber = laid_over(planted, record(planted.network, planted.task), sampling="permute")
    draw = torch.Generator().manual_seed(0)
    assert torch.equal(scrubber.rest_donors(draw).sort().values, torch.arange(len(scrubber.values)))
    sides = scrubber.resampled_values(Ablation("", ("1", "2")), draw)
    assert torch.equal(sides.sort(dim=0).values, scrubber.values.sort(dim=0).values)


@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
def test_values_stay_and_the_rest_is_the_donors(basis: Basis) -> None:
    planted = plant("AND", data=4, seed=1)
    resid_mid = record(planted.network, planted.task).resid_mid
    filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    hypothesis = Hypothesis.of(filters, resid_mid, basis)
    scrubber = Scrubber.of(hypothesis, resid_mid, torch.eye(12, dtype=torch.float64))
    assert torch.allclose(scrubber.rest + scrubber.values @ hypothesis.carriers, resid_mid, atol=1e-9)
    assert torch.allclose(scrubber.rest @ filters.directions.T, torch.zeros(1).double(), atol=1e-9)
    centred = resid_mid - resid_mid.mean(0)
    together = scrubber.rest.T @ (centred @ filters.directions.T) / len(centred)
    if basis == "uncorrelated":
        assert together.abs().max() < 1e-9
    else:
        assert together.abs().max() > 1e-3


def test_a_draw_is_the_plain_recipe_through_the_plain_network() -> None:
    planted = plant("AND", data=4, seed=4)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    turned = replace(planted, directions=torch.nn.functional.normalize(planted.directions + 0.3))
    scrubber = laid_over(turned, act)
    scores = scrub(scrubber, readout, act.classes, full=1 - act.classes, truth=act.classes, draws=1, seed=9)

    at = 2 * 9 * 1_000_003
    donors = scrubber.rest_donors(torch.Generator().manual_seed(at))
    D = turned.directions
    onto = torch.linalg.pinv(D) @ D
    for name, steps in (("1", ("1",)), ("1+2+3a+3b", ("1", "2", "3a", "3b"))):
        values = scrubber.resampled_values(Ablation("", steps), torch.Generator().manual_seed(at + 1))
        mixed = values @ torch.linalg.pinv(D).T + act.resid_mid[donors] @ (torch.eye(12, dtype=torch.float64) - onto)
        hidden = (mixed @ planted.network.W_in + planted.network.b_in).relu()
        logits = (mixed + hidden @ planted.network.W_out + planted.network.b_out) @ planted.network.W_U
        left = float((logits.argmax(-1) == act.answers).double().mean())
        truth = scores[name].truth
        assert scores[name].own.mean == pytest.approx(left, abs=1e-12)
        assert scores[name].full.mean == pytest.approx(1 - left, abs=1e-12)
        assert truth is not None and truth.mean == scores[name].own.mean
        assert left < 0.999


def test_an_ablation_alone_gives_what_it_gives_among_the_others() -> None:
    planted = plant("AND", data=4, seed=4)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    turned = replace(planted, directions=torch.nn.functional.normalize(planted.directions + 0.3))
    every = scrub(laid_over(turned, act), readout, act.classes, draws=2, seed=1)
    alone = scrub(laid_over(turned, act), readout, act.classes, draws=2, seed=1, only=("1+3b",))
    assert alone["1+3b"] == every["1+3b"]
