"""The plain forward pass agrees with loops over single numbers; its hooks, its initial weights, its causal mask."""

import math
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import SITES, Edits, Transformer

SMALL = Config(d_vocab=11, n_ctx=4, d_model=9, n_heads=3, d_head=2, d_mlp=14)
TOKENS = torch.tensor([[3, 0, 10, 5], [7, 7, 1, 2], [4, 9, 8, 6]])
DEEP = replace(
    SMALL, n_layers=2, norm="LN", act_fn="gelu", attn_biases=True, unembed_bias=True, d_vocab_out=5, eps=1e-3
)


def random_network(config: Config, seed: int = 0, dtype: torch.dtype = torch.float32) -> Transformer:
    """A network whose weights and biases are all random, with weights as large as those of a trained network."""
    draw = torch.Generator().manual_seed(seed)
    network = Transformer(config, dtype)
    drawn = {}
    for name, weight in network.weights.items():
        own = name.rsplit(".", 1)[-1]
        fan_in = 1 if own in ("W_E", "W_pos") or weight.ndim == 1 or own.startswith("b_") else weight.shape[-2]
        value = torch.randn(weight.shape, generator=draw, dtype=torch.float64) / fan_in**0.5
        drawn[name] = 1 + value / 3 if own.startswith("ln") and own.endswith("_w") else value
    network.set_weights(drawn)
    return network.requires_grad_(False)


def recorded(network: Transformer, tokens: Tensor, edits: Edits | None = None) -> dict[str, Tensor]:
    """The value at every site by its full name, in the order in which the sites are reached, after the edits."""
    seen: dict[str, Tensor] = {}

    def note(name: str, value: Tensor) -> Tensor:
        value = edits[name](value) if edits is not None and name in edits else value
        seen[name] = value
        return value

    names = [f"blocks.{number}.{site}" for number in range(network.config.n_layers) for site in SITES]
    network(tokens, {name: partial(note, name) for name in [*names, "logits"]})
    return seen


def by_loops(network: Transformer, tokens: list[int]) -> list[list[float]]:
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
    network = random_network(DEEP)
    seen: list[tuple[str, tuple[int, ...]]] = []
    names = [*(f"blocks.{number}.{site}" for number in range(2) for site in SITES), "logits"]
    for site in names:

        def note(module: nn.Module, args: object, value: Tensor, site: str = site) -> None:
            seen.append((site, tuple(value.shape)))

        network.get_submodule(site).register_forward_hook(note)
    network(TOKENS)
    shapes = dict.fromkeys(SITES, (3, 4, 9)) | dict.fromkeys(("attn_scores", "pattern"), (3, 3, 4, 4))
    shapes |= dict.fromkeys(("mlp_pre", "mlp_post"), (3, 4, 14)) | {"logits": (3, 4, 5)}
    assert seen == [(name, shapes[name.rsplit(".", 1)[-1]]) for name in names]


def test_layers_without_mlps_have_no_sites_of_mlps() -> None:
    network = random_network(replace(DEEP, attn_only=True, d_mlp=0, act_fn="relu"))
    seen = recorded(network, TOKENS)
    mlp = {"mlp_pre", "mlp_post", "mlp_out"}
    assert list(seen) == [
        *(f"blocks.{number}.{site}" for number in range(2) for site in SITES if site not in mlp),
        "logits",
    ]
    assert torch.equal(seen["blocks.0.resid_post"], seen["blocks.0.resid_mid"])
    assert torch.equal(seen["blocks.1.resid_pre"], seen["blocks.0.resid_post"])
    assert not {name for name in network.weights if name.endswith(("_in", "_out", "ln2_w", "ln2_b"))}


@pytest.mark.parametrize("site", [*SITES, "logits"])
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
    network = Transformer.initialised(config, seed=0)
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
    network = Transformer.initialised(c, seed=5)
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
    first, again, other = (Transformer.initialised(SMALL, seed).weights for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in SMALL.weight_axes)
    assert not any(torch.equal(first[name], other[name]) for name in SMALL.weight_axes if not name.startswith("b_"))
    assert torch.equal(torch.get_rng_state(), state)


def test_initial_weights_of_deeper_networks_differ_from_layer_to_layer() -> None:
    network = Transformer.initialised(DEEP, seed=2)
    assert set(network.weights) == set(DEEP.weight_axes)
    for name, weight in network.weights.items():
        own = name.rsplit(".", 1)[-1]
        assert weight.shape == DEEP.shape(name)
        if own.startswith("ln") and own.endswith("_w"):
            assert bool((weight == 1).all())
        elif own.startswith(("b_", "ln")):
            assert not bool(weight.any())
        else:
            assert abs(float(weight.std()) * (5 if own == "W_U" else 9) ** 0.5 - 1) < 0.35, name
    assert not torch.equal(network.weights["blocks.0.W_Q"], network.weights["blocks.1.W_Q"])
    assert torch.equal(network.W_E, Transformer.initialised(SMALL, seed=2).W_E)


