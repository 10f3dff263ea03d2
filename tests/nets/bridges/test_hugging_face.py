"""A GPT-2 of Hugging Face becomes the network that computes the same logits, or it is refused with the reason."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch

import scrubjay
from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.bridges.hugging_face import from_hugging_face
from scrubjay.nets.files.given import as_saved
from tests.nets.test_against_others import GPT2, as_gpt2
from tests.nets.test_transformer import random_network

EVERY_INPUT = torch.cartesian_prod(*[torch.arange(7)] * 4)


@pytest.fixture(scope="module")
def transformers() -> ModuleType:
    module: ModuleType = pytest.importorskip("transformers", reason="the package transformers is not installed")
    return module


def gpt2(**changes: Any) -> Any:
    """A GPT-2 whose weights and biases are all random, in training mode, with dropout, as its class makes it."""
    import transformers

    sizes = {"vocab_size": 7, "n_positions": 4, "n_embd": 12, "n_layer": 2, "n_head": 3}
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **changes})
    )
    draw = torch.Generator().manual_seed(3)
    for name, weight in model.named_parameters():
        weight.data = 0.5 * torch.randn(weight.shape, generator=draw) + ("ln_" in name and "weight" in name)
    return model.train()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "2 layers, LayerNorm, GELU (tanh), causal, biases in attention"),
        ({"n_layer": 1, "activation_function": "relu"}, "1 layer, LayerNorm, ReLU, causal, biases in attention"),
        ({"n_inner": 5, "activation_function": "gelu"}, "2 layers, LayerNorm, GELU, causal, biases in attention"),
        ({"activation_function": "silu", "tie_word_embeddings": False}, "SiLU"),
        ({"activation_function": "gelu_pytorch_tanh", "layer_norm_epsilon": 0.1}, "GELU (tanh)"),
        ({"activation_function": "gelu_fast", "n_layer": 3}, "3 layers"),
        ({"activation_function": "swish", "reorder_and_upcast_attn": True}, "SiLU"),
    ],
)
@torch.no_grad()
def test_it_computes_the_same_logits_on_every_input(
    transformers: ModuleType, changes: dict[str, Any], words: str
) -> None:
    model = gpt2(**changes)
    network = as_saved(model).network
    assert words in network.config.in_words
    assert all(module.training for module in model.modules())  # the dropout is off only while it is compared
    theirs = model.eval()(EVERY_INPUT).logits
    torch.testing.assert_close(network(EVERY_INPUT), theirs, rtol=1e-4, atol=1e-4)
    model.transformer.wte.weight.data.zero_()
    assert bool(network.W_E.any()) and not network.W_E.requires_grad


def test_there_and_back_keeps_every_weight(transformers: ModuleType) -> None:
    """``as_gpt2`` puts a network's weights into a GPT-2 by hand."""
    for dtype in (torch.float32, torch.float64):
        network = random_network(GPT2, seed=4, dtype=torch.float64)
        back = from_hugging_face(as_gpt2(network).to(dtype))
        assert back.config == GPT2 and back.dtype == dtype
        assert all(torch.equal(back.weights[name], weight.to(dtype)) for name, weight in network.weights.items())


def test_a_class_that_is_derived_from_it_is_recognised(transformers: ModuleType) -> None:
    class Mine(transformers.GPT2LMHeadModel):  # type: ignore[misc, name-defined]
        pass

    model = gpt2()
    model.__class__ = Mine
    assert as_saved(model).network.config.n_layers == 2


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: gpt2(activation_function="tanh"), "activation_function is 'tanh', not one of gelu, gelu_fast"),
        (lambda: gpt2(scale_attn_weights=False), "scale_attn_weights is False, not True"),
        (lambda: gpt2(scale_attn_by_inverse_layer_idx=True), "scale_attn_by_inverse_layer_idx is True, not False"),
        (lambda: gpt2(add_cross_attention=True), "add_cross_attention is True, not False"),
        (lambda: gpt2().half(), r"are of the types torch\.float16; they must all be float32"),
        (lambda: _changed_underneath(), "does not compute what its weights give .* its logits differ by"),
        (lambda: torch.nn.Linear(2, 2), "the Linear is not a GPT2LMHeadModel: it has no config"),
    ],
)
def test_another_architecture_is_refused(transformers: ModuleType, make: Callable[[], Any], says: str) -> None:
    with pytest.raises(RefusedFile, match=says):
        from_hugging_face(make())


def _changed_underneath() -> Any:
    model = gpt2()
    model.transformer.h[1].mlp.act = torch.nn.Tanh()
    return model


def test_a_weight_that_is_not_a_number_is_named(transformers: ModuleType) -> None:
    model = gpt2()
    model.transformer.h[1].attn.c_attn.bias.data[13] = torch.inf  # the second number of the second key
    with pytest.raises(BadInput, match=r"the GPT2LMHeadModel has NaN or infinity in blocks\.1\.b_K"):
        from_hugging_face(model)


def test_another_class_of_the_package_is_not_a_network(transformers: ModuleType) -> None:
    model = transformers.GPT2Model(transformers.GPT2Config(vocab_size=7, n_embd=12, n_layer=1, n_head=3))
    with pytest.raises(BadInput, match=r"a GPT2LMHeadModel of Hugging Face; this is a GPT2Model"):
        as_saved(model)


@torch.no_grad()
def test_through_both_conversions_it_is_a_bridge(transformers: ModuleType) -> None:
    pytest.importorskip("transformer_lens", reason="the extra transformer-lens is not installed")
    model = gpt2().eval()
    bridge: Any = scrubjay.to_transformer_lens(model)
    torch.testing.assert_close(bridge(EVERY_INPUT), model(EVERY_INPUT).logits, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_transformer_lenss_bridge_around_it_is_read_too(transformers: ModuleType) -> None:
    source = "transformer_lens.model_bridge.sources._bridge_builder"
    builder = pytest.importorskip(source, reason="the extra transformer-lens is not installed")
    model = gpt2().eval()
    expected = model(EVERY_INPUT).logits
    bridge = builder.build_bridge_from_module(model, "GPT2LMHeadModel", hf_config=model.config)
    network = as_saved(bridge).network
    torch.testing.assert_close(network(EVERY_INPUT), expected, rtol=1e-4, atol=1e-4)
