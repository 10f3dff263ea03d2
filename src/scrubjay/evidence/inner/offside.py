"""Scrub what the inner network says does not matter.

The inner network is a hypothesis about the original: its coordinates are all that is read of the stream, and where a
hinge is off, the neurons behind it are off too, wherever exactly the input lies. So two things may be resampled:

- *the rest of the stream*: everything but the coordinates comes from any other input;
- *the off sides*: where a hinge is off, each neuron that points the same way reads the stream of another input on which
  the hinge is off as well. Where it is on, so do the neurons that point the other way.

Source: causal scrubbing, Chan et al. (2022), with the hypothesis generated from the inner network.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs, Residual
from scrubjay.core.stats import SEED_STRIDE, Score, Stopping, share_of
from scrubjay.evidence.inner.interchange import shuffled_order
from scrubjay.evidence.inner.parts import InnerParts, with_one
from scrubjay.nets.readout import HingeReadout

INPUTS = 3_000
"""How many inputs a draw resamples; each draw takes other ones."""
ROWS = ("rest", "off sides", "both")
"""What is resampled."""


@dataclass(frozen=True)
class OffSideScores:
    """How many answers stay when parts are resampled.

    Attributes:
        rows: the score of each of ``ROWS``, by name.
        random: the score of ``both`` with random groups of neurons of the same sizes; None if there are no others.
        swapped: the share of neuron inputs that the off sides resample.
    """

    rows: dict[str, Score]
    random: Score | None
    swapped: float


def scrub_inner(
    parts: InnerParts, readout: HingeReadout, resid_mid: Residual, classes: Classes, *, stopping: Stopping, seed: int
) -> OffSideScores:
    """Resample what the inner network licenses, in the original network.

    Args:
        parts: the inner network.
        readout: from the original's stream to its scores.
        resid_mid: the streams of all inputs, shape [n, d].
        classes: the original's answers, shape [n].
        stopping: when enough has been drawn.
        seed: seed for the draws.
    """
    values = parts.anatomy.coordinates.of(resid_mid)
    on = with_one(values) @ parts.layer.planes.T > 0
    sides = _Sides(parts, readout, resid_mid, values, on)
    order = shuffled_order(parts.layer.groups, seed)
    mixed = None if order is None else _Sides(parts, readout, resid_mid, values, on, order)

    def drawn(with_rest: bool, chosen: _Sides | None) -> Score:
        def share(number: int) -> float:
            draw = torch.Generator().manual_seed(seed * SEED_STRIDE + number)
            inputs = torch.randperm(len(classes), generator=draw)[:INPUTS]
            rest = torch.randint(len(classes), (len(inputs),), generator=draw) if with_rest else None
            said = (chosen or sides).answers(inputs, rest, draw if chosen is not None else None)
            return share_of(said == classes[inputs])

        return stopping.score(share)

    rows = {"rest": drawn(True, None), "off sides": drawn(False, sides), "both": drawn(True, sides)}
    return OffSideScores(rows, None if mixed is None else drawn(True, mixed), sides.swapped)


class _Sides:
    """The neurons behind each hinge, and on which inputs the hinge is on.

    Args:
        parts: the inner network.
        readout: from the original's stream to its scores.
        resid_mid: the streams of all inputs, shape [n, d].
        values: their coordinates, shape [n, r].
        on: which hinges are on, shape [n, k].
        order: a permutation of the neurons, to make random groups; None for the groups as they are. In a random group
            each neuron counts as pointing the way that its own plane points, so that the control is a strong one.
    """

    def __init__(
        self,
        parts: InnerParts,
        readout: HingeReadout,
        resid_mid: Residual,
        values: Float64[Tensor, "n r"],
        on: Tensor,
        order: Tensor | None = None,
    ) -> None:
        self.coordinates = parts.anatomy.coordinates
        self.readout, self.resid_mid, self.values, self.on = readout, resid_mid, values, on
        layer = parts.layer
        groups = layer.groups if order is None else layer.groups[order]
        flips = layer.flips if order is None else self._turned(parts, groups)
        bending = parts.anatomy.bending
        self.blocks = [
            (bending[(groups == hinge) & (flips == flip)], on[:, hinge] if flip < 0 else ~on[:, hinge])
            for hinge in range(len(layer.planes))
            for flip in (1.0, -1.0)
        ]
        self.blocks = [(own, off) for own, off in self.blocks if len(own) and bool(off.any())]
        resampled = sum(len(own) * float(off.double().mean()) for own, off in self.blocks)
        self.swapped = resampled / max(1, len(readout.b_in))

    @staticmethod
    def _turned(parts: InnerParts, groups: Tensor) -> Float64[Tensor, "m"]:
        """For each neuron whether its plane points the same way as that of its group's hinge, 1 or -1.

        Coordinates have the mean 0 and the variance 1, so the inner product of two planes is that of their functions.
        """
        own = parts.anatomy.layer.planes
        along = (own * parts.layer.planes[groups.clamp(min=0)]).sum(1)
        return torch.where(along < 0, -1.0, 1.0).double()

    def answers(self, inputs: Inputs, rest: Inputs | None, draw: torch.Generator | None) -> Classes:
        """The answers on some inputs.

        Args:
            inputs: the inputs.
            rest: for each of them, the input that everything but the coordinates comes from.
            draw: for the inputs on the off sides; None to leave these as they are.
        """
        readout, streams = self.readout, self._streams(inputs, rest)
        if draw is None:
            return readout.classes(streams)
        W_in, b_in, hidden = (each.cpu() for each in (readout.W_in, readout.b_in, readout.hidden))
        scores = readout.scores(streams).cpu()
        for own, off in self.blocks:
            here = off[inputs].nonzero()[:, 0]
            pool = off.nonzero()[:, 0]
            donors = pool[torch.randint(len(pool), (len(here),), generator=draw)]
            others = None if rest is None else rest[torch.randint(len(rest), (len(here),), generator=draw)]
            weights, bias, out = W_in[:, own], b_in[own], hidden[own]
            before = torch.addmm(bias, streams[here].to(weights), weights).relu()
            after = torch.addmm(bias, self._streams(donors, others).to(weights), weights).relu()
            scores[here] += (after - before) @ out
        return readout.classes_from(scores)

    def _streams(self, inputs: Inputs, rest: Inputs | None) -> Float[Tensor, "p d"]:
        if rest is None:
            return self.resid_mid[inputs]
        moved = (self.values[inputs] - self.values[rest]) @ self.coordinates.carriers
        return self.resid_mid[rest] + moved.to(self.resid_mid.dtype)
