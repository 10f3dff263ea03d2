"""Shift the residual streams of both networks along random directions and along their filters."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.claim import Verdict
from scrubjay.core.parallel import side_by_side
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Found
from scrubjay.evidence.steering.shifts import Steering, random_units, steer
from scrubjay.run import Run, Settings

RANDOM_SHIFTS = 12
"""The number of random directions."""


@dataclass(frozen=True, eq=False)
class SteeringResult:
    """Agreement along shifts.

    Attributes:
        run: the run.
        random: for each network by name, the agreement along random directions.
        boundary: for each network by name, the agreement along the filters' directions, both ways.
        at_best: for each network by name, the verdict of the claim that these are its filters.
    """

    run: Run
    random: dict[str, Steering]
    boundary: dict[str, Steering]
    at_best: dict[str, Verdict]


def measure(run: Run, settings: Settings, found: Found) -> SteeringResult:
    """Shift every input along each direction by each length."""
    filters = {name: side.gate.fit.filters for name, side in found.of(FILTERS).sides.items()}
    random = random_units(RANDOM_SHIFTS, run.network.config.d_model, settings.seed)
    along: dict[tuple[str, str], Float64[Tensor, "q d"]] = {}
    for name, own in filters.items():
        along["random", name] = random
        along["boundary", name] = torch.cat([own.directions, -own.directions])

    def shifted(key: tuple[str, str]) -> Steering:
        return steer(filters[key[1]], run.sides[key[1]].resid_mid, run.readout, along[key])

    steered = dict(zip(along, side_by_side(shifted, along), strict=True))
    return SteeringResult(
        run,
        random={name: steered["random", name] for name in filters},
        boundary={name: steered["boundary", name] for name in filters},
        at_best={name: side.gate.verdict for name, side in found.of(FILTERS).sides.items()},
    )
