"""Sound checkpoints of every layout, for ``fuzz.py``, and what an independent look at a file says of a network.

The state dicts are written by hand (``tests/nets/files/written.py``), without the declared layouts. What a config
states is compared with tables of this file.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from tests.nets.files.written import (
    State,
    gpt2_state,
    layer,
    lens_state,
    nanogpt_state,
    native_state,
    neel_state,
    random_of,
)
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer

OWN = """
[config]
act_fn = "silu"
attention = "bidirectional"
norm = "LN"
eps = 1e-3
attn_coeff = 0.5
[weights]
W_E = { key = "emb", axes = "d v" }
W_pos = { key = "pos", axes = "d s" }
ln1_w = { key = "part.{l}.n1", axes = "d" }
W_Q = { key = "part.{l}.qkv", axes = "3(he) d", part = 0 }
W_K = { key = "part.{l}.qkv", axes = "3(he) d", part = 1 }
W_V = { key = "part.{l}.qkv", axes = "3(he) d", part = 2 }
b_O = { key = "part.{l}.bias", axes = "d", optional = true }
W_O = { key = "part.{l}.head{h}.out", axes = "e d" }
ln2_w = { key = "part.{l}.n2", axes = "d" }
W_in = { key = "part.{l}.up", axes = "m d" }
W_out = { key = "part.{l}.down", axes = "d m" }
ln_final_w = { key = "norm", axes = "d" }
W_U = { tied = true }
[passed_over]
keys = ["part.*.mask", "seed"]
"""
"""A layout of a user's own, in which the unembedding is tied and queries, keys and values lie in one tensor."""


@dataclass(frozen=True)
class Sound:
    """A checkpoint that is read.

    Attributes:
        network: the network that it holds.
        state: its tensors.
        config: its config.
        free: the fields that only its config states.
    """

    network: Transformer
    state: State
    config: Mapping[str, object]
    free: frozenset[str]


def own_state(network: Transformer) -> State:
    n = network.weights
    state = {"emb": n["W_E"].T, "pos": n["W_pos"].T, "norm": n["ln_final_w"]}
    for number in range(network.config.n_layers):
        w, at = layer(network, number), f"part.{number}."
        state[f"{at}qkv"] = torch.cat([head.T for q in "QKV" for head in w[f"W_{q}"]])
        state |= {f"{at}head{h}.out": head for h, head in enumerate(w["W_O"])}
        state |= {f"{at}n1": w["ln1_w"], f"{at}n2": w["ln2_w"], f"{at}up": w["W_in"].T, f"{at}down": w["W_out"].T}
    return {key: weight.clone().contiguous() for key, weight in state.items()}


WRITERS: Mapping[str, Callable[[Transformer], State]] = {
    "neel": neel_state,
    "pizza": neel_state,
    "transformer-lens": lens_state,
    "transformer-lens-native": native_state,
    "gpt2": gpt2_state,
    "nanogpt": nanogpt_state,
    "own.toml": own_state,
}

_SIZES = {"d_vocab": 5, "n_ctx": 3, "d_model": 6, "n_heads": 2, "d_head": 3, "d_mlp": 4, "n_layers": 2}
_LENS_CONFIG = {
    **_SIZES,
    "act_fn": "gelu",
    "normalization_type": "LN",
    "attention_dir": "causal",
    "eps": 1e-3,
    "attn_only": False,
    "d_vocab_out": 5,
    "use_attn_scale": True,
    "attn_scale": math.sqrt(3),
    "positional_embedding_type": "standard",
    "gated_mlp": False,
    "final_rms": False,
    "parallel_attn_mlp": False,
    "n_key_value_heads": None,
    "seed": 7,
}
_GPT2_CONFIG = {
    "model_type": "gpt2",
    "n_layer": 2,
    "n_head": 2,
    "n_embd": 6,
    "n_inner": 4,
    "vocab_size": 5,
    "n_positions": 3,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-3,
    "scale_attn_weights": True,
    "resid_pdrop": 0.1,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "architectures": ["GPT2LMHeadModel"],
}


