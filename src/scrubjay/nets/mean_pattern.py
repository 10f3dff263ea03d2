"""The mean attention pattern over a domain."""

from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import MeanPattern
from scrubjay.core.errors import BadInput
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.transformer import Transformer
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


def patterns_to_freeze(full: Activations) -> MeanPattern | list[Float64[Tensor, "h p p"]]:
    """What ``record`` takes to freeze attention: the mean pattern of an only layer, or those of several layers."""
    return [layer.mean_pattern for layer in full.layers] or mean_pattern(full)


def pattern_to_hold(network: Transformer, task: Task) -> tuple[tuple[float, ...], ...]:
    """A network's mean pattern [h][s], in the form that ``Recipe.frozen_pattern`` takes.

    Args:
        network: the network whose attention is averaged.
        task: the task, whose domain gives the inputs.

    Raises:
        BadInput: the task's inputs do not fit the network, or it has several layers.
    """
    if network.config.n_layers > 1:
        raise BadInput(f"a pattern can be held in a network with one layer; this one has {network.config.n_layers}")
    rows = mean_pattern(record(network, task)).double()
    return tuple(tuple(row) for row in (rows / rows.sum(-1, keepdim=True)).tolist())
