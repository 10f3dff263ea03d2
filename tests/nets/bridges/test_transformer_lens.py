"""Conversion to TransformerLens gives the same numbers at every hook on every input, and conversion back works."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import scrubjay
from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.files.given import as_saved
from scrubjay.nets.transformer import SITES, Transformer
from scrubjay.tasks.task import Task
from tests.nets.test_transformer import random_network, recorded

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
    assert set(parity.HOOKS.values()) <= set(found.deviations) and set(parity.HOOKS) == {*SITES, "logits"}
    assert {hook for hook in bridge.hook_dict if hook.rsplit(".", 1)[-1] not in SILENT} == set(found.deviations)
    assert all(deviation <= CLOSE for deviation in found.deviations.values()), found.deviations


INTERVENTIONS = ["pattern frozen to its mean", *(f"{site} of another input" for site in (*SITES, "logits"))]


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


ARCHITECTURES = [
    SIZES,
    replace(SIZES, n_layers=2, norm="LN", act_fn="gelu", attn_biases=True, unembed_bias=True, eps=1e-2),
    replace(SIZES, n_layers=3, norm="RMS", act_fn="silu", attention="bidirectional", attn_biases=True),
    replace(SIZES, n_layers=2, norm="none", act_fn="gelu_new", d_vocab_out=4, unembed_bias=True),
    replace(SIZES, n_layers=2, norm="LN", attn_only=True, d_mlp=0, attn_biases=True, attention="bidirectional"),
    replace(SIZES, n_layers=1, norm="none", attn_only=True, d_mlp=0, d_vocab_out=3),
]
IN_WORDS = [config.in_words for config in ARCHITECTURES]


def hook_of(site: str) -> str:
    """The hook of our bridge at one of our sites, which may be in any layer."""
    layer, _, own = site.rpartition(".")
    names = {name: hook.removeprefix("blocks.0.") for name, hook in parity.HOOKS.items()}
    return f"{layer}.{names[own]}" if layer else names[own]


@pytest.mark.parametrize("config", ARCHITECTURES, ids=IN_WORDS)
@pytest.mark.filterwarnings("error")
@torch.no_grad()
def test_an_intervention_at_any_site_of_any_layer_has_the_same_effect_everywhere(
    transformer_lens: ModuleType, config: Config
) -> None:
    network = random_network(config, dtype=torch.float64)
    bridge = scrubjay.to_transformer_lens(network)
    some = EVERY_INPUT[::17]
    sites = list(recorded(network, some))
    close = 1e-6 if config.norm == "RMS" else 1e-12  # their RMSNorm computes in float32
    untouched = network(some)
    for patched in [None, *sites]:

        def change(value: Tensor, patched: str | None = patched) -> Tensor:
            return value * 0.5 if patched is not None and patched.endswith("attn_scores") else value.roll(2, 0)

        ours = recorded(network, some, {} if patched is None else {patched: change})
        hooks = [] if patched is None else [(hook_of(patched), lambda value, hook, change=change: change(value))]
        with bridge.hooks(fwd_hooks=hooks):
            logits, cache = bridge.run_with_cache(some)
        for name, value in ours.items():
            theirs = cache[hook_of(name)]
            assert torch.equal(value == -torch.inf, theirs == -torch.inf)
            seen = value != -torch.inf
            apart = float((value - theirs)[seen].abs().max() / value[seen].abs().max())
            assert apart <= close, (patched, name, apart)
        assert torch.equal(logits, cache["unembed.hook_out"])
        assert patched is None or float((logits - untouched).abs().max()) > 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("config", ARCHITECTURES, ids=IN_WORDS)
def test_there_and_back_keeps_every_weight(transformer_lens: ModuleType, config: Config, dtype: torch.dtype) -> None:
    network = random_network(config, dtype=dtype)
    before = torch.random.get_rng_state()
    bridge = scrubjay.to_transformer_lens(network)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert isinstance(bridge, transformer_lens.TransformerBridge) and not bridge.training
    assert bridge.cfg.architecture == "TransformerLensNative" and bridge.cfg.d_vocab_out == config.d_vocab_out
    if not config.attn_biases:
        assert all(not bool(getattr(bridge, name).any()) for name in ("b_Q", "b_K", "b_V", "b_O"))
    back = scrubjay.from_transformer_lens(bridge)
    assert back.config == config and back is not network and back.dtype == dtype
    for name in config.weight_axes:
        assert torch.equal(back.weights[name], network.weights[name]), name
    with torch.no_grad():
        bridge.embed.weight.add_(1)
        bridge.blocks[0].attn.q.weight.add_(1)
    assert torch.equal(network.W_E, random_network(config, dtype=dtype).W_E) and torch.equal(back.W_E, network.W_E)


def test_a_network_without_positions_gets_zeros_there(transformer_lens: ModuleType) -> None:
    network = random_network(replace(SIZES, positions=False))
    bridge = scrubjay.to_transformer_lens(network)
    assert not bool(bridge.W_pos.any())
    torch.testing.assert_close(bridge(EVERY_INPUT), network(EVERY_INPUT))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            replace(SIZES, attn_coeff=0.25),
            r"attention is 0\.25 softmax \+ 0\.75, but attention in TransformerLens is al",
        ),
        (replace(SIZES, d_mlp=0), "MLPs have no neurons and add only a bias"),
    ],
)
def test_what_its_layer_does_not_have_is_refused(config: Config, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        scrubjay.to_transformer_lens(random_network(config))


def test_a_saved_network_and_its_name_are_converted_too(
    transformer_lens: ModuleType, bundled: SavedNetwork, tmp_path: Path
) -> None:
    for given in (bundled, "bundled"):
        assert torch.equal(scrubjay.to_transformer_lens(given).W_E, bundled.network.W_E)
    with pytest.raises(BadInput, match="cannot read"):
        scrubjay.to_transformer_lens(tmp_path / "missing.safetensors")


def _native(**changes: Any) -> Any:
    """A model of TransformerLens's own layers, whose weights and biases are all random."""
    from transformer_lens.config import TransformerBridgeConfig
    from transformer_lens.model_bridge.sources.native import boot

    sizes = {"d_model": 10, "d_head": 4, "n_heads": 2, "n_layers": 1, "n_ctx": 3, "d_mlp": 9, "d_vocab": 7}
    words = {"act_fn": "relu", "normalization_type": None, "architecture": "TransformerLensNative", "seed": 0}
    model = boot(TransformerBridgeConfig(**{**sizes, **words, **changes}))
    draw = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        weight.data = 0.3 * torch.randn(weight.shape, generator=draw) + (".ln" in f".{name}" and "weight" in name)
    return model


