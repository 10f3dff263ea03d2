"""The written-out gradient of the multilinear extension, against autograd and against enumeration."""

from itertools import product

import pytest
import torch

from scrubjay.fit.gate import Gate
from scrubjay.fit.soft_gate import _slopes, class_probability

VARYING = [table for table in product((False, True), repeat=4) if len(set(table)) > 1]
GATES = [*map(Gate, VARYING), Gate.conjunction(3), Gate.disjunction(1)]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("logarithmic", [True, False])
def test_slopes_are_the_gradient(gate: Gate, logarithmic: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    strengths = torch.randn(2, gate.k, 30, generator=draw).requires_grad_()
    ones = torch.rand(30, generator=draw) > 0.5
    one = class_probability(strengths, gate)
    chosen = torch.where(ones, one, 1 - one)
    objective = chosen.clamp(min=1e-30).log() if logarithmic else chosen
    (by_autograd,) = torch.autograd.grad(objective.sum(), strengths)
    assert torch.allclose(_slopes(strengths.detach(), ones, gate, logarithmic), by_autograd, atol=1e-5)


def test_the_extension_is_the_gate_where_filters_are_sure() -> None:
    bits = torch.tensor(list(product((False, True), repeat=3)))
    strengths = torch.where(bits, 40.0, -40.0).T[None]
    for gate in (Gate.conjunction(3), Gate.disjunction(3)):
        assert torch.equal(class_probability(strengths, gate)[0] > 0.5, gate(bits))
