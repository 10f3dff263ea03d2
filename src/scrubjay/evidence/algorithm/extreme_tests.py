"""Interchange tests of a network that finds the largest or the smallest of several tokens.

The causal model says that the answer is the extreme of the tokens that attention sees. So positions are *hidden*: they
get no attention from the position that is read, and the rest of the pattern is scaled up to a sum of 1. Then the answer
should be the extreme of the tokens that are left. A second test tells the two things that attention reads of a token
apart: its *keys* decide how much attention it gets, its *values* what is then copied. One token is exchanged, but only
in the keys, so that the pattern changes as if the token were there, or only in the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs
from scrubjay.core.stats import Share
from scrubjay.nets.recording import plain_rows, task_tokens
from scrubjay.nets.transformer import Block
from scrubjay.run import Run

DRAWN = 4_000
"""How many inputs each test is made on, at most."""


@dataclass(frozen=True)
class Hidden:
    """How often the answer is the extreme of the tokens that are not hidden.

    Attributes:
        found: as the causal model says.
        wrong: predicted with other positions hidden, as many of them.
    """

    found: Share
    wrong: Share


@dataclass(frozen=True)
class Exchanged:
    """How often the answer follows a token that is exchanged in a part of attention, where it should change.

    Attributes:
        keys: exchanged in the keys only.
        values: exchanged in the values only.
    """

    keys: Share
    values: Share


@dataclass(frozen=True, eq=False)
class Extreme:
    """A network that answers with the extreme of its varying tokens.

    Attributes:
        run: the run.
        positions: the positions whose tokens are compared; the same tokens may stand at all of them.
        largest: whether the extreme is the largest token; otherwise it is the smallest.
        ranks: the rank of each token of the vocabulary among the tokens that vary, -1 for others, shape [v].
        answers: the class for each rank, shape [t].
    """

    run: Run
    positions: tuple[int, ...]
    largest: bool
    ranks: Int[Tensor, "v"]
    answers: Classes

    def ranked(self, inputs: Inputs) -> Int[Tensor, "n p"]:
        """The rank of each compared token, larger if it is nearer to the extreme, shape [n, p]."""
        ranks = self.ranks[self.run.task.domain.tokens(inputs)[:, list(self.positions)]]
        return ranks if self.largest else -ranks

    def wanted(self, ranked: Int[Tensor, "n p"], seen: Bool[Tensor, "n p"]) -> Classes:
        """The answer if only some tokens are seen, shape [n]."""
        lowest = torch.iinfo(ranked.dtype).min
        return self.answers[ranked.masked_fill(~seen, lowest).amax(1).abs()]

    @torch.no_grad()
    def classes(self, inputs: Inputs, pattern: Float[Tensor, "n h s"]) -> Classes:
        """The network's answers with a given pattern at the position that is read, shape [n]."""
        network, task = self.run.network, self.run.task
        read, rows, found = task.domain.read_at, plain_rows(self.run.network, self.run.task.domain), []
        for start in range(0, len(inputs), rows):
            here = slice(start, start + rows)
            own = pattern[here]

            def put(value: Tensor, own: Tensor = own) -> Tensor:
                value = value.clone()
                value[:, :, read] = own[:, :, : value.shape[-1]].to(value)
                return value

            logits = network(task_tokens(network, task.domain, inputs[here]), {"blocks.0.pattern": put})[:, read]
            found.append(task.classes_of(logits).cpu())
        return torch.cat(found)


def hidden(extreme: Extreme, seen: Bool[Tensor, "n p"], inputs: Inputs, wrong: Bool[Tensor, "n p"]) -> Hidden:
    """Hide positions and compare the answers with the extreme of the rest.

    Args:
        extreme: the network.
        seen: which compared positions stay visible for each input, shape [n, p]; at least one of them.
        inputs: the inputs, shape [n].
        wrong: other positions, for the control.
    """
    pattern = extreme.run.full.pattern[inputs].double()
    mask = torch.ones(len(inputs), pattern.shape[-1], dtype=torch.float64)
    mask[:, list(extreme.positions)] = seen.double()
    left = pattern * mask[:, None]
    total = left.sum(-1, keepdim=True)
    left = torch.where(total > 0, left / total.clamp(min=1e-300), mask[:, None] / mask.sum(-1)[:, None, None])
    said, ranked = extreme.classes(inputs, left), extreme.ranked(inputs)
    shares = [Share.counted(int((said == extreme.wanted(ranked, at)).sum()), len(inputs)) for at in (seen, wrong)]
    return Hidden(*shares)