@pytest.mark.parametrize("norm", [None, "LN", "LNPre", "RMS", "RMSPre"])
@pytest.mark.parametrize(
    "changes",
    [
        {"n_layers": 3, "act_fn": "gelu"},
        {"act_fn": "gelu_new", "attention_dir": "bidirectional", "d_vocab_out": 3, "eps": 0.1},
        {"n_layers": 2, "act_fn": "swish", "attn_scale": 2.0, "n_key_value_heads": 2, "num_experts": 0},
        {"n_layers": 2, "attn_only": True, "act_fn": "solu"},
    ],
)
@torch.no_grad()
def test_transformer_lenss_own_models_are_read(
    transformer_lens: ModuleType, norm: str | None, changes: dict[str, Any]
) -> None:
    model = _native(normalization_type=norm, **changes)
    model.unembed.b_U[1] = 0.5
    network = scrubjay.from_transformer_lens(model)
    theirs = model(EVERY_INPUT)
    torch.testing.assert_close(network(EVERY_INPUT), theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))
    c = network.config
    assert (c.n_layers, c.norm[:2]) == (changes.get("n_layers", 1), "no" if norm is None else norm[:2])
    assert c.attn_biases and c.unembed_bias and c.attn_only == changes.get("attn_only", False)
    assert not network.W_E.requires_grad and all(module.training for module in model.modules())


@pytest.mark.parametrize("norm", [None, "LN", "LNPre", "RMS", "RMSPre"])
@torch.no_grad()
def test_a_model_whose_weights_were_processed_is_read(transformer_lens: ModuleType, norm: str | None) -> None:
    """With ``enable_compatibility_mode``, the normalisation's weights are folded into the next ones."""
    model = _native(normalization_type=norm, n_layers=2)
    before = model.W_U.clone()
    model.enable_compatibility_mode(disable_warnings=True)
    assert not torch.equal(model.W_U, before)
    network, theirs = scrubjay.from_transformer_lens(model), model(EVERY_INPUT)
    torch.testing.assert_close(network(EVERY_INPUT), theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))


