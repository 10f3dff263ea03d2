"""Makes a small planted network look like a trained one.

``disguised`` puts a network of one layer into a stream of 128 dimensions. The stream also holds what varies and does
not matter, and is rotated at random. Neurons are split into many of random scales, some with outputs of the opposite
sign. Heads are split into several that attend alike and divide their values, and each also moves things that do not
matter. In the end noise of a stated size is added to every weight. Nothing here uses the code that takes networks
apart.
"""

from dataclasses import replace

import torch
from torch import Tensor

from scrubjay.nets.transformer import Transformer

D_MODEL = 128
"""The width of the stream of a disguised network."""
NEURONS = 128
"""Neurons are split until there are about as many."""
_MOST_HEADS = 8
_CLUTTER = 0.1
"""The size of what does not matter, as a share of the spread of what does."""
_MOVED = 4
"""How many things that do not matter each head moves."""
_OPPOSITE = 0.15
"""The share of a neuron's pieces whose outputs have the opposite sign."""


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def disguised(small: Transformer, seed: int, noise: float) -> Transformer:
    """A network of 128 dimensions that computes the same, up to noise.

    Args:
        small: a network of one layer, without normalisation and without biases of attention, in float64.
        seed: seed for all that is random.
        noise: the standard deviation of the noise on each weight, as a share of that weight's own.
    """
    draw, old = torch.Generator().manual_seed(seed), small.config
    heads = max(1, min(3, _MOST_HEADS // old.n_heads))
    copies = 1 if not old.d_mlp else max(1, NEURONS // old.d_mlp)
    config = replace(
        old, d_model=D_MODEL, n_heads=heads * old.n_heads, d_head=old.d_head + _MOVED, d_mlp=copies * old.d_mlp
    )
    network = Transformer(config, dtype=torch.float64).requires_grad_(False)
    for weight in network.weights.values():
        weight.zero_()
    d, rest = old.d_model, slice(old.d_model, D_MODEL)
    size = _CLUTTER * float(small.W_E.std())
    network.W_E[:, :d], network.W_pos[:, :d], network.W_U[:d] = small.W_E, small.W_pos, small.W_U
    network.W_E[:, rest] = size * normal(draw, old.d_vocab, D_MODEL - d)
    network.W_pos[:, rest] = size * normal(draw, old.n_ctx, D_MODEL - d)
    for head in range(old.n_heads):
        _split_head(network, small, head, heads, rest, draw)
    if old.d_mlp:
        _split_neurons(network, small, copies, rest, draw)
    _rotate(network, torch.linalg.qr(normal(draw, D_MODEL, D_MODEL))[0])
    spreads = {name: float(weight.std()) for name, weight in network.weights.items()}
    usual = sorted(spreads.values())[len(spreads) // 2]
    for name, weight in network.weights.items():
        weight += noise * (spreads[name] or usual) * normal(draw, *weight.shape)
    return network


def _split_head(
    network: Transformer, small: Transformer, head: int, pieces: int, rest: slice, draw: torch.Generator
) -> None:
    d, e = small.W_V.shape[1:]
    loose = normal(draw, pieces, e, e)
    shares = torch.eye(e, dtype=torch.float64) / pieces + 0.5 * (loose - loose.mean(0))
    for piece in range(pieces):
        at, wide = head * pieces + piece, e + _MOVED
        turn = torch.linalg.qr(normal(draw, wide, wide))[0]
        score = torch.zeros(2, D_MODEL, wide).double()
        score[0, :d, :e] = small.W_Q[head] * (wide / e) ** 0.5
        score[1, :d, :e] = small.W_K[head]
        network.W_Q[at], network.W_K[at] = score @ turn
        stretch = turn * (0.7 + 0.6 * torch.rand(wide, generator=draw, dtype=torch.float64))
        reads, writes = torch.zeros(D_MODEL, wide).double(), torch.zeros(wide, D_MODEL).double()
        reads[:d, :e], writes[:e, :d] = small.W_V[head], shares[piece] @ small.W_O[head]
        spare = D_MODEL - d
        reads[rest, e:] = normal(draw, spare, _MOVED) / spare**0.5
        writes[e:, rest] = normal(draw, _MOVED, spare) / spare**0.5
        network.W_V[at], network.W_O[at] = reads @ stretch, torch.linalg.inv(stretch) @ writes


def _split_neurons(network: Transformer, small: Transformer, copies: int, rest: slice, draw: torch.Generator) -> None:
    d, m = small.W_in.shape
    for neuron in range(m):
        own = slice(neuron * copies, (neuron + 1) * copies)
        signs = torch.where(torch.rand(copies, generator=draw, dtype=torch.float64) < _OPPOSITE, -1.0, 1.0).double()
        signs[0] = 1
        amounts = signs * (0.2 + torch.rand(copies, generator=draw, dtype=torch.float64))
        if amounts.sum() < 0.2:
            amounts = amounts.abs()
        amounts = amounts / amounts.sum()
        scales = amounts.abs().sqrt() * torch.exp(0.5 * normal(draw, copies))
        network.W_in[:d, own] = small.W_in[:, neuron, None] * scales
        network.b_in[own] = small.b_in[neuron] * scales
        network.W_out[own, :d] = (amounts / scales)[:, None] * small.W_out[neuron]
    spread = float(network.W_out.std())
    network.W_out[:, rest] = _CLUTTER * spread * normal(draw, m * copies, D_MODEL - d)
    network.b_out[:d] = small.b_out
    order = torch.randperm(m * copies, generator=draw)
    network.W_in[:], network.b_in[:] = network.W_in[:, order].clone(), network.b_in[order].clone()
    network.W_out[:] = network.W_out[order].clone()


def _rotate(network: Transformer, turn: Tensor) -> None:
    for name in ("W_E", "W_pos", "W_O", "W_out", "b_out"):
        if name in network.weights:
            getattr(network, name)[:] = getattr(network, name) @ turn
    for name in ("W_Q", "W_K", "W_V", "W_in", "W_U"):
        if name in network.weights:
            getattr(network, name)[:] = turn.T @ getattr(network, name)
