"""Freeze the heads of a deeper network, one by one and layer by layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.nets.recording import classes_with
from scrubjay.nets.transformer import Edits
from scrubjay.run import Run


@dataclass(frozen=True)
class FrozenPart:
    """A part of the attention that is frozen to its mean.

    Attributes:
        layer: the number of the layer, from 0.
        head: the number of the head, or None for all heads of the layer.
        alone: the share of answers kept when only this part is frozen.
        others: the share of answers kept when everything but this part is frozen.
    """

    layer: int
    head: int | None
    alone: float
    others: float


def freeze_parts(run: Run) -> tuple[FrozenPart, ...]:
    """Freeze every layer and every head of a network with several layers."""
    heads = range(run.network.config.n_heads)
    parts = [(layer, head) for layer in range(len(run.full.layers)) for head in (None, *heads)]

    def frozen(part: tuple[int, int | None]) -> FrozenPart:
        layer, head = part
        own = heads if head is None else [head]
        rest = [each for each in heads if each not in own]
        alone = {layer: own}
        others = {at: list(heads) if at != layer else rest for at in range(len(run.full.layers))}
        return FrozenPart(layer, head, _kept(run, alone), _kept(run, others))

    return tuple(side_by_side(frozen, parts))


def _kept(run: Run, frozen: Mapping[int, Sequence[int]]) -> float:
    edits: Edits = {
        f"blocks.{layer}.pattern": _freezing(run.full.layers[layer].mean_pattern, list(heads))
        for layer, heads in frozen.items()
    }
    return share_of(classes_with(run.network, run.task, edits) == run.full.classes)


def _freezing(mean: Float64[Tensor, "h p p"], heads: list[int]) -> Callable[[Tensor], Tensor]:
    def freeze(pattern: Tensor) -> Tensor:
        found = torch.clone(pattern)
        found[:, heads] = mean[heads].to(pattern)
        return found

    return freeze
