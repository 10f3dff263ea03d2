"""The written-out gradient of the multilinear extension, against autograd and against enumeration."""

from itertools import product

import pytest
import torch

from scrubjay.fit.gate import Gate
from scrubjay.fit.soft_gate import Slopes, Starts, class_probability, descend

VARYING = [table for table in product((False, True), repeat=4) if len(set(table)) > 1]
GATES = [*map(Gate, VARYING), Gate.conjunction(3), Gate.disjunction(1)]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("logarithmic", [True, False])
def test_slopes_are_the_gradient(gate: Gate, logarithmic: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    packed, across = torch.randn(gate.k, 2, 4, generator=draw), torch.randn(4, 30, generator=draw)
    ones = torch.rand(30, generator=draw) > 0.5
    strengths = (packed @ across).requires_grad_()
    one = class_probability(strengths, gate)
    chosen = torch.where(ones, one, 1 - one)
    objective = chosen.clamp(min=1e-30).log() if logarithmic else chosen
    (by_autograd,) = torch.autograd.grad(objective.sum(), strengths)
    slopes = Slopes(gate, ones, starts=2)
    for _ in range(2):  # its memory is used again
        assert torch.allclose(slopes(packed, across, logarithmic=logarithmic), by_autograd, atol=1e-5, rtol=1e-4)
        slopes(packed + 1, across, logarithmic=not logarithmic)


def test_the_extension_is_the_gate_where_filters_are_sure() -> None:
    bits = torch.tensor(list(product((False, True), repeat=3)))
    strengths = torch.where(bits, 40.0, -40.0).T[:, None]
    for gate in (Gate.conjunction(3), Gate.disjunction(3)):
        assert torch.equal(class_probability(strengths, gate)[0] > 0.5, gate(bits))


def test_starts_descend_independently_of_each_other() -> None:
    draw = torch.Generator().manual_seed(1)
    points = torch.randn(300, 2, generator=draw)
    ones = (points[:, 0] > 0) & (points[:, 1] > 0.3)
    starts = Starts.random(3, 2, 2, draw)
    gate = Gate.conjunction(2)
    together = descend(starts, points, ones, gate, cross_entropy=20, error=20)
    assert (together.agreements(points, ones, gate) > starts.agreements(points, ones, gate)).all()
    for which in range(3):
        alone = descend(starts.chosen(torch.tensor([which])), points, ones, gate, cross_entropy=20, error=20)
        assert torch.allclose(alone.weights[0], together.weights[which], atol=1e-3)
    strengths = together.strengths(points)
    assert strengths.shape == (3, 2, 300)
    assert torch.allclose(strengths[1], together.weights[1] @ points.T + together.bias[1][:, None], atol=1e-4)
