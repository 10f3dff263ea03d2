"""The frozen stream as a sum over tokens, and the filters as images of the domain."""

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
"""Draws of each resampling at the inputs."""


@dataclass(frozen=True, eq=False)
class FilterImages:
    """The filters over the domain.

    Attributes:
        filters: of the full network.
        masked: of the frozen network.
        names: of the full network's filters.
        images: what each filter's value should be from the tokens alone, shape [n, k].
        values: what it is in the full network, shape [n, k].
        lines: how much of the values the images explain.
        masks: the frozen network's masks beside answers and labels.
        inputs: what is left when values are resampled among inputs of the same image.
        nearness: the AUC by which a filter value near a threshold tells where the frozen network disagrees; None where
            it never does.
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
    """The extended embeddings, and how far they are from what they rebuild.

    Attributes:
        run: the run.
        parts: a constant, and a table for each varying position.
        error: the largest absolute difference from the frozen ``resid_mid``.
        of_others: the same when each input is rebuilt from the tokens of another.
        filters: what the filters line found; None where it was skipped.
        images: the filters over the domain; None without filters.
    """

    run: Run
    parts: ExtendedEmbedding
    error: float
    of_others: float
    filters: FiltersResult | None
    images: FilterImages | None


def measure(run: Run, settings: Settings, found: Found) -> EmbeddingsResult:
    """Take the frozen stream apart, and compare it with the full network's filters."""
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
