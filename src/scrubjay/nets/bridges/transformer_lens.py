"""Conversion to and from TransformerLens (extra ``transformer-lens``).

Source: ``TransformerBridge`` with the native architecture of TransformerLens 4, and ``convert_tl_checkpoint``, which
converts the weight names and shapes of ``HookedTransformer`` (which are ours too) to those of the bridge.
"""

from math import isclose
from typing import TYPE_CHECKING, Any

from torch import Tensor

from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.nets.bridges.converted import converted, weight_at
from scrubjay.nets.bridges.hugging_face import ACTIVATIONS_THERE
from scrubjay.nets.config import ATTENTION, ATTENTION_BIASES, Config
from scrubjay.nets.files.given import Given, as_saved
from scrubjay.nets.transformer import Block, Transformer

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_OUTER_PATHS = {
    "W_E": "embed.W_E",
    "W_pos": "pos_embed.W_pos",
    "W_U": "unembed.W_U",
    "b_U": "unembed.b_U",
    "ln_final_w": "ln_final.w",
    "ln_final_b": "ln_final.b",
}
"""Where a TransformerLens model has each weight outside its layers."""

_LAYER_PATHS = {
    **{f"{ln}_{kind}": f"{ln}.{kind}" for ln in ("ln1", "ln2") for kind in "wb"},
    **{f"{kind}_{part}": f"attn.{kind}_{part}" for part in "QKVO" for kind in "Wb"},
    **{f"{kind}_{part}": f"mlp.{kind}_{part}" for part in ("in", "out") for kind in "Wb"},
}
"""Where a layer of a TransformerLens model has each weight."""

_NORMS = {"": "none", "LN": "LN", "LNPRE": "LN", "RMS": "RMS", "RMSPRE": "RMS"}
"""Our names for TransformerLens's normalisations. Those that end with PRE have no weights."""

_ORDINARY: dict[str, object] = {
    "positional_embedding_type": "standard",
    "gated_mlp": False,
    "use_attn_scale": True,
    "scale_attn_by_inverse_layer_idx": False,
    "use_local_attn": False,
    "use_qk_norm": False,
    "parallel_attn_mlp": False,
    "num_experts": None,
    "post_embedding_ln": False,
    "use_normalization_before_and_after": False,
    "rmsnorm_uses_offset": False,
    "scale_embedding": None,
}
"""Options of a TransformerLens config that change what is computed, with the values that our architecture has."""


def to_transformer_lens(network: Given) -> "TransformerBridge":
    """Convert a network to a ``TransformerBridge`` of TransformerLens's native architecture.

    The bridge has its own copy of the weights. Biases that the network does not have are zero, and so are the
    positional embeddings of a network without them. Each of our sites is one of its hooks (for example
    ``blocks.0.hook_resid_mid``), and an intervention at a hook has the same effect as in our network; ``lens_layer.py``
    explains for which two hooks TransformerLens's own layer would differ.

    Example:
        >>> import scrubjay
        >>> bridge = scrubjay.to_transformer_lens(scrubjay.load_network("bundled"))  # doctest: +SKIP
        >>> bridge.run_with_cache(tokens)[1]["blocks.0.hook_resid_mid"]  # doctest: +SKIP

    Args:
        network: a network of any sizes, precision and device, or anything else that ``explain`` takes.

    Returns:
        A bridge on the network's device and in its precision, in evaluation mode and without gradients.

    Raises:
        UsageError: TransformerLens 4.3 or later is not installed.
        BadInput: the network was trained with fixed attention, mixes its attention with uniform attention, or has MLPs
            without neurons, which TransformerLens's layer does not support; or there is no such file.
        RefusedFile: the file is damaged or is not one of ours.
    """
    network = as_saved(network).network
    _refuse_what_it_lacks(network)
    try:
        from transformer_lens.config import TransformerBridgeConfig
        from transformer_lens.utilities.tl_checkpoint_conversion import convert_tl_checkpoint

        from scrubjay.nets.bridges.lens_layer import hooked_bridge
    except ImportError as error:
        raise UsageError(
            f"to_transformer_lens needs TransformerLens 4.3 or later ({error}); install it with "
            f"pip install 'scrubjay[transformer-lens]'"
        ) from error

    c = network.config
    cfg = TransformerBridgeConfig(
        d_model=c.d_model,
        d_head=c.d_head,
        n_layers=c.n_layers,
        n_ctx=c.n_ctx,
        n_heads=c.n_heads,
        d_mlp=c.d_mlp or None,
        d_vocab=c.d_vocab,
        d_vocab_out=c.d_vocab_out,
        act_fn=c.act_fn,
        normalization_type=None if c.norm == "none" else c.norm,
        eps=c.eps,
        attention_dir=c.attention,
        attn_only=c.attn_only,
        architecture="TransformerLensNative",
        init_weights=False,
        default_prepend_bos=False,
        dtype=network.dtype,
        device=str(network.device),
    )
    bridge = hooked_bridge(cfg, network.dtype, network.device)
    bridge.load_state_dict(convert_tl_checkpoint(lens_state_dict(network), cfg), strict=True)  # type: ignore[no-untyped-call]
    return bridge.eval().requires_grad_(False)


