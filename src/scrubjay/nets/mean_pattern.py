"""The mean attention pattern over a domain."""

from scrubjay.core.axes import MeanPattern
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.task import Task


def mean_pattern(full: Activations) -> MeanPattern:
    """The mean of the attention pattern over all inputs, for each head.

    The sum is taken in float64, and each row of the result adds up to 1.

    Args:
        full: what a network computes on every input.

    Returns:
        The mean pattern [h, s], in the precision of the network.
    """
    return full.pattern.double().mean(0).to(full.pattern.dtype)


def pattern_to_hold(network: OneLayerTransformer, task: Task) -> tuple[tuple[float, ...], ...]:
    """A network's mean pattern [h][s], in the form that ``Recipe.frozen_pattern`` takes.

    Args:
        network: the network whose attention is averaged.
        task: the task, whose domain gives the inputs.

    Raises:
        BadInput: the task's inputs do not fit the network.
    """
    rows = mean_pattern(record(network, task)).double()
    return tuple(tuple(row) for row in (rows / rows.sum(-1, keepdim=True)).tolist())
