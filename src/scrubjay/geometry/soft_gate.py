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

from scrubjay.axes import Mask
from scrubjay.geometry.gate import Gate

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
        return torch.baddbmm(self.bias[..., None], self.weights, points.T.expand(len(self.bias), -1, -1))

    def agreements(self, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate) -> Float[Tensor, "starts"]:
        """The share of inputs whose class the gate gives, with the filters taken as hard."""
        bits = (self.strengths(points) > 0).transpose(1, 2)
        return torch.stack([(gate(each) == ones).double().mean() for each in bits])


def descend(
    starts: Starts, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate, *, cross_entropy: int, error: int
) -> Starts:
    """Adam on the cross-entropy for some steps, then on the expected error, which is nearer to what is counted."""
    parameters = [starts.weights.clone(), starts.bias.clone()]
    for steps, logarithmic in ((cross_entropy, True), (error, False)):
        moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        for step in range(steps):
            slopes = _slopes(Starts(*parameters).strengths(points), ones, gate, logarithmic) / len(points)
            rate = _RATE * (1 - 0.9 * step / steps)
            for parameter, (first, second), slope in zip(
                parameters, moments, (slopes @ points, slopes.sum(-1)), strict=True
            ):
                first.lerp_(slope, 1 - _BETAS[0])
                second.lerp_(slope * slope, 1 - _BETAS[1])
                unbiased = first / (1 - _BETAS[0] ** (step + 1))
                parameter += rate * unbiased / ((second / (1 - _BETAS[1] ** (step + 1))).sqrt() + 1e-8)
    return Starts(*parameters)


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
    on = torch.sigmoid(strengths.clamp(-_STEEPEST, _STEEPEST))
    off = 1 - on
    rows, of_class_1 = _rarer_rows(gate)
    slopes = torch.stack(
        [_summed([(2 * bits[j] - 1) * _row(on, off, bits, j) for bits in rows], on[:, 0]) for j in range(gate.k)],
        dim=1,
    )
    slopes *= on * off
    in_rarer = ones == of_class_1
    if logarithmic:
        rarer = _summed([_row(on, off, bits) for bits in rows], on[:, 0])
        own = torch.where(in_rarer, rarer, 1 - rarer).clamp_(min=_LEAST)
        slopes *= torch.where(in_rarer, 1.0, -1.0) / own[:, None]
    else:
        slopes *= torch.where(in_rarer, 1.0, -1.0)
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
