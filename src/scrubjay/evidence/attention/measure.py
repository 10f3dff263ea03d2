"""Measure what freezing attention does: head by head, and on the way from the mean pattern to the full one."""

from dataclasses import dataclass

from scrubjay.evidence.attention.deep_heads import FrozenPart, freeze_parts
from scrubjay.evidence.attention.heads import HeadStudy, study_heads
from scrubjay.evidence.attention.scaling import Scaling, scale_attention
from scrubjay.evidence.line import Found
from scrubjay.run import Run, Settings


@dataclass(frozen=True, eq=False)
class AttentionResult:
    """How much attention matters.

    Attributes:
        run: the run, with the full and the frozen network.
        heads: what each head does on its own; None for a network with several layers.
        scaling: what happens on the way from the mean pattern to the full one; None for a network with several layers.
        frozen: the layers and heads of a network with several layers, each frozen; empty for a network with one.
    """

    run: Run
    heads: HeadStudy | None
    scaling: Scaling | None
    frozen: tuple[FrozenPart, ...]


def measure(run: Run, settings: Settings, found: Found) -> AttentionResult:
    """Study single heads and layers, and the patterns between the mean and the full one."""
    if not run.can.one_layer:
        return AttentionResult(run, None, None, freeze_parts(run))
    return AttentionResult(run, study_heads(run, settings), scale_attention(run), ())
