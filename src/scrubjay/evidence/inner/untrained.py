"""The same search in an untrained network, as a control."""

from dataclasses import dataclass

import torch

from scrubjay.core.axes import Classes
from scrubjay.core.stats import majority_share, share_of
from scrubjay.evidence.balanced import balanced_untrained
from scrubjay.evidence.inner.condensing import TARGETS, coordinates_of, decisive_dimensions, merging_weights
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.interchange import (
    Interchanged,
    head_exchange,
    hinge_exchange,
    inner_head_exchange,
    interchange,
    neuron_exchange,
)
from scrubjay.evidence.inner.parts import Anatomy, InnerParts, with_one
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.fit.decisive import Coordinates
from scrubjay.fit.head_merging import HeadMerger, Sensitivity
from scrubjay.fit.hinges import MergedLayer
from scrubjay.fit.merging import merged_layers
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run

_FEW = 50
"""The number of groups that the control's Ward rule starts from; it decides the time that the control takes."""
_HEAD_DIMENSIONS = 8
"""The dimensions in which the control's heads are merged; it decides the time too."""


@dataclass(frozen=True)
class UntrainedControl:
    """What the search finds in an untrained network of the same sizes.

    Attributes:
        dimensions: the number of directions that keep the answers while all others are resampled.
        groups: the fewest hinges that give the lowest target's share of the answers, with all heads and in these
            dimensions. If none do, the groups of nearly equal neurons that are left before any other merge.
        agreement: how often these give the answer.
        numbers: how many numbers a network of so many hinges and of one head is made of.
        hinges: the interchange of as many hinges as the trained network has; None if it has none.
        heads: the interchange of as many heads as the trained network has; None if it has none.
    """

    dimensions: int
    groups: int
    agreement: float
    numbers: int
    hinges: Interchanged | None
    heads: Interchanged | None

    @property
    def shrinks(self) -> bool:
        """Whether so many groups suffice for the lowest target."""
        return self.agreement >= TARGETS[0]


def untrained_control(run: Run, hinges: int, heads: int, seed: int) -> UntrainedControl | None:
    """Search an untrained network of the same sizes for as many hinges and heads.

    Args:
        run: the run of the trained network.
        hinges: how many hinges the trained network was condensed to.
        heads: how many heads the trained network was condensed to.
        seed: seed of the run, of the sample of inputs, and of the pairs.

    Returns:
        The control, or None if the untrained network gives every input the same answer.
    """
    readout, streams_read, classes = balanced_untrained(run, seed)
    network, read = readout.network, ReadStream.of(readout, streams_read)
    if majority_share(classes) == 1:
        return None
    calls = CloseCalls.of(read.readout, read.rows, seed=seed)
    every = coordinates_of(read.rows, calls)
    coordinates = every.first(decisive_dimensions(every, read, classes, seed, {}))
    anatomy = Anatomy.of(network, run.task.domain, read, coordinates)
    streams = coordinates.of(read.rows)
    weights = merging_weights(calls, coordinates, read.rows)
    layers = merged_layers(anatomy.layer, weights, most=_FEW)

    def agrees(layer: MergedLayer) -> float:
        return share_of(run.readout.classes_from(layer.layer.scores(with_one(streams))) == classes)

    ((count, (finest,)),) = merged_layers(anatomy.layer, weights, merge=False).items()
    agreement = agrees(finest)
    if agreement >= TARGETS[0]:
        for k, (layer, *_) in sorted(layers.items()):
            share = agrees(layer)
            if k < count and share >= TARGETS[0]:
                count, agreement = k, share
                break
    return UntrainedControl(
        dimensions=coordinates.r,
        groups=count,
        agreement=agreement,
        numbers=anatomy.numbers((coordinates.r,), count),
        hinges=_hinges(layers, hinges, anatomy, classes, streams, seed),
        heads=_heads(run, network, read, classes, calls, every, heads, seed),
    )


def _hinges(
    layers: dict[int, list[MergedLayer]],
    wanted: int,
    anatomy: Anatomy,
    classes: Classes,
    streams: torch.Tensor,
    seed: int,
) -> Interchanged | None:
    count = max((k for k in layers if k <= wanted), default=0)
    if count == 0:
        return None
    layer = layers[count][0]
    read, groups = anatomy.read, [anatomy.bending[layer.groups == group] for group in range(count)]
    return interchange(
        count,
        neuron_exchange(read.readout, read.rows, groups),
        hinge_exchange(layer, streams),
        classes,
        read.readout.classes_from,
        seed,
    )


def _heads(
    run: Run,
    network: Transformer,
    read: ReadStream,
    classes: Classes,
    calls: CloseCalls,
    every: Coordinates,
    wanted: int,
    seed: int,
) -> Interchanged | None:
    coordinates = every.first(min(every.r, _HEAD_DIMENSIONS))
    anatomy = Anatomy.of(network, run.task.domain, read, coordinates)
    choices = run.task.domain.choices(calls.inputs)
    gradients = read.by_block(calls.inputs, calls.gradients @ coordinates.carriers.T)
    sensitivity = Sensitivity(choices, gradients, calls.weights)
    merger = HeadMerger(anatomy.heads, sensitivity)
    partitions = merger.partitions(1)
    count = max((k for k in partitions if k <= wanted), default=0)
    if count == 0:
        return None
    merged = merger.with_ranks(*partitions[count][0])[0]
    everywhere = run.task.domain.inputs()
    ((finest,),) = merged_layers(anatomy.layer, merging_weights(calls, coordinates, read.rows), merge=False).values()
    parts = InnerParts(anatomy, merged, finest)
    adds = parts.adds(everywhere)
    return interchange(
        count,
        head_exchange(network, run.task, read, [head.members for head in merged.heads]),
        inner_head_exchange(adds, parts.stream_of(adds, everywhere), finest, read),
        classes,
        read.readout.classes_from,
        seed,
    )
