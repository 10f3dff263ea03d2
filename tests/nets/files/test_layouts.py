"""Other programs' layouts, with state dicts written by hand: read exactly, or refused with a list of all faults."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import Imported, import_network, save_network
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.files.settling import HeadsNotStated
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from tests.nets.files.written import (
    State,
    gpt2_state,
    lens_state,
    nanogpt_state,
    native_state,
    neel_state,
    random_of,
)

SIZES = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9)
ATTN, MLP = "blocks.0.attn", "blocks.0.mlp"

challenge_state = neel_state


def transformer_lens_state(network: Transformer, zero_biases: bool) -> State:
    """The state dict of a HookedTransformer without normalisations, with or without the biases, which are zero."""
    state = lens_state(network, buffers=zero_biases)
    return {key: weight for key, weight in state.items() if zero_biases or not key.endswith(tuple(_ZERO))}


_ZERO = ("attn.b_Q", "attn.b_K", "attn.b_V", "attn.b_O", "unembed.b_U")


def challenge_forward(w: State, tokens: Tensor) -> Tensor:
    """The logits as the original code computes them from its own tensors, with its own einsum letters."""
    x = torch.einsum("dbp->bpd", w["embed.W_E"][:, tokens]) + w["pos_embed.W_pos"]
    k, q, v = (torch.einsum("ihd,bpd->biph", w[f"{ATTN}.W_{name}"], x) for name in "KQV")
    scores = torch.einsum("biph,biqh->biqp", k, q) / k.shape[-1] ** 0.5
    pattern = scores.masked_fill(w[f"{ATTN}.mask"] == 0, -1e10).softmax(-1)
    z = torch.einsum("biph,biqp->biqh", v, pattern)
    x = x + torch.einsum("df,bqf->bqd", w[f"{ATTN}.W_O"], torch.einsum("biqh->bqih", z).flatten(2))
    hidden = torch.relu(torch.einsum("md,bpd->bpm", w[f"{MLP}.W_in"], x) + w[f"{MLP}.b_in"])
    x = x + torch.einsum("dm,bpm->bpd", w[f"{MLP}.W_out"], hidden) + w[f"{MLP}.b_out"]
    return x @ w["unembed.W_U"]


def imported(path: Path, content: Any, layout: str = "auto", **declared: object) -> Imported:
    torch.save(content, path)
    return import_network(path, layout, declared)


def assert_same_weights(found: Transformer, expected: Transformer) -> None:
    assert found.config == expected.config
    assert found.weights.keys() == expected.weights.keys()
    for name in expected.weights:
        have, want = found.weights[name], expected.weights[name]
        assert have.dtype == want.dtype and torch.equal(have, want), name


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "other.pth"


@pytest.fixture
def challenge_weights() -> State:
    return challenge_state(random_of(SIZES))


@pytest.mark.parametrize("layout", ["auto", "challenge", "neel"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_challenge_layout_is_read_exactly(file: Path, layout: str, dtype: torch.dtype) -> None:
    network = random_of(SIZES, dtype=dtype)
    found = imported(file, challenge_state(network), layout)
    assert_same_weights(found.network, network)
    assert found.source["layout"] == "neel" and found.source["file"] == "other.pth"


@pytest.mark.parametrize("layout", ["auto", "transformer-lens"])
@pytest.mark.parametrize("zero_biases", [True, False])
def test_the_transformer_lens_layout_is_read_exactly(file: Path, layout: str, zero_biases: bool) -> None:
    network = random_of(SIZES)
    found = imported(file, transformer_lens_state(network, zero_biases), layout)
    assert_same_weights(found.network, network)
    assert found.source["layout"] == "transformer-lens"


def test_layouts_are_told_apart_where_every_axis_has_one_size(file: Path) -> None:
    network = random_of(Config(4, 4, 4, 1, 4, 4))
    for state, layout in (
        (challenge_state(network), "neel"),
        (transformer_lens_state(network, False), "transformer-lens"),
    ):
        found = imported(file, state)
        assert found.source["layout"] == layout
        assert_same_weights(found.network, network)


def test_an_imported_network_computes_what_the_original_code_computes(file: Path, challenge_weights: State) -> None:
    tokens = torch.cartesian_prod(torch.arange(7), torch.arange(7), torch.tensor([6, 2]))
    found = imported(file, challenge_weights).network
    torch.testing.assert_close(found(tokens), challenge_forward(challenge_weights, tokens))


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_state_dict"])
def test_weights_are_found_inside_a_training_checkpoint(file: Path, challenge_weights: State, wrapper: str) -> None:
    content = {
        wrapper: challenge_weights,
        "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-3}]},
        "train_losses": [2.5, 1.25],
        "train_loss": torch.tensor(1.25),
        "epoch": 3,
        "config": {"lr": 1e-3, "fn_name": "add", "d_model": 10, "stopping_thresh": -1},
    }
    found = imported(file, content).network
    assert_same_weights(found, random_of(SIZES))


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_widened_without_loss(file: Path, challenge_weights: State, half: torch.dtype) -> None:
    halved = {key: weight.to(half) for key, weight in challenge_weights.items()}
    found = imported(file, halved).network
    assert found.dtype == torch.float32
    assert torch.equal(found.W_E.to(half), halved["embed.W_E"].T)


def test_a_layout_that_there_is_not_is_refused(file: Path, challenge_weights: State) -> None:
    with pytest.raises(BadInput, match="no layout 'haiku'; the layouts are auto, pizza, neel, transformer-lens"):
        imported(file, challenge_weights, "haiku")


DEEP = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9, n_layers=2)


def deep(norm: str = "none", **changes: Any) -> Transformer:
    return random_of(replace(DEEP, norm=norm, **changes))


def gpt2_like(**changes: Any) -> Transformer:
    """A network of two layers as GPT-2 has them."""
    changes = {"d_head": 5, "act_fn": "gelu_new", "attn_biases": True, **changes}
    return deep("LN", **changes)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("prefix", ["transformer.", ""])
def test_two_layers_of_gpt2_are_read_exactly(file: Path, tied: bool, prefix: str) -> None:
    network = gpt2_like()
    if tied:
        network.set_weights({"W_U": network.W_E.T})
    found = imported(file, gpt2_state(network, prefix, tied), n_heads=2)
    assert_same_weights(found.network, network)
    assert found.source["layout"] == "gpt2"
    assert any("is the transposed embedding" in sentence for sentence in found.read) == tied


@pytest.mark.parametrize("tied", [False, True])
def test_two_layers_of_nanogpt_are_read_exactly(file: Path, tied: bool) -> None:
    network = gpt2_like(act_fn="gelu")
    if tied:
        network.set_weights({"W_U": network.W_E.T})
    arguments = {
        "n_layer": 2,
        "n_head": 2,
        "n_embd": 10,
        "block_size": 3,
        "bias": True,
        "vocab_size": 7,
        "dropout": 0.0,
    }
    wrapped = {f"_orig_mod.{key}": weight for key, weight in nanogpt_state(network, tied).items()}
    found = imported(file, {"model": wrapped, "model_args": arguments, "config": {"eval_only": False}, "iter_num": 9})
    assert_same_weights(found.network, network)
    assert found.source["layout"] == "nanogpt" and "n_head = 2" in found.read[0]


def test_a_nanogpt_without_biases_has_none_in_attention_and_zeros_elsewhere(file: Path) -> None:
    state = {key: weight for key, weight in nanogpt_state(gpt2_like()).items() if not key.endswith(".bias")}
    found = imported(file, state, "nanogpt", n_heads=2).network
    assert not found.config.attn_biases and not any(found.weights[f"blocks.1.{b}"].any() for b in ("b_in", "ln1_b"))


@pytest.mark.parametrize("norm", ["none", "LN", "RMS"])
@pytest.mark.parametrize("attn_only", [False, True])
@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("write", [lens_state, native_state])
def test_two_layers_of_transformer_lens_are_read_exactly(
    file: Path, norm: str, attn_only: bool, biases: bool, write: Callable[[Transformer], State]
) -> None:
    changes = {"attn_only": True, "d_mlp": 0} if attn_only else {}
    network = deep(norm, attn_biases=biases, unembed_bias=biases, d_vocab_out=5, **changes)
    heads: dict[str, Any] = {"n_heads": 2} if write is native_state else {}
    found = imported(file, write(network), **heads)
    assert_same_weights(found.network, network)
    assert found.source["layout"] == ("transformer-lens" if write is lens_state else "transformer-lens-native")


def test_two_layers_of_neels_layout_are_read_exactly(file: Path) -> None:
    network = deep()
    assert_same_weights(imported(file, neel_state(network)).network, network)


@pytest.mark.parametrize(("stated", "norm"), [("LNPre", "LN"), ("RMSPre", "RMS")])
@pytest.mark.parametrize("write", [lens_state, native_state])
def test_folded_normalisations_have_weights_of_one(
    file: Path, stated: str, norm: str, write: Callable[[Transformer], State]
) -> None:
    network = deep()
    content = {"model": write(network), "cfg": {"normalization_type": stated, "n_heads": 2, "eps": 1e-4}}
    found = imported(file, content)
    assert (found.network.config.norm, found.network.config.eps) == (norm, 1e-4)
    assert bool((found.network.weights["blocks.1.ln2_w"] == 1).all())
    assert any("The file has no weights of the normalisations" in sentence for sentence in found.read)
    assert torch.equal(found.network.weights["blocks.1.W_in"], network.weights["blocks.1.W_in"])


def test_zero_biases_are_left_out_and_others_are_kept(file: Path) -> None:
    state = lens_state(random_of(SIZES))
    assert not imported(file, state).network.config.attn_biases
    state[f"{ATTN}.b_V"][0, 0] = 0.5
    kept = imported(file, state).network
    assert kept.config.attn_biases and not kept.config.unembed_bias
    assert float(kept.weights["b_V"].sum()) == float(kept.weights["b_V"][0, 0]) == 0.5
    del state[f"{ATTN}.b_Q"]
    assert not imported(file, state).network.weights["b_Q"].any()


def test_copies_of_the_embedding_must_be_copies(file: Path) -> None:
    state = lens_state(random_of(SIZES))
    state |= {"x_embed": state["embed.W_E"].clone(), "y_embed": state["embed.W_E"].clone()}
    assert_same_weights(imported(file, state).network, random_of(SIZES))
    state["y_embed"][0, 0] += 1
    with pytest.raises(RefusedFile, match="has y_embed, which differs from"):
        imported(file, state)


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({"blocks.0.attn.rotary_sin": torch.ones(3, 4)}, "has rotary positions (blocks.0.attn.rotary_sin)"),
        ({"blocks.0.mlp.W_gate": torch.ones(10, 9)}, "has a gated MLP (blocks.0.mlp.W_gate)"),
        ({"blocks.0.attn._W_K": torch.ones(1, 10, 4)}, "has grouped-query attention"),
        ({"blocks.0.mlp.experts.0.W_in": torch.ones(10, 9)}, "has a mixture of experts"),
        ({"blocks.0.mlp.ln.w": torch.ones(9)}, "has a normalisation inside the MLP"),
        ({f"{ATTN}.mask": torch.ones(3, 3).tril() - torch.ones(3, 3).tril(-2)}, "is not the lower triangle of causal"),
        ({f"{ATTN}.mask": torch.ones(3, 3)}, "that hides nothing, and attention is not known to be causal; declare"),
        ({"blocks.2.mlp.b_in": torch.ones(9)}, "blocks.2.mlp.b_in belongs to layer 2, but there is no layer 1"),
        ({"blocks.99999999.mlp.b_in": torch.ones(9)}, "blocks.99999999.mlp.b_in is unknown"),
        ({"blocks.0.ln1.w": torch.ones(10)}, "ln_final.w is missing"),
    ],
)
def test_another_architecture_is_refused(file: Path, further: State, message: str) -> None:
    state = transformer_lens_state(random_of(SIZES), zero_biases=True) | further
    with pytest.raises(RefusedFile, match=re.escape(message)):
        imported(file, state)


def test_a_mask_that_hides_nothing_may_be_declared(file: Path) -> None:
    state = lens_state(random_of(SIZES)) | {f"{ATTN}.mask": torch.ones(3, 3)}
    assert imported(file, state, attention="bidirectional").network.config.attention == "bidirectional"


def test_a_second_layer_must_be_whole(file: Path) -> None:
    state = lens_state(deep())
    del state["blocks.1.attn.W_K"]
    with pytest.raises(RefusedFile, match=r"blocks\.1\.attn\.W_K is missing \(it should hold W_K, axes \[h d e\]\)"):
        imported(file, state)


def test_without_a_number_of_heads_the_possible_ones_are_listed(file: Path) -> None:
    with pytest.raises(
        HeadsNotStated, match=r"8 wide together, so there may be 1, 2, 4 or 8; .* --set n_heads=4"
    ) as refused:
        imported(file, native_state(random_of(SIZES)))
    assert refused.value.possible == (1, 2, 4, 8)
    by_width = imported(file, native_state(random_of(SIZES)), d_head=4)
    assert_same_weights(by_width.network, random_of(SIZES))


def test_a_network_without_positions_must_be_declared(file: Path) -> None:
    network = random_of(replace(SIZES, positions=False))
    with pytest.raises(RefusedFile, match=r"pos_embed\.W_pos is missing"):
        imported(file, lens_state(network, buffers=False))
    with pytest.raises(RefusedFile, match="declare positions = false and n_ctx"):
        imported(file, lens_state(network, buffers=False), positions=False)
    found = imported(file, lens_state(network, buffers=False), positions=False, n_ctx=3)
    assert_same_weights(found.network, network)
    with pytest.raises(RefusedFile, match="declares positions = False, but the file has positional embeddings"):
        imported(file, lens_state(random_of(SIZES)), positions=False, n_ctx=3)


def test_what_nothing_states_is_assumed_and_said(file: Path) -> None:
    found = imported(file, lens_state(deep("LN")), act_fn="gelu")
    assert [sentence.split(" is ")[0] for sentence in found.assumed] == ["attention = causal", "eps = 1e-05"]
    assert "The user declares act_fn = 'gelu'." in found.read
    pizza = imported(file, neel_state(random_of(SIZES)))
    fields = ["attention = causal", "act_fn = relu", "attn_coeff = 1"]
    assert [sentence.split(" is ")[0] for sentence in pizza.assumed] == fields


def test_a_file_of_another_program_is_told_how_to_describe_it(file: Path) -> None:
    with pytest.raises(RefusedFile, match=r"is in none of scrubjay's layouts .* with --layout FILE\.toml"):
        imported(file, {"wte": torch.ones(3, 2), "head": torch.ones(2, 3)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{MLP}.b_in": None}, f"{MLP}.b_in is missing (it should hold b_in, axes [m])"),
        ({"head.W": torch.ones(2, 5)}, "head.W is unknown, of shape (2, 5)"),
        ({f"{MLP}.W_in": torch.ones(10, 9)}, f"{MLP}.W_in has the shape (10, 9); expected (9, 10)"),
        ({f"{MLP}.W_in": torch.ones(10, 9)}, "it looks transposed"),
        ({f"{ATTN}.W_K": torch.ones(2, 10, 4)}, "it looks transposed"),
        ({f"{ATTN}.W_O": torch.ones(10, 9)}, f"{ATTN}.W_O has the shape (10, 9); expected (10, 8)"),
        ({f"{ATTN}.W_Q": torch.ones(3, 4, 10)}, f"{ATTN}.W_Q has the shape (3, 4, 10); expected (2, 4, 10)"),
        ({f"{ATTN}.W_V": torch.ones(8, 10)}, f"{ATTN}.W_V has 2 axes, shape (8, 10); expected [h e d]"),
        ({"embed.W_E": torch.ones(10, 7, dtype=torch.float64)}, "of the types torch.float32, torch.float64"),
        ({"embed.W_E": torch.ones(10, 7, dtype=torch.int64)}, "of the types torch.float32, torch.int64"),
    ],
)
def test_each_fault_is_named(
    file: Path, challenge_weights: State, changes: dict[str, Tensor | None], message: str
) -> None:
    state = {key: weight for key, weight in (challenge_weights | changes).items() if weight is not None}
    with pytest.raises(RefusedFile, match=re.escape(message)) as refused:
        imported(file, state)
    assert str(file) in str(refused.value) and str(refused.value).count("\n") == 1


def test_all_faults_are_listed_at_once(file: Path, challenge_weights: State) -> None:
    del challenge_weights["unembed.W_U"]
    challenge_weights |= {
        "head.W": torch.ones(1),
        "tail.W": torch.ones(1),
        f"{MLP}.W_out": challenge_weights[f"{MLP}.W_out"].T.clone(),
        f"{MLP}.b_out": torch.ones(10, dtype=torch.float64),
        f"{ATTN}.W_O": torch.ones(10, 9),
    }
    with pytest.raises(RefusedFile) as refused:
        imported(file, challenge_weights)
    first, *faults = str(refused.value).splitlines()
    assert "does not fit the layout 'neel'" in first
    expected = [
        "unembed.W_U is missing",
        "head.W is unknown",
        "tail.W is unknown",
        "the weights are of the types",
        f"{ATTN}.W_O has the shape",
        f"{MLP}.W_out has the shape",
    ]
    assert [fault.strip()[: len(start)] for fault, start in zip(faults, expected, strict=True)] == expected


def test_weights_of_whole_numbers_are_refused(file: Path, challenge_weights: State) -> None:
    with pytest.raises(RefusedFile, match=r"of the types torch\.int32; they must all be float32 or all be float64"):
        imported(file, {key: weight.int() for key, weight in challenge_weights.items()})


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers_are_named(file: Path, challenge_weights: State, value: float) -> None:
    challenge_weights[f"{ATTN}.W_V"][1, 2, 3] = value
    challenge_weights[f"{MLP}.b_out"][0] = value
    with pytest.raises(BadInput, match=r"NaN or infinity in W_V, b_out; such a network has no answers"):
        imported(file, challenge_weights)


@torch.no_grad()
def assert_adds_modulo_113(network: Transformer) -> None:
    domain = Domain.square(113, last=113)
    tables, right = Tables.of(network, domain), 0
    for inputs in domain.chunks(2000):
        choices = domain.choices(inputs)
        logits = AfterAttention.of(network, tables.resid_mid(choices, tables.pattern(choices))).logits
        right += int((logits.argmax(-1) == choices[:, :2].sum(1) % 113).sum())
    assert right == 12_769


def test_the_public_checkpoint_answers_every_sum_before_and_after_saving(real_checkpoint: Path, tmp_path: Path) -> None:
    found = import_network(real_checkpoint)
    network, source = found.network, found.source
    assert network.config == Config(d_vocab=114, n_ctx=3, d_model=128, n_heads=4, d_head=32, d_mlp=512)
    assert_adds_modulo_113(network)
    path = tmp_path / "sums.safetensors"
    save_network(path, network, task="modular_addition:p=113", source=source)
    again = load_network(path)
    assert_same_weights(again.network, network)
    assert_adds_modulo_113(again.network)
    assert again.manifest["source"] == source and again.task == "modular_addition:p=113"
