"""A gate over soft filters, and descent on it from many starts at once.

A soft filter is on with probability sigmoid(w·x + b). The gate's multilinear extension then gives each input's
probability of class 1. Its gradient is written out, because each filter enters it linearly:
dP/dp_j = P(given that filter j is on) - P(given that it is off).
"""

from dataclasses import dataclass
from itertools import product
from math import prod

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from scrubjay.core.axes import Mask
from scrubjay.fit.gate import Gate

_RATE = 0.15
"""Adam's learning rate at the start; it falls linearly to a tenth."""
_BETAS = (0.9, 0.999)
"""Adam's decay rates for the first and the second moment."""
_TINY = 1e-8
"""What Adam adds to the root of the second moment."""
_STEEPEST = 15.0
"""Strengths beyond this are cut off, so that no slope vanishes altogether."""
_LEAST = 1e-7
"""The least probability whose logarithm is taken."""


@dataclass(frozen=True, eq=False)
class Starts:
    """Several sets of k soft filters.

    Attributes:
        weights: w of each filter, shape [starts, k, r].
        bias: b of each filter, shape [starts, k].
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
        """Some of the sets, by their numbers."""
        return Starts(self.weights[which], self.bias[which])

    def strengths(self, points: Float32[Tensor, "n r"]) -> Float32[Tensor, "starts k n"]:
        """w·x + b of each filter at each point."""
        return _strengths(_packed(self), _with_ones(points)).transpose(0, 1)

    def agreements(self, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate) -> Float[Tensor, "starts"]:
        """The share of inputs whose class the gate gives, with the filters taken as hard."""
        bits = (self.strengths(points) > 0).transpose(1, 2)
        return torch.stack([(gate(each) == ones).double().mean() for each in bits])


def descend(
    starts: Starts, points: Float32[Tensor, "n r"], ones: Mask, gate: Gate, *, cross_entropy: int, error: int
) -> Starts:
    """Adam on the cross-entropy for some steps, then on the expected error, which is nearer to what is counted.

    Args:
        starts: where the descents begin; they are independent of each other.
        points: what the filters read, shape [n, r].
        ones: where the class is 1, shape [n].
        gate: the gate over the filters.
        cross_entropy: steps on the cross-entropy.
        error: steps on the expected error.
    """
    parameter, across = _packed(starts), _with_ones(points)
    slopes = Slopes(gate, ones, len(starts.bias))
    for steps, logarithmic in ((cross_entropy, True), (error, False)):
        first, second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        for step in range(steps):
            found = slopes(parameter, across, logarithmic=logarithmic)
            slope = (found.flatten(0, 1) @ across.T).view(parameter.shape) / len(points)
            first.lerp_(slope, 1 - _BETAS[0])
            second.lerp_(slope * slope, 1 - _BETAS[1])
            unbiased = first / (1 - _BETAS[0] ** (step + 1))
            rate = _RATE * (1 - 0.9 * step / steps)
            parameter += rate * unbiased / ((second / (1 - _BETAS[1] ** (step + 1))).sqrt() + _TINY)
    return Starts(parameter[..., :-1].transpose(0, 1), parameter[..., -1].T)


class Slopes:
    """How the (log) probability of each input's own class grows with each filter's strength.

    The scratch memory is kept from step to step: to allocate arrays of this size takes about as long as to fill them.
    """

    def __init__(self, gate: Gate, ones: Mask, starts: int) -> None:
        self._rows, of_class_1 = _rarer_rows(gate)
        self._sign = torch.where(ones == of_class_1, 1.0, -1.0)  # 1 where the own class is that of the rarer rows
        self._is_other = (self._sign < 0).float()
        self._on, self._off, self._slopes = torch.empty(3, gate.k, starts, len(ones)).unbind()
        self._own = torch.empty(starts, len(ones))
        self._one = torch.ones(())

    def __call__(
        self, packed: Float32[Tensor, "k starts r1"], across: Float32[Tensor, "r1 n"], *, logarithmic: bool
    ) -> Float32[Tensor, "k starts n"]:
        """The slopes at some filters; the next call overwrites them.

        Args:
            packed: weights and bias of each filter.
            across: the points, each with a 1 for the bias.
            logarithmic: whether the probability's logarithm is meant.
        """
        on, off, slopes = self._on, self._off, self._slopes
        torch.mm(packed.flatten(0, 1), across, out=on.flatten(0, 1)).clamp_(-_STEEPEST, _STEEPEST).sigmoid_()
        torch.sub(self._one, on, out=off)
        torch.mul(on, off, out=slopes)
        for j, slope in enumerate(slopes):
            slope *= _summed([_row(on, off, bits, j) for bits in self._rows], [bits[j] for bits in self._rows], on[0])
        if logarithmic:
            rarer = _summed([_row(on, off, bits) for bits in self._rows], [1] * len(self._rows), on[0])
            own = torch.mul(rarer, self._sign, out=self._own)
            own.add_(self._is_other).clamp_(min=_LEAST)  # rarer, or 1 - rarer
            slopes *= torch.div(self._sign, own, out=own)
        else:
            slopes *= self._sign
        return slopes


def class_probability(strengths: Float[Tensor, "k starts n"], gate: Gate) -> Float[Tensor, "starts n"]:
    """The probability of class 1 under the gate's multilinear extension."""
    on = torch.sigmoid(strengths)
    rows, of_class_1 = _rarer_rows(gate)
    rarer = _summed([_row(on, 1 - on, bits) for bits in rows], [1] * len(rows), on[0])
    return rarer if of_class_1 else 1 - rarer


def _packed(starts: Starts) -> Float32[Tensor, "k starts r1"]:
    """Weights and bias in one, the filters outermost: what is computed of one filter then lies together in memory."""
    return torch.cat([starts.weights, starts.bias[..., None]], dim=-1).transpose(0, 1).contiguous()


def _with_ones(points: Float32[Tensor, "n r"]) -> Float32[Tensor, "r1 n"]:
    return torch.cat([points.T, points.new_ones(1, len(points))])


def _strengths(
    packed: Float32[Tensor, "k starts r1"], across: Float32[Tensor, "r1 n"]
) -> Float32[Tensor, "k starts n"]:
    return (packed.flatten(0, 1) @ across).view(*packed.shape[:2], -1)


def _rarer_rows(gate: Gate) -> tuple[list[tuple[int, ...]], bool]:
    """The rows of the truth table of the class that has fewer, and whether that is class 1."""
    of_class_1 = 2 * sum(gate.table) <= len(gate.table)
    every = zip(product((0, 1), repeat=gate.k), gate.table, strict=True)
    return [bits for bits, value in every if value == of_class_1], of_class_1


def _row(on: Tensor, off: Tensor, bits: tuple[int, ...], without: int | None = None) -> Tensor:
    """The probability of a row of the truth table; that of the other filters where one is left out."""
    factors = [(on if bit else off)[i] for i, bit in enumerate(bits) if i != without]
    return prod(factors[1:], start=factors[0]) if factors else torch.ones_like(on[0])


def _summed(terms: list[Tensor], positive: list[int], shape: Tensor) -> Tensor:
    """The sum of some terms, each with its sign; zeros of a shape where there are none."""
    signed = [term if is_positive else -term for term, is_positive in zip(terms, positive, strict=True)]
    return sum(signed[1:], start=signed[0]) if signed else torch.zeros_like(shape)
