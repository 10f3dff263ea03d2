"""Conversion to TransformerLens gives the same numbers at every hook on every input, and conversion back works."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import scrubjay
from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.nets.config import WEIGHT_AXES, Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.transformer import SITES
from scrubjay.tasks.task import Task
from tests.nets.test_transformer import random_network

ROOT = Path(__file__).parents[3]
SIZES = Config(d_vocab=7, n_ctx=3, d_model=10, n_heads=2, d_head=4, d_mlp=9)
EVERY_INPUT = torch.cartesian_prod(*[torch.arange(7)] * 3)
CLOSE = 1e-5
SILENT = {"hook_result", "hook_hidden_states", "hook_attn_in", "hook_mlp_in", *(f"hook_{q}_input" for q in "qkv")}
"""Hook points that are not called unless an option of TransformerLens is set."""


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity", ROOT / "benchmarks" / "parity.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parity"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


parity = _benchmark()


@pytest.fixture(scope="module")
def transformer_lens() -> ModuleType:
    module: ModuleType = pytest.importorskip(
        "transformer_lens.model_bridge", reason="the extra transformer-lens is not installed"
    )
    return module


@pytest.fixture(scope="module")
def bridge(transformer_lens: ModuleType, bundled: SavedNetwork) -> Any:
    return scrubjay.to_transformer_lens(bundled.network)


@pytest.fixture(scope="module")
def tokens(challenge: Task) -> Tensor:
    return challenge.domain.tokens(challenge.domain.inputs())


@pytest.fixture(scope="module")
@torch.no_grad()
def interventions(bundled: SavedNetwork, tokens: Tensor) -> Any:
    return parity.interventions(bundled.network, tokens)


@pytest.fixture(scope="module")
@torch.no_grad()
def untouched(bundled: SavedNetwork, tokens: Tensor) -> Tensor:
    """The network's answers without an intervention."""
    return torch.cat([bundled.network(some)[:, -1].argmax(-1) for some in torch.split(tokens, 1000)])


@torch.no_grad()
def test_every_hook_and_answer_is_the_same_on_all_inputs(bundled: SavedNetwork, bridge: Any, tokens: Tensor) -> None:
    found = parity.parity(bundled.network, bridge, tokens)
    assert len(found.answers) == found.same_answers == 12_769
    assert set(parity.HOOKS.values()) <= set(found.deviations) and set(parity.HOOKS) == set(SITES)
    assert {hook for hook in bridge.hook_dict if hook.rsplit(".", 1)[-1] not in SILENT} == set(found.deviations)
    assert all(deviation <= CLOSE for deviation in found.deviations.values()), found.deviations


INTERVENTIONS = ["pattern frozen to its mean", *(f"{site} of another input" for site in SITES)]


@pytest.mark.parametrize("name", INTERVENTIONS)
@torch.no_grad()
def test_an_intervention_does_the_same_in_both(
    name: str, bundled: SavedNetwork, bridge: Any, tokens: Tensor, interventions: Any, untouched: Tensor
) -> None:
    assert set(interventions) == set(INTERVENTIONS) >= set(parity.SHOWN) - {"as it is"}
    some = tokens[::13]
    found = parity.parity(bundled.network, bridge, some, interventions[name])
    assert found.same_answers == len(some)
    assert all(deviation <= CLOSE for deviation in found.deviations.values()), found.deviations
    assert float((found.answers != untouched[::13]).double().mean()) > 0.05


@pytest.mark.parametrize("site", ["resid_mid", "attn_scores"])
@torch.no_grad()
@pytest.mark.filterwarnings("ignore:A hook on attn.hook_attn_scores returned a modified tensor:UserWarning")
def test_the_layer_that_comes_with_transformer_lens_would_not_do(
    site: str, bundled: SavedNetwork, bridge: Any, tokens: Tensor, interventions: Any
) -> None:
    """Why ``lens_layer.py`` exists. Should this fail some day, that module can be deleted."""
    from transformer_lens.model_bridge.sources.native import boot

    theirs: Any = boot(bridge.cfg)
    theirs.load_state_dict(bridge.state_dict(), strict=True)
    torch.testing.assert_close(theirs(tokens[:99]), bridge(tokens[:99]))
    patch = interventions[f"{site} of another input"]
    sites = {}
    for model in (bridge, theirs):
        sites[model] = model.run_with_hooks(
            tokens[::13], fwd_hooks=[(parity.HOOKS[site], lambda value, hook: patch[1](value))]
        )
    assert float((sites[bridge] - sites[theirs]).abs().max()) > 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_there_and_back_keeps_every_weight(transformer_lens: ModuleType, dtype: torch.dtype) -> None:
    network = random_network(SIZES, dtype=dtype)
    before = torch.random.get_rng_state()
    bridge = scrubjay.to_transformer_lens(network)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert isinstance(bridge, transformer_lens.TransformerBridge)
    assert bridge.cfg.architecture == "TransformerLensNative" and bridge.cfg.normalization_type is None
    assert all(not bool(getattr(bridge, name).any()) for name in ("b_Q", "b_K", "b_V", "b_O", "b_U"))
    back = scrubjay.from_transformer_lens(bridge)
    assert back.config == SIZES and back is not network
    for name in WEIGHT_AXES:
        assert torch.equal(back.weights[name], network.weights[name]) and back.dtype == dtype
    with torch.no_grad():
        bridge.W_E.add_(1)
    assert torch.equal(network.W_E, random_network(SIZES, dtype=dtype).W_E)