def _refuse_what_it_lacks(network: Transformer) -> None:
    c = network.config
    if network.frozen_pattern is not None:
        raise BadInput(
            "this network was trained with a fixed attention pattern, but attention in TransformerLens always depends "
            "on the tokens; convert a network with ordinary attention, and replace its pattern in hook_pattern"
        )
    if c.attn_coeff != 1:
        raise BadInput(
            f"this network's attention is {c.attn_coeff:g} softmax + {1 - c.attn_coeff:g}, but attention in "
            f"TransformerLens is always a softmax; convert a network with attn_coeff 1"
        )
    if not c.d_mlp and not c.attn_only:
        raise BadInput(
            "this network's MLPs have no neurons and add only a bias, but a layer of TransformerLens has at least one "
            "neuron, or no MLP at all"
        )


def lens_state_dict(network: Transformer) -> dict[str, Tensor]:
    """A network's weights with the names and shapes of a ``HookedTransformer``, with zeros for what it lacks."""
    c, state = network.config, {}
    for name, path in _OUTER_PATHS.items():
        if name in c.weight_axes:
            state[path] = network.parameter(name).detach().clone()
        elif name in ("W_pos", "b_U"):
            state[path] = network.W_E.new_zeros(c.shape(name))
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        for name, path in _LAYER_PATHS.items():
            weight = block.weight(name)
            if weight is not None:
                state[f"blocks.{number}.{path}"] = weight.detach().clone()
            elif name in ATTENTION_BIASES:
                state[f"blocks.{number}.{path}"] = network.W_E.new_zeros(c.shape(name))
    return state


def from_transformer_lens(model: "TransformerBridge | Any") -> Transformer:
    """Convert a TransformerLens model to a network, with its own copy of the weights.

    Biases of attention and unembedding that are all zero are left out. The logits of both are compared on random
    tokens. This also detects options of the model that change what it computes and that this function does not know.

    Example:
        >>> import scrubjay
        >>> network = scrubjay.from_transformer_lens(model)  # doctest: +SKIP
        >>> study = scrubjay.explain(network, "modular_addition:p=113")  # doctest: +SKIP

    Args:
        model: a ``TransformerBridge`` of TransformerLens 4, or a ``HookedTransformer`` of TransformerLens 1 to 3. It
            may have any number of layers, every normalisation (also one that was folded into the weights), biases or
            none, and causal or bidirectional attention.

    Raises:
        RefusedFile: the model's config has an option that our architecture does not have (rotary positions, gated
            MLPs, another activation, ...), a weight is missing, or its logits differ.
        BadInput: a weight contains NaN or infinity.
    """
    name = f"the {type(model).__name__}"
    there = getattr(model, "cfg", None)
    if there is None:
        raise RefusedFile(f"{name} is not a TransformerLens model: it has no cfg")
    other = _unknown_options(there)
    if other:
        raise RefusedFile(f"{name} has another architecture: {'; '.join(other)}")
    outer = {key: weight_at(model, path, name) for key, path in _OUTER_PATHS.items() if not key.startswith("ln")}
    config = _config(there, outer, model, name)
    weights = {key: outer[key] if key in outer else _weight(model, key, config, name) for key in config.weight_axes}
    return converted(config, weights, model, model, name)


