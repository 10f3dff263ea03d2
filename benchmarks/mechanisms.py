"""Small networks whose mechanism is known, before they are disguised, and networks without one.

``gated`` answers by a gate over half-spaces of ``resid_mid``. ``looked_up`` answers from a table, with one neuron for
each pair of tokens. ``multiplying`` multiplies in a group: with a vector a, an orbit B and an orthogonal
representation, the logit of c is -sum over b in B of |a·(ρ(x⁻¹)ρ(c) - ρ(y))b|, which is zero for c = xy only (after Wu
et al. 2024, "Unifying and verifying mechanistic interpretations: a case study with group operations").
"""

from collections.abc import Sequence

import numpy as np
import torch
from benchmarks.disguise import normal
from tests.planted_algorithms import PlantedAlgorithm as Planting
from torch import Tensor

from scrubjay.functions.catalogue import Factor
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

SHARP = 30.0
"""How steeply a planted gate answers on either side of a threshold."""
_DATA = 3
"""The dimensions in which filters are planted."""
_FAR = 30.0
"""How much less, or more, attention scores are at the positions that a head should not, or should, look at."""


def binary(name: str, tokens: int, labels: Tensor | None) -> Task:
    """A task of two classes on two tokens."""
    return Task(name, Domain.square(tokens, last=tokens), ((0,), (1,)), labels=labels)


def answers_of(network: Transformer, task: Task) -> Tensor:
    """The network's classes on every input."""
    domain = task.domain
    return task.class_of(network(domain.tokens(domain.inputs()))[:, domain.read_at].argmax(1))


def gated(gate: str, seed: int, *, tokens: int = 12, attending: bool = False) -> Planting:
    """Plant AND, OR or XOR of two half-spaces, or one half-space ("half"), in three dimensions.

    Args:
        gate: which of them.
        seed: seed for the tokens' vectors and the half-spaces.
        tokens: the number of tokens at each of two positions.
        attending: whether each head looks at one position, and how strongly depends on its token; otherwise attention
            is uniform.
    """
    draw = torch.Generator().manual_seed(seed)
    k, output, score, flags = 1 if gate == "half" else 2, _DATA, _DATA + 1, _DATA + 2
    neurons = 4 if gate == "XOR" else 2
    network = Transformer(
        Config(tokens + 1, 3, _DATA + 5, 2 if attending else 1, _DATA, neurons), dtype=torch.float64
    ).requires_grad_(False)
    for weight in network.weights.values():
        weight.zero_()
    network.W_E[:-1, :_DATA] = normal(draw, tokens, _DATA)
    one = torch.eye(_DATA, dtype=torch.float64)
    for head in range(network.config.n_heads):
        network.W_V[head, :_DATA], network.W_O[head, :, :_DATA] = one, 3 * one
    if attending:
        network.W_E[:-1, score] = 1.5 * normal(draw, tokens)
        network.W_pos[:, flags:] = torch.eye(3).double()
        for head in range(2):
            network.W_Q[head, flags + 2, 0] = _DATA**0.5
            network.W_K[head, score, 0] = 1.0
            network.W_K[head, flags + 1 - head, 0] = -_FAR
    domain = Domain.square(tokens, last=tokens)
    found: dict[str, Tensor] = {}
    network(domain.tokens(domain.inputs()), {"blocks.0.resid_mid": lambda x: found.setdefault("at", x)})
    stream = found["at"][:, -1, :_DATA]
    directions = torch.linalg.qr(normal(draw, _DATA, _DATA))[0][:k]
    quantile = {"AND": 0.5**0.5, "OR": 1 - 0.5**0.5}.get(gate, 0.5)
    at = torch.stack([_in_a_gap(column, 1 - quantile) for column in (stream @ directions.T).T])
    if gate == "XOR":  # |u - w| - |u + w| has the sign of -u·w
        reads = torch.stack([directions[0] + directions[1], directions[0] - directions[1]])
        at = torch.stack([at[0] + at[1], at[0] - at[1]])
        reads, at = torch.cat([reads, -reads]), torch.cat([at, -at])
        writes, offset = torch.tensor([-1.0, 1.0, -1.0, 1.0]).double(), 0.0
    elif gate == "half":
        reads, at = torch.cat([directions, -directions]), torch.cat([at, -at])
        writes, offset = torch.tensor([1.0, -1.0]).double(), 0.0
    else:  # AND: no filter falls short; OR: some filter exceeds
        sign = 1.0 if gate == "AND" else -1.0
        reads, at = -sign * directions, -sign * at
        writes, offset = torch.full((k,), -sign * SHARP).double(), sign
    network.W_in[:_DATA, : len(reads)], network.b_in[: len(reads)] = reads.T, -at
    network.W_out[: len(reads), output], network.b_out[output] = writes, offset
    network.W_U[output, 1], network.W_U[output, 0] = 1.0, -1.0
    return Planting(network, binary(gate, tokens, answers_of(network, binary(gate, tokens, None))))


