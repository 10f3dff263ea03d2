"""Build the smaller network as a one-layer transformer, so that everything that reads networks can read it.

Its residual stream has a channel for each thing that it holds:

=================  =====================================================================================
``coordinates``    r channels that the MLP and the unembedding read
``one``            1 at the position that is read; the query reads it
``before``         1 at every other position
``score``          for each head, the score of the token
``values``         for each head, as many values as its rank; the largest one of each channel is 1
``outputs``        what the hinges add to the answer: one channel for a class margin, else one for each hinge
``constant``       the constant of all logits; absent for a class margin
=================  =====================================================================================

Scores and values are relative to those of the token that is read, which therefore has zeros in these channels. What the
first of the other positions adds to them is part of the tokens' rows. Tokens that the task does not use have zeros
everywhere. The hinges of a class margin are in units of the margin, so that each adds its value or subtracts it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.errors import BadInput
from scrubjay.evidence.inner.parts import InnerParts
from scrubjay.fit.head_merging import MergedHead
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.task import Task


@dataclass(frozen=True)
class NumberGroup:
    """Numbers of one kind; all other entries of the weights are fixed by the form of the network.

    Attributes:
        weight: the weight that holds them.
        place: where in this weight they are.
    """

    weight: str
    place: tuple[int | slice | list[int], ...]


def not_written(original: Transformer, task: Task) -> str | None:
    """The sentence that says why no network inside a network can be written as a network of its own, or None.

    Args:
        original: the network that it was found in.
        task: the task.
    """
    if original.config.norm != "none":
        return (
            "the network inside the network is written as a network of its own only where nothing is normalised; here "
            f"the scales of {original.config.norm_in_words} are given for each input"
        )
    if task.domain.has_constant_query:
        return None
    return (
        "the network inside the network is written as a network of its own only where the same token stands "
        f"wherever the answer is read; {task.domain.counts[task.domain.read_at]} tokens may stand there"
    )


def as_transformer(parts: InnerParts, original: Transformer, task: Task) -> Transformer:
    """Build the smaller network.

    Args:
        parts: its parts.
        original: the network that the parts come from.
        task: the task, which says which tokens there are and which of them are the classes.

    Returns:
        A network in float64 that gives the answers of ``parts`` on every input.

    Raises:
        BadInput: it cannot be written as one; see ``not_written``.
    """
    reason = not_written(original, task)
    if reason is not None:
        raise BadInput(reason)
    r, k, c = parts.dimensions, parts.hinges, parts.layer.outputs.shape[1]
    heads = parts.heads.heads
    config = Config(
        d_vocab=original.config.d_vocab,
        n_ctx=task.domain.n_ctx,
        d_model=r + 2 + sum(head.rank + 1 for head in heads) + (1 if c == 1 else k + 1),
        n_heads=max(1, len(heads)),
        d_head=max([head.rank for head in heads], default=0) + 1,
        d_mlp=k,
        d_vocab_out=original.config.d_vocab_out,
        attention=original.config.attention,
        attn_coeff=original.config.attn_coeff,
    )
    network = Transformer(config, torch.float64).requires_grad_(False)
    one, before = r, r + 1
    read_at, others = task.domain.read_at, _others(task)
    network.W_pos[read_at, :r] = parts.constant
    network.W_pos[read_at, one] = 1
    network.W_pos[others, before] = 1
    tokens, (last,) = list(task.domain.early_tokens), task.domain.positions[read_at]
    channel = before + 1
    for number, head in enumerate(heads):
        network.W_Q[number, one, 0] = config.d_head**0.5
        network.W_K[number, channel, 0] = 1
        for column, whole in enumerate(_tables(head, parts, original, task)):
            table = whole
            if column:
                size = whole[others][:, tokens].abs().max().clamp(min=torch.finfo(torch.float64).tiny)
                table = whole / size
                network.W_V[number, channel, column - 1] = 1
                network.W_O[number, column - 1, :r] = head.writes[column - 1] * size
            network.W_E[tokens, channel] = table[others[0], tokens]
            network.W_pos[others, channel] = table[others, last] - table[others[0], last]
            channel += 1
        network.W_V[number, before, head.rank] = 1
        network.W_O[number, head.rank, :r] = head.writes[-2]
    layer = parts.layer.layer
    sizes = layer.outputs.abs().amax(1, keepdim=True)
    sizes = torch.where(sizes > 0, sizes, 1.0)
    network.W_in[:r] = (layer.planes[:, :-1] * sizes).T
    network.b_in[:] = layer.planes[:, -1] * sizes[:, 0]
    outputs = layer.outputs / sizes
    if c == 1:
        (first,) = task.classes[1]
        share = 1.0 if task.answer == "sign" else 0.5  # of the margin that each logit takes
        network.W_U[:r, first] = layer.linear[:-1, 0] * share
        network.W_U[channel, first] = share
        if task.answer != "sign":
            network.W_U[channel, task.classes[0][0]] = -share
        network.W_out[:, channel] = outputs[:, 0]
        network.b_out[channel] = layer.linear[-1, 0]
    else:
        network.W_U[:r] = layer.linear[:-1]
        network.W_out[:, channel : channel + k] = torch.eye(k, dtype=torch.float64)
        network.W_U[channel : channel + k] = outputs
        network.b_out[-1], network.W_U[-1] = 1, layer.linear[-1]
    return _settled(network, parts, task)


def number_groups(parts: InnerParts, task: Task) -> Iterator[NumberGroup]:
    """The numbers of the network that ``as_transformer`` builds, in groups of numbers of one kind.

    Args:
        parts: the parts that the network is built from.
        task: the task.
    """
    r, c = parts.dimensions, parts.layer.outputs.shape[1]
    yield NumberGroup("W_pos", (task.domain.read_at, slice(r)))
    for channel in _columns(parts):
        yield NumberGroup("W_E", (list(task.domain.early_tokens), channel))
        yield NumberGroup("W_pos", (_others(task)[1:], channel))
    for number, rank in enumerate(parts.ranks):
        for row in range(rank + 1):
            yield NumberGroup("W_O", (number, row, slice(r)))
    yield NumberGroup("W_in", (slice(r),))
    yield NumberGroup("b_in", (slice(None),))
    if c == 1:
        (first,) = task.classes[1]
        yield NumberGroup("W_U", (slice(r), first))
        yield NumberGroup("b_out", (slice(-1, None),))
    else:
        yield NumberGroup("W_U", (slice(r),))
        yield NumberGroup("W_U", (slice(-1 - parts.hinges, -1),))
        yield NumberGroup("W_U", (-1,))


def rewritten(
    network: Transformer,
    parts: InnerParts,
    task: Task,
    change: Callable[[Float64[Tensor, "..."]], Float64[Tensor, "..."]],
) -> Transformer:
    """A copy of the network that ``as_transformer`` built, in which each group of numbers is changed.

    Args:
        network: the network.
        parts: the parts that it was built from.
        task: the task.
        change: called with the numbers of each group; returns as many numbers.
    """
    changed = Transformer(network.config, network.dtype).requires_grad_(False)
    for name, weight in network.weights.items():
        getattr(changed, name).copy_(weight)
    for group in number_groups(parts, task):
        weight = getattr(changed, group.weight)
        weight[group.place] = change(weight[group.place])
    return _settled(changed, parts, task)


def _settled(network: Transformer, parts: InnerParts, task: Task) -> Transformer:
    """Set the entries that follow from others: the token that is read moves nothing, and class 0 loses what class 1
    gains."""
    columns, read_at = list(_columns(parts)), task.domain.read_at
    (last,) = task.domain.positions[read_at]
    network.W_pos[read_at, columns] = -network.W_E[last, columns]
    if parts.layer.outputs.shape[1] == 1 and task.answer != "sign":
        (zero,), (first,) = task.classes
        network.W_U[: parts.dimensions, zero] = -network.W_U[: parts.dimensions, first]
    return network


def _columns(parts: InnerParts) -> range:
    """The channels of scores and values."""
    first = parts.dimensions + 2
    return range(first, first + sum(rank + 1 for rank in parts.ranks))


def _others(task: Task) -> list[int]:
    """The positions other than the one that is read."""
    return [at for at in range(task.domain.n_ctx) if at != task.domain.read_at]


def _tables(head: MergedHead, parts: InnerParts, original: Transformer, task: Task) -> Iterator[Float64[Tensor, "s v"]]:
    """The score, then each value, of every token at every position, relative to those of the token that is read."""
    read_at, n_ctx = task.domain.read_at, task.domain.n_ctx
    (last,) = task.domain.positions[read_at]
    W_E = original.W_E.double().cpu()
    W_pos = original.W_pos.double().cpu()[:n_ctx] if original.config.positions else W_E.new_zeros(n_ctx, W_E.shape[1])
    members, readers = list(head.members), parts.anatomy.coordinates.readers
    at_last = W_E[last] + W_pos[read_at]
    stream = W_E + W_pos[:, None] - at_last  # [s, v, d]
    if original.frozen_pattern is None:
        W_Q, W_K = original.W_Q[members].double().cpu(), original.W_K[members].double().cpu()
        query = torch.einsum("d,hde->he", at_last, W_Q)
        if original.config.attn_biases:
            query = query + original.b_Q[members].double().cpu()
        query = query / original.config.d_head**0.5
        yield stream @ torch.einsum("hde,he,h->d", W_K, query, head.shares)
    else:
        by_position = torch.stack([table[0, members] @ head.shares for table in parts.anatomy.heads.scores])
        yield by_position[:, None].expand(-1, len(W_E))
    W_V, W_O = original.W_V[members].double().cpu(), original.W_O[members].double().cpu()
    values = torch.einsum("hde,hef,rf->dr", W_V, W_O, readers) @ head.reads
    yield from (stream @ values).unbind(-1)
