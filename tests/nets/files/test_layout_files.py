"""Layouts of a user's own: networks are read through a TOML file, and everything that is wrong in it is named."""

import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.files.layout_files import layout_from_mapping, layout_from_toml
from scrubjay.nets.transformer import Transformer
from tests.conftest import public_file
from tests.nets.files.test_layouts import assert_same_weights
from tests.nets.files.written import State, layer, random_of

MAX_OF_FIVE = """
[config]
attention = "causal"
norm = "none"
[weights]
W_E = { key = "tok_embed.weight", axes = "v d" }
W_pos = { key = "pos_embed.weight", axes = "s d" }
W_Q = { key = "layers.{l}.heads.{h}.W_Q.weight", axes = "e d" }
W_K = { key = "layers.{l}.heads.{h}.W_K.weight", axes = "e d" }
W_V = { key = "layers.{l}.heads.{h}.W_V.weight", axes = "e d" }
W_O = { key = "layers.{l}.W_O.weight", axes = "d (he)" }
W_U = { key = "unembed.weight", axes = "o d" }
"""

EVERYTHING = """
[config]
act_fn = "silu"
attention = "bidirectional"
norm = "LN"
n_heads = 2
attn_coeff = 0.5
eps = 1e-3
[weights]
W_E = { key = "emb", axes = "d v" }
W_pos = { key = "pos", axes = "d s" }
ln1_w = { key = "part.{l}.n1", axes = "d" }
ln1_b = { key = "part.{l}.n1b", axes = "d", optional = true }
W_Q = { key = "part.{l}.qkv", axes = "3(he) d", part = 0 }
W_K = { key = "part.{l}.qkv", axes = "3(he) d", part = 1 }
W_V = { key = "part.{l}.qkv", axes = "3(he) d", part = 2 }
b_Q = { key = "part.{l}.bias", axes = "3 h e", part = 0 }
b_K = { key = "part.{l}.bias", axes = "3 h e", part = 1 }
b_V = { key = "part.{l}.bias", axes = "3 h e", part = 2 }
W_O = { key = "part.{l}.out", axes = "e d h" }
ln2_w = { key = "part.{l}.n2", axes = "d" }
W_in = { key = "part.{l}.up", axes = "m d" }
W_out = { key = "part.{l}.down", axes = "d m" }
ln_final_w = { key = "norm", axes = "d" }
W_U = { tied = true }
[passed_over]
keys = ["part.*.mask", "seed"]
"""

PLAIN = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=0, n_layers=2, attn_only=True)


