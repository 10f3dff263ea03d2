"""A gate over soft filters, and descent on it from many starts at once.

A soft filter is on with probability sigmoid(w·x + b); the gate's multilinear extension then gives each input's
probability of class 1. Its gradient is written out, since each filter enters it linearly:
dP/dp_j = P(filter j on) - P(filter j off).
"""

from dataclasses import dataclass
from itertools import product
from math import prod

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from scrubjay.core.axes import Mask
from scrubjay.fit.gate import Gate

_RATE, _BETAS = 0.15, (0.9, 0.999)
_STEEPEST, _LEAST = 15.0, 1e-7


@dataclass(frozen=True, eq=False)
class Starts:
    """Several sets of k soft filters.

    Attributes:
        weights: w of each; bias: b of each.
    """

    weights: Float32[Tensor, "starts k r"]
    bias: Float32[Tensor, "starts k"]

    @classmethod
    def random(cls, starts: int, k: int, r: int, draw: torch.Generator) -> "Starts":
        """Directions uniform on the sphere, boundaries within about half a standard deviation of the mean."""
        weights = torch.randn(starts, k, r, generator=draw)
        lengths = weights.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        return cls(2 * weights / lengths, torch.randn(starts, k, generator=draw))

    def chosen(self, which: Tensor) -> "Starts":
        """Some of them."""
        return Starts(self.weights[which], self.bias[which])

    def strengths(self, points: Float32[Tensor, "n r"]) -> Float32[Tensor, "starts k n"]:
        """w·x + b."""
        return _strengths(_packed(self), _with_ones(points))

    def agreements(self, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate) -> Float[Tensor, "starts"]:
        """The share of inputs whose class the gate gives, with the filters taken as hard."""
        bits = (self.strengths(points) > 0).transpose(1, 2)
        return torch.stack([(gate(each) == ones).double().mean() for each in bits])


def descend(
    starts: Starts, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate, *, cross_entropy: int, error: int
) -> Starts:
    """Adam on the cross-entropy for some steps, then on the expected error, which is nearer to what is counted."""
    parameter, across = _packed(starts), _with_ones(points)
    for steps, logarithmic in ((cross_entropy, True), (error, False)):
        first, second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        for step in range(steps):
            slopes = _slopes(_strengths(parameter, across), ones, gate, logarithmic).transpose(0, 1)
            slope = (slopes.flatten(0, 1) @ across.T).view(parameter.shape) / len(points)
            first.lerp_(slope, 1 - _BETAS[0])
            second.lerp_(slope * slope, 1 - _BETAS[1])
            unbiased = first / (1 - _BETAS[0] ** (step + 1))
            rate = _RATE * (1 - 0.9 * step / steps)
            parameter += rate * unbiased / ((second / (1 - _BETAS[1] ** (step + 1))).sqrt() + 1e-8)
    return Starts(parameter[..., :-1].transpose(0, 1), parameter[..., -1].T)


def _packed(starts: Starts) -> Float32[Tensor, "k starts r1"]:
    """Weights and bias in one, the filters outermost: what is computed of one filter then lies together in memory."""
    return torch.cat([starts.weights, starts.bias[..., None]], dim=-1).transpose(0, 1).contiguous()


def _with_ones(points: Float32[Tensor, "n r"]) -> Float32[Tensor, "r1 n"]:
    return torch.cat([points.T, points.new_ones(1, len(points))])


def _strengths(
    packed: Float32[Tensor, "k starts r1"], across: Float32[Tensor, "r1 n"]
) -> Float32[Tensor, "starts k n"]:
    return (packed.flatten(0, 1) @ across).view(*packed.shape[:2], -1).transpose(0, 1)


def class_probability(strengths: Float[Tensor, "starts k n"], gate: Gate) -> Float[Tensor, "starts n"]:
    """The probability of class 1 under the gate's multilinear extension."""
    on = torch.sigmoid(strengths)
    rows, of_class_1 = _rarer_rows(gate)
    rarer = _summed([_row(on, 1 - on, bits) for bits in rows], on[:, 0])
    return rarer if of_class_1 else 1 - rarer


def _slopes(
    strengths: Float32[Tensor, "starts k n"], ones: Mask, gate: Gate, logarithmic: bool
) -> Float32[Tensor, "starts k n"]:
    """How the (log) probability of each input's own class grows with each filter's strength."""
    on = strengths.clamp(-_STEEPEST, _STEEPEST).sigmoid_()
    off = 1 - on
    rows, of_class_1 = _rarer_rows(gate)
    sign = torch.where(ones == of_class_1, 1.0, -1.0)
    slopes = on * off
    for j in range(gate.k):
        slopes[:, j] *= _summed([(2 * bits[j] - 1) * _row(on, off, bits, j) for bits in rows], on[:, 0])
    if logarithmic:
        rarer = _summed([_row(on, off, bits) for bits in rows], on[:, 0])
        own = (rarer * sign).add_(sign < 0).clamp_(min=_LEAST)  # rarer, or 1 - rarer
        slopes *= (sign / own)[:, None]
    else:
        slopes *= sign
    return slopes


def _rarer_rows(gate: Gate) -> tuple[list[tuple[int, ...]], bool]:
    """The rows of the truth table of the class that has fewer, and whether that is class 1."""
    of_class_1 = 2 * sum(gate.table) <= len(gate.table)
    every = zip(product((0, 1), repeat=gate.k), gate.table, strict=True)
    return [bits for bits, value in every if value == of_class_1], of_class_1


def _row(on: Tensor, off: Tensor, bits: tuple[int, ...], without: int | None = None) -> Tensor:
    factors = [(on if bit else off)[:, i] for i, bit in enumerate(bits) if i != without]
    return prod(factors[1:], start=factors[0]) if factors else torch.ones_like(on[:, 0])


def _summed(terms: list[Tensor], shape: Tensor) -> Tensor:
    return sum(terms[1:], start=terms[0]) if terms else torch.zeros_like(shape)
