"""Read off what the network answers if nothing but the filters varies."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.fit.gate import GateReading, read_gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.nets.readout import Readout

_GRID = 121
"""The number of points along each side of the map."""


@dataclass(frozen=True, eq=False)
class DecisionMap:
    """What the network answers if all coordinates but the filters' values are at their means.

    Attributes:
        reading: the gate that gives these answers for the inputs' own filter values.
        other: the agreement of the best other gate.
        sides: for each filter, its values along the map, measured from its threshold, shape [k, g].
        image: the answers on the grid of these values for two filters, with the first filter along the rows, shape
            [g, g]; empty unless there are two filters.
    """

    reading: GateReading
    other: float
    sides: Float64[Tensor, "k g"]
    image: Int[Tensor, "_g _g"]


def map_decisions(hypothesis: Hypothesis, resid_mid: Residual, readout: Readout) -> DecisionMap:
    """Let the network answer from nothing but the filters' values, and read the gate off its answers.

    Args:
        hypothesis: the hypothesis whose variables are the filters' values.
        resid_mid: the residual streams of all inputs, shape [n, d].
        readout: computes the answer from a residual stream.
    """
    values = resid_mid.double() @ hypothesis.directions.T
    mean, centre = resid_mid.double().mean(0), values.mean(0)

    def decide(at: Float64[Tensor, "p k"]) -> Classes:
        return readout.classes((mean + (at - centre) @ hypothesis.carriers).to(resid_mid.dtype))

    decided = decide(values)
    reading = read_gate(values > hypothesis.thresholds, decided == 1)
    counts = reading.counts
    occupied = counts[counts.sum(1) > 0]  # a gate that differs only where no input lies is no other gate
    least = int((occupied.max(1).values - occupied.min(1).values).min())
    k = len(hypothesis.directions)
    low, high = values.quantile(0.002, dim=0), values.quantile(0.998, dim=0)
    sides = low[:, None] + (high - low)[:, None] * torch.linspace(0, 1, _GRID, dtype=torch.float64)
    image = torch.zeros(0, 0, dtype=torch.int64)
    if k == 2:
        image = decide(torch.cartesian_prod(sides[0], sides[1])).view(_GRID, _GRID)
    return DecisionMap(
        reading=reading,
        other=reading.agreement - least / len(values),
        sides=sides - hypothesis.thresholds[:, None],
        image=image,
    )
