"""Measure what freezing attention does: head by head, and on the way from the mean pattern to the full one."""

from dataclasses import dataclass

from scrubjay.evidence.attention.heads import HeadStudy, study_heads
from scrubjay.evidence.attention.scaling import Scaling, scale_attention
from scrubjay.evidence.line import Found
from scrubjay.run import Run, Settings


@dataclass(frozen=True, eq=False)
class AttentionResult:
    """How much attention matters.

    Attributes:
        run: the run, with the full and the frozen network.
        heads: what each head does on its own.
        scaling: what happens on the way from the mean pattern to the full one.
    """

    run: Run
    heads: HeadStudy
    scaling: Scaling


def measure(run: Run, settings: Settings, found: Found) -> AttentionResult:
    """Study single heads, and the patterns between the mean and the full one."""
    return AttentionResult(run, study_heads(run, settings), scale_attention(run))