def sound(layout: str) -> Sound:
    """The sound checkpoint of a layout."""
    plain, biases = {**_SIZES}, {"norm": "LN", "eps": 1e-3, "attn_biases": True}
    match layout:
        case "neel":
            made = random_of(Config(**plain, act_fn="relu"))  # type: ignore[arg-type]
            config: dict[str, object] = {**plain, "num_heads": 2, "lr": 1e-3}
            free = {"act_fn", "attention", "attn_coeff"}
        case "pizza":
            made = random_of(Config(**plain, attention="bidirectional", attn_coeff=0.5))  # type: ignore[arg-type]
            config = {**plain, "attn_coeff": 0.5, "act_fn": "ReLU", "attention_dir": "causal", "diff_vocab": 0}
            free = {"act_fn", "attn_coeff"}
        case "transformer-lens" | "transformer-lens-native":
            made = random_of(Config(**plain, **biases, act_fn="gelu", unembed_bias=True))  # type: ignore[arg-type]
            config = dict(_LENS_CONFIG)
            free = {"act_fn", "attention", "eps"} | ({"n_heads", "d_head"} if layout.endswith("native") else set())
        case "gpt2":
            made = random_of(Config(**plain, **biases, act_fn="gelu_new"))  # type: ignore[arg-type]
            config, free = dict(_GPT2_CONFIG), {"act_fn", "eps", "n_heads", "d_head"}
        case "nanogpt":
            made = random_of(Config(**plain, **biases, act_fn="gelu"))  # type: ignore[arg-type]
            config = {"n_layer": 2, "n_head": 2, "n_embd": 6, "block_size": 3, "vocab_size": 5, "bias": True}
            config, free = {**config, "eps": 1e-3, "dropout": 0.0}, {"act_fn", "eps", "n_heads", "d_head"}
        case _:
            chosen = {"norm": "LN", "eps": 1e-3, "act_fn": "silu", "attention": "bidirectional", "attn_coeff": 0.5}
            made = random_of(Config(**plain, **chosen))  # type: ignore[arg-type]
            zero = [name for name in made.weights if re.search(r"ln\w*_b$|b_in$|b_out$", name)]
            made.set_weights({name: torch.zeros(()) for name in zero} | {"W_U": made.W_E.T})
            config, free = {"n_heads": 2, "n_layers": 2}, set()
    return Sound(made, WRITERS[layout](made), config, frozenset(free))


STATES: Mapping[str, str] = {
    **dict.fromkeys(("n_layers", "n_layer", "num_layers", "num_hidden_layers"), "n_layers"),
    **dict.fromkeys(("n_heads", "n_head", "num_heads", "num_attention_heads"), "n_heads"),
    **dict.fromkeys(("n_key_value_heads", "num_key_value_heads"), "n_heads"),
    "d_model": "d_model",
    "n_embd": "d_model",
    "hidden_size": "d_model",
    "d_head": "d_head",
    "head_dim": "d_head",
    "d_mlp": "d_mlp",
    "n_inner": "d_mlp",
    "intermediate_size": "d_mlp",
    "d_vocab_out": "d_vocab_out",
    "d_vocab": "d_vocab",
    "vocab_size": "d_vocab",
    **dict.fromkeys(("n_ctx", "n_positions", "block_size", "max_position_embeddings"), "n_ctx"),
    **dict.fromkeys(("act_fn", "activation_function", "hidden_act", "activation"), "act_fn"),
    "norm": "norm",
    "normalization_type": "norm",
    "attention": "attention",
    "attention_dir": "attention",
    "eps": "eps",
    "layer_norm_epsilon": "eps",
    "layer_norm_eps": "eps",
    "attn_coeff": "attn_coeff",
    "attn_only": "attn_only",
    "tie_word_embeddings": "tied",
}
"""The keys under which configs state something, each with the field of ``Config`` that it is about."""

LACKING: Mapping[str, object] = {
    "rotary_dim": 8,
    "rotary": True,
    "rope_theta": 1e4,
    "alibi": True,
    "gated_mlp": True,
    "parallel_attn_mlp": True,
    "use_attn_scale": False,
    "scale_attn_weights": False,
    "add_cross_attention": True,
    "num_experts": 4,
    "use_local_attn": True,
    "attn_scores_soft_cap": 5.0,
    "output_logits_soft_cap": 30,
    "pool": "sum",
    "attn_types": ["local", "global"],
    "positional_embedding_type": "rotary",
    "use_qk_norm": True,
    "scale_attn_by_inverse_layer_idx": True,
    "attn_scale": 4.0,
    "is_encoder_decoder": True,
    "act_fn": "solu",
    "rmsnorm_uses_offset": True,
    "scale_embedding": True,
    "post_embedding_ln": True,
    "n_key_value_heads": 1,
}
"""Entries of configs that ask for something that scrubjay's networks do not do."""

_ACTIVATIONS = {"gelupython": "gelu", "gelu_python": "gelu", "gelu_pytorch_tanh": "gelu_new", "gelu_tanh": "gelu_new",
                "swish": "silu"}  # fmt: skip


