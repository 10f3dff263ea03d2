"""Run a network once on every input of a task, in chunks, and keep what the later stages need."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Classes, MeanPattern, Pattern, Residual
from scrubjay.core.errors import BadInput
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.task import Task

_LARGEST = 1e100
"""The largest activation that is accepted; the squares of larger ones overflow float64. (In float32, activations beyond
3e38 are already infinite.)"""


@dataclass(frozen=True, eq=False)
class Activations:
    """What a network computes at the last position on every input. All tensors are on the CPU.

    Attributes:
        pattern: attention [n, h, s] of each input, or the one pattern [h, s] that all inputs share in a frozen network.
        resid_mid: [n, d], the residual stream after attention.
        answers: [n], the token with the largest logit among all tokens.
        classes: [n], the class of each answer, or -1 where the answer belongs to no class.
    """

    pattern: Pattern | MeanPattern
    resid_mid: Residual
    answers: Int[Tensor, "n"]
    classes: Classes

    @property
    def strays(self) -> int:
        """The number of inputs whose answer belongs to no class."""
        return int((self.classes < 0).sum())


@torch.no_grad()
def record(network: OneLayerTransformer, task: Task, frozen_at: MeanPattern | None = None) -> Activations:
    """Run a network on every input of a task.

    Example:
        >>> import scrubjay
        >>> from scrubjay.nets.recording import record
        >>> record(scrubjay.load_network("bundled").network, scrubjay.modular_addition(113)).resid_mid.shape
        torch.Size([12769, 128])

    Args:
        network: the network, on any device.
        task: the task, whose domain gives the inputs.
        frozen_at: an attention pattern [h, s] that replaces the pattern of every input (the frozen network). It is used
            as it is, without a softmax.

    Raises:
        BadInput: the task's inputs do not fit the network, or an activation is too large for its number type.
    """
    tables = Tables.of(network, task.domain)
    shared = None if frozen_at is None else frozen_at.to(network.device, network.dtype)
    n, c = task.domain.size, network.config
    patterns = None if shared is not None else torch.empty(n, c.n_heads, c.n_ctx, dtype=network.dtype)
    resid_mids, answers = torch.empty(n, c.d_model, dtype=network.dtype), torch.empty(n, dtype=torch.int64)
    for inputs in task.domain.chunks(chunk_rows(max(c.d_mlp, c.d_vocab), network.dtype, network.device)):
        choices = task.domain.choices(inputs).to(network.device)
        pattern = tables.pattern(choices) if shared is None else shared
        resid_mid = tables.resid_mid(choices, pattern)
        if patterns is not None:
            patterns[inputs] = pattern.cpu()
        resid_mids[inputs] = resid_mid.cpu()
        logits = AfterAttention.of(network, resid_mid).logits
        _refuse_overflow({"resid_mid": resid_mid, "logits": logits})
        answers[inputs] = logits.argmax(-1).cpu()
    return Activations(
        pattern=shared.cpu() if patterns is None else patterns,  # type: ignore[union-attr]
        resid_mid=resid_mids,
        answers=answers,
        classes=task.class_of(answers),
    )


def _refuse_overflow(sites: Mapping[str, Float[Tensor, "n _"]]) -> None:
    for name, values in sites.items():
        if not bool((values.abs() < _LARGEST).all()):  # NaN is refused too, because this comparison is false for it
            raise BadInput(
                f"the network's {name} overflows {values.dtype}: its largest value is {float(values.abs().max()):.3g}, "
                f"and values beyond {_LARGEST:.0e} cannot be used; the weights of a trained network are much smaller"
            )