def test_a_network_of_the_defaults_that_was_trained_is_read_exactly(transformer_lens: ModuleType) -> None:
    """The ordinary case: TransformerLens's own defaults, biases that training changed, and a constant last token."""
    from transformer_lens.config import TransformerBridgeConfig

    model = transformer_lens.TransformerBridge.boot_native(
        TransformerBridgeConfig(d_model=16, d_head=8, n_layers=1, n_ctx=3, d_vocab=8, seed=0)
    )
    tokens = torch.cat([torch.cartesian_prod(*[torch.arange(7)] * 2), torch.full((49, 1), 7)], dim=1)
    labels = tokens[:, :2].max(1).values
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(model(tokens)[:, -1], labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    network = as_saved(model).network
    assert network.config.in_words == "1 layer, LayerNorm, ReLU, causal, biases in attention"
    assert all(bool((network.weights[name] != 0).all()) for name in ("b_Q", "b_V", "b_O", "ln1_b", "ln_final_w"))
    with torch.no_grad():
        torch.testing.assert_close(network(tokens), model(tokens))
    assert float((network(tokens)[:, -1].argmax(-1) == labels).double().mean()) > 0.9


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: _native(positional_embedding_type="rotary"), "positional_embedding_type is 'rotary', not 'standard'"),
        (lambda: _native(gated_mlp=True), "gated_mlp is True, not False"),
        (lambda: _native(act_fn="solu"), "act_fn is 'solu', not one of gelu, gelu_fast, .*swish"),
        (lambda: _with_option(normalization_type="BatchNorm"), "normalization_type is 'BatchNorm', not None, LN"),
        (lambda: _native(final_rms=True, normalization_type="LN"), "final_rms is True, and normalization_type is 'LN'"),
        (lambda: _native(n_key_value_heads=1), "n_key_value_heads is 1, and n_heads is 2"),
        (lambda: _native(attn_scale=3.0), "attn_scale is 3.0, not the square root of d_head, 2"),
        (lambda: _native(attn_scores_soft_cap=5.0), "attn_scores_soft_cap is 5.0, and scrubjay knows no such cap"),
        (lambda: _native(output_logits_soft_cap=5.0), "output_logits_soft_cap is 5.0"),
        (lambda: _with_option(attention_dir="sideways"), "attention_dir is 'sideways', not causal or bidirectional"),
        (lambda: _with_option(use_attn_scale=False), "use_attn_scale is False, not True"),
        (lambda: _with_option(scale_attn_by_inverse_layer_idx=True), "scale_attn_by_inverse_layer_idx is True"),
        (lambda: _with_option(use_local_attn=True), "use_local_attn is True, not False"),
        (lambda: _with_option(use_qk_norm=True), "use_qk_norm is True, not False"),
        (lambda: _with_option(parallel_attn_mlp=True), "parallel_attn_mlp is True, not False"),
        (lambda: _with_option(num_experts=4), "num_experts is 4, not None"),
        (lambda: _with_option(post_embedding_ln=True), "post_embedding_ln is True, not False"),
        (lambda: _with_option(use_normalization_before_and_after=True), "use_normalization_before_and_after is True"),
        (lambda: _with_option(rmsnorm_uses_offset=True), "rmsnorm_uses_offset is True, not False"),
        (lambda: _with_option(scale_embedding=True), "scale_embedding is True, not None"),
        (lambda: _with_option(attn_only=True), "does not compute what its weights give .* its logits differ by"),
        (lambda: _with_option(normalization_type="LN"), r"it has no blocks\.0\.ln1\.w"),
        (lambda: _with_hook(), "does not compute what its weights give .* its logits differ by .* hooks are still att"),
        (lambda: _native().half(), r"are of the types torch\.float16; they must all be float32 or all be float64"),
        (lambda: torch.nn.Linear(2, 2), "the Linear is not a TransformerLens model: it has no cfg"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_another_architecture_is_refused(transformer_lens: ModuleType, make: Callable[[], Any], says: str) -> None:
    with pytest.raises(RefusedFile, match=says):
        scrubjay.from_transformer_lens(make())


def _with_option(**options: Any) -> Any:
    """A model whose config says something that its layers, which are ordinary ones, do not do."""
    model = _native()
    for name, value in options.items():
        assert hasattr(model.cfg, name)
        setattr(model.cfg, name, value)
    return model


def _with_hook() -> Any:
    model = _native(n_layers=2)
    model.blocks[1].mlp.hook_out.add_hook(lambda value, hook: value * 0.5)
    return model


def test_a_weight_that_is_not_a_number_is_named(transformer_lens: ModuleType) -> None:
    model = _native(n_layers=2)
    model.blocks[1].mlp.b_in.data[3] = torch.nan
    with pytest.raises(BadInput, match=r"the TransformerBridge has NaN or infinity in blocks\.1\.b_in"):
        scrubjay.from_transformer_lens(model)


def test_without_transformer_lens_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformer_lens.config", None)
    with pytest.raises(UsageError, match=r"pip install 'scrubjay\[transformer-lens\]'"):
        scrubjay.to_transformer_lens(random_network(SIZES))


HOOKED = [
    replace(SIZES, n_layers=2, norm="LN", act_fn="gelu_new", attn_biases=True, unembed_bias=True),
    replace(SIZES, n_layers=1, norm="RMS", attention="bidirectional", attn_biases=True, d_vocab_out=4),
    replace(SIZES, n_layers=3, norm="none", attn_only=True, d_mlp=0, attn_biases=True),
    SIZES,
]


@pytest.mark.parametrize("config", HOOKED, ids=[config.in_words for config in HOOKED])
@pytest.mark.parametrize("folded", [False, True])
@torch.no_grad()
def test_a_model_of_an_older_release_is_read(config: Config, folded: bool) -> None:
    """TransformerLens 1 to 3 cannot be installed beside 4, so its ``HookedTransformer`` is imitated."""
    network = random_network(config)
    if folded:
        ones = {name: torch.ones_like(weight) for name, weight in network.weights.items() if name.endswith("_w")}
        network.set_weights(
            ones
            | {name: weight * 0 for name, weight in network.weights.items() if "ln" in name and name.endswith("_b")}
        )
    model = HookedTransformer(network, folded)
    read = as_saved(model)
    assert read.network.config == config and (read.name, read.task) == ("network", None)
    assert all(torch.equal(read.network.weights[name], weight) for name, weight in network.weights.items())
    assert as_saved(type("Mine", (HookedTransformer,), {})(network, folded)).network.config == config
    model.wrong = 1e-3
    with pytest.raises(RefusedFile, match="the HookedTransformer does not compute what its weights give"):
        as_saved(model)


class HookedTransformer(torch.nn.Module):
    """What ``from_transformer_lens`` reads of a ``HookedTransformer``: its config and the places of its weights."""

    __module__ = "transformer_lens.HookedTransformer"

    def __init__(self, network: Transformer, folded: bool) -> None:
        super().__init__()
        c, self.network, self.wrong = network.config, network, 0.0
        norm = {"none": None, "LN": "LN", "RMS": "RMS"}[c.norm]
        self.cfg = SimpleNamespace(
            act_fn=c.act_fn, normalization_type=f"{norm}Pre" if folded and norm else norm, eps=c.eps, d_head=c.d_head,
            positional_embedding_type="standard", attention_dir=c.attention, attn_only=c.attn_only, n_heads=c.n_heads,
            attn_scale=c.d_head**0.5, use_attn_scale=True, gated_mlp=False,
        )  # fmt: skip
        w = network.weights
        self.embed, self.pos_embed = SimpleNamespace(W_E=w["W_E"]), SimpleNamespace(W_pos=w["W_pos"])
        b_U = w.get("b_U", torch.zeros(c.d_vocab_out))
        self.unembed = SimpleNamespace(W_U=w["W_U"], b_U=b_U)
        self.ln_final = self._norm(w, "ln_final", folded)
        self.blocks = []
        for number in range(c.n_layers):
            own = {name: weight for name in (*"QKVO", "in", "out") for name, weight in self._pair(number, name)}
            layer = "" if c.n_layers == 1 else f"blocks.{number}."
            norms = {name: self._norm(w, layer + name, folded) for name in ("ln1", "ln2")}
            self.blocks.append(SimpleNamespace(attn=SimpleNamespace(**own), mlp=SimpleNamespace(**own), **norms))

    def _pair(self, number: int, name: str) -> list[tuple[str, Tensor]]:
        c, w = self.network.config, self.network.weights
        layer = "" if c.n_layers == 1 else f"blocks.{number}."
        zero = torch.zeros(c.shape(f"b_{name}"))
        weight = w.get(f"{layer}W_{name}", torch.zeros(c.shape(f"W_{name}")))
        return [(f"W_{name}", weight), (f"b_{name}", w.get(f"{layer}b_{name}", zero))]

    @staticmethod
    def _norm(weights: dict[str, Tensor], name: str, folded: bool) -> SimpleNamespace:
        return SimpleNamespace(
            **{part: weights[f"{name}_{part}"] for part in "wb" if f"{name}_{part}" in weights and not folded}
        )

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.network(tokens)
        return logits * (1 + self.wrong)


@pytest.mark.parametrize("version", ["1.19.0", "2.18.0", "3.9.0"])
def test_files_of_older_releases_are_read_and_compute_what_they_computed(version: str) -> None:
    stem = ROOT / "tests" / "data" / f"hooked_transformer_{version}"
    imported = import_network(Path(f"{stem}.pth"))
    network = imported.network
    assert imported.source["layout"] == "transformer-lens" and network.config == SIZES
    with torch.no_grad():
        torch.testing.assert_close(network(EVERY_INPUT), torch.from_numpy(np.load(f"{stem}.npy")))


def test_a_bridges_state_dict_needs_the_number_of_heads(transformer_lens: ModuleType, tmp_path: Path) -> None:
    """It holds the heads side by side, so the file does not say where one ends."""
    network = random_network(SIZES)
    bridge: Any = scrubjay.to_transformer_lens(network)
    torch.save(bridge.state_dict(), tmp_path / "bridge.pth")
    with pytest.raises(RefusedFile, match="does not say how many heads there are"):
        import_network(tmp_path / "bridge.pth")
    read = import_network(tmp_path / "bridge.pth", declared={"n_heads": 2}).network
    torch.testing.assert_close(read(EVERY_INPUT), network(EVERY_INPUT))