SITES_OF_DEEP = [*(f"blocks.{number}.{site}" for number in range(2) for site in SITES), "logits"]


@pytest.mark.parametrize("site", SITES_OF_DEEP)
def test_an_edit_changes_what_follows_and_nothing_before(site: str) -> None:
    network = random_network(DEEP, dtype=torch.float64)
    plain = recorded(network, TOKENS)
    changed = plain[site].roll(1, 0) if not site.endswith("attn_scores") else plain[site] * 0.5
    edited = recorded(network, TOKENS, {site: lambda value: changed})
    at = SITES_OF_DEEP.index(site)
    assert all(torch.equal(edited[name], plain[name]) for name in SITES_OF_DEEP[:at])
    assert torch.equal(edited[site], changed)
    # What adds to the stream beside the site keeps its value: the stream before attention passes pattern and scores.
    assert all(float((edited[name] - plain[name]).abs().nan_to_num().max()) > 1e-6 for name in SITES_OF_DEEP[at:])


@pytest.mark.parametrize("site", SITES_OF_DEEP)
def test_an_edit_does_what_a_hook_does(site: str) -> None:
    network = random_network(DEEP)
    edited = network(TOKENS, {site: lambda value: value.flip(0)})
    handle = network.get_submodule(site).register_forward_hook(lambda module, args, value: value.flip(0))
    hooked = network(TOKENS)
    handle.remove()
    assert torch.equal(edited, hooked) and not torch.equal(edited, network(TOKENS))


def test_an_edit_comes_after_a_hook_and_sees_what_it_left() -> None:
    network, seen = random_network(DEEP), []
    network.get_submodule("blocks.1.mlp_out").register_forward_hook(lambda module, args, value: value * 0 + 7)
    network(TOKENS, {"blocks.1.mlp_out": lambda value: seen.append(value) or value})  # type: ignore[func-returns-value]
    assert bool((seen[0] == 7).all())


@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_rest_of_the_network_is_run_from_the_stream_before_any_layer(first: int) -> None:
    network = random_network(DEEP, dtype=torch.float64)
    seen = recorded(network, TOKENS)
    stream = seen[f"blocks.{first}.resid_pre"] if first < 2 else seen["blocks.1.resid_post"]
    assert torch.equal(network.after_layers(stream, first, {}), seen["logits"])
    other = network.after_layers(stream.flip(0), first, {"logits": lambda value: value + 1})
    torch.testing.assert_close(other, seen["logits"].flip(0) + 1)


@pytest.mark.parametrize("config", [SMALL, DEEP, replace(DEEP, n_layers=1), replace(DEEP, norm="RMS", positions=False)])
def test_every_parameter_is_a_weight_and_has_its_name(config: Config) -> None:
    network = random_network(config)
    paths = {network.module_path(name) for name in config.weight_axes}
    assert paths == {name for name, _ in network.named_parameters()} == set(network.state_dict())
    for name, weight in network.weights.items():
        assert weight.shape == config.shape(name)
        assert weight.data_ptr() == network.parameter(name).data_ptr() and not weight.requires_grad
    assert network.numbers == sum(parameter.numel() for parameter in network.parameters())


def test_weights_are_set_and_read_back() -> None:
    network, other = random_network(DEEP, 1), Transformer(DEEP)
    assert not bool(other(TOKENS).any())
    other.set_weights(network.weights)
    assert all(torch.equal(other.weights[name], weight) for name, weight in network.weights.items())
    assert torch.equal(other(TOKENS), network(TOKENS))
    other.set_weights({"blocks.1.b_out": torch.zeros(9)})
    assert not bool(other.weights["blocks.1.b_out"].any())
    assert torch.equal(other.weights["blocks.0.b_out"], network.weights["blocks.0.b_out"])


def test_only_a_network_with_one_layer_has_the_layers_names_itself() -> None:
    one, two = random_network(replace(DEEP, n_layers=1)), random_network(DEEP)
    assert one.W_Q is one.blocks[0].W_Q and one.pattern is one.blocks[0].pattern
    assert "W_Q" in one.weights and "blocks.0.W_Q" not in one.weights
    for name in ("W_Q", "b_out", "ln1_w", "pattern", "resid_mid"):
        with pytest.raises(AttributeError, match=name):
            getattr(two, name)
    for name in ("W_R", "b_U_", "mlp"):
        with pytest.raises(AttributeError, match=name):
            getattr(one, name)
    with pytest.raises(AttributeError, match="b_Q"):
        _ = random_network(SMALL).b_Q


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bidirectional_network_sees_later_tokens_and_one_without_positions_sees_a_set(layers: int) -> None:
    config = replace(DEEP, n_layers=layers, attention="bidirectional", positions=False)
    network = random_network(config, dtype=torch.float64)
    other = TOKENS.clone()
    other[:, 3] = (other[:, 3] + 1) % 11
    assert bool(((network(TOKENS) - network(other)).abs().amax(-1) > 1e-4).all())
    order = [2, 0, 3, 1]
    torch.testing.assert_close(network(TOKENS[:, order]), network(TOKENS)[:, order])
