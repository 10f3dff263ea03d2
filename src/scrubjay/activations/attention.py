"""Attention over the whole domain."""

from scrubjay.activations.record import Activations
from scrubjay.axes import MeanPattern


def mean_pattern(full: Activations) -> MeanPattern:
    """The dataset mean of the pattern, per head, summed in float64. Rows add up to 1."""
    return full.pattern.double().mean(0).to(full.pattern.dtype)
