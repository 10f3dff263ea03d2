"""A network's sizes and architecture: each field is checked, listed in words, and decides which weights there are."""

from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import ACTIVATIONS, ATTENTION, NORMS, WEIGHT_AXES, Config
from scrubjay.tasks.domain import Domain

PLAIN = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9)
FULL = replace(PLAIN, n_layers=2, norm="LN", attn_biases=True, unembed_bias=True)


def made(**changes: Any) -> Config:
    """A config with values of any types, which the type checks of the tests would not let through."""
    config = object.__new__(Config)
    for name, value in (asdict(PLAIN) | changes).items():
        object.__setattr__(config, name, value)
    config.__post_init__()
    return config


@pytest.mark.parametrize("name", ["d_vocab", "n_ctx", "d_model", "n_heads", "d_head", "n_layers"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None])
def test_a_size_is_a_positive_whole_number(name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=f"^the network's {name} must be a positive whole number, and is {value!r}$"):
        made(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("d_mlp", -1, "d_mlp must be 0 or a positive whole number, and is -1"),
        ("d_mlp", 1.5, "d_mlp must be 0 or a positive whole number, and is 1.5"),
        ("d_vocab_out", -1, "d_vocab_out must be a positive whole number, and is -1"),
        ("d_vocab_out", False, "d_vocab_out must be a positive whole number, and is False"),
        ("act_fn", "tanh", "act_fn must be one of relu, gelu, gelu_new, silu, and is 'tanh'"),
        ("norm", None, "norm must be one of none, LN, RMS, and is None"),
        ("attention", "sideways", "attention must be one of causal, bidirectional, and is 'sideways'"),
        ("eps", -1e-5, "eps must be a number from 0 on, and is -1e-05"),
        ("eps", float("nan"), "eps must be a number from 0 on, and is nan"),
        ("eps", True, "eps must be a number from 0 on, and is True"),
        ("attn_coeff", float("inf"), "attn_coeff must be a number from 0 on, and is inf"),
        ("attn_coeff", "1", "attn_coeff must be a number from 0 on, and is '1'"),
        ("attn_biases", 1, "attn_biases must be true or false, and is 1"),
        ("unembed_bias", None, "unembed_bias must be true or false, and is None"),
        ("attn_only", "no", "attn_only must be true or false, and is 'no'"),
        ("positions", 0, "positions must be true or false, and is 0"),
    ],
)
def test_another_field_with_a_value_that_is_not_known_is_named(name: str, value: Any, says: str) -> None:
    with pytest.raises(BadInput, match=f"^the network's {says}$"):
        made(**{name: value})


def test_every_field_has_an_error_of_its_own() -> None:
    """So that a field that is added later is checked, and tested above."""
    for field in fields(Config):
        with pytest.raises(BadInput, match=f"the network's {field.name} must be"):
            made(**{field.name: [1]})


def test_attention_only_and_neurons_contradict_each_other() -> None:
    with pytest.raises(BadInput, match=r"^a network without MLPs \(attn_only\) must have d_mlp 0, and has 9$"):
        replace(PLAIN, attn_only=True)
    assert replace(PLAIN, attn_only=True, d_mlp=0).attn_only


def test_a_config_from_a_file_has_the_sizes_and_no_unknown_keys() -> None:
    assert Config.from_mapping(asdict(FULL)) == FULL
    few = {name: getattr(PLAIN, name) for name in ("d_vocab", "n_ctx", "d_model", "n_heads", "d_head", "d_mlp")}
    assert Config.from_mapping(few) == PLAIN
    with pytest.raises(BadInput, match=r"missing here: \['d_head'\], unknown: \['heads'\]"):
        Config.from_mapping({name: value for name, value in few.items() if name != "d_head"} | {"heads": 2})


def test_numbers_are_kept_as_floats_and_the_output_has_the_vocabulary_by_default() -> None:
    config = made(eps=1, attn_coeff=0)
    assert isinstance(config.eps, float) and isinstance(config.attn_coeff, float)
    assert (config.eps, config.attn_coeff) == (1.0, 0.0) and made() == PLAIN
    assert PLAIN.d_vocab_out == 7 and Config.from_mapping(asdict(PLAIN) | {"d_vocab_out": 3}).d_vocab_out == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "1 layer, no norm, ReLU, causal"),
        ({"n_layers": 2, "norm": "LN", "act_fn": "gelu_new"}, "2 layers, LayerNorm, GELU (tanh), causal"),
        ({"norm": "RMS", "act_fn": "gelu", "attention": "bidirectional"}, "1 layer, RMSNorm, GELU, bidirectional"),
        ({"attn_only": True, "d_mlp": 0}, "1 layer, no norm, attention only, causal"),
        ({"attn_coeff": 0.25}, "1 layer, no norm, ReLU, causal, attention 0.25 softmax + 0.75"),
        ({"attn_biases": True}, "1 layer, no norm, ReLU, causal, biases in attention"),
        ({"unembed_bias": True, "positions": False}, "biases in unembedding, no positional embeddings"),
        ({"attn_biases": True, "unembed_bias": True, "act_fn": "silu"}, "SiLU, causal, biases in attention and unem"),
    ],
)
def test_the_architecture_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in replace(PLAIN, **changes).in_words


def test_every_architecture_has_words() -> None:
    said = {
        replace(PLAIN, norm=n, act_fn=a, attention=d).in_words for n in NORMS for a in ACTIVATIONS for d in ATTENTION
    }
    assert len(said) == len(NORMS) * len(ACTIVATIONS) * len(ATTENTION)


def test_the_weights_are_those_of_the_architecture() -> None:
    plain = ["W_E", "W_pos", "W_Q", "W_K", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out", "W_U"]
    assert list(PLAIN.weight_axes) == plain
    outer = {"W_E", "W_pos", "W_U", "b_U", "ln_final_w", "ln_final_b"}
    layer = {f"{kind}_{part}" for kind in "Wb" for part in ("Q", "K", "V", "O", "in", "out")}
    layer |= {"ln1_w", "ln1_b", "ln2_w", "ln2_b"}
    assert set(FULL.weight_axes) == outer | {f"blocks.{number}.{name}" for number in (0, 1) for name in layer}
    assert set(replace(FULL, n_layers=1).weight_axes) == outer | layer == set(WEIGHT_AXES)
    assert not {name for name in replace(FULL, norm="RMS").weight_axes if name.endswith(("ln1_b", "ln2_b", "final_b"))}
    assert not {name for name in replace(FULL, norm="none").weight_axes if "ln" in name}
    assert "W_pos" not in replace(FULL, positions=False).weight_axes
    attention_only = replace(FULL, attn_only=True, d_mlp=0).weight_axes
    assert not {name for name in attention_only if "ln2" in name or name.endswith(("_in", "_out"))}
    assert replace(FULL, d_vocab_out=5).shape("W_U") == (10, 5) and replace(FULL, d_vocab_out=5).shape("b_U") == (5,)
    assert FULL.shape("blocks.1.W_Q") == (2, 10, 4) and FULL.shape("blocks.0.ln2_w") == (10,)


def test_a_domain_that_the_network_cannot_read_is_refused() -> None:
    PLAIN.check_domain(Domain(((0, 1), (6,))))
    with pytest.raises(BadInput, match="inputs have 4 positions, but the network reads at most 3"):
        PLAIN.check_domain(Domain(((0, 1), (0, 1), (0, 1), (6,))))
    with pytest.raises(BadInput, match="uses the token 7, but the network has only the tokens 0 to 6"):
        PLAIN.check_domain(Domain(((0, 1), (7,))))
