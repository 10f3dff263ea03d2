"""Networks whose algorithm is known because it was put there, and one that computes the same by looking it up.

``by_frequencies`` adds modulo p with given frequencies. Attention is uniform, so ``resid_mid`` is the sum of both
tokens' circles. Neuron j of a frequency k is ``relu(cos(k a + s_j) + cos(k b + s_j))`` with equally spaced s_j, and
writes ``cos(k c + 2 s_j)``, so that the logit of c is a positive factor times ``cos(k (a + b - c))`` (Zhong et al.
2023, section 4.1).

``by_lookup`` has one neuron for each pair of tokens, which is on for this pair only, and no variables at all.

``by_attention`` answers with the largest of its tokens: the score of a token is steep in its number, and its value is
copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

_PHASES = 12


@dataclass(frozen=True, eq=False)
class PlantedAlgorithm:
    """A network and its task."""

    network: Transformer
    task: Task


def _task(name: str, domain: Domain, answers: int, labels: Tensor | None = None) -> Task:
    return Task(name, domain, tuple((token,) for token in range(answers)), labels=labels)


def _adding(p: int) -> tuple[Domain, Tensor]:
    domain = Domain.square(p, last=p)
    tokens = domain.tokens(domain.inputs())
    return domain, (tokens[:, 0] + tokens[:, 1]) % p


def by_frequencies(p: int, frequencies: Sequence[int], *, rename: Tensor | None = None) -> PlantedAlgorithm:
    """Plant addition modulo p.

    Args:
        p: the modulus.
        frequencies: the frequencies k that are used.
        rename: a permutation; token t then stands for the number ``rename[t]``.
    """
    domain, labels = _adding(p)
    width, hidden = 2 * len(frequencies), _PHASES * len(frequencies)
    network = Transformer(Config(p + 1, 3, width + p, 1, width, hidden, d_vocab_out=p), dtype=torch.float64)
    angles = 2 * torch.pi * torch.arange(p, dtype=torch.float64)[:, None] * torch.tensor(frequencies) / p
    shifts = 2 * torch.pi * torch.arange(_PHASES, dtype=torch.float64) / _PHASES
    circles = torch.stack([angles.cos(), angles.sin()], -1).flatten(1)  # [p, width]
    numbers = torch.arange(p) if rename is None else rename
    W_in, W_out = torch.zeros(width + p, hidden).double(), torch.zeros(hidden, width + p).double()
    for at in range(len(frequencies)):
        some = slice(at * _PHASES, (at + 1) * _PHASES)
        W_in[2 * at : 2 * at + 2, some] = torch.stack([shifts.cos(), -shifts.sin()])
        W_out[some, width:] = (angles[:, at] + 2 * shifts[:, None]).cos()[:, numbers]
    weights = network.weights
    weights["W_E"][:p, :width] = circles[numbers]
    weights["W_V"][0, :width] = 3 * torch.eye(width).double()
    weights["W_O"][0, :, :width] = torch.eye(width).double()
    weights["W_in"].copy_(W_in)
    weights["W_out"].copy_(W_out)
    weights["W_U"][width:] = torch.eye(p).double()
    if rename is not None:
        tokens = domain.tokens(domain.inputs())
        labels = _order(numbers)[(numbers[tokens[:, 0]] + numbers[tokens[:, 1]]) % p]
    return PlantedAlgorithm(network.requires_grad_(False), _task("planted addition", domain, p, labels))


def by_lookup(p: int) -> PlantedAlgorithm:
    """Plant a table of addition modulo p, with a neuron for each pair."""
    domain, labels = _adding(p)
    network = Transformer(Config(p + 1, 3, 4 * p + 3, 2, p, p * p, d_vocab_out=p), dtype=torch.float64)
    tokens, weights, flags = domain.tokens(domain.inputs()), network.weights, 4 * p
    weights["W_E"][:p, :p] = torch.eye(p).double()
    weights["W_pos"][:, flags:] = torch.eye(3).double()
    for head in range(2):  # each head copies the token of one position to a place of its own
        weights["W_Q"][head, flags + 2, 0] = 1.0
        weights["W_K"][head, flags + head, 0] = 100.0 * p**0.5
        weights["W_V"][head, :p] = torch.eye(p).double()
        weights["W_O"][head, :, (head + 1) * p : (head + 2) * p] = torch.eye(p).double()
        weights["W_in"][(head + 1) * p : (head + 2) * p] = torch.nn.functional.one_hot(tokens[:, head], p).double().T
    weights["b_in"].fill_(-1.5)
    weights["W_out"][:, 3 * p : flags] = torch.nn.functional.one_hot(labels, p).double()
    weights["W_U"][3 * p : flags] = torch.eye(p).double()
    return PlantedAlgorithm(network.requires_grad_(False), _task("looked up", domain, p, labels))


def by_attention(tokens: int, positions: int, *, steep: float = 40.0) -> PlantedAlgorithm:
    """Plant the largest of some tokens, by attention to the largest and a copy of it."""
    numbers = tuple(range(tokens))
    domain = Domain((*[numbers] * positions, (tokens,)))
    network = Transformer(
        Config(tokens + 1, positions + 1, tokens + 2, 1, tokens + 1, 0, d_vocab_out=tokens, attn_only=True),
        dtype=torch.float64,
    )
    weights = network.weights
    weights["W_E"][:tokens, :tokens] = torch.eye(tokens).double()
    weights["W_E"][:tokens, tokens] = torch.arange(tokens).double()
    weights["W_E"][tokens, tokens + 1] = 1.0
    weights["W_Q"][0, tokens + 1, tokens] = 1.0
    weights["W_K"][0, tokens, tokens] = steep
    weights["W_K"][0, tokens + 1, tokens] = -steep
    weights["W_V"][0, :tokens, :tokens] = torch.eye(tokens).double()
    weights["W_O"][0, :tokens, :tokens] = torch.eye(tokens).double()
    weights["W_U"][:tokens] = torch.eye(tokens).double()
    labels = domain.varying_tokens().amax(1)
    return PlantedAlgorithm(network.requires_grad_(False), _task("planted maximum", domain, tokens, labels))


def _order(numbers: Tensor) -> Tensor:
    """The inverse of a permutation."""
    return numbers.argsort()


def by_contributions(contributions: Sequence[int], positions: int, *, others: float = 0.3) -> PlantedAlgorithm:
    """Plant the sign of a sum: 0 if it is negative, 1 if it is zero, 2 if it is positive.

    Args:
        contributions: what each token adds to the sum.
        positions: how many tokens are added.
        others: the spread of what each token's embedding holds besides, which nothing reads.
    """
    count = len(contributions)
    domain = Domain((*[tuple(range(count))] * positions, (count,)))
    network = Transformer(
        Config(count + 1, positions + 1, 5, 1, 1, 0, d_vocab_out=3, attn_only=True), dtype=torch.float64
    )
    weights, values = network.weights, torch.tensor(contributions).double()
    draw = torch.Generator().manual_seed(0)
    weights["W_E"][:count, 0] = values
    weights["W_E"][:count, 1:4] = others * torch.randn(count, 3, generator=draw, dtype=torch.float64)
    weights["W_V"][0, 0, 0] = positions + 1
    weights["W_O"][0, 0, 4] = 1.0
    weights["W_U"][4] = torch.tensor([-1.0, 0.0, 1.0]).double()
    weights["W_E"][count, 3] = 1.0
    weights["W_U"][3, 1] = 0.5
    labels = values[domain.varying_tokens()].sum(1).sign().long() + 1
    return PlantedAlgorithm(network.requires_grad_(False), _task("planted sign of a sum", domain, 3, labels))
