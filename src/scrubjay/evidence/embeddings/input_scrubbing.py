"""Causal scrubbing at the inputs, which Heimersheim and Hobbhahn (2023) named as a next step.

The extended embeddings predict each filter's value from the tokens alone. This prediction is called the filter's image.
If the network computes the filter in this way, an input's value may be replaced by the value of any other input with
nearly the same image.
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
"""The largest number of draws for each control."""
_BINS = 64
"""The number of bins, of equally many inputs each, that an image is divided into."""


@dataclass(frozen=True)
class InputScrub:
    """How many answers stay when values are resampled among inputs of nearly the same image.

    Attributes:
        name: the names of the filters that are resampled, joined by ``+``.
        left: the share of the network's own answers that stay.
        control: the same share if the bins are shuffled between inputs.
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
    """Resample the values of each filter, and of all filters together, within 64 bins of their images.

    Args:
        hypothesis: the hypothesis whose variables are the filters' values.
        resid_mid: the residual streams of the network that is scrubbed, shape [n, d].
        images: the filters' images, shape [n, k].
        readout: computes the answer from a residual stream.
        classes: the network's own answers, shape [n].
        names: the names of the k filters.
        stopping: when enough has been drawn.
        seed: seed for the draws.
        sampling: whether each donor is drawn independently within its bin, or each bin is permuted.
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
    """For each input, a random input of the same bin, shape [n]; it may be the input itself."""
    order = bins.argsort(stable=True)
    if sampling == "permute":
        mixed, donors = torch.randperm(len(bins), generator=draw), torch.empty_like(order)
        donors[order] = mixed[bins[mixed].argsort(stable=True)]
        return donors
    sizes = bins.bincount(minlength=_BINS)
    starts = sizes.cumsum(0) - sizes
    place = (torch.rand(len(bins), generator=draw, dtype=torch.float64) * sizes[bins]).long()
    return order[starts[bins] + place]