def max_of_five_state(network: Transformer) -> State:
    n = network.weights
    state = {"tok_embed.weight": n["W_E"], "pos_embed.weight": n["W_pos"], "unembed.weight": n["W_U"].T}
    for number in range(network.config.n_layers):
        w = layer(network, number)
        for q in "QKV":
            state |= {f"layers.{number}.heads.{h}.W_{q}.weight": head.T for h, head in enumerate(w[f"W_{q}"])}
        state[f"layers.{number}.W_O.weight"] = torch.cat([head.T for head in w["W_O"]], dim=1)
    return {key: weight.clone().contiguous() for key, weight in state.items()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "other.pt"


def toml(folder: Path, text: str) -> str:
    (folder / "own.toml").write_text(text)
    return str(folder / "own.toml")


def test_heads_in_keys_of_their_own_are_read_exactly(file: Path) -> None:
    network = random_of(PLAIN)
    torch.save(max_of_five_state(network), file)
    found = import_network(file, toml(file.parent, MAX_OF_FIVE))
    assert_same_weights(found.network, network)
    assert found.source["layout"] == "own.toml"
    assert found.read[0] == "The layout own.toml declares attention = 'causal', norm = 'none'."


def test_fused_merged_and_tied_weights_are_read_exactly(file: Path) -> None:
    sizes = {"d_vocab": 7, "n_ctx": 3, "d_model": 10, "n_heads": 2, "d_head": 4, "d_mlp": 9, "n_layers": 2}
    words = {"act_fn": "silu", "norm": "LN", "attention": "bidirectional"}
    network = random_of(Config(**sizes, **words, eps=1e-3, attn_coeff=0.5, attn_biases=True))  # type: ignore[arg-type]
    zero = ("ln1_b", "ln2_b", "ln_final_b", "b_O", "b_in", "b_out")
    network.set_weights({name: torch.zeros(()) for name in network.weights if name.endswith(zero)})
    network.set_weights({"W_U": network.W_E.T})
    state = {"emb": network.W_E.T, "pos": network.W_pos.T, "norm": network.ln_final_w, "seed": torch.tensor(3)}
    for number in range(2):
        w, at = layer(network, number), f"part.{number}."
        state[f"{at}qkv"] = torch.cat([head.T for q in "QKV" for head in w[f"W_{q}"]])
        state[f"{at}bias"] = torch.stack([w[f"b_{q}"] for q in "QKV"])
        state[f"{at}out"] = torch.stack(list(w["W_O"]), dim=2)
        state |= {f"{at}n1": w["ln1_w"], f"{at}n2": w["ln2_w"], f"{at}up": w["W_in"].T, f"{at}down": w["W_out"].T}
        state[f"{at}mask"] = torch.ones(3)
    torch.save(state, file)
    found = import_network(file, toml(file.parent, EVERYTHING))
    assert_same_weights(found.network, network)
    assert found.assumed == ()


def test_the_network_of_the_largest_of_five_answers_every_input(tmp_path: Path) -> None:
    found = import_network(public_file("zoo/max_of_five.pt"), toml(tmp_path, MAX_OF_FIVE))
    digits = torch.cartesian_prod(*[torch.arange(10)] * 5)
    words = torch.tensor([10, 0, 11, 0, 11, 0, 11, 0, 11, 0, 12]).repeat(len(digits), 1)
    words[:, 1:10:2] = digits
    right = 0
    for start in range(0, len(digits), 20_000):
        answers = found.network(words[start : start + 20_000])[:, -1].argmax(-1)
        right += int((answers == digits[start : start + 20_000].amax(1)).sum())
    assert right == 100_000


def without(text: str, line: str, instead: str = "") -> str:
    assert text.count(line) == 1
    return text.replace(line, instead)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (without(MAX_OF_FIVE, 'norm = "none"'), "missing: norm"),
        (without(MAX_OF_FIVE, 'attention = "causal"\nnorm = "none"'), "missing: norm, attention"),
        (without(MAX_OF_FIVE, '"none"', '"batch"'), "declares norm = 'batch', but scrubjay knows none, LN, RMS"),
        (without(MAX_OF_FIVE, '"none"', '"LN"\nattn_only = false'), "attn_only = False, but the file has no MLP"),
        (without(MAX_OF_FIVE, "[config]", "[config]\nn_heads = 3"), "n_heads = 3, but the weights have n_heads = 2"),
        (
            without(MAX_OF_FIVE, "[config]", "[config]\nwidth = 3"),
            "unknown keys of [config]: ['width']; the known ones",
        ),
        (without(MAX_OF_FIVE, "[config]", "[conf]"), "unknown tables: ['conf']; the known ones are config, weights"),
        (without(MAX_OF_FIVE, "W_E =", "W_e ="), "unknown weights: ['W_e']"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axis = "v d"'), "unknown entries of W_E: ['axis']"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "v e"'), "must have each of the axes d v once"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "v d d"'), "must have each of the axes d v once"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "v (dm)"'), "an axis is one of the letters v o s d h e m"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "3 v d"'), "must have an axis 3 and a part 0, 1 or 2"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "v d", part = 1'), "must have an axis 3 and a part"),
        (without(MAX_OF_FIVE, 'axes = "v d"', 'axes = "v d", part = "x"'), "the part of W_E must be 0, 1 or 2"),
        (without(MAX_OF_FIVE, '"tok_embed.weight"', '"tok_{l}"'), "W_E does not belong to a layer"),
        (without(MAX_OF_FIVE, '"tok_embed.weight"', '"tok_{h}"'), "W_E does not belong to a head"),
        (without(MAX_OF_FIVE, '"tok_embed.weight"', '"tok_{x}"'), "placeholders are {l} for the layer"),
        (without(MAX_OF_FIVE, '"tok_embed.weight"', '"tok"'), "tok is missing (it should hold W_E, axes [v d])"),
        (without(MAX_OF_FIVE, '"tok_embed.weight"', "7"), "W_E needs a key and axes, both strings"),
        (without(MAX_OF_FIVE, '{ key = "tok_embed.weight", axes = "v d" }', "3"), "W_E must be a table with a key"),
        (without(MAX_OF_FIVE, 'W_U = { key = "unembed.weight", axes = "o d" }'), "has no entry for W_U"),
        (without(MAX_OF_FIVE, '"layers.{l}.W_O.weight"', '"W_O"'), "the key of W_O has no placeholder {l}"),
        (without(MAX_OF_FIVE, 'W_pos = { key = "pos_embed.weight", axes = "s d" }'), "W_pos has no entry"),
        (MAX_OF_FIVE + 'W_in = { key = "up", axes = "m d" }', "an MLP needs entries for both W_in and W_out"),
        (MAX_OF_FIVE + 'ln1_w = { key = "n", axes = "d" }', "there is an entry for ln1_w, and none for ln_final_w"),
        (MAX_OF_FIVE + 'b_U = { key = "b", axes = "o" }', "b is missing (it should hold b_U, axes [o])"),
        (MAX_OF_FIVE + '[passed_over]\nkeys = "x"', "keys under [passed_over] must be a list of patterns, and is 'x'"),
        (without(MAX_OF_FIVE, '{ key = "unembed.weight", axes = "o d" }', "{ tied = false }"), "W_U = { tied = true }"),
        (
            without(MAX_OF_FIVE, '{ key = "unembed.weight", axes = "o d" }', "{ tied = true }"),
            "unembed.weight is unknown",
        ),
    ],
)
def test_what_is_wrong_in_a_layout_is_named(file: Path, text: str, says: str) -> None:
    torch.save(max_of_five_state(random_of(PLAIN)), file)
    with pytest.raises((BadInput, RefusedFile), match=re.escape(says)) as refused:
        import_network(file, toml(file.parent, text))
    assert "own.toml" in str(refused.value) or str(file) in str(refused.value)


