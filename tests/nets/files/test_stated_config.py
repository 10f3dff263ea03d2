"""What other programs' configs state is read, or refused by name; two sources that contradict each other are named."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.nets.config import Config
from scrubjay.nets.files.arrange import as_weights
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.files.stated_config import Stated, declared_facts, facts_of, short
from scrubjay.nets.transformer import Transformer
from tests.nets.files.written import gpt2_state, lens_state, native_state, neel_state, random_of

PLAIN = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9, n_layers=2)
WITH_NORM = Config(
    d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=5, d_mlp=9, n_layers=2, norm="LN", attn_biases=True
)


def stated(entries: dict[str, Any], *declared: str) -> dict[str, object]:
    return {fact.field: fact.value for fact in facts_of(Stated("c.json", entries), declared)}


def config_of(state: dict[str, torch.Tensor], layout: str = "auto", /, **entries: object) -> Config:
    return as_weights(state, layout, "other.pt", entries).config


@pytest.mark.parametrize(
    ("entries", "facts"),
    [
        ({"act_fn": "ReLU", "attn_coeff": 0, "n_heads": 4}, {"act_fn": "relu", "attn_coeff": 0.0, "n_heads": 4}),
        ({"act_fn": "GeLU"}, {"act_fn": "gelu"}),
        ({"activation_function": "gelu_pytorch_tanh"}, {"act_fn": "gelu_new"}),
        ({"hidden_act": "swish"}, {"act_fn": "silu"}),
        ({"normalization_type": None}, {"norm": "none"}),
        ({"normalization_type": "LN"}, {"norm": "LN", "folded": False}),
        ({"normalization_type": "LNPre"}, {"norm": "LN", "folded": True}),
        ({"normalization_type": "RMS"}, {"norm": "RMS", "folded": False}),
        ({"normalization_type": "RMSPre", "final_rms": True}, {"norm": "RMS", "folded": True, "FINAL_RMS": True}),
        ({"attention_dir": "bidirectional"}, {"attention": "bidirectional"}),
        ({"n_heads": -1, "d_mlp": None, "d_vocab_out": -1, "n_inner": None}, {}),
        ({"layer_norm_epsilon": 1e-3, "n_positions": 9, "vocab_size": 5}, {"eps": 1e-3, "n_ctx": 9, "d_vocab": 5}),
        ({"attn_scale": -1.0, "use_attn_scale": True, "positional_embedding_type": "standard", "lr": 1e-3}, {}),
        ({"attn_scale": 3.0}, {"ATTN_SCALE": 3.0}),
        ({"tie_word_embeddings": True, "attn_only": False}, {"tied": True, "attn_only": False}),
        ({"d_model": torch.tensor(3), "func": {"a": 1}, "dtype": torch.float32} | {"d_model": 3}, {"d_model": 3}),
    ],
)
def test_configs_are_read_in_the_fields_of_ours(entries: dict[str, Any], facts: dict[str, object]) -> None:
    assert stated(entries) == facts


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (
            {"attention_dir": "casual"},
            "attention_dir = 'casual', and scrubjay knows causal, bidirectional; declare",
        ),
        ({"act_fn": "relish"}, "act_fn = 'relish', and scrubjay knows relu, gelu, gelu_new, silu; declare"),
        ({"normalization_type": "BN"}, "normalization_type = 'BN', and scrubjay knows none, LN, RMS; declare"),
        ({"n_heads": "4"}, "n_heads = '4', and n_heads must be a whole number"),
        ({"n_heads": True}, "n_heads = True, and n_heads must be a whole number"),
        ({"n_heads": 4.0}, "n_heads = 4.0, and n_heads must be a whole number"),
        ({"d_model": 10**5000}, "d_model = a number of thousands of digits, and d_model must be a whole number"),
        ({"eps": float("nan")}, "eps = nan, and eps must be a number from 0 on"),
        ({"attn_only": 1}, "attn_only = 1, and attn_only must be true or false"),
        ({"act_fn": ["relu"]}, r"act_fn = \['relu'\], and scrubjay knows"),
        ({"act_fn": torch.ones(2)}, "act_fn = 'a value of the type Tensor', and scrubjay knows"),
    ],
)
def test_values_that_are_not_known_are_quoted(entries: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedFile, match=rf"^c\.json states {says}"):
        stated(entries)
    (key,) = entries
    field = {"attention_dir": "attention", "normalization_type": "norm"}.get(key, key)
    assert stated(entries, field) == {}


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ({"positional_embedding_type": "rotary"}, "rotary positions"),
        ({"positional_embedding_type": "alibi"}, "ALiBi positions"),
        ({"positional_embedding_type": "shortformer"}, "Shortformer positions"),
        ({"rotary_dim": 16}, "rotary positions"),
        ({"rope_theta": 1e4}, "rotary positions"),
        ({"num_experts": 8}, "a mixture of experts"),
        ({"num_local_experts": 8}, "a mixture of experts"),
        ({"is_encoder_decoder": True}, "an encoder and a decoder"),
        ({"gated_mlp": True}, "a gated MLP"),
        ({"parallel_attn_mlp": True}, "attention and MLP in parallel"),
        ({"use_local_attn": True}, "local attention"),
        ({"attn_types": ["global", "local"]}, "local attention"),
        ({"n_heads": 4, "n_key_value_heads": 2}, "grouped-query attention"),
        ({"use_attn_scale": False}, "attention scores without a scale"),
        ({"scale_attn_weights": False}, "attention scores without a scale"),
        ({"attn_scores_soft_cap": 50.0}, "caps its scores or logits"),
        ({"normalization_type": "LN", "final_rms": True}, "the last normalisation is of another kind"),
        ({"act_fn": "solu_ln"}, "supports the activations relu, gelu, gelu_new, silu"),
        ({"act_fn": "Tanh"}, "supports the activations relu, gelu, gelu_new, silu"),
        ({"use_linear": True}, "no attention"),
        ({"gated_mlp": "yes"}, "a gated MLP"),
        ({"num_experts": False}, "a mixture of experts"),
    ],
)
def test_options_that_the_architecture_lacks_are_refused_by_name(entries: dict[str, Any], names: str) -> None:
    with pytest.raises(RefusedFile, match=names) as refused:
        stated(entries)
    assert str(refused.value).startswith("c.json states ")
    with pytest.raises(RefusedFile, match=names):
        stated(entries, *Config.__dataclass_fields__)


@pytest.mark.parametrize(
    ("write", "entries", "says"),
    [
        (neel_state, {"n_heads": 3}, "the config states n_heads = 3, but the weights have n_heads = 2 .*W_Q"),
        (neel_state, {"d_model": 128}, r"states d_model = 128, but the weights have d_model = 10 \(embed\.W_E"),
        (neel_state, {"n_layers": 1}, "states n_layers = 1, but the weights have 2 layers"),
        (neel_state, {"n_ctx": 4}, "states n_ctx = 4, but the weights have n_ctx = 3"),
        (
            neel_state,
            {"normalization_type": "LN"},
            "states normalization_type = 'LN', but the layout neel has norm = none",
        ),
        (neel_state, {"n_heads": 2, "num_heads": 3}, "states n_heads = 2, but the config states num_heads = 3"),
        (
            lens_state,
            {"normalization_type": "LN"},
            "states normalization_type = 'LN', but the file has no weights of norm",
        ),
        (lens_state, {"attn_only": True}, "states attn_only = True, but the file has MLPs"),
        (lens_state, {"d_mlp": 40}, "states d_mlp = 40, but the weights have d_mlp = 9"),
        (
            lens_state,
            {"attn_coeff": 0.5},
            "states attn_coeff = 0.5, but the layout transformer-lens has attn_coeff = 1",
        ),
        (native_state, {"n_heads": 3}, "states n_heads = 3, but the weights have heads that are 8 wide together"),
        (native_state, {"n_heads": 0}, "states n_heads = 0, but the weights have heads that are 8 wide together"),
        (native_state, {"d_head": 3}, "states d_head = 3, but the weights have d_head = 4"),
        (native_state, {"n_heads": 2, "d_head": 2}, "states d_head = 2, but the weights have d_head = 4"),
    ],
)
def test_a_config_that_the_weights_contradict_is_refused(write: Any, entries: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedFile, match=rf"^other\.pt contradicts itself: .*{says}"):
        config_of(write(random_of(PLAIN)), **entries)


@pytest.mark.parametrize(
    ("write", "entries", "says"),
    [
        (lens_state, {"normalization_type": None}, "normalization_type = None, but the file has the weights of norm"),
        (lens_state, {"normalization_type": "LNPre"}, "normalization_type = 'LNPre', but the file has the weights of"),
        (lens_state, {"normalization_type": "RMS"}, "'RMS', but the file has the weights of .* with biases"),
        (
            gpt2_state,
            {"n_head": 2, "tie_word_embeddings": True},
            "tie_word_embeddings = True, but the file has an unemb",
        ),
        (gpt2_state, {"n_head": 2, "attention": "bidirectional"}, "but the layout gpt2 has attention = causal"),
    ],
)
def test_a_config_that_networks_with_norms_contradict_is_refused(
    write: Any, entries: dict[str, Any], says: str
) -> None:
    state = write(random_of(WITH_NORM))
    config_of(state, n_head=2)
    with pytest.raises(RefusedFile, match=rf"contradicts itself: .*{says}"):
        config_of(state, **entries)


def test_an_unembedding_that_is_not_tied_must_be_there() -> None:
    state = gpt2_state(random_of(WITH_NORM), tied=True)
    assert config_of(state, n_head=2, tie_word_embeddings=True).d_vocab_out == 7
    with pytest.raises(RefusedFile, match="tie_word_embeddings = False, but the file has no key for the unembedding"):
        config_of(state, n_head=2, tie_word_embeddings=False)


def test_gpt2_without_normalisations_is_not_gpt2() -> None:
    state = {key: weight for key, weight in gpt2_state(random_of(WITH_NORM)).items() if ".ln_" not in key}
    with pytest.raises(RefusedFile, match=r"transformer\.ln_f\.weight is missing"):
        config_of(state, "gpt2", n_head=2)


def test_what_the_user_declares_and_what_the_config_states_may_not_differ() -> None:
    state = neel_state(random_of(PLAIN))
    with pytest.raises(RefusedFile, match="the user declares act_fn = 'relu', but the config states act_fn = 'GeLU'"):
        as_weights(state, "neel", "other.pt", {"act_fn": "GeLU"}, {"act_fn": "relu"})
    same = as_weights(state, "neel", "other.pt", {"act_fn": "GeLU"}, {"act_fn": "gelu"})
    assert same.config.act_fn == "gelu"
    assert same.read[:2] == ("The user declares act_fn = 'gelu'.", "The config states act_fn = 'GeLU'.")


def test_options_that_depend_on_sizes_are_checked_with_them() -> None:
    state = lens_state(random_of(PLAIN))
    assert config_of(state, attn_scale=2.0, n_key_value_heads=2, scale_attn_by_inverse_layer_idx=False) == PLAIN
    for entries, says in (
        ({"attn_scale": 2.1}, "not divided by the square root of d_head, which is 4"),
        ({"n_key_value_heads": 1}, "grouped-query attention"),
        ({"scale_attn_by_inverse_layer_idx": True}, "attention is scaled by the layer"),
        ({"final_rms": True}, "the last normalisation is of another kind"),
    ):
        with pytest.raises(RefusedFile, match=says):
            config_of(state, **entries)
    one = lens_state(random_of(Config(7, 3, 10, 2, 4, 9)))
    assert config_of(one, scale_attn_by_inverse_layer_idx=True).n_layers == 1


def test_a_pooled_network_is_refused_with_its_head() -> None:
    state = {"tok.weight": torch.ones(2, 4), "h1.weight": torch.ones(4, 4), "h2.weight": torch.ones(2, 4)}
    says = r"sums over positions \(the config states pool = 'sum'\) and has a two-layer head \(h1, h2\), and scrubjay"
    with pytest.raises(RefusedFile, match=says):
        config_of(state, pool="sum")
    with pytest.raises(
        RefusedFile, match=r"pools the positions \(the config states pool = 'mean'\), and scrubjay reads"
    ):
        config_of(neel_state(random_of(PLAIN)), pool="mean")


def test_a_hugging_face_model_of_another_type_is_refused() -> None:
    with pytest.raises(RefusedFile, match=r"is a model of the type 'llama', as the config states; .* reads GPT-2"):
        config_of({"model.embed_tokens.weight": torch.ones(2, 2)}, model_type="llama")


PIZZA = Config(d_vocab=7, n_ctx=2, d_model=10, n_heads=2, d_head=4, d_mlp=9, act_fn="gelu", attention="bidirectional")
PIZZA_CONFIG = {
    "n_heads": 2,
    "d_model": 10,
    "n_layers": 1,
    "attention_dir": "casual",
    "act_fn": "GeLU",
    "attn_coeff": 0.25,
}


def test_mixed_attention_comes_from_the_config_beside_the_file_or_is_assumed_not_to_be(tmp_path: Path) -> None:
    """Zhong et al.: attention is c softmax + (1 - c) without a mask, which the formula here computes on its own."""
    state, tokens = neel_state(random_of(PIZZA)), torch.cartesian_prod(torch.arange(7), torch.arange(7))
    torch.save(state, tmp_path / "net.pt")
    alone = import_network(tmp_path / "net.pt")
    assert alone.source["layout"] == "neel" and "attn_coeff = 1 is assumed" in alone.assumed[-1]
    (tmp_path / "net.config.json").write_text(json.dumps(PIZZA_CONFIG))
    found = import_network(tmp_path / "net.pt")
    assert found.source["layout"] == "pizza" and found.assumed == ()
    x = state["embed.W_E"].T[tokens] + state["pos_embed.W_pos"]
    k, q, v = (torch.einsum("ihd,bpd->biph", state[f"blocks.0.attn.W_{name}"], x) for name in "KQV")
    pattern = 0.25 * (torch.einsum("biph,biqh->biqp", k, q) / 2).softmax(-1) + 0.75
    z = torch.einsum("biph,biqp->bqih", v, pattern).flatten(2)
    x = x + z @ state["blocks.0.attn.W_O"].T
    hidden = torch.nn.functional.gelu(x @ state["blocks.0.mlp.W_in"].T + state["blocks.0.mlp.b_in"])
    x = x + hidden @ state["blocks.0.mlp.W_out"].T + state["blocks.0.mlp.b_out"]
    torch.testing.assert_close(found.network(tokens), x @ state["unembed.W_U"])
    assert any("attention_dir = 'casual', which was not used" in sentence for sentence in found.read)
    with pytest.raises(
        RefusedFile, match="attention_dir = 'casual', and scrubjay knows causal, bidirectional; declare"
    ):
        import_network(tmp_path / "net.pt", "neel")
    declared = import_network(tmp_path / "net.pt", "neel", {"attention": "bidirectional"})
    torch.testing.assert_close(declared.network(tokens), found.network(tokens))


def test_declared_fields_are_checked() -> None:
    for declared, says in (
        ({"n_head": 4}, "declares 'n_head', which is no field of a network; the fields are d_vocab"),
        ({"n_heads": None}, "declares n_heads = None, which is no value of it"),
        ({"n_heads": -1}, "declares n_heads = -1, which is no value of it"),
        ({"norm": 3}, "declares norm = 3, but scrubjay knows none, LN, RMS"),
        ({"positions": "no"}, "declares positions = 'no', but positions must be true or false"),
    ):
        with pytest.raises(BadInput, match=f"^the user {says}"):
            declared_facts(declared, "the user")


def test_values_are_shortened() -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    assert len(short(nested)) < 60 and len(short("x" * 10_000)) < 90 and short(1e-5) == "1e-05"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEYS = (
    *("n_heads", "d_head", "act_fn", "attention_dir", "normalization_type", "final_rms", "eps", "attn_only", "pool"),
    *("attn_scale", "n_key_value_heads", "attn_types", "rotary_dim", "tie_word_embeddings", "attn_coeff"),
)
LIKELY = st.sampled_from([0, 1, 2, 4, -1, 2.0, "relu", "gelu", "LN", "LNPre", "causal", None, True, False, 1e-5])


@cache
def networks() -> list[tuple[Transformer, dict[str, torch.Tensor]]]:
    made = [(random_of(PLAIN), write) for write in (neel_state, lens_state, native_state)]
    return [(network, write(network)) for network, write in made]


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 2), entries=st.dictionaries(st.sampled_from(KEYS), LIKELY | JSON, max_size=5))
def test_whatever_a_config_states_it_agrees_with_the_network_or_is_refused(at: int, entries: dict[str, object]) -> None:
    network, state = networks()[at]
    try:
        found = as_weights(state, "auto", "other.pt", entries)
    except ScrubjayError as error:
        assert str(error)
        return
    c = found.config
    assert entries.get("n_heads", c.n_heads) in (c.n_heads, -1, None)
    assert entries.get("d_head", c.d_head) in (c.d_head, -1, None)
    assert entries.get("act_fn", c.act_fn) in (c.act_fn, None) and entries.get("attn_only") in (None, False)
    assert entries.get("attn_coeff", c.attn_coeff) == c.attn_coeff
    assert c.attention == entries.get("attention_dir", "causal") or found.layout == "pizza"
    norms = {"LN": "LN", "LNPre": "LN", None: "none"}
    assert c.norm == norms[entries.get("normalization_type")]  # type: ignore[index]
    for name, weight in network.weights.items():
        if c.n_heads == 2 or name.rsplit(".", 1)[-1] not in ("W_Q", "W_K", "W_V", "W_O"):
            assert torch.equal(found.weights[name], weight)
