"""The full and the frozen network held against each other."""

import torch

from scrubjay.activations.embedding import ExtendedEmbedding
from scrubjay.activations.readout import Readout
from scrubjay.axes import MeanPattern
from scrubjay.evidence.filter_images import compare_masks, line_fits
from scrubjay.evidence.heads import nearness, scale_attention, study_heads
from scrubjay.evidence.input_scrubbing import scrub_inputs
from scrubjay.evidence.scrubbing import Basis, Hypothesis, Sampling
from scrubjay.geometry.gate import FILTER_NAMES
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.study.records import Comparison, Embedding, FilterImages, Side

_PATCH_DRAWS = 3


def compare(
    network: OneLayerTransformer,
    mean: MeanPattern,
    full: Side,
    frozen: Side,
    readout: Readout,
    *,
    basis: Basis,
    sampling: Sampling,
    draws: int,
    seed: int,
) -> Comparison:
    """Extended embeddings, heads, the way from mean to full attention, and, where there are filters, their images.

    Args:
        network: the weights.
        mean: the mean pattern.
        full: the full network taken apart.
        frozen: the frozen one.
        readout: from ``resid_mid`` to an answer.
        basis: how the complement of the filters is chosen.
        sampling: of the resampling at the inputs.
        draws: of it.
        seed: of everything that is drawn.
    """
    task = readout.task
    embedding = ExtendedEmbedding.of(network, task.domain, mean)
    rebuilt = embedding.resid_mid(task.domain.choices(task.domain.inputs()))
    patching = min(_PATCH_DRAWS, draws)
    return Comparison(
        embedding=Embedding(
            embedding,
            error=float((rebuilt - frozen.activations.resid_mid).abs().max()),
            of_others=float((rebuilt.roll(1, 0) - frozen.activations.resid_mid).abs().max()),
        ),
        heads=study_heads(
            network, task, full.activations, frozen.activations, mean, readout, draws=patching, seed=seed
        ),
        scaling=scale_attention(full.activations, frozen.activations, readout),
        images=_images(rebuilt, full, frozen, readout, basis, sampling, draws, seed),
    )


def _images(
    rebuilt: torch.Tensor,
    full: Side,
    frozen: Side,
    readout: Readout,
    basis: Basis,
    sampling: Sampling,
    draws: int,
    seed: int,
) -> FilterImages | None:
    if full.gate is None or frozen.gate is None:
        return None
    filters = full.gate.fit.filters
    images, values = filters.values(rebuilt), filters.values(full.activations.resid_mid)
    names = FILTER_NAMES[: filters.gate.k]
    answers = {"frozen labels": frozen.activations.classes, "full labels": full.activations.classes}
    if readout.task.labels is not None:
        answers["ground truth"] = readout.task.labels
    masked = frozen.gate.fit.filters
    return FilterImages(
        names=names,
        images=images,
        values=values,
        lines=line_fits(values, images, seed=seed),
        masks=compare_masks(masked, FILTER_NAMES[: masked.gate.k], frozen.activations.resid_mid, answers),
        inputs=scrub_inputs(
            Hypothesis.of(filters, full.activations.resid_mid, basis),
            full.activations.resid_mid,
            images,
            readout,
            full.activations.classes,
            names,
            draws=draws,
            seed=seed,
            sampling=sampling,
        ),
        nearness=nearness(filters, full.activations, frozen.activations),
    )
