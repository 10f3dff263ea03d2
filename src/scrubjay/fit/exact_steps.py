"""Steps that improve the count of right answers itself: the best threshold of a direction, and better directions.

While the other filters are held, an input matters only where this filter decides the gate's value, and there it should
lie on a known side of the threshold. Sorting the projections then gives the best of all thresholds in O(n log n).
"""

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int
from torch import Tensor

from scrubjay.core.axes import Bits, Mask
from scrubjay.fit.gate import Gate

_SCALES = (0.3, 0.1, 0.03, 0.01, 0.003)
"""The lengths of the random steps that turn a unit direction."""
_CANDIDATES = 16
"""How many directions are tried at each length."""


def refined(
    points: Float64[Tensor, "n r"],
    ones: Mask,
    gate: Gate,
    weights: Float64[Tensor, "k r"],
    thresholds: Float64[Tensor, "k"],
    draw: torch.Generator,
) -> tuple[Float64[Tensor, "k r"], Float64[Tensor, "k"], float]:
    """Improve filters by random rotations of decreasing size, each with its best threshold.

    Args:
        points: what the filters read, shape [n, r].
        ones: where the class is 1, shape [n].
        gate: the gate over the filters.
        weights: the direction of each filter, of any length, shape [k, r].
        thresholds: the threshold of each filter, shape [k].
        draw: the generator of the rotations.

    Returns:
        Unit directions, thresholds, and the share of inputs whose class the gate gives, which is never lower than at
        the start.
    """
    lengths = weights.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    weights, thresholds = weights / lengths, thresholds / lengths[:, 0]
    bits = points @ weights.T > thresholds
    right = int((gate(bits) == ones).sum())
    for scale in (0.0, *_SCALES):
        for i in range(gate.k):
            turns = torch.randn(_CANDIDATES if scale else 1, len(weights[i]), generator=draw, dtype=torch.float64)
            tried = weights[i] + scale * turns / turns.norm(dim=1, keepdim=True)
            tried = tried / tried.norm(dim=1, keepdim=True)
            matters, wanted = deciding(bits, ones, gate, i)
            if not bool(matters.any()):
                continue
            settled = int(((gate(bits) == ones) & ~matters).sum())
            found, count = best_thresholds(tried @ points[matters].T, wanted)
            best = int(count.argmax())
            if settled + int(count[best]) > right:
                right = settled + int(count[best])
                weights[i], thresholds[i] = tried[best], found[best]
                bits[:, i] = points @ weights[i] > thresholds[i]
                right = int((gate(bits) == ones).sum())
    return weights, thresholds, right / len(points)


def deciding(bits: Bits, ones: Mask, gate: Gate, i: int) -> tuple[Mask, Bool[Tensor, "some"]]:
    """The inputs for which filter i decides the gate's value, and the side on which each of these should lie."""
    with_it, without = gate.either_way(bits, i)
    matters = with_it != without
    return matters, (with_it == ones)[matters]


def best_thresholds(
    projections: Float64[Tensor, "c n"], wanted: Bool[Tensor, "n"]
) -> tuple[Float64[Tensor, "c"], Int[Tensor, "c"]]:
    """For each row, the threshold that puts the most inputs on their wanted side, and how many it puts there.

    It takes O(n log n) for each row, and memory for one row at a time. NumPy sorts values several times faster than it
    finds their order, so the last bit of each projection, which is far smaller than rounding errors, holds the side.

    Args:
        projections: the value of each input along each of c directions, shape [c, n].
        wanted: whether an input should lie above the threshold, shape [n].
    """
    sides, above, n = wanted.numpy().astype(np.int64), int(wanted.sum()), len(wanted)
    coded, gained = np.empty(n, dtype=np.int64), np.zeros(n + 1, dtype=np.int32)
    values = coded.view(np.float64)
    found, counts = [], []
    for row in projections.numpy():
        np.bitwise_and(row.view(np.int64), ~1, out=coded)
        coded |= sides
        values.sort()
        # Place j: the first j inputs lie below the threshold, where those belong that are not wanted above.
        steps = (coded & 1).astype(np.int32)
        steps *= -2
        steps += 1
        np.cumsum(steps, dtype=np.int32, out=gained[1:])
        coded &= ~1
        gained[1:-1][values[1:] == values[:-1]] = -n
        at = int(gained.argmax())
        low = values[at - 1] if at else values[0] - 1
        high = values[at] if at < n else values[-1] + 1
        found.append((low + high) / 2)
        counts.append(int(gained[at]) + above)
    return torch.tensor(found, dtype=torch.float64), torch.tensor(counts)
