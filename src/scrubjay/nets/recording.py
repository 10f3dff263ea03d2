"""Run a network once on every input of a task, in chunks, and keep what the later stages need.

Networks with one layer run through the tables of ``tables.py``. Deeper ones run plainly; where attention is causal,
positions behind the one that is read are left out, because they cannot change anything that is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs, MeanPattern, Pattern, Residual, Tokens
from scrubjay.core.errors import BadInput
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import Edits, Transformer
from scrubjay.tasks.domain import MOST_INPUTS, Domain
from scrubjay.tasks.task import Task

_LARGEST = 1e100
"""The largest activation that is accepted; the squares of larger ones overflow float64. (In float32, activations beyond
3e38 are already infinite.)"""


@dataclass(frozen=True, eq=False)
class LayerActivations:
    """What one layer of a deeper network computes at the position that is read, on every input.

    Attributes:
        pattern: [n, h, s], attention from that position.
        mean_pattern: [h, p, p], the mean over all inputs of the attention between all positions that matter.
        resid_mid: [n, d], the residual stream after attention.
        resid_post: [n, d], the residual stream after the layer.
    """

    pattern: Pattern
    mean_pattern: Float64[Tensor, "h p p"]
    resid_mid: Residual
    resid_post: Residual


@dataclass(frozen=True, eq=False)
class Activations:
    """What a network computes at the position that is read, on every input. All tensors are on the CPU.

    Attributes:
        pattern: the last layer's attention [n, h, s] of each input, or the one pattern [h, s] that all inputs share in
            a frozen network with one layer.
        resid_mid: [n, d], the residual stream after the last layer's attention.
        answers: [n], the token with the largest logit among all tokens.
        classes: [n], the class of each answer, or -1 where the answer belongs to no class.
        layers: the layers of a network with several layers; empty for a network with one.
    """

    pattern: Pattern | MeanPattern
    resid_mid: Residual
    answers: Int[Tensor, "n"]
    classes: Classes
    layers: tuple[LayerActivations, ...] = ()

    @property
    def strays(self) -> int:
        """The number of inputs whose answer belongs to no class."""
        return int((self.classes < 0).sum())


def record(
    network: Transformer,
    task: Task,
    frozen_at: MeanPattern | Sequence[Float64[Tensor, "h p p"]] | None = None,
) -> Activations:
    """Run a network on every input of a task.

    Example:
        >>> import scrubjay
        >>> from scrubjay.nets.recording import record
        >>> record(scrubjay.load_network("bundled").network, scrubjay.modular_addition(113)).resid_mid.shape
        torch.Size([12769, 128])

    Args:
        network: the network, on any device.
        task: the task, whose domain gives the inputs.
        frozen_at: attention that replaces the pattern of every input (the frozen network), used as it is, without a
            softmax: for one layer a pattern [h, s], for several layers a pattern [h, p, p] for each, over the p
            positions that matter.

    Raises:
        BadInput: the task's inputs do not fit the network, there are too many of them, or an activation is too large
            for its number type.
    """
    if task.domain.size > MOST_INPUTS:
        raise BadInput(
            f"task {task.name} has {task.domain.size:,} inputs, and at most {MOST_INPUTS:,} can all be run; draw a "
            f"sample of them, with `sample = 20000` in the task's TOML file or with sampled_from in Python"
        )
    if network.config.n_layers == 1:
        assert frozen_at is None or isinstance(frozen_at, Tensor)
        return _record_by_tables(network, task, frozen_at)
    assert not isinstance(frozen_at, Tensor)
    return _record_plainly(network, task, frozen_at)


@torch.no_grad()
def _record_by_tables(network: Transformer, task: Task, frozen_at: MeanPattern | None) -> Activations:
    tables = Tables.of(network, task.domain)
    shared = None if frozen_at is None else frozen_at.to(network.device, network.dtype)
    n, s, c = task.domain.size, task.domain.n_ctx, network.config
    patterns = None if shared is not None else torch.empty(n, c.n_heads, s, dtype=network.dtype)
    resid_mids = torch.empty(n, c.d_model, dtype=network.dtype)
    answers, classes = torch.empty(n, dtype=torch.int64), torch.empty(n, dtype=torch.int64)
    for inputs in task.domain.chunks(chunk_rows(max(c.d_mlp, c.d_vocab_out), network.dtype, network.device)):
        choices = task.domain.choices(inputs).to(network.device)
        pattern = tables.pattern(choices) if shared is None else shared
        resid_mid = tables.resid_mid(choices, pattern)
        if patterns is not None:
            patterns[inputs] = pattern.cpu()
        resid_mids[inputs] = resid_mid.cpu()
        logits = AfterAttention.of(network, resid_mid).logits
        _refuse_overflow({"resid_mid": resid_mid, "logits": logits})
        answers[inputs], classes[inputs] = logits.argmax(-1).cpu(), task.classes_of(logits).cpu()
    return Activations(
        pattern=shared.cpu() if patterns is None else patterns,  # type: ignore[union-attr]
        resid_mid=resid_mids,
        answers=answers,
        classes=classes,
    )


@torch.no_grad()
def _record_plainly(
    network: Transformer, task: Task, frozen_at: Sequence[Float64[Tensor, "h p p"]] | None
) -> Activations:
    network.config.check_domain(task.domain)
    n, c, domain = task.domain.size, network.config, task.domain
    read, length = domain.read_at, needed_positions(network, domain)
    layers = [
        LayerActivations(
            pattern=torch.zeros(n, c.n_heads, domain.n_ctx, dtype=network.dtype),
            mean_pattern=torch.zeros(c.n_heads, length, length, dtype=torch.float64),
            resid_mid=torch.empty(n, c.d_model, dtype=network.dtype),
            resid_post=torch.empty(n, c.d_model, dtype=network.dtype),
        )
        for _ in range(c.n_layers)
    ]
    answers, classes = torch.empty(n, dtype=torch.int64), torch.empty(n, dtype=torch.int64)
    for inputs in domain.chunks(plain_rows(network, domain)):
        edits: dict[str, Callable[[Tensor], Tensor]] = {}
        for number, layer in enumerate(layers):
            held = None if frozen_at is None else frozen_at[number]
            edits[f"blocks.{number}.pattern"] = _keeping_pattern(layer, inputs, read, n, held)
            edits[f"blocks.{number}.resid_mid"] = _keeping(layer.resid_mid, inputs, read)
            edits[f"blocks.{number}.resid_post"] = _keeping(layer.resid_post, inputs, read)
        logits = network(task_tokens(network, domain, inputs), edits)[:, read]
        _refuse_overflow({"resid_mid": layers[-1].resid_mid[inputs], "logits": logits})
        answers[inputs], classes[inputs] = logits.argmax(-1).cpu(), task.classes_of(logits).cpu()
    return Activations(layers[-1].pattern, layers[-1].resid_mid, answers, classes, tuple(layers))


def _keeping(site: Residual, inputs: Inputs, read: int) -> Callable[[Tensor], Tensor]:
    """Store a site's value at the position that is read, and leave it as it is."""

    def keep(value: Tensor) -> Tensor:
        site[inputs] = value[:, read].cpu()
        return value

    return keep


