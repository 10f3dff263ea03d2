"""Networks whose mechanism is known because it was put there.

``plant`` makes a gate over half-spaces of ``resid_mid``. Attention is uniform, so ``resid_mid`` is a sum of token
vectors in a random subspace. A few ReLU neurons compute the gate with exact boundaries and write the margin along a
direction of their own, which is the only one that the unembedding reads.

``one_direction`` makes a network that needs no MLP: its answer is one half-space.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from scrubjay.evidence.scrubber import Scrubber
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Basis, Run, Sampling
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

SHARP = 1e5


@dataclass(frozen=True, eq=False)
class Planted:
    """A network, its task, and the filters that were put into it."""

    network: Transformer
    task: Task
    directions: Tensor
    thresholds: Tensor
    gate: Gate

    @property
    def filters(self) -> Filters:
        """The planted filters."""
        return Filters(self.directions, self.thresholds, self.gate, 1.0)

    def run(self) -> Run:
        """The network on every input."""
        return Run.of(self.network, self.task, name=self.task.name)


def plant(gate: str, *, k: int = 2, tokens: int = 20, d_model: int = 12, data: int = 3, seed: int = 0) -> Planted:
    """Plant AND or OR of k filters, or XOR of two, in ``data`` random dimensions of the residual stream."""
    draw = torch.Generator().manual_seed(seed)

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    basis = torch.linalg.qr(randn(d_model, d_model))[0]
    space, output = basis[:data], basis[data]
    n_heads, d_head = 2, d_model // 2
    network = Transformer(Config(tokens + 1, 3, d_model, n_heads, d_head, 2 * k), dtype=torch.float64)
    directions = torch.nn.functional.normalize(torch.linalg.qr(randn(data, data))[0][:k] + 0.2 * randn(k, data)) @ space
    domain = Domain.square(tokens, last=tokens)
    with torch.no_grad():
        network.W_E.copy_(randn(tokens + 1, data) @ space)
        network.W_V.copy_(torch.eye(d_model, dtype=torch.float64).view(d_model, n_heads, d_head).transpose(0, 1))
        network.W_O.copy_(3 * torch.eye(d_model, dtype=torch.float64).view(n_heads, d_head, d_model))
        every = domain.tokens(domain.inputs())
        resid_mid = network.W_E[every[:, 2]] + network.W_E[every].sum(1)
        quantile = {"AND": 0.5 ** (1 / k), "OR": 1 - 0.5 ** (1 / k), "XOR": 0.5}[gate]
        thresholds = torch.stack([_in_a_gap(column, 1 - quantile) for column in (resid_mid @ directions.T).T])
        _plant_gate(network, gate, directions, thresholds, output)
    ones = _truth(gate)(resid_mid @ directions.T > thresholds)
    task = Task(name=f"planted {gate}", domain=domain, classes=((0,), (1,)), labels=ones.long())
    table = {"AND": Gate.conjunction(k), "OR": Gate.disjunction(k), "XOR": Gate((False, True, True, False))}[gate]
    return Planted(network.requires_grad_(False), task, directions, thresholds, table)


def one_direction(*, others: float = 0.0, tokens: int = 11) -> Planted:
    """Plant class 1 where a + b >= tokens; the MLP adds a constant.

    Args:
        others: the spread of random token vectors in all other dimensions; with 0 the stream varies along a line.
        tokens: the number of tokens at each varying position.
    """
    d_model, draw = 6, torch.Generator().manual_seed(0)
    network = Transformer(Config(tokens + 1, 3, d_model, 1, d_model, 4), dtype=torch.float64)
    e = torch.eye(d_model, dtype=torch.float64)
    with torch.no_grad():
        network.W_E.copy_(others * torch.randn(tokens + 1, d_model, generator=draw, dtype=torch.float64))
        network.W_E[:, 0] = torch.arange(tokens + 1) % tokens
        network.W_V[0], network.W_O[0] = e, 3 * e
        network.b_out.copy_((0.5 - tokens) * e[0])
        network.W_U[:, 1], network.W_U[:, 0] = e[0], -e[0]
    domain = Domain.square(tokens, last=tokens)
    labels = (domain.varying_tokens().sum(1) >= tokens).long()
    task = Task(name="planted sum", domain=domain, classes=((0,), (1,)), labels=labels)
    threshold = torch.tensor([tokens - 0.5], dtype=torch.float64)
    return Planted(network.requires_grad_(False), task, e[:1], threshold, Gate.conjunction(1))


def laid_over(
    planted: Planted,
    resid_mid: Tensor,
    basis: Basis = "orthogonal",
    sampling: Sampling = "independent",
) -> Scrubber:
    """The planted hypothesis over residual streams; the first four components are the causal subspace."""
    hypothesis = Hypothesis.of(planted.filters, resid_mid, basis)
    return Scrubber.of(hypothesis, resid_mid, PCA.of(resid_mid).components[:4], sampling)


def _plant_gate(network: Transformer, gate: str, directions: Tensor, thresholds: Tensor, output: Tensor) -> None:
    k = len(directions)
    if gate == "XOR":  # |u - w| - |u + w| has the sign of -u·w
        reads = torch.stack([directions[0] + directions[1], directions[0] - directions[1]])
        at = torch.stack([thresholds[0] + thresholds[1], thresholds[0] - thresholds[1]])
        reads, at = torch.cat([reads, -reads]), torch.cat([at, -at])
        writes, offset = torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64), 0.0
    else:  # AND: no filter falls short; OR: some filter exceeds
        sign = 1.0 if gate == "AND" else -1.0
        reads, at = -sign * directions, -sign * thresholds
        writes, offset = torch.full((k,), -sign * SHARP, dtype=torch.float64), sign
    network.W_in[:, : len(reads)] = reads.T
    network.b_in[: len(reads)] = -at
    network.W_out[: len(reads)] = writes[:, None] * output
    network.b_out.copy_(offset * output)
    network.W_U[:, 1] = output
    network.W_U[:, 0] = -output
    network.W_U[:, 2:] = 0
    # No other token may win: a token's logit is 0, one of the two classes' is always positive.


def _in_a_gap(values: Tensor, quantile: float) -> Tensor:
    """The middle of the widest gap between values near a quantile, so that rounding moves no input across."""
    ordered, at = values.sort().values, int(quantile * len(values))
    near = ordered[max(0, at - 20) : at + 20]
    widest = int(near.diff().argmax())
    return (near[widest] + near[widest + 1]) / 2


def _truth(gate: str):  # type: ignore[no-untyped-def]
    return {"AND": lambda b: b.all(1), "OR": lambda b: b.any(1), "XOR": lambda b: b.sum(1) == 1}[gate]
