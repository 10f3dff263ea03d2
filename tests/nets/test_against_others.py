"""The network computes what other implementations compute from the same weights, at every site of every layer.

TransformerLens and Hugging Face's GPT-2 get the weights here by hand, not through the conversions. What neither has
(attention mixed with uniform attention, no positions) is compared with the formula, written out for single heads.
"""

from dataclasses import replace
from itertools import product
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import SITES, Transformer
from tests.nets.test_transformer import random_network, recorded

SIZES = Config(d_vocab=7, n_ctx=4, d_model=10, n_heads=2, d_head=3, d_mlp=9)
TOKENS = torch.cartesian_prod(*[torch.arange(7)] * 4)[::19]
EXACT, SINGLE = 1e-12, 2e-6
"""The largest difference as a share of the largest value, in float64, and where the other side uses float32."""

LAYERS, NORM, ACTIVATION = (1, 2, 3), ("none", "LN", "RMS"), ("relu", "gelu", "gelu_new", "silu")


def architectures() -> list[Config]:
    """Every depth with every normalisation and activation; the other fields change from one to the next."""
    found = []
    for number, (n_layers, norm, act_fn) in enumerate(product(LAYERS, NORM, ACTIVATION)):
        base = replace(SIZES, n_layers=n_layers, norm=norm, act_fn=act_fn, eps=(1e-5, 0.1)[number % 5 == 0])
        base = replace(base, attention=("causal", "bidirectional")[number % 2], attn_biases=number % 3 > 0)
        found.append(replace(base, unembed_bias=number % 4 > 1, d_vocab_out=(7, 5)[number % 7 > 3]))
    for number, (n_layers, norm) in enumerate(product(LAYERS, NORM)):
        base = replace(SIZES, n_layers=n_layers, norm=norm, attn_only=True, d_mlp=0)
        found.append(
            replace(base, attention=("causal", "bidirectional")[number % 2], attn_biases=True, unembed_bias=True)
        )
    return found


