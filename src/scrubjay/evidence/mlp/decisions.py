"""What the network decides in the plane of the filters."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.fit.gate import GateReading, read_gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.nets.readout import Readout

_GRID = 121
"""Points along each side of the map."""


@dataclass(frozen=True, eq=False)
class DecisionMap:
    """What the network answers in the filter plane, with all other coordinates at their mean.

    Attributes:
        reading: the gate read off every input's own filter values.
        other: the agreement of the best other gate.
        sides: the values of the two first filters (beyond their thresholds) along the map; empty for other numbers.
        image: the answers on that grid, the first filter along the rows.
    """

    reading: GateReading
    other: float
    sides: Float64[Tensor, "k g"]
    image: Int[Tensor, "_g _g"]


def map_decisions(hypothesis: Hypothesis, resid_mid: Residual, readout: Readout) -> DecisionMap:
    """Let the network decide with nothing but the filter values left of each input, and read the gate."""
    values = resid_mid.double() @ hypothesis.directions.T
    mean, centre = resid_mid.double().mean(0), values.mean(0)

    def decide(at: Float64[Tensor, "p k"]) -> Classes:
        return readout.classes((mean + (at - centre) @ hypothesis.carriers).to(resid_mid.dtype))

    decided = decide(values)
    reading = read_gate(values > hypothesis.thresholds, decided == 1)
    counts = reading.counts
    least = int((counts.max(1).values - counts.min(1).values).min())
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