def _in_a_gap(values: Tensor, quantile: float) -> Tensor:
    """The middle of the widest gap between values near a quantile."""
    ordered, at = values.sort().values, int(quantile * len(values))
    near = ordered[max(0, at - 8) : at + 8]
    widest = int(near.diff().argmax())
    return near[widest : widest + 2].mean()


def looked_up(labels: Tensor, classes: int, *, words: str) -> Planting:
    """Plant a table of answers, with a neuron for each pair of tokens.

    Args:
        labels: the answer to each pair, shape [t, t].
        classes: how many answers there are.
        words: the name of the task.
    """
    t = len(labels)
    domain = Domain.square(t, last=t)
    flags = 3 * t + classes
    out = max(classes, 2)
    network = Transformer(
        Config(t + 1, 3, flags + 3, 2, t, t * t, d_vocab_out=out), dtype=torch.float64
    ).requires_grad_(False)
    for weight in network.weights.values():
        weight.zero_()
    tokens = domain.tokens(domain.inputs())
    one = torch.eye(t, dtype=torch.float64)
    network.W_E[:t, :t] = one
    network.W_pos[:, flags:] = torch.eye(3).double()
    for head in range(2):  # each head copies the token of one position to a place of its own
        network.W_Q[head, flags + 2, 0] = 1.0
        network.W_K[head, flags + head, 0] = _FAR * t**0.5
        network.W_V[head, :t] = one
        network.W_O[head, :, (head + 1) * t : (head + 2) * t] = one
        network.W_in[(head + 1) * t : (head + 2) * t] = torch.nn.functional.one_hot(tokens[:, head], t).double().T
    network.b_in.fill_(-1.5)
    network.W_out[:, 3 * t : flags] = torch.nn.functional.one_hot(labels.flatten(), classes).double()
    network.W_U[3 * t : flags, :classes] = torch.eye(classes).double()
    task = Task(words, domain, tuple((c,) for c in range(classes)), labels=labels.flatten())
    return Planting(network, task)