_WORDS = {
    "act_fn": {"relu", "gelu", "gelu_new", "silu", *_ACTIVATIONS, "tanh", "solu", "sigmoid", "linear"},
    "norm": {"none", "ln", "lnpre", "layernorm", "rms", "rmspre", "rmsnorm"},
    "attention": {"causal", "bidirectional"},
}


def _is_unknown(field: str, value: object) -> bool:
    """Whether a value of a field means nothing; it may be passed over if the user has declared the field."""
    if field in _WORDS:
        return str(value).lower().replace(" ", "") not in _WORDS[field]
    kinds = (bool,) if field in ("attn_only", "tied") else (int, float) if field in ("eps", "attn_coeff") else (int,)
    return type(value) not in kinds or (bool not in kinds and not 0 <= value < 2**31)  # type: ignore[operator]


def disagreement(network: Transformer, layout: str, told: Mapping[str, object], declared: Collection[str] = ()) -> str:
    """What a config or a user states and the network does not have, in words; empty if there is nothing."""
    config = network.config
    for key, value in told.items():
        field = STATES.get(key)
        if (
            field is None
            or (layout == "pizza" and key == "attention_dir")
            or (config.attn_only and field in ("act_fn", "d_mlp"))
            or (value is None and field != "norm")
            or (field == "eps" and config.norm == "none")
            or (field in declared and _is_unknown(field, value))
            or (value == -1 and field not in ("eps", "attn_coeff"))
        ):
            continue
        if field == "tied":
            if value is True and not torch.equal(network.W_U, network.W_E.T):
                return f"{key} = {value!r:.40}, and the unembedding is not tied"
            continue
        has = getattr(config, field)
        word = str(value).lower().replace(" ", "")
        same = (
            _ACTIVATIONS.get(word, word) == has
            if field == "act_fn"
            else (word.replace("layernorm", "ln").replace("norm", "").removesuffix("pre") == has.lower())
            if field == "norm"
            else word == has
            if field == "attention"
            else value == has
        )
        if not same:
            return f"{key} = {value!r:.40} was stated, and the network has {field} = {has!r}"
    for key, value in told.items():
        is_own = key in ("n_key_value_heads", "act_fn", "attn_scale")
        if key in LACKING and not is_own and type(value) is type(LACKING[key]) and value == LACKING[key]:
            return f"{key} = {value!r:.40} was stated and accepted"
    scale = told.get("attn_scale")
    if isinstance(scale, int | float) and scale > 0 and abs(scale - math.sqrt(config.d_head)) > 1e-4:
        return f"attn_scale = {scale!r} was stated and accepted"
    return ""


def difference(network: Transformer, layout: str, tensors: Mapping[str, Tensor]) -> str:
    """In what a network differs from the tensors of its file, in words; empty if it does not."""
    raw = dict(tensors)
    if layout in ("gpt2", "nanogpt") and network.config.attn_only:
        return "a GPT-2 without MLPs was read"
    for prefix in ("_orig_mod.", "module.", "model.") if layout in WRITERS and layout != "own.toml" else ():
        if all(key.startswith(prefix) for key in raw):
            raw = {key.removeprefix(prefix): value for key, value in raw.items()}
    if layout in ("gpt2", "nanogpt"):
        raw = {key.removeprefix("transformer."): value for key, value in raw.items()}
    for full, wanted in WRITERS[layout](network).items():
        key = full.removeprefix("transformer.") if layout in ("gpt2", "nanogpt") else full
        found = raw.pop(key, None)
        if key.endswith(("attn.mask", "IGNORE")):
            if found is not None and found.ndim > 1 and found.numel() and network.config.attention == "causal":
                shown = found.reshape(-1, *found.shape[-2:]) != 0
                if not all(torch.equal(each, torch.ones_like(each).tril()) for each in shown):
                    return f"{key} is no causal mask"
            continue
        if found is None:
            is_start = not wanted.any() or (layout.startswith("transformer-lens") and bool((wanted == 1).all()))
            if not is_start and not (key == "lm_head.weight" and torch.equal(wanted, network.W_E)):
                return f"{key} is not in the file, and the network has values for it"
        elif found.shape != wanted.shape or not torch.equal(found.to(wanted.dtype), wanted):
            return f"{key} differs from the file"
    left = [
        key
        for key in raw
        if not re.search(r"masked_bias|attn\.(bias|mask|IGNORE)$|seed|[xy]_embed|part\..*\.mask", key)
    ]
    if layout == "own.toml":  # optional biases are not written
        left = [key for key in left if not re.fullmatch(r"part\.\d\.bias", key)]
    return f"{left[0]!r:.60} was passed over" if left else ""
