"""Condensing the bundled network, made larger or smaller, for ``benchmarks/condense.py``."""

import torch

import scrubjay
from peers.measure import Figures, Work
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

NOISE = 0.05
"""The noise of repeated embeddings, as a share of the embedding's standard deviation."""


def grown(tokens: int, split: int) -> tuple[Transformer, Task]:
    """The bundled network with other tokens and more neurons, and its task.

    Args:
        tokens: the number of tokens at each of the two positions.
        split: into how many neurons each neuron is split.
    """
    old = scrubjay.load_network("bundled").network
    c, draw = old.config, torch.Generator().manual_seed(0)
    config = Config(tokens + 1, c.n_ctx, c.d_model, c.n_heads, c.d_head, c.d_mlp * split)
    network = Transformer(config).requires_grad_(False)
    for name in ("W_pos", "W_Q", "W_K", "W_V", "W_O", "b_out"):
        getattr(network, name).copy_(getattr(old, name))
    known = c.d_vocab - 1
    noise = torch.randn(tokens, c.d_model, generator=draw) * (torch.arange(tokens) >= known)[:, None]
    network.W_E[:-1] = old.W_E[torch.arange(tokens) % known] + NOISE * old.W_E.std() * noise
    network.W_E[-1] = old.W_E[-1]
    shares = torch.rand(split, c.d_mlp, generator=draw) + 0.1
    shares = shares / shares.sum(0)
    network.W_in.copy_(old.W_in.repeat(1, split))
    network.b_in.copy_(old.b_in.repeat(split))
    network.W_out.copy_((old.W_out * shares[:, :, None]).flatten(0, 1))
    network.W_U[:, :2] = old.W_U[:, :2]
    return network, Task(f"{tokens} tokens", Domain.square(tokens, last=tokens), ((0,), (1,)))


def condensing(tokens: str, split: str) -> Work:
    """Condense the bundled network with other tokens and more neurons."""
    network, task = grown(int(tokens), int(split))

    def work() -> Figures:
        parts = scrubjay.condense(network, task, at_least=0.99).inner.parts
        return {"heads": len(parts.ranks), "hinges": parts.hinges, "numbers": parts.numbers}

    return work