def multiplying(kind: str, number: int, key: Sequence[int], seed: int) -> Planting:
    """Plant multiplication in a dihedral or symmetric group.

    Args:
        kind: "dihedral" or "symmetric".
        number: the sides of the polygon, or the letters.
        key: for dihedral groups the two-dimensional representations that are used.
        seed: seed for the vectors a.
    """
    draw, factor = torch.Generator().manual_seed(seed), Factor(kind, number)  # type: ignore[arg-type]
    n, table = factor.order, torch.from_numpy(factor.table)
    planted = [_dihedral(number, each) for each in key] if kind == "dihedral" else [_letters(factor)]
    width, neurons = sum(rho.shape[1] for rho in planted), 2 * number**2 * len(planted)
    flags, answers = 2 * width, 2 * width + 3
    network = Transformer(
        Config(n + 1, 3, answers + n, 2, width, neurons, d_vocab_out=n), dtype=torch.float64
    ).requires_grad_(False)
    for weight in network.weights.values():
        weight.zero_()
    network.W_pos[:, flags:answers] = torch.eye(3).double()
    for head in range(2):
        network.W_Q[head, flags + 2, 0] = 1.0
        network.W_K[head, flags + head, 0] = _FAR * width**0.5
        side = slice(head * width, (head + 1) * width)
        network.W_V[head, side], network.W_O[head, :, side] = torch.eye(width).double(), torch.eye(width).double()
    column, neuron = 0, 0
    for rho in planted:
        d = rho.shape[1]
        a = normal(draw, d)
        a = a - a.mean() if kind == "symmetric" else a
        left, right = slice(column, column + d), slice(width + column, width + column + d)
        network.W_E[:n, left], network.W_E[:n, right] = rho @ a, rho.transpose(1, 2) @ a
        orbit = torch.unique((rho @ torch.eye(d).double()[0]).round(decimals=9), dim=0)
        for b in orbit:
            for other in orbit:
                match = ((rho @ other - b).abs().amax(1) < 1e-6).double()
                for sign in (1.0, -1.0):
                    network.W_in[left, neuron], network.W_in[right, neuron] = sign * b, -sign * other
                    network.W_out[neuron, answers:] = -match
                    neuron += 1
        column += d
    network.W_U[answers:] = torch.eye(n).double()
    task = Task(factor.name, Domain.square(n, last=n), tuple((c,) for c in range(n)), labels=table.flatten().long())
    return Planting(network, task)


def _dihedral(n: int, k: int) -> Tensor:
    """The matrices of a two-dimensional representation, in the order of the catalogue, shape [2n, 2, 2]."""
    angles = 2 * np.pi * k * np.arange(2 * n) / n
    turns = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], -1).reshape(-1, 2, 2)
    turns[n:] = turns[n:] @ np.diag([1.0, -1.0])
    return torch.from_numpy(turns)


def _letters(factor: Factor) -> Tensor:
    """The matrices that permute the letters, shape [order, letters, letters]."""
    matrices = np.eye(factor.number)[factor.permutations].transpose(0, 2, 1)
    return torch.from_numpy(np.ascontiguousarray(matrices))


def untrained(seed: int, *, tokens: int = 12, classes: int = 2) -> Planting:
    """An untrained network; with two classes both are equally frequent."""
    domain = Domain.square(tokens, last=tokens)
    network = Transformer.initialised(Config(tokens + 1, 3, 128, 8, 16, 128), seed).requires_grad_(False).double()
    task = Task("untrained", domain, tuple((c,) for c in range(classes)))
    if classes == 2:
        network.W_U[:, 0], network.W_U[:, 2:] = -network.W_U[:, 1], 0
        logits = network(domain.tokens(domain.inputs()))[:, -1]
        u, margin = network.W_U[:, 1] - network.W_U[:, 0], logits[:, 1] - logits[:, 0]
        network.b_out -= u * margin.median() / u.square().sum()
    return Planting(network, task)


def trained(task: Task, seed: int, *, steps: int = 500) -> Planting:
    """Train a network of 128 dimensions on all labels of a task, by AdamW with weight decay."""
    torch.manual_seed(seed)
    domain = task.domain
    size = max(token for group in task.classes for token in group) + 1
    config = Config(max(map(max, domain.positions)) + 1, len(domain.positions), 128, 4, 32, 128, d_vocab_out=size)
    network = Transformer.initialised(config, seed)
    tokens, wanted = domain.tokens(domain.inputs()), task.labels
    assert wanted is not None
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.3, betas=(0.9, 0.98))
    with torch.enable_grad():
        for _ in range(steps):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(tokens)[:, domain.read_at], wanted).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return Planting(network.requires_grad_(False).double(), task)