def named(config: Config) -> str:
    return config.in_words.replace(", ", "-").replace(" ", "_") + f"-{config.d_vocab_out}_out"


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference as a share of the largest value. Minus infinity must be at the same places."""
    assert ours.shape == theirs.shape
    assert torch.equal(ours == -torch.inf, theirs == -torch.inf)
    seen = ours != -torch.inf
    return float((ours - theirs)[seen].abs().max() / theirs[seen].abs().max())


@pytest.fixture(scope="module")
def native() -> ModuleType:
    reason = "the extra transformer-lens is not installed"
    module: ModuleType = pytest.importorskip("transformer_lens.model_bridge.sources.native", reason=reason)
    return module


def in_transformer_lens(native: ModuleType, network: Transformer) -> Any:
    """TransformerLens's own layers with a network's weights, in the shapes of their linear layers [out, in]."""
    from transformer_lens.config import TransformerBridgeConfig

    c, weights = network.config, network.weights
    cfg = TransformerBridgeConfig(
        d_model=c.d_model, d_head=c.d_head, n_heads=c.n_heads, n_layers=c.n_layers, n_ctx=c.n_ctx, d_vocab=c.d_vocab,
        d_mlp=c.d_mlp or None, d_vocab_out=c.d_vocab_out, act_fn=c.act_fn, eps=c.eps, attention_dir=c.attention,
        normalization_type=None if c.norm == "none" else c.norm, attn_only=c.attn_only, dtype=torch.float64,
        architecture="TransformerLensNative",
    )  # fmt: skip
    model = native.boot(cfg, dtype=torch.float64)
    state = {"embed.weight": network.W_E, "pos_embed.weight": network.W_pos, "unembed.weight": network.W_U.T}
    state["unembed.bias"] = weights.get("b_U", torch.zeros(c.d_vocab_out, dtype=torch.float64))
    state |= {f"ln_final.{long}": weights[f"ln_final_{long[0]}"] for long in norm_parts(c)}
    for number in range(c.n_layers):
        there, here = f"blocks.{number}.", "" if c.n_layers == 1 else f"blocks.{number}."
        for letter in "QKV":
            weight = torch.cat([weights[f"{here}W_{letter}"][head].T for head in range(c.n_heads)])
            bias = weights.get(f"{here}b_{letter}", torch.zeros(c.n_heads, c.d_head, dtype=torch.float64))
            state |= {
                f"{there}attn.{letter.lower()}.weight": weight,
                f"{there}attn.{letter.lower()}.bias": bias.flatten(),
            }
        state[f"{there}attn.o.weight"] = torch.cat([weights[f"{here}W_O"][head].T for head in range(c.n_heads)], dim=1)
        state[f"{there}attn.o.bias"] = weights.get(f"{here}b_O", torch.zeros(c.d_model, dtype=torch.float64))
        state |= {f"{there}ln1.{long}": weights[f"{here}ln1_{long[0]}"] for long in norm_parts(c)}
        if not c.attn_only:
            state |= {f"{there}ln2.{long}": weights[f"{here}ln2_{long[0]}"] for long in norm_parts(c)}
            for part in ("in", "out"):
                state[f"{there}mlp.{part}.weight"] = weights[f"{here}W_{part}"].T
                state[f"{there}mlp.{part}.bias"] = weights[f"{here}b_{part}"]
    model.load_state_dict(state, strict=True)
    return model


def norm_parts(config: Config) -> tuple[str, ...]:
    return {"none": (), "LN": ("weight", "bias"), "RMS": ("weight",)}[config.norm]


def sites_of_transformer_lens(model: Any, tokens: Tensor) -> dict[str, Tensor]:
    """The value of each of our sites in TransformerLens."""
    with torch.no_grad():
        logits, cache = model.run_with_cache(tokens)
    found = {"logits": logits}
    for number in range(model.cfg.n_layers):
        at = f"blocks.{number}."
        q, k = (cache[f"{at}attn.hook_{letter}"] for letter in "qk")  # [n, s, h, e]
        scores = torch.einsum("nqhe,nkhe->nhqk", q, k) / model.cfg.d_head**0.5
        if model.cfg.attention_dir == "causal":
            later = torch.arange(tokens.shape[1])[:, None] < torch.arange(tokens.shape[1])
            scores = scores.masked_fill(later, -torch.inf)
        found |= {
            f"{at}resid_pre": cache[f"{at}hook_resid_pre"],
            f"{at}attn_scores": scores,  # TransformerLens 4.3 puts the pattern into hook_attn_scores
            f"{at}pattern": cache[f"{at}attn.hook_pattern"],
            f"{at}attn_out": cache[f"{at}hook_attn_out"],
            f"{at}resid_mid": cache[f"{at}hook_resid_{'post' if model.cfg.attn_only else 'mid'}"],
            f"{at}resid_post": cache[f"{at}hook_resid_post"],
        }
        if not model.cfg.attn_only:
            found |= {
                f"{at}mlp_pre": cache[f"{at}mlp.hook_pre"],
                f"{at}mlp_post": cache[f"{at}mlp.hook_post"],
                f"{at}mlp_out": cache[f"{at}hook_mlp_out"],
            }
    return found


@pytest.mark.parametrize("config", architectures(), ids=named)
def test_every_site_is_that_of_transformer_lens(native: ModuleType, config: Config) -> None:
    network = random_network(config, seed=1, dtype=torch.float64)
    theirs = sites_of_transformer_lens(in_transformer_lens(native, network), TOKENS)
    ours = recorded(network, TOKENS)
    assert set(ours) == set(theirs) and len(ours) == 1 + config.n_layers * (6 if config.attn_only else 9)
    bound = SINGLE if config.norm == "RMS" else EXACT  # their RMSNorm computes in float32
    far = {name: apart(ours[name], theirs[name]) for name in ours if not apart(ours[name], theirs[name]) <= bound}
    assert not far


def test_the_list_of_architectures_has_every_value_of_every_field() -> None:
    listed = architectures()
    for field, values in {
        "n_layers": set(LAYERS), "norm": set(NORM), "act_fn": set(ACTIVATION), "attention": {"causal", "bidirectional"},
        "attn_biases": {True, False}, "unembed_bias": {True, False}, "attn_only": {True, False}, "d_vocab_out": {5, 7},
        "eps": {1e-5, 0.1},
    }.items():  # fmt: skip
        assert {getattr(config, field) for config in listed} == values


def as_gpt2(network: Transformer) -> Any:
    """Hugging Face's GPT-2 with a network's weights, whose linear layers hold them [in, out]."""
    transformers = pytest.importorskip("transformers", reason="the package transformers is not installed")
    c, weights = network.config, network.weights
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=c.d_vocab,
            n_positions=c.n_ctx,
            n_embd=c.d_model,
            n_layer=c.n_layers,
            n_head=c.n_heads,
            n_inner=c.d_mlp,
            activation_function=c.act_fn,
            layer_norm_epsilon=c.eps,
            tie_word_embeddings=False,
            attn_implementation="eager",
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    model = model.double().eval()
    state = {"transformer.wte.weight": network.W_E, "transformer.wpe.weight": network.W_pos}
    state |= {"lm_head.weight": network.W_U.T, "transformer.ln_f.weight": network.ln_final_w}
    state["transformer.ln_f.bias"] = network.ln_final_b
    for number in range(c.n_layers):
        there, here = f"transformer.h.{number}.", "" if c.n_layers == 1 else f"blocks.{number}."
        columns = [weights[f"{here}W_{letter}"][head] for letter in "QKV" for head in range(c.n_heads)]
        state[f"{there}attn.c_attn.weight"] = torch.cat(columns, dim=1)
        state[f"{there}attn.c_attn.bias"] = torch.cat([weights[f"{here}b_{letter}"].flatten() for letter in "QKV"])
        state[f"{there}attn.c_proj.weight"] = torch.cat(list(weights[f"{here}W_O"]))
        for ours, theirs in (
            ("b_O", "attn.c_proj.bias"), ("W_in", "mlp.c_fc.weight"), ("b_in", "mlp.c_fc.bias"),
            ("W_out", "mlp.c_proj.weight"), ("b_out", "mlp.c_proj.bias"), ("ln1_w", "ln_1.weight"),
            ("ln1_b", "ln_1.bias"), ("ln2_w", "ln_2.weight"), ("ln2_b", "ln_2.bias"),
        ):  # fmt: skip
            state[there + theirs] = weights[here + ours]
    model.load_state_dict(state, strict=True)
    return model


GPT2 = replace(SIZES, n_heads=2, d_head=5, norm="LN", attn_biases=True)


@pytest.mark.parametrize(("n_layers", "act_fn"), [*product(LAYERS, ["gelu_new"]), *product([2], ACTIVATION)])
def test_hidden_states_attentions_and_logits_are_those_of_gpt2(n_layers: int, act_fn: str) -> None:
    network = random_network(replace(GPT2, n_layers=n_layers, act_fn=act_fn), seed=2, dtype=torch.float64)
    with torch.no_grad():
        theirs = as_gpt2(network)(TOKENS, output_hidden_states=True, output_attentions=True)
    ours = recorded(network, TOKENS)
    assert len(theirs.hidden_states) == n_layers + 1 and len(theirs.attentions) == n_layers
    for number in range(n_layers):
        assert apart(ours[f"blocks.{number}.resid_pre"], theirs.hidden_states[number]) <= EXACT
        assert apart(ours[f"blocks.{number}.pattern"], theirs.attentions[number]) <= EXACT
    last = ours[f"blocks.{n_layers - 1}.resid_post"]
    final = functional.layer_norm(last, (10,), network.ln_final_w, network.ln_final_b, network.config.eps)
    assert apart(final, theirs.hidden_states[-1]) <= EXACT
    assert apart(ours["logits"], theirs.logits) <= EXACT


def written_out(network: Transformer, tokens: list[int]) -> dict[str, Tensor]:
    """The sites for one input, head by head and position by position: c softmax + (1 - c) where it may look."""
    c, weights = network.config, network.weights
    sites: dict[str, Tensor] = {}

    def norm(x: Tensor, name: str) -> Tensor:
        if c.norm == "none":
            return x
        centred = x - x.mean() if c.norm == "LN" else x
        scaled = centred / (centred.pow(2).sum() / len(x) + c.eps).sqrt() * weights[f"{name}_w"]
        return scaled + weights[f"{name}_b"] if c.norm == "LN" else scaled

    stream = [network.W_E[token] for token in tokens]
    if c.positions:
        stream = [x + network.W_pos[at] for at, x in enumerate(stream)]
    for number in range(c.n_layers):
        at, here = f"blocks.{number}.", "" if c.n_layers == 1 else f"blocks.{number}."
        w = {name: weights[here + name] for name in ("W_Q", "W_K", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out")}
        zero = torch.zeros(c.n_heads, c.d_head, dtype=torch.float64)
        b = {letter: weights.get(f"{here}b_{letter}", zero) for letter in "QKV"}
        read = [norm(x, f"{here}ln1") for x in stream]
        pattern = torch.zeros(c.n_heads, len(tokens), len(tokens), dtype=torch.float64)
        middle = []
        for q in range(len(tokens)):
            seen = range(len(tokens) if c.attention == "bidirectional" else q + 1)
            added = weights.get(f"{here}b_O", torch.zeros(c.d_model, dtype=torch.float64))
            for head in range(c.n_heads):
                query = read[q] @ w["W_Q"][head] + b["Q"][head]
                keys = [read[k] @ w["W_K"][head] + b["K"][head] for k in seen]
                raised = [((query @ key) / c.d_head**0.5).exp() for key in keys]
                for k in seen:
                    pattern[head, q, k] = c.attn_coeff * raised[k] / sum(raised) + (1 - c.attn_coeff)
                    value = read[k] @ w["W_V"][head] + b["V"][head]
                    added = added + pattern[head, q, k] * (value @ w["W_O"][head])
            middle.append(stream[q] + added)
        sites |= {f"{at}pattern": pattern, f"{at}resid_mid": torch.stack(middle)}
        hidden = [torch.relu(norm(x, f"{here}ln2") @ w["W_in"] + w["b_in"]) for x in middle]
        stream = [x + h @ w["W_out"] + w["b_out"] for x, h in zip(middle, hidden, strict=True)]
        sites[f"{at}resid_post"] = torch.stack(stream)
    sites["logits"] = torch.stack([norm(x, "ln_final") @ network.W_U for x in stream])
    return sites


@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
@pytest.mark.parametrize("attn_coeff", [0.0, 0.3, 1.0, 1.5])
@pytest.mark.parametrize(
    ("n_layers", "norm", "attn_biases", "positions"),
    [(1, "none", False, True), (2, "LN", True, True), (2, "RMS", False, False)],
)
def test_mixed_attention_is_the_formula_written_out(
    attention: str, attn_coeff: float, n_layers: int, norm: str, attn_biases: bool, positions: bool
) -> None:
    config = replace(SIZES, attention=attention, attn_coeff=attn_coeff, n_layers=n_layers, norm=norm)
    network = random_network(replace(config, attn_biases=attn_biases, positions=positions), 3, torch.float64)
    ours = recorded(network, TOKENS[:5])
    for number, tokens in enumerate(TOKENS[:5].tolist()):
        for name, theirs in written_out(network, tokens).items():
            assert apart(ours[name][number], theirs) <= EXACT, name


def test_every_site_of_ours_was_compared() -> None:
    """``recorded`` returns each site that there is."""
    network = random_network(replace(SIZES, n_layers=3))
    modules = {name for name, module in network.named_modules() if isinstance(module, torch.nn.Identity)}
    assert set(recorded(network, TOKENS[:1])) == modules
    assert len(modules) == 3 * len(SITES) + 1
