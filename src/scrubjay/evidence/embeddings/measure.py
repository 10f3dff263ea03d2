"""Compute the frozen stream as a sum over tokens, and the filters as images of the domain."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Residual
from scrubjay.evidence.embeddings.filter_images import LineFit, MaskTable, compare_masks, line_fits
from scrubjay.evidence.embeddings.input_scrubbing import InputScrub, scrub_inputs
from scrubjay.evidence.embeddings.nearness import nearness
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.measure import FiltersResult
from scrubjay.evidence.line import Found
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import FILTER_NAMES
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.run import Run, Settings

_INPUT_DRAWS = 20
"""The largest number of draws when values are resampled at the inputs."""


@dataclass(frozen=True, eq=False)
class FilterImages:
    """The filters over the domain.

    Attributes:
        filters: the filters of the full network.
        masked: the filters of the frozen network.
        names: the names of the full network's filters.
        images: the value of each filter of the full network that the tokens alone predict, shape [n, k].
        values: the value of each filter in the full network, shape [n, k].
        lines: for each filter, how well its image explains its values.
        masks: how often the masks of the frozen network's filters agree with answers and labels.
        inputs: how many answers stay when values are resampled among inputs of nearly the same image.
        nearness: the AUC by which a filter value near a threshold tells where the frozen network disagrees with the
            full one; None if it never disagrees.
    """

    filters: Filters
    masked: Filters
    names: tuple[str, ...]
    images: Float64[Tensor, "n k"]
    values: Float64[Tensor, "n k"]
    lines: tuple[LineFit, ...]
    masks: MaskTable
    inputs: tuple[InputScrub, ...]
    nearness: float | None


@dataclass(frozen=True, eq=False)
class EmbeddingsResult:
    """The extended embeddings, and how well they rebuild the frozen network.

    Attributes:
        run: the run.
        parts: the extended embeddings: a constant, and a table for each varying position.
        error: the largest absolute difference between their sum and the frozen ``resid_mid``.
        of_others: the same difference if each input is rebuilt from the tokens of another input.
        filters: the result of the line ``filters``, or None if it was skipped.
        images: the filters over the domain, or None if no filters are known.
    """

    run: Run
    parts: ExtendedEmbedding
    error: float
    of_others: float
    filters: FiltersResult | None
    images: FilterImages | None


def measure(run: Run, settings: Settings, found: Found) -> EmbeddingsResult:
    """Rebuild the frozen stream from extended embeddings, and compare filters with what the tokens alone predict."""
    parts = ExtendedEmbedding.of(run.network, run.task.domain, run.mean_pattern)
    rebuilt = parts.resid_mid(run.task.domain.choices(run.task.domain.inputs()))
    filters = found.get(FILTERS)
    return EmbeddingsResult(
        run,
        parts,
        error=float((rebuilt - run.frozen.resid_mid).abs().max()),
        of_others=float((rebuilt.roll(1, 0) - run.frozen.resid_mid).abs().max()),
        filters=filters,
        images=None if filters is None else _images(run, filters, rebuilt, settings),
    )


def _images(run: Run, filters: FiltersResult, rebuilt: Residual, settings: Settings) -> FilterImages:
    own, masked = filters.sides["full"], filters.sides["frozen"].gate.fit.filters
    fitted = own.gate.fit.filters
    images, values = fitted.values(rebuilt), fitted.values(run.full.resid_mid)
    names = FILTER_NAMES[: fitted.gate.k]
    answers = {"frozen labels": run.frozen.classes, "full labels": run.full.classes}
    if run.task.labels is not None:
        answers["ground truth"] = run.task.labels
    return FilterImages(
        filters=fitted,
        masked=masked,
        names=names,
        images=images,
        values=values,
        lines=line_fits(values, images, seed=settings.seed),
        masks=compare_masks(masked, FILTER_NAMES[: masked.gate.k], run.frozen.resid_mid, answers),
        inputs=scrub_inputs(
            own.hypothesis,
            run.full.resid_mid,
            images,
            run.readout,
            run.full.classes,
            names,
            stopping=settings.stopping.at_most(_INPUT_DRAWS),
            seed=settings.seed,
            sampling=settings.sampling,
        ),
        nearness=nearness(fitted, run.full, run.frozen)
        if not torch.equal(run.full.classes, run.frozen.classes)
        else None,
    )