def hidden_tests(extreme: Extreme, *, seed: int) -> tuple[Hidden, Hidden, Hidden]:
    """Hide random positions; all positions but those of the extreme; and the positions of the extreme.

    Args:
        extreme: the network.
        seed: seed for the inputs and the positions.
    """
    draw = torch.Generator().manual_seed(seed)
    inputs = _some(extreme, draw)
    ranked = extreme.ranked(inputs)
    p = len(extreme.positions)
    order = torch.rand(len(inputs), p, generator=draw).argsort(1)
    count = torch.randint(1, p, (len(inputs), 1), generator=draw)
    best = ranked == ranked.amax(1, keepdim=True)
    mixed = (~best).any(1)
    return (
        hidden(extreme, order < count, inputs, (order < count).roll(1, 1)),
        hidden(extreme, best[mixed], inputs[mixed], ~best[mixed]),
        hidden(extreme, ~best[mixed], inputs[mixed], best[mixed]),
    )


def exchanged(extreme: Extreme, *, seed: int) -> Exchanged | None:
    """Exchange one token in the keys only, or in the values only; None if no exchange changes an answer.

    Args:
        extreme: the network.
        seed: seed for the inputs, the positions and the tokens.
    """
    domain, draw = extreme.run.task.domain, torch.Generator().manual_seed(seed)
    inputs = _some(extreme, draw)
    choices = domain.choices(inputs)
    at = torch.tensor(extreme.positions)[torch.randint(len(extreme.positions), (len(inputs),), generator=draw)]
    new = (torch.rand(len(inputs), generator=draw) * len(extreme.answers)).long()
    tokens = domain.tokens(inputs)
    tokens[torch.arange(len(inputs)), at] = torch.tensor(domain.positions[extreme.positions[0]])[new]
    others = domain.index(tokens)
    seen = torch.ones(len(inputs), len(extreme.positions), dtype=torch.bool)
    before, after = (extreme.wanted(extreme.ranked(each), seen) for each in (inputs, others))
    moved = (before != after) & (choices[torch.arange(len(inputs)), at] != new)
    if not bool(moved.any()):
        return None
    inputs, others, after = inputs[moved], others[moved], after[moved]
    patterns = extreme.run.full.pattern

    def share(tokens_of: Inputs, pattern_of: Inputs) -> Share:
        said = extreme.classes(tokens_of, patterns[pattern_of].double())
        return Share.counted(int((said == after).sum()), len(after))

    return Exchanged(share(inputs, others), share(others, inputs))


def attention_by_rank(extreme: Extreme) -> Float64[Tensor, "h t"]:
    """The mean attention that each head pays to a compared position, by the rank of its token, shape [h, t]."""
    ranks = extreme.ranked(extreme.run.task.domain.inputs()).abs()
    pattern = extreme.run.full.pattern[:, :, list(extreme.positions)].double()
    t = len(extreme.answers)
    total = torch.zeros(pattern.shape[1], t, dtype=torch.float64)
    for at in range(ranks.shape[1]):
        total.index_add_(1, ranks[:, at], pattern[:, :, at].T)
    return total / ranks.flatten().bincount(minlength=t).clamp(min=1)


def copying_share(extreme: Extreme, tokens: Sequence[int]) -> float:
    """The share of tokens whose value, copied by all heads alike, raises the logit of their own answer most.

    Args:
        extreme: the network.
        tokens: a token for each rank.
    """
    network = extreme.run.network
    block = network.blocks[0]
    assert isinstance(block, Block)
    columns = [group[0] for group in extreme.run.task.classes]
    embedded = network.weights["W_E"][list(tokens)]
    moved = torch.einsum("td,hde,hef->tf", block.before_attention(embedded), block.W_V, block.W_O)
    logits = (moved @ network.W_U)[:, columns]
    logits = logits - logits.mean(0)
    return float((logits.argmax(1).cpu() == extreme.answers).double().mean())


def _some(extreme: Extreme, draw: torch.Generator) -> Inputs:
    return torch.randperm(extreme.run.task.domain.size, generator=draw)[:DRAWN].sort().values
