"""Filters: k half-spaces of the residual stream whose Boolean gate gives the answers.

The fit needs no initial guess. Many random starts minimise first the cross-entropy and then the expected error of the
gate's multilinear extension, in which each filter is on with probability sigmoid(w·x - t). The best of them, by the
count of right answers, are fitted to all inputs and then improved by exact steps on that count itself
(``exact_steps``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Float32, Float64
from torch import Tensor

from scrubjay.core.axes import Bits, Directions, Mask, Residual
from scrubjay.fit.exact_steps import refined
from scrubjay.fit.gate import Gate, read_gate
from scrubjay.fit.pca import PCA, ROWS, projections
from scrubjay.fit.soft_gate import Starts, descend

_STARTS = 24
"""Random starts for each gate of two filters or more."""
_SUBSET = 2500
"""The largest number of inputs on which all starts descend."""
_FINALISTS = 3
"""How many starts of each gate go on to all inputs."""
_REFINED = 3
"""How many finalists, over all gates, are improved by exact steps."""
SMALLEST_SPREAD = 1e-6
"""Components whose standard deviation is a smaller share of the largest one are not used."""


@dataclass(frozen=True, eq=False)
class Filters:
    """Half-spaces of the residual stream and the gate over them.

    Attributes:
        directions: unit vectors of the residual stream, shape [k, d], the filter that matters most (α) first.
        thresholds: a filter is on where ``resid_mid @ direction > threshold``, shape [k]. Class 1 is more frequent
            where it is on.
        gate: for which combinations of filters the class is 1.
        agreement: the share of the inputs of the fit whose class the gate gives.
    """

    directions: Directions
    thresholds: Float64[Tensor, "k"]
    gate: Gate
    agreement: float

    def values(self, resid_mid: Residual) -> Float64[Tensor, "n k"]:
        """How far each residual stream lies beyond each threshold, shape [n, k]; negative where a filter is off."""
        return projections(resid_mid, self.directions) - self.thresholds

    def bits(self, resid_mid: Residual) -> Bits:
        """Which filters are on, shape [n, k]."""
        return self.values(resid_mid) > 0

    def predict(self, resid_mid: Residual) -> Mask:
        """Where the gate gives class 1, shape [n]."""
        return self.gate(self.bits(resid_mid))


def fit_filters(
    resid_mid: Residual,
    pca: PCA,
    ones: Mask,
    *,
    r: int,
    k: int,
    gates: Sequence[Gate] | None = None,
    seed: int = 0,
) -> Filters:
    """Fit k half-spaces in the span of the first r components.

    Args:
        resid_mid: residual streams over the whole domain, shape [n, d].
        pca: the principal components of ``resid_mid``.
        ones: where the answer is class 1, shape [n].
        r: how many components the directions may use; all of them for a fit in all dimensions.
        k: the number of half-spaces.
        gates: the gates to try. By default these are AND for class 1 and AND for class 0 (which is OR for class 1).
        seed: seed for the random starts.

    Returns:
        The fit with the highest agreement. It classifies any residual stream without the PCA.
    """
    spreads = pca.variances[:r].sqrt()
    used = spreads > SMALLEST_SPREAD * spreads[:1].clamp(min=torch.finfo(torch.float64).tiny)
    basis = pca.components[:r][used] / spreads[used, None]
    points = torch.cat([(chunk.double() - pca.mean) @ basis.T for chunk in torch.split(resid_mid, ROWS)])
    draw = torch.Generator().manual_seed(seed)
    tried = gates if gates is not None else sorted({Gate.conjunction(k), Gate.disjunction(k)}, key=lambda g: g.table)
    finalists = [finalist for gate in tried for finalist in _finalists(points.float(), ones, gate, draw)]
    finalists.sort(key=lambda finalist: finalist.agreement, reverse=True)
    refinements = [
        refined(points, ones, each.gate, each.weights, each.thresholds, draw) for each in finalists[:_REFINED]
    ]
    chosen = max(range(len(refinements)), key=lambda at: refinements[at][2])
    (weights, thresholds, agreement), gate = refinements[chosen], finalists[chosen].gate
    directions = weights @ basis
    lengths = directions.norm(dim=1).clamp(min=torch.finfo(torch.float64).tiny)
    found = Filters(
        directions / lengths[:, None],
        (thresholds + directions @ pca.mean) / lengths,
        gate,
        agreement,
    )
    return in_order(_towards_class_1(found, resid_mid, ones), resid_mid, ones)


def in_order(filters: Filters, resid_mid: Residual, ones: Mask) -> Filters:
    """The same filters, in the order of how much agreement is lost without each, the largest loss first."""
    bits, k = filters.bits(resid_mid), filters.gate.k
    left = [read_gate(bits[:, [j for j in range(k) if j != i]], ones).agreement if k > 1 else 0.0 for i in range(k)]
    order = sorted(range(k), key=lambda i: left[i])
    table = tuple(
        filters.gate.table[sum(row[order.index(i)] << (k - 1 - i) for i in range(k))]
        for row in product((0, 1), repeat=k)
    )
    return Filters(filters.directions[order], filters.thresholds[order], Gate(table), filters.agreement)


def _towards_class_1(filters: Filters, resid_mid: Residual, ones: Mask) -> Filters:
    """Turn each filter so that class 1 is more frequent where it is on."""
    bits, signs = filters.bits(resid_mid), []
    for column in bits.T:
        on = (ones & column).sum() * (~column).sum()
        off = (ones & ~column).sum() * column.sum()
        signs.append(-1.0 if off > on else 1.0)
    flipped = [sign < 0 for sign in signs]
    table = tuple(
        filters.gate.table[sum((row[i] ^ flipped[i]) << (len(row) - 1 - i) for i in range(len(row)))]
        for row in product((0, 1), repeat=len(signs))
    )
    sign = torch.tensor(signs, dtype=torch.float64)
    return Filters(filters.directions * sign[:, None], filters.thresholds * sign, Gate(table), filters.agreement)


@dataclass(frozen=True, eq=False)
class _Finalist:
    gate: Gate
    agreement: float
    weights: Float64[Tensor, "k r"]
    thresholds: Float64[Tensor, "k"]


def _finalists(points: Float32[Tensor, "n r"], ones: Mask, gate: Gate, draw: torch.Generator) -> list[_Finalist]:
    few = torch.randperm(len(points), generator=draw)[:_SUBSET]
    starts = Starts.random(_STARTS if gate.k > 1 else _FINALISTS, gate.k, points.shape[1], draw)
    starts = descend(starts, points[few], ones[few], gate, cross_entropy=80, error=60)
    best = starts.agreements(points, ones, gate).argsort(descending=True, stable=True)[:_FINALISTS]
    starts = descend(starts.chosen(best), points, ones, gate, cross_entropy=40, error=40)
    return [
        _Finalist(gate, float(agreement), weights.double(), -bias.double())
        for agreement, weights, bias in zip(
            starts.agreements(points, ones, gate), starts.weights, starts.bias, strict=True
        )
    ]