def test_an_activation_must_be_declared_where_there_are_mlps(file: Path) -> None:
    network = random_of(Config(7, 3, 10, 2, 4, 9))
    state = max_of_five_state(network) | {"up.0": network.weights["W_in"], "down.0": network.weights["W_out"]}
    torch.save(state, file)
    text = MAX_OF_FIVE + 'W_in = { key = "up.{l}", axes = "d m" }\nW_out = { key = "down.{l}", axes = "m d" }\n'
    with pytest.raises(BadInput, match=r"must say under \[config\] .* missing: act_fn"):
        import_network(file, toml(file.parent, text))
    declared = import_network(file, str(file.parent / "own.toml"), {"act_fn": "gelu"})
    assert declared.network.config.act_fn == "gelu" and not declared.network.weights["b_in"].any()
    with pytest.raises(RefusedFile, match="declares norm = 'none', but the user declares norm = 'LN'"):
        import_network(file, str(file.parent / "own.toml"), {"act_fn": "gelu", "norm": "LN"})


def test_a_key_that_is_no_weight_may_not_be_passed_over_if_it_is_a_known_option(file: Path) -> None:
    torch.save(max_of_five_state(random_of(PLAIN)) | {"layers.0.rotary_sin": torch.ones(3)}, file)
    with pytest.raises(RefusedFile, match=r"has rotary positions \(layers\.0\.rotary_sin\)"):
        import_network(file, toml(file.parent, MAX_OF_FIVE + '[passed_over]\nkeys = ["*.rotary_sin"]'))


def test_files_that_are_no_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read .*missing\.toml"):
        layout_from_toml(tmp_path / "missing.toml")
    for content in (b"\xff\xfe", b"a = [", b"a = " + b"[" * 100_000):
        (tmp_path / "own.toml").write_bytes(content)
        with pytest.raises(RefusedFile, match=r"own\.toml is no TOML file"):
            layout_from_toml(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(RefusedFile, match=r"has 1048577 bytes; .* at most 1048576"):
        layout_from_toml(tmp_path / "own.toml")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["W_E", "{l}", "v d"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "axes", "part", "tied"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["config", "weights", "passed_over", "x"]),
        VALUES | st.dictionaries(st.sampled_from(["W_E", "W_U", "W_Q", "norm", "keys", "n_heads"]), VALUES, max_size=4),
    )
)
def test_whatever_a_file_holds_it_is_a_layout_or_refused(described: dict[str, object]) -> None:
    try:
        layout = layout_from_mapping(described, "own", "own.toml")
    except ScrubjayError as error:
        assert str(error).startswith("own.toml: ")
    else:
        assert {"W_E", "W_Q"} <= set(layout.weights)
