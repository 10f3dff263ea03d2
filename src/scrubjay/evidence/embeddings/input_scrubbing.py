"""Resampling at the inputs, from the tokens up: the step that the post named and left.

The extended embeddings say what a filter's value should be from the tokens alone (its image). If that is how the
network computes it, an input's value may be replaced by the value of any other input with nearly the same image.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Score, Stopping, share_of
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.nets.readout import Readout
from scrubjay.run import Sampling

CONTROL_DRAWS = 5
"""Draws of each control."""
_BINS = 64
"""Bins of equally many inputs that an image is cut into."""


@dataclass(frozen=True)
class InputScrub:
    """What is left when values are resampled among inputs of nearly the same image.

    Attributes:
        name: the filters that are resampled.
        left: the share of the network's own answers that stay.
        control: the same with the image shuffled.
    """

    name: str
    left: Score
    control: Score


def scrub_inputs(
    hypothesis: Hypothesis,
    resid_mid: Residual,
    images: Float64[Tensor, "n k"],
    readout: Readout,
    classes: Classes,
    names: tuple[str, ...],
    *,
    stopping: Stopping,
    seed: int,
    sampling: Sampling = "independent",
) -> tuple[InputScrub, ...]:
    """Resample each filter's value, and all of them, among the inputs in the same of 64 equal bins of its image.

    Args:
        hypothesis: the variables.
        resid_mid: of the network that is scrubbed.
        images: of each filter, from the extended embeddings.
        readout: from a residual stream to an answer.
        classes: the network's own answers.
        names: of the filters.
        stopping: when enough has been drawn.
        seed: seed of the draws.
        sampling: each donor drawn independently within its bin, or the bin permuted.
    """
    bins = torch.stack([_equal_bins(column) for column in images.T], dim=1)
    shuffled = bins[torch.randperm(len(bins), generator=torch.Generator().manual_seed(seed))]
    values = resid_mid.double() @ hypothesis.directions.T
    groups: list[tuple[str, tuple[int, ...]]] = [(name, (j,)) for j, name in enumerate(names)]
    if len(names) > 1:
        groups.append(("+".join(names), tuple(range(len(names)))))

    def left(job: tuple[tuple[int, ...], Int[Tensor, "n k"], Stopping]) -> Score:
        which, into, until = job
        draw = torch.Generator().manual_seed(seed)

        def drawn(number: int) -> float:
            change = torch.zeros_like(values)
            for j in which:
                change[:, j] = values[within_bins(into[:, j], draw, sampling), j] - values[:, j]
            moved = resid_mid + (change @ hypothesis.carriers).to(resid_mid.dtype)
            return share_of(readout.classes(moved) == classes)

        return until.score(drawn)

    few = stopping.at_most(CONTROL_DRAWS)
    jobs = [(which, *into) for _, which in groups for into in ((bins, stopping), (shuffled, few))]
    scores = side_by_side(left, jobs)
    return tuple(
        InputScrub(name, own, control)
        for (name, _), own, control in zip(groups, scores[::2], scores[1::2], strict=True)
    )


def _equal_bins(image: Float64[Tensor, "n"]) -> Int[Tensor, "n"]:
    order = image.argsort(stable=True)
    bins = torch.empty(len(image), dtype=torch.int64)
    bins[order] = torch.arange(len(image)) * _BINS // len(image)
    return bins


def within_bins(bins: Int[Tensor, "n"], draw: torch.Generator, sampling: Sampling = "independent") -> Int[Tensor, "n"]:
    """For each input, another of its bin, drawn at random."""
    order = bins.argsort(stable=True)
    if sampling == "permute":
        mixed, donors = torch.randperm(len(bins), generator=draw), torch.empty_like(order)
        donors[order] = mixed[bins[mixed].argsort(stable=True)]
        return donors
    sizes = bins.bincount(minlength=_BINS)
    starts = sizes.cumsum(0) - sizes
    place = (torch.rand(len(bins), generator=draw, dtype=torch.float64) * sizes[bins]).long()
    return order[starts[bins] + place]
