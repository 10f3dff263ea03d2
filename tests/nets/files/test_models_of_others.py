"""Files that Hugging Face and TransformerLens write compute, after the import, what their own models compute."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import import_network
from tests.nets.files.test_layouts import assert_same_weights
from tests.nets.files.written import lens_state, native_state, random_of

TOKENS = torch.cartesian_prod(*[torch.arange(7)] * 3)
DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def transformers() -> ModuleType:
    module: ModuleType = pytest.importorskip("transformers", reason="transformers is not installed")
    return module


@pytest.fixture(scope="module")
def native() -> ModuleType:
    module: ModuleType = pytest.importorskip(
        "transformer_lens.model_bridge.sources.native", reason="the extra transformer-lens is not installed"
    )
    return module


def shaken(model: Any, seed: int = 0) -> Any:
    """The model with random numbers in all weights, also in those of normalisations."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draw) / 2)
    return model.eval()


def assert_same_logits(file: Path, model: Any, **declared: object) -> Config:
    network = import_network(file, declared=declared).network
    with torch.no_grad():
        out = model(TOKENS)
        theirs: Tensor = getattr(out, "logits", out)
        torch.testing.assert_close(network(TOKENS), theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))
    return network.config


@pytest.mark.parametrize("act", ["gelu_new", "relu", "gelu", "silu"])
@pytest.mark.parametrize("tied", [True, False])
def test_a_folder_of_hugging_face_gives_the_logits_of_its_model(
    transformers: ModuleType, tmp_path: Path, act: str, tied: bool
) -> None:
    sizes = {"vocab_size": 7, "n_positions": 5, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = transformers.GPT2Config(
        **sizes, activation_function=act, tie_word_embeddings=tied, layer_norm_epsilon=1e-3
    )
    model = shaken(transformers.GPT2LMHeadModel(config))
    model.save_pretrained(tmp_path)
    found = assert_same_logits(tmp_path, model)
    assert (found.act_fn, found.n_heads, found.eps, found.norm, found.n_layers) == (act, 3, 1e-3, "LN", 2)
    imported = import_network(tmp_path)
    assert imported.assumed == () and imported.source["file"] == "model.safetensors"
    assert imported.read[0].startswith("config.json states ") and f"activation_function = '{act}'" in imported.read[0]


def test_the_other_forms_of_a_hugging_face_model(transformers: ModuleType, tmp_path: Path) -> None:
    config = transformers.GPT2Config(vocab_size=7, n_positions=5, n_embd=12, n_layer=1, n_head=2, n_inner=9)
    model = shaken(transformers.GPT2LMHeadModel(config))
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    assert assert_same_logits(tmp_path, model).d_mlp == 9
    torch.save(model.transformer.state_dict(), tmp_path / "bare.pt")
    (tmp_path / "bare.config.json").write_text(json.dumps({"n_head": 2, "activation_function": "gelu_new"}))
    assert_same_logits(tmp_path / "bare.pt", model)
    old = {f"h.{0}.attn.bias": torch.ones(1, 1, 5, 5).tril().byte(), "h.0.attn.masked_bias": torch.tensor(-1e4)}
    torch.save(model.transformer.state_dict() | old, tmp_path / "bare.pt")
    assert_same_logits(tmp_path / "bare.pt", model)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"scale_attn_weights": False}, "attention scores without a scale"),
        ({"scale_attn_by_inverse_layer_idx": True}, "so attention is scaled by the layer"),
        ({"add_cross_attention": True}, "cross-attention"),
        ({"activation_function": "tanh"}, "scrubjay supports the activations relu, gelu, gelu_new, silu"),
        ({"activation_function": "gelu_fast"}, "scrubjay supports the activations"),
    ],
)
def test_options_of_gpt2_that_change_what_it_computes_are_refused(
    transformers: ModuleType, tmp_path: Path, option: dict[str, Any], says: str
) -> None:
    config = transformers.GPT2Config(vocab_size=7, n_positions=5, n_embd=12, n_layer=2, n_head=3)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    stated = json.loads((tmp_path / "config.json").read_text())
    import_network(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(stated | option))
    with pytest.raises(RefusedFile, match=says):
        import_network(tmp_path)


