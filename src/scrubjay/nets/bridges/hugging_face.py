"""Conversion from the GPT-2 of Hugging Face's ``transformers`` (which this module does not import).

Source: ``GPT2LMHeadModel`` of ``transformers``. Its linear layers are ``Conv1D``, whose weights are [in, out]; one such
layer holds the queries, keys and values of all heads side by side.
"""

from typing import Any

from torch import Tensor

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.bridges.converted import converted, weight_at
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer

ACTIVATIONS_THERE = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu_new",
    "gelu_fast": "gelu_new",
    "gelu_pytorch_tanh": "gelu_new",
    "silu": "silu",
    "swish": "silu",
}
"""Our names for the activation functions of ``transformers`` and of TransformerLens. The three tanh approximations of
GELU are one formula."""

_ORDINARY = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}
"""Options of GPT-2's config with the values that describe our architecture."""


def from_hugging_face(model: Any) -> Transformer:
    """Convert a GPT-2 of Hugging Face to a network, with its own copy of the weights.

    The logits of both are compared on random tokens. GPT-2 has LayerNorm, causal attention with biases, and learned
    positions; the unembedding may be tied to the embedding or not.

    Args:
        model: a ``GPT2LMHeadModel`` of any sizes.

    Raises:
        RefusedFile: the model's config has an option that our architecture does not have, or the logits differ.
        BadInput: a weight contains NaN or infinity.
    """
    name = f"the {type(model).__name__}"
    there = getattr(model, "config", None)
    if there is None:
        raise RefusedFile(f"{name} is not a GPT2LMHeadModel: it has no config")
    other = [
        f"{key} is {getattr(there, key)!r}, not {wanted!r}"
        for key, wanted in _ORDINARY.items()
        if getattr(there, key, wanted) != wanted
    ]
    act_fn = str(getattr(there, "activation_function", None))
    if act_fn not in ACTIVATIONS_THERE:
        other.append(f"activation_function is {act_fn!r}, not one of {', '.join(sorted(ACTIVATIONS_THERE))}")
    if other:
        raise RefusedFile(f"{name} has another architecture: {'; '.join(other)}")
    weights = _outer(model, name)
    vocabulary, d_model = weights["W_E"].shape
    depth = len(model.transformer.h)
    config = Config(
        d_vocab=vocabulary,
        n_ctx=weights["W_pos"].shape[0],
        d_model=d_model,
        n_heads=there.n_head,
        d_head=d_model // there.n_head,
        d_mlp=weight_at(model, "transformer.h.0.mlp.c_fc.weight", name).shape[-1],
        n_layers=depth,
        d_vocab_out=weights["W_U"].shape[-1],
        act_fn=ACTIVATIONS_THERE[act_fn],
        norm="LN",
        eps=there.layer_norm_epsilon,
        attn_biases=True,
    )
    for number in range(depth):
        prefix = "" if depth == 1 else f"blocks.{number}."
        layer = _layer(model, f"transformer.h.{number}", config, name)
        weights |= {prefix + key: weight for key, weight in layer.items()}
    return converted(config, weights, model, lambda tokens: _logits(model, tokens), name)


def _outer(model: Any, name: str) -> dict[str, Tensor]:
    return {
        "W_E": weight_at(model, "transformer.wte.weight", name),
        "W_pos": weight_at(model, "transformer.wpe.weight", name),
        "W_U": weight_at(model, "lm_head.weight", name).T,
        "ln_final_w": weight_at(model, "transformer.ln_f.weight", name),
        "ln_final_b": weight_at(model, "transformer.ln_f.bias", name),
    }


def _layer(model: Any, path: str, config: Config, name: str) -> dict[str, Tensor]:
    """The weights of a layer by our names, from GPT-2's layer at that path."""

    def at(key: str) -> Tensor:
        return weight_at(model, f"{path}.{key}", name)

    heads, size = config.n_heads, config.d_head
    weights = {
        "ln1_w": at("ln_1.weight"),
        "ln1_b": at("ln_1.bias"),
        "W_O": at("attn.c_proj.weight").reshape(heads, size, -1),
        "b_O": at("attn.c_proj.bias"),
        "ln2_w": at("ln_2.weight"),
        "ln2_b": at("ln_2.bias"),
        "W_in": at("mlp.c_fc.weight"),
        "b_in": at("mlp.c_fc.bias"),
        "W_out": at("mlp.c_proj.weight"),
        "b_out": at("mlp.c_proj.bias"),
    }
    joint = at("attn.c_attn.weight").reshape(-1, 3, heads, size).permute(1, 2, 0, 3)  # [3, h, d, e]
    biases = at("attn.c_attn.bias").reshape(3, heads, size)
    for which, letter in enumerate("QKV"):
        weights |= {f"W_{letter}": joint[which], f"b_{letter}": biases[which]}
    return weights


def _logits(model: Any, tokens: Tensor) -> Tensor:
    found: Tensor = model(tokens, use_cache=False, return_dict=True).logits
    return found
