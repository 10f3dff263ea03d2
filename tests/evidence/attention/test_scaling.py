"""The way from mean to full attention, against hooks and automatic derivatives."""

import copy
from functools import partial

import pytest
import torch

from scrubjay.evidence.attention.scaling import STEPS, Scaling, scale_attention
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.readout import Readout
from scrubjay.run import Run
from scrubjay.study import Study
from tests.data.small_network import small_task
from tests.evidence.attention.test_heads import answers_with


@pytest.fixture(scope="module")
def exact_run(small: SavedNetwork) -> Run:
    """The small network in double precision, where two routes to one number agree to the last answer."""
    return Run.of(copy.deepcopy(small.network).double(), small_task())


@pytest.fixture(scope="module")
def scaling(exact_run: Run) -> Scaling:
    return scale_attention(exact_run)


def test_a_step_is_an_interpolated_pattern_in_the_plain_network(exact_run: Run, scaling: Scaling) -> None:
    full = exact_run.full
    for t, agreement in list(zip(STEPS, scaling.agreement, strict=True))[::5]:
        plain = answers_with(exact_run.network, exact_run.task, partial(torch.lerp, exact_run.mean_pattern, weight=t))
        assert agreement == float((exact_run.task.class_of(plain) == full.classes).double().mean())
    assert scaling.agreement[0] < scaling.agreement[-1] == 1
    assert scaling.agreement[0] == float((exact_run.frozen.classes == full.classes).double().mean())


def test_flips_are_foreseen_by_the_derivative_of_the_margin(exact_run: Run, scaling: Scaling) -> None:
    network, frozen = exact_run.network, exact_run.frozen.resid_mid
    way = exact_run.full.resid_mid - frozen

    def margin(resid_mid: torch.Tensor) -> torch.Tensor:
        mlp_out = (resid_mid @ network.W_in + network.b_in).relu() @ network.W_out + network.b_out
        logits = (resid_mid + mlp_out) @ network.W_U
        return logits[:, 1] - logits[:, 0]

    here = frozen.clone().requires_grad_()
    value = margin(here)
    (gradient,) = torch.autograd.grad(value.sum(), here)
    slope = (gradient * way).sum(1)
    predicted, flipped = (value + slope > 0) != (value > 0), exact_run.full.classes != exact_run.frozen.classes
    hits = int((predicted & flipped).sum())
    assert (scaling.flips, hits > 20) == (int(flipped.sum()), True)
    assert scaling.precision == hits / int(predicted.sum()) and scaling.recall == hits / int(flipped.sum())
    assert scaling.f1 == pytest.approx(
        2 * scaling.precision * scaling.recall / (scaling.precision + scaling.recall), abs=1e-12
    )
    assert scaling.f1 > 2 * scaling.chance
    draw, n = torch.Generator().manual_seed(0), len(flipped)
    drawn = [int((predicted[torch.randperm(n, generator=draw)] & flipped).sum()) for _ in range(200)]
    at_random = 2 * sum(drawn) / len(drawn) / int(predicted.sum() + flipped.sum())
    assert scaling.chance == pytest.approx(at_random, abs=0.02)


def test_slopes_are_the_derivative(exact_run: Run) -> None:
    readout = Readout.margin(exact_run.network, exact_run.task)
    at = exact_run.frozen.resid_mid
    way = exact_run.full.resid_mid - at
    step = 1e-7
    numerical = (readout.scores(at + step * way) - readout.scores(at - step * way)) / (2 * step)
    assert float(((readout.slopes(at, way) - numerical).abs() < 1e-4).double().mean()) > 0.99


def test_where_no_answer_flips_the_first_order_effect_is_not_tested(planted_study: Study, quick_study: Study) -> None:
    """Attention is uniform in a planted network, so its frozen network is the full one."""
    claim = planted_study.claim("attention.first_order")
    assert (claim.value, claim.verdict, claim.chance) == (None, "not applicable", None)
    assert "no answer flips" in claim.statement.lower()
    tested = quick_study.claim("attention.first_order")
    assert tested.value is not None and tested.verdict == "holds" and tested.facts["flips"] > 50
    assert "hardly matters: with attention frozen to its mean, 100.0%" in planted_study.paragraph
    assert "matters in part: with attention frozen to its mean, 78.3%" in quick_study.paragraph