def bridge(native: ModuleType, **changes: Any) -> Any:
    from transformer_lens.config import TransformerBridgeConfig

    sizes = {"d_model": 10, "d_head": 4, "n_heads": 2, "n_layers": 2, "n_ctx": 3, "d_mlp": 9, "d_vocab": 7}
    return native.boot(TransformerBridgeConfig(**{**sizes, "act_fn": "relu", "device": "cpu", **changes}))


def plain_config(model: Any) -> dict[str, Any]:
    """The config of a TransformerLens model as JSON holds it."""
    found: dict[str, Any] = json.loads(json.dumps(model.cfg.to_dict(), default=str))
    return found


@pytest.mark.parametrize("norm", [None, "LN", "LNPre", "RMS", "RMSPre"])
@pytest.mark.parametrize(
    "changes", [{}, {"act_fn": "gelu", "attention_dir": "bidirectional"}, {"attn_only": True, "d_vocab_out": 5}]
)
def test_a_bridge_with_its_config_gives_the_logits_of_the_bridge(
    native: ModuleType, tmp_path: Path, norm: str | None, changes: dict[str, Any]
) -> None:
    model = shaken(bridge(native, normalization_type=norm, eps=1e-3, **changes))
    torch.save(model.state_dict(), tmp_path / "bridge.pt")
    (tmp_path / "bridge.config.json").write_text(json.dumps(plain_config(model)))
    found = assert_same_logits(tmp_path / "bridge.pt", model)
    assert found.norm == ("none" if norm is None else norm.removesuffix("Pre")) and found.n_heads == 2


@pytest.mark.parametrize("norm", [None, "LN", "RMS"])
def test_a_hooked_transformers_file_gives_the_logits_of_transformer_lens(
    native: ModuleType, tmp_path: Path, norm: str | None
) -> None:
    """TransformerLens 4 has no HookedTransformer any more, but it converts the state dicts of one."""
    from transformer_lens.utilities.tl_checkpoint_conversion import convert_tl_checkpoint

    words = {None: "none", "LN": "LN", "RMS": "RMS"}
    config = Config(7, 3, 10, 2, 4, 9, n_layers=2, norm=words[norm], attn_biases=True, unembed_bias=True)
    network = random_of(config)
    model = bridge(native, normalization_type=norm)
    converted = convert_tl_checkpoint(lens_state(network), model.cfg)
    model.load_state_dict(converted, strict=True)
    torch.save(lens_state(network), tmp_path / "hooked.pt")
    assert_same_logits(tmp_path / "hooked.pt", model.eval())
    torch.save(converted, tmp_path / "native.pt")
    assert_same_logits(tmp_path / "native.pt", model, n_heads=2)
    assert {key: tensor.shape for key, tensor in converted.items()} == {
        key: tensor.shape for key, tensor in native_state(network).items()
    }
    assert_same_weights(import_network(tmp_path / "native.pt", declared={"n_heads": 2}).network, network)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"positional_embedding_type": "rotary"}, "the network has rotary positions"),
        ({"gated_mlp": True}, "a gated MLP"),
        ({"n_key_value_heads": 1}, "n_key_value_heads = 1 for 2 heads: the network has grouped-query"),
        ({"attn_scores_soft_cap": 30.0}, "caps its scores or logits"),
        ({"act_fn": "solu_ln"}, "supports the activations"),
        ({"normalization_type": "LN", "final_rms": True}, "the last normalisation is of another kind"),
        ({"attn_scale": 3.0}, "not divided by the square root of d_head, which is 4"),
    ],
)
def test_options_of_a_bridge_that_change_what_it_computes_are_refused(
    native: ModuleType, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    model = bridge(native, **changes)
    torch.save(model.state_dict(), tmp_path / "bridge.pt")
    (tmp_path / "bridge.config.json").write_text(json.dumps(plain_config(model)))
    with pytest.raises(RefusedFile, match=says):
        import_network(tmp_path / "bridge.pt")


@pytest.mark.parametrize("version", ["1.19.0", "2.18.0", "3.9.0"])
def test_files_of_older_releases_give_the_logits_that_they_gave(version: str) -> None:
    imported = import_network(DATA / f"hooked_transformer_{version}.pth")
    assert imported.source["layout"] == "transformer-lens"
    expected = torch.from_numpy(np.load(DATA / f"hooked_transformer_{version}.npy"))
    torch.testing.assert_close(imported.network(TOKENS), expected)