def _keeping_pattern(
    layer: LayerActivations, inputs: Inputs, read: int, n: int, held: Float64[Tensor, "h p p"] | None
) -> Callable[[Tensor], Tensor]:
    """Replace the pattern by one that is held, if there is one, and store it."""

    def keep(value: Tensor) -> Tensor:
        if held is not None:
            value = held.to(value).expand_as(value)
        layer.pattern[inputs, :, : value.shape[-1]] = value[:, :, read].cpu()
        layer.mean_pattern.add_(value.double().sum(0).cpu() / n)
        return value

    return keep


@torch.no_grad()
def classes_with(network: Transformer, task: Task, edits: Edits) -> Classes:
    """The class of every input's answer, shape [n], while some sites of a network are edited.

    Args:
        network: the network, of any depth.
        task: the task.
        edits: what to do with the values of sites, at the positions that matter; see ``needed_positions``.
    """
    found = torch.empty(task.domain.size, dtype=torch.int64)
    for inputs in task.domain.chunks(plain_rows(network, task.domain)):
        logits = network(task_tokens(network, task.domain, inputs), edits)[:, task.domain.read_at]
        found[inputs] = task.classes_of(logits).cpu()
    return found


def needed_positions(network: Transformer, domain: Domain) -> int:
    """How many positions of an input matter for what is read: with causal attention, none behind the one read."""
    return domain.read_at + 1 if network.config.attention == "causal" else domain.n_ctx


def task_tokens(network: Transformer, domain: Domain, inputs: Inputs) -> Tokens:
    """The tokens of some inputs at the positions that matter, on the network's device."""
    return domain.tokens(inputs)[:, : needed_positions(network, domain)].to(network.device)


def plain_rows(network: Transformer, domain: Domain) -> int:
    """How many inputs a plain run takes at a time."""
    c, length = network.config, needed_positions(network, domain)
    width = length * max(c.d_mlp, c.d_vocab_out, c.d_model, c.n_heads * max(length, c.d_head))
    return chunk_rows(width, network.dtype, network.device)


def _refuse_overflow(sites: Mapping[str, Float[Tensor, "n _"]]) -> None:
    for name, values in sites.items():
        if not bool((values.abs() < _LARGEST).all()):  # NaN is refused too, because this comparison is false for it
            raise BadInput(
                f"the network's {name} overflows {values.dtype}: its largest value is {float(values.abs().max()):.3g}, "
                f"and values beyond {_LARGEST:.0e} cannot be used; the weights of a trained network are much smaller"
            )
