"""Other programs' layouts, with state dicts written by hand: read exactly, or refused with a list of all faults."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.config import WEIGHT_AXES, Config
from scrubjay.nets.files.checkpoint import import_network, save_network
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.domain import Domain
from tests.nets.test_transformer import random_network

SIZES = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9)
ATTN, MLP = "blocks.0.attn", "blocks.0.mlp"

State = dict[str, Tensor]


def challenge_state(network: OneLayerTransformer) -> State:
    heads = range(network.config.n_heads)
    return {
        "embed.W_E": torch.stack(list(network.W_E), dim=1),
        "pos_embed.W_pos": network.W_pos.clone(),
        **{f"{ATTN}.W_{q}": torch.stack([getattr(network, f"W_{q}")[h].T for h in heads]) for q in "KQV"},
        f"{ATTN}.W_O": torch.cat([network.W_O[h].T for h in heads], dim=1),
        f"{MLP}.W_in": network.W_in.T.clone(),
        f"{MLP}.b_in": network.b_in.clone(),
        f"{MLP}.W_out": network.W_out.T.clone(),
        f"{MLP}.b_out": network.b_out.clone(),
        "unembed.W_U": network.W_U.clone(),
        f"{ATTN}.mask": torch.ones(3, 3).tril(),
    }


def transformer_lens_state(network: OneLayerTransformer, zero_biases: bool) -> State:
    c = network.config
    state = {
        "embed.W_E": network.W_E,
        "pos_embed.W_pos": network.W_pos,
        **{f"{ATTN}.W_{q}": getattr(network, f"W_{q}") for q in "KQVO"},
        **{f"{MLP}.{name}": getattr(network, name) for name in ("W_in", "b_in", "W_out", "b_out")},
        "unembed.W_U": network.W_U,
    }
    if zero_biases:
        state |= {f"{ATTN}.b_{q}": torch.zeros(c.n_heads, c.d_head) for q in "KQV"}
        state |= {f"{ATTN}.b_O": torch.zeros(c.d_model), "unembed.b_U": torch.zeros(c.d_vocab)}
        state |= {f"{ATTN}.mask": torch.ones(3, 3).tril().bool(), f"{ATTN}.IGNORE": torch.tensor(-torch.inf)}
    return {key: weight.clone() for key, weight in state.items()}


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


def imported(path: Path, content: Any, layout: str = "auto") -> tuple[OneLayerTransformer, dict[str, str]]:
    torch.save(content, path)
    return import_network(path, layout)


def assert_same_weights(found: OneLayerTransformer, expected: OneLayerTransformer) -> None:
    assert found.config == expected.config
    for name in WEIGHT_AXES:
        have, want = found.weights[name], expected.weights[name]
        assert have.dtype == want.dtype and torch.equal(have, want), name


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "other.pth"


@pytest.fixture
def challenge_weights() -> State:
    return challenge_state(random_network(SIZES))


@pytest.mark.parametrize("layout", ["auto", "challenge"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_challenge_layout_is_read_exactly(file: Path, layout: str, dtype: torch.dtype) -> None:
    network = random_network(SIZES, dtype=dtype)
    found, source = imported(file, challenge_state(network), layout)
    assert_same_weights(found, network)
    assert source["layout"] == "challenge" and source["file"] == "other.pth"


@pytest.mark.parametrize("layout", ["auto", "transformer-lens"])
@pytest.mark.parametrize("zero_biases", [True, False])
def test_the_transformer_lens_layout_is_read_exactly(file: Path, layout: str, zero_biases: bool) -> None:
    network = random_network(SIZES)
    found, source = imported(file, transformer_lens_state(network, zero_biases), layout)
    assert_same_weights(found, network)
    assert source["layout"] == "transformer-lens"


def test_layouts_are_told_apart_where_every_axis_has_one_size(file: Path) -> None:
    network = random_network(Config(4, 4, 4, 1, 4, 4))
    for state, layout in (
        (challenge_state(network) | {f"{ATTN}.mask": torch.ones(4, 4)}, "challenge"),
        (transformer_lens_state(network, False), "transformer-lens"),
    ):
        found, source = imported(file, state)
        assert source["layout"] == layout
        assert_same_weights(found, network)


def test_an_imported_network_computes_what_the_original_code_computes(file: Path, challenge_weights: State) -> None:
    tokens = torch.cartesian_prod(torch.arange(7), torch.arange(7), torch.tensor([6, 2]))
    found, _ = imported(file, challenge_weights)
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
    found, _ = imported(file, content)
    assert_same_weights(found, random_network(SIZES))


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_widened_without_loss(file: Path, challenge_weights: State, half: torch.dtype) -> None:
    halved = {key: weight.to(half) for key, weight in challenge_weights.items()}
    found, _ = imported(file, halved)
    assert found.dtype == torch.float32
    assert torch.equal(found.W_E.to(half), halved["embed.W_E"].T)


def test_a_layout_that_there_is_not_is_refused(file: Path, challenge_weights: State) -> None:
    with pytest.raises(BadInput, match="no layout 'haiku'; the layouts are auto, challenge, transformer-lens"):
        imported(file, challenge_weights, "haiku")


@pytest.mark.parametrize(
    ("further", "message"),
    [
        (
            {"blocks.0.ln1.w": torch.ones(10), "ln_final.b": torch.zeros(10)},
            "has LayerNorm (blocks.0.ln1.w, ln_final.b)",
        ),
        ({"blocks.1.mlp.b_in": torch.ones(9)}, "has 2 layers"),
        ({f"{ATTN}.b_Q": torch.full((2, 4), 0.1)}, f"{ATTN}.b_Q is not zero: the architecture has no attention biases"),
        ({f"{ATTN}.b_O": torch.ones(10)}, f"{ATTN}.b_O is not zero: the architecture has no attention biases"),
        ({f"{ATTN}.b_V": torch.full((2, 4), torch.nan)}, f"{ATTN}.b_V is not zero"),
        ({"unembed.b_U": -torch.ones(7)}, "unembed.b_U is not zero: the architecture has no unembedding bias"),
    ],
)
def test_another_architecture_is_refused(file: Path, further: State, message: str) -> None:
    state = transformer_lens_state(random_network(SIZES), zero_biases=True) | further
    with pytest.raises(RefusedFile, match=re.escape(message)):
        imported(file, state)


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
    assert "does not fit the layout 'challenge'" in first
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
def assert_adds_modulo_113(network: OneLayerTransformer) -> None:
    domain = Domain.square(113, last=113)
    tables, right = Tables.of(network, domain), 0
    for inputs in domain.chunks(2000):
        choices = domain.choices(inputs)
        logits = AfterAttention.of(network, tables.resid_mid(choices, tables.pattern(choices))).logits
        right += int((logits.argmax(-1) == choices[:, :2].sum(1) % 113).sum())
    assert right == 12_769


def test_the_public_checkpoint_answers_every_sum_before_and_after_saving(real_checkpoint: Path, tmp_path: Path) -> None:
    network, source = import_network(real_checkpoint)
    assert network.config == Config(d_vocab=114, n_ctx=3, d_model=128, n_heads=4, d_head=32, d_mlp=512)
    assert_adds_modulo_113(network)
    path = tmp_path / "sums.safetensors"
    save_network(path, network, task="modular_addition:p=113", source=source)
    again = load_network(path)
    assert_same_weights(again.network, network)
    assert_adds_modulo_113(again.network)
    assert again.manifest["source"] == source and again.task == "modular_addition:p=113"
