"""Freeze attention: all of it, head by head, and on the way from its mean to its full pattern."""

from dataclasses import dataclass

from scrubjay.evidence.attention.heads import HeadStudy, study_heads
from scrubjay.evidence.attention.scaling import Scaling, scale_attention
from scrubjay.evidence.line import Found
from scrubjay.run import Run, Settings


@dataclass(frozen=True, eq=False)
class AttentionResult:
    """How much attention matters.

    Attributes:
        run: has the full and the frozen network.
        heads: each head on its own.
        scaling: the way from the mean pattern to the full one.
    """

    run: Run
    heads: HeadStudy
    scaling: Scaling


def measure(run: Run, settings: Settings, found: Found) -> AttentionResult:
    """Study the heads and the way between the two patterns."""
    return AttentionResult(run, study_heads(run, settings), scale_attention(run))