def _unknown_options(there: Any) -> list[str]:
    """Each option of a TransformerLens config that changes what is computed and that our architecture does not have."""
    found = {key: (getattr(there, key, wanted), wanted) for key, wanted in _ORDINARY.items()}
    other = [
        f"{key} is {value!r}, not {wanted!r}"
        for key, (value, wanted) in found.items()
        if value != wanted and (value or wanted)  # 0 and None are as good as False
    ]
    norm, act_fn = _norm(there), _act_fn(there)
    if norm not in _NORMS:
        other.append(f"normalization_type is {there.normalization_type!r}, not None, LN, LNPre, RMS or RMSPre")
    if act_fn not in ACTIVATIONS_THERE and not there.attn_only:
        other.append(f"act_fn is {there.act_fn!r}, not one of {', '.join(sorted(ACTIVATIONS_THERE))}")
    if there.attention_dir not in ATTENTION:
        other.append(f"attention_dir is {there.attention_dir!r}, not {' or '.join(ATTENTION)}")
    if getattr(there, "final_rms", False) and _NORMS.get(norm) != "RMS":
        other.append(f"final_rms is True, and normalization_type is {there.normalization_type!r}")
    groups = getattr(there, "n_key_value_heads", None)
    if groups not in (None, there.n_heads):
        other.append(f"n_key_value_heads is {groups!r}, and n_heads is {there.n_heads!r}")
    scale = getattr(there, "attn_scale", -1.0)
    if scale > 0 and not isclose(scale, there.d_head**0.5, rel_tol=1e-6):
        other.append(f"attn_scale is {scale!r}, not the square root of d_head, {there.d_head**0.5:g}")
    for key in ("attn_scores_soft_cap", "output_logits_soft_cap"):
        if getattr(there, key, -1.0) > 0:
            other.append(f"{key} is {getattr(there, key)!r}, and scrubjay knows no such cap")
    return other


def _norm(there: Any) -> str:
    return str(there.normalization_type or "").upper()


def _act_fn(there: Any) -> str:
    return str(there.act_fn or "gelu").lower()


def _config(there: Any, outer: dict[str, Tensor], model: Any, name: str) -> Config:
    """The sizes, which the weights have, and the architecture, which the model's config states."""
    n_heads, d_model, d_head = weight_at(model, "blocks.0.attn.W_Q", name).shape
    attn_only = bool(there.attn_only)
    return Config(
        d_vocab=outer["W_E"].shape[0],
        n_ctx=outer["W_pos"].shape[0],
        d_model=d_model,
        n_heads=n_heads,
        d_head=d_head,
        d_mlp=0 if attn_only else weight_at(model, "blocks.0.mlp.W_in", name).shape[-1],
        n_layers=len(model.blocks),
        d_vocab_out=outer["W_U"].shape[-1],
        act_fn="relu" if attn_only else ACTIVATIONS_THERE[_act_fn(there)],
        norm=_NORMS[_norm(there)],
        eps=there.eps,
        attention=there.attention_dir,
        attn_biases=True,
        unembed_bias=True,
        attn_only=attn_only,
    )


def _weight(model: Any, key: str, config: Config, name: str) -> Tensor:
    """A weight by our name. A normalisation without weights has ones and zeros."""
    layer, _, own = key.rpartition(".")
    if own.startswith("ln") and _norm(model.cfg).endswith("PRE"):
        like = weight_at(model, "embed.W_E", name)
        return like.new_ones(config.shape(key)) if own.endswith("_w") else like.new_zeros(config.shape(key))
    if own in _OUTER_PATHS:
        return weight_at(model, _OUTER_PATHS[own], name)
    return weight_at(model, f"{layer or 'blocks.0'}.{_LAYER_PATHS[own]}", name)
