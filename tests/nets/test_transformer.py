"""The plain forward pass agrees with loops over single numbers; its hooks, its initial weights, its causal mask."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scrubjay.nets.config import WEIGHT_AXES, Config
from scrubjay.nets.transformer import SITES, OneLayerTransformer

SMALL = Config(d_vocab=11, n_ctx=4, d_model=9, n_heads=3, d_head=2, d_mlp=14)
TOKENS = torch.tensor([[3, 0, 10, 5], [7, 7, 1, 2], [4, 9, 8, 6]])


def random_network(config: Config, seed: int = 0, dtype: torch.dtype = torch.float32) -> OneLayerTransformer:
    """A network whose weights and biases are all random, with weights as large as those of a trained network."""
    draw = torch.Generator().manual_seed(seed)
    network = OneLayerTransformer(config, dtype)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            fan_in = 1 if name in ("W_E", "W_pos", "b_in", "b_out") else weight.shape[-2]
            weight.copy_(torch.randn(weight.shape, generator=draw, dtype=torch.float64) / fan_in**0.5)
    return network.requires_grad_(False)


def by_loops(network: OneLayerTransformer, tokens: list[int]) -> list[list[float]]:
    """The logits at each position, computed by loops over single numbers."""
    c = network.config
    w = {name: weight.double().numpy() for name, weight in network.weights.items()}
    residual = [w["W_E"][token] + w["W_pos"][at] for at, token in enumerate(tokens)]
    logits = []
    for here in range(len(tokens)):
        middle = residual[here].copy()
        for head in range(c.n_heads):
            query = residual[here] @ w["W_Q"][head]
            keys = [residual[there] @ w["W_K"][head] for there in range(here + 1)]
            raised = [math.exp(sum(query * key) / math.sqrt(c.d_head)) for key in keys]
            for there in range(here + 1):
                value = residual[there] @ w["W_V"][head]
                middle += raised[there] / sum(raised) * (value @ w["W_O"][head])
        after = middle + w["b_out"]
        for neuron in range(c.d_mlp):
            before_relu = sum(middle * w["W_in"][:, neuron]) + w["b_in"][neuron]
            after += max(before_relu, 0.0) * w["W_out"][neuron]
        logits.append([float(after @ w["W_U"][:, token]) for token in range(c.d_vocab)])
    return logits


def test_forward_is_the_architecture_in_single_numbers() -> None:
    network = random_network(SMALL, dtype=torch.float64)
    expected = np.array([by_loops(network, tokens) for tokens in TOKENS.tolist()])
    np.testing.assert_allclose(network(TOKENS).numpy(), expected, rtol=0, atol=1e-12 * abs(expected).max())


def test_every_site_is_reached_once_in_order_with_its_shape() -> None:
    network = random_network(SMALL)
    seen: list[tuple[str, tuple[int, ...]]] = []
    for site in SITES:

        def note(module: nn.Module, args: object, value: Tensor, site: str = site) -> None:
            seen.append((site, tuple(value.shape)))

        network.get_submodule(site).register_forward_hook(note)
    network(TOKENS)
    residual, square, hidden = (3, 4, 9), (3, 3, 4, 4), (3, 4, 14)
    assert seen == [
        ("resid_pre", residual),
        ("attn_scores", square),
        ("pattern", square),
        ("resid_mid", residual),
        ("mlp_pre", hidden),
        ("mlp_post", hidden),
        ("mlp_out", residual),
        ("resid_post", residual),
        ("logits", (3, 4, 11)),
    ]


@pytest.mark.parametrize("site", SITES)
def test_a_hook_that_replaces_a_site_changes_the_answer(site: str) -> None:
    network = random_network(SMALL)
    plain = network(TOKENS)

    def those_of_another_input(module: nn.Module, args: object, value: Tensor) -> Tensor:
        return value.roll(1, 0)

    handle = network.get_submodule(site).register_forward_hook(those_of_another_input)
    patched = network(TOKENS)
    handle.remove()
    assert bool(((patched - plain).abs().amax((1, 2)) > 1e-3).all())
    if site in ("resid_pre", "resid_mid", "resid_post", "logits"):
        torch.testing.assert_close(patched, plain.roll(1, 0))
    assert torch.equal(network(TOKENS), plain)


def test_the_pattern_is_causal_and_adds_up_to_one() -> None:
    network = random_network(SMALL)
    caught: list[Tensor] = []
    network.pattern.register_forward_hook(lambda module, args, value: caught.append(value))
    network(TOKENS)
    (pattern,) = caught
    assert bool((pattern.triu(1) == 0).all())
    torch.testing.assert_close(pattern.sum(-1), torch.ones(3, 3, 4))


@pytest.mark.parametrize("changed", range(4))
def test_a_later_token_does_not_change_earlier_logits(changed: int) -> None:
    network = random_network(SMALL)
    other = TOKENS.clone()
    other[:, changed] = (other[:, changed] + 1) % SMALL.d_vocab
    before, after = network(TOKENS), network(other)
    assert torch.equal(before[:, :changed], after[:, :changed])
    assert bool(((before - after)[:, changed:].abs().amax(-1) > 1e-4).all())


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_shorter_input_has_the_logits_of_its_place_in_a_longer_one(length: int) -> None:
    network = random_network(SMALL)
    torch.testing.assert_close(network(TOKENS[:, :length]), network(TOKENS)[:, :length])


def test_initial_weights_have_the_recipes_scales() -> None:
    config = Config(d_vocab=114, n_ctx=40, d_model=96, n_heads=5, d_head=20, d_mlp=300)
    network = OneLayerTransformer.initialised(config, seed=0)
    for name, weight in network.weights.items():
        assert weight.shape == config.shape(name) and weight.dtype == torch.float32
        if name.startswith("b_"):
            assert not bool(weight.any())
            continue
        scale = (config.d_vocab if name == "W_U" else config.d_model) ** -0.5
        z = weight.double() / scale
        n = z.numel()
        assert abs(float(z.mean())) < 4 / n**0.5, name
        assert abs(float(z.square().mean()) - 1) < 4 * (2 / n) ** 0.5, name
        assert abs(float(z.pow(4).mean()) - 3) < 4 * (96 / n) ** 0.5, name


def test_initial_weights_are_drawn_in_the_order_and_shapes_of_the_original_code() -> None:
    c = SMALL
    network = OneLayerTransformer.initialised(c, seed=5)
    draw = torch.Generator().manual_seed(5)
    root = c.d_model**0.5
    embed = torch.randn(c.d_model, c.d_vocab, generator=draw) / root
    positions = torch.randn(c.n_ctx, c.d_model, generator=draw) / root
    key, query, value = (torch.randn(c.n_heads, c.d_head, c.d_model, generator=draw) / root for _ in range(3))
    output = torch.randn(c.d_model, c.n_heads * c.d_head, generator=draw) / root
    into = torch.randn(c.d_mlp, c.d_model, generator=draw) / root
    out = torch.randn(c.d_model, c.d_mlp, generator=draw) / root
    unembed = torch.randn(c.d_model, c.d_vocab, generator=draw) / c.d_vocab**0.5
    torch.testing.assert_close(network.W_E[3], embed[:, 3])
    torch.testing.assert_close(network.W_pos[2], positions[2])
    for head, at in product(range(c.n_heads), range(c.d_head)):
        torch.testing.assert_close(network.W_K[head, :, at], key[head, at])
        torch.testing.assert_close(network.W_Q[head, :, at], query[head, at])
        torch.testing.assert_close(network.W_V[head, :, at], value[head, at])
        torch.testing.assert_close(network.W_O[head, at], output[:, head * c.d_head + at])
    torch.testing.assert_close(network.W_in[:, 4], into[4])
    torch.testing.assert_close(network.W_out[4], out[:, 4])
    torch.testing.assert_close(network.W_U, unembed)


def test_a_seed_makes_the_same_weights_again_and_another_seed_makes_others() -> None:
    state = torch.get_rng_state()
    first, again, other = (OneLayerTransformer.initialised(SMALL, seed).weights for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in WEIGHT_AXES)
    assert not any(torch.equal(first[name], other[name]) for name in WEIGHT_AXES if not name.startswith("b_"))
    assert torch.equal(torch.get_rng_state(), state)
