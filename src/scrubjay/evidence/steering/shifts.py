"""Shift ``resid_mid``, and count how often the filters still predict the network's answer.

A shift v adds ``v @ W_in`` to ``mlp_pre`` of every input. A further shift therefore costs a ReLU and a narrow product,
and not a new run.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Residual
from scrubjay.core.stats import share_of
from scrubjay.fit.filters import Filters
from scrubjay.nets.readout import Readout

LENGTHS = tuple(float(length) for length in range(11))
"""The lengths of the shifts, in the units of the residual stream."""
FALLS_BELOW = 0.9
"""The agreement below which the prediction counts as lost."""


@dataclass(frozen=True, eq=False)
class Steering:
    """Agreement of predicted with actual answers along q directions.

    Attributes:
        lengths: the lengths of the shifts.
        predicted: for each direction and length, how often the filters predict the answer to the shifted stream if they
            read the stream after the shift, shape [q, lengths].
        unmoved: the same if they read the stream before the shift, which is the control, shape [q, lengths].
    """

    lengths: tuple[float, ...]
    predicted: Float64[Tensor, "q lengths"]
    unmoved: Float64[Tensor, "q lengths"]

    @property
    def area(self) -> Float64[Tensor, "q"]:
        """The mean agreement along each direction, by the trapezoidal rule, shape [q]."""
        return _area(self.predicted)

    @property
    def control_area(self) -> Float64[Tensor, "q"]:
        """The same mean for the prediction before the shift, shape [q]."""
        return _area(self.unmoved)

    @property
    def control(self) -> float:
        """The mean of ``control_area`` over the directions."""
        return float(self.control_area.mean())

    @property
    def reach(self) -> float | None:
        """The smallest length at which the mean over the directions is below 90%; None if it is never below."""
        below = (self.predicted.mean(0) < FALLS_BELOW).nonzero()
        return self.lengths[int(below[0])] if len(below) else None


def steer(filters: Filters, resid_mid: Residual, readout: Readout, towards: Float64[Tensor, "q d"]) -> Steering:
    """Shift every input along each direction by each length.

    Args:
        filters: the filters whose prediction is compared with the answers.
        resid_mid: the residual streams of all inputs, shape [n, d].
        readout: computes the answer from a residual stream.
        towards: the directions, unit vectors of shape [q, d].
    """
    shifts = (torch.tensor(LENGTHS, dtype=torch.float64)[None, :, None] * towards[:, None]).flatten(0, 1)
    lengths = torch.eye(len(towards), dtype=torch.float64)[:, None] * torch.tensor(LENGTHS)[None, :, None]
    answers = readout.moved_classes(resid_mid, list(lengths.flatten(0, 1)[:, None]), towards)
    values = filters.values(resid_mid)
    still = filters.gate(values > 0).long()
    predicted, unmoved = [], []
    for shift, actual in zip(shifts @ filters.directions.T, answers, strict=True):
        moved = filters.gate(values + shift > 0).long()
        predicted.append(share_of(moved == actual))
        unmoved.append(share_of(still == actual))
    size = (len(towards), len(LENGTHS))
    return Steering(
        LENGTHS,
        torch.tensor(predicted, dtype=torch.float64).view(size),
        torch.tensor(unmoved, dtype=torch.float64).view(size),
    )


def random_units(count: int, d_model: int, seed: int) -> Float64[Tensor, "q d"]:
    """Draw random unit vectors, shape [count, d_model]."""
    draw = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, d_model, generator=draw, dtype=torch.float64))


def _area(curves: Float64[Tensor, "q lengths"]) -> Float64[Tensor, "q"]:
    return torch.trapezoid(curves, dim=1) / (curves.shape[1] - 1)