def test_a_saved_network_and_its_name_are_converted_too(
    transformer_lens: ModuleType, bundled: SavedNetwork, tmp_path: Path
) -> None:
    for given in (bundled, "bundled"):
        assert torch.equal(scrubjay.to_transformer_lens(given).W_E, bundled.network.W_E)
    with pytest.raises(BadInput, match="cannot read"):
        scrubjay.to_transformer_lens(tmp_path / "missing.safetensors")


def _native(**changes: Any) -> Any:
    from transformer_lens.config import TransformerBridgeConfig
    from transformer_lens.model_bridge.sources.native import boot

    sizes = {"d_model": 10, "d_head": 4, "n_heads": 2, "n_layers": 1, "n_ctx": 3, "d_mlp": 9, "d_vocab": 7}
    words = {"act_fn": "relu", "normalization_type": None, "architecture": "TransformerLensNative", "seed": 0}
    return boot(TransformerBridgeConfig(**{**sizes, **words, **changes}))


def test_transformer_lenss_own_native_models_are_read(transformer_lens: ModuleType) -> None:
    model = _native()
    network = scrubjay.from_transformer_lens(model)
    with torch.no_grad():
        torch.testing.assert_close(network(EVERY_INPUT), model(EVERY_INPUT))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: _native(n_layers=2), "n_layers is 2, not 1"),
        (lambda: _native(act_fn="gelu"), "act_fn is 'gelu', not 'relu'"),
        (lambda: _native(normalization_type="LN"), "normalization_type is 'LN', not None"),
        (lambda: _native(attention_dir="bidirectional"), "attention_dir is 'bidirectional'"),
        (lambda: _native(attn_only=True, act_fn="relu"), r"it has no W_in, .*b_out|attn_only is True"),
        (lambda: _native(attn_scores_soft_cap=1e-3), "does not compute what its weights give .* its logits differ by"),
        (lambda: _with_bias("b_V"), r"blocks\.0\.attn\.b_V is not zero: the architecture has no attention biases"),
        (lambda: _with_bias("b_U"), r"unembed\.b_U is not zero: the architecture has no unembedding bias"),
        (lambda: torch.nn.Linear(2, 2), "the Linear is not a TransformerLens model .* no cfg, W_E"),
    ],
)
def test_another_architecture_is_refused(transformer_lens: ModuleType, make: Callable[[], Any], says: str) -> None:
    with pytest.raises(RefusedFile, match=says):
        scrubjay.from_transformer_lens(make())


def _with_bias(name: str) -> Any:
    model = _native()
    getattr(model.unembed if name == "b_U" else model.blocks[0].attn, name).data[..., 0] = 0.5
    return model


def test_without_transformer_lens_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformer_lens.config", None)
    with pytest.raises(UsageError, match=r"pip install 'scrubjay\[transformer-lens\]'"):
        scrubjay.to_transformer_lens(random_network(SIZES))


@pytest.mark.parametrize("version", ["1.19.0", "2.18.0", "3.9.0"])
def test_files_of_older_releases_are_read_and_compute_what_they_computed(version: str) -> None:
    stem = ROOT / "tests" / "data" / f"hooked_transformer_{version}"
    network, source = import_network(Path(f"{stem}.pth"))
    assert source["layout"] == "transformer-lens" and network.config == SIZES
    with torch.no_grad():
        torch.testing.assert_close(network(EVERY_INPUT), torch.from_numpy(np.load(f"{stem}.npy")))


def test_a_bridges_state_dict_is_refused_with_the_way_to_read_it(transformer_lens: ModuleType, tmp_path: Path) -> None:
    bridge: Any = scrubjay.to_transformer_lens(random_network(SIZES))
    torch.save(bridge.state_dict(), tmp_path / "bridge.pth")
    with pytest.raises(RefusedFile, match=r"does not say how many heads.*scrubjay\.from_transformer_lens"):
        import_network(tmp_path / "bridge.pth")
