"""Conversion to and from TransformerLens (extra ``transformer-lens``).

Source: ``TransformerBridge`` with the native architecture of TransformerLens 4, and ``convert_tl_checkpoint``, which
converts the weight names and shapes of ``HookedTransformer`` (which are ours too) to those of the bridge.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.nets.config import WEIGHT_AXES
from scrubjay.nets.files.checkpoint import SavedNetwork, network_of
from scrubjay.nets.files.given import as_saved
from scrubjay.nets.files.layouts import LAYOUTS, as_weights
from scrubjay.nets.transformer import OneLayerTransformer

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_LAYOUT = LAYOUTS["transformer-lens"]
"""The weight names of a ``HookedTransformer``."""

_NEEDED: dict[str, object] = {
    "n_layers": 1,
    "normalization_type": None,
    "act_fn": "relu",
    "positional_embedding_type": "standard",
    "attention_dir": "causal",
    "attn_only": False,
    "gated_mlp": False,
}
"""The values that a TransformerLens config must have to describe our architecture."""

TOLERANCE = 1e-4
"""How far the logits of a converted network may be from those of the model, as a share of the largest logit."""

_CHECKED_INPUTS = 64
"""The number of random inputs on which the logits are compared."""


def to_transformer_lens(network: OneLayerTransformer | SavedNetwork | str | Path) -> "TransformerBridge":
    """Convert a network to a ``TransformerBridge`` of TransformerLens's native architecture.

    The bridge has its own copy of the weights. Attention and unembedding biases, which our architecture does not have,
    are zero. Each of our sites is one of its hooks (for example ``blocks.0.hook_resid_mid``), and an intervention at a
    hook has the same effect as in our network; ``lens_layer.py`` explains for which two hooks TransformerLens's own
    layer would differ.

    Example:
        >>> import scrubjay
        >>> bridge = scrubjay.to_transformer_lens(scrubjay.load_network("bundled"))  # doctest: +SKIP
        >>> bridge.run_with_cache(tokens)[1]["blocks.0.hook_resid_mid"]  # doctest: +SKIP

    Args:
        network: a network of any sizes, precision and device, a saved network, or anything that ``load_network`` takes.

    Returns:
        A bridge on the network's device and in its precision, in evaluation mode and without gradients.

    Raises:
        UsageError: TransformerLens 4.3 or later is not installed.
        BadInput: the network was trained with fixed attention, which TransformerLens's layer does not support; or
            there is no such file.
        RefusedFile: the file is damaged or is not one of ours.
    """
    network = as_saved(network).network
    if network.frozen_pattern is not None:
        raise BadInput(
            "this network was trained with a fixed attention pattern, but attention in TransformerLens always depends "
            "on the tokens; convert a network with ordinary attention, and replace its pattern in hook_pattern"
        )
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
        n_layers=1,
        n_ctx=c.n_ctx,
        n_heads=c.n_heads,
        d_mlp=c.d_mlp,
        d_vocab=c.d_vocab,
        d_vocab_out=c.d_vocab,
        act_fn="relu",
        normalization_type=None,
        architecture="TransformerLensNative",
        init_weights=False,
        default_prepend_bos=False,
        dtype=network.dtype,
        device=str(network.device),
    )
    bridge = hooked_bridge(cfg, network.dtype, network.device)
    bridge.load_state_dict(convert_tl_checkpoint(state_dict(network), cfg), strict=True)  # type: ignore[no-untyped-call]
    return bridge.eval().requires_grad_(False)


def state_dict(network: OneLayerTransformer) -> dict[str, Tensor]:
    """A network's weights with the names and shapes of a ``HookedTransformer``, including its zero biases."""
    zeros = {f"blocks.0.attn.b_{name}": torch.zeros_like(network.W_Q[:, 0]) for name in "QKV"}
    zeros |= {"blocks.0.attn.b_O": torch.zeros_like(network.b_out), "unembed.b_U": torch.zeros_like(network.W_U[0])}
    return {_LAYOUT.keys[name][0]: weight.clone() for name, weight in network.weights.items()} | zeros


def from_transformer_lens(model: "TransformerBridge | Any") -> OneLayerTransformer:
    """Convert a TransformerLens model to a network, with its own copy of the weights.

    The logits of both are compared on random tokens. This also detects options of the model that change what it
    computes and that this function does not know.

    Example:
        >>> import scrubjay
        >>> network = scrubjay.from_transformer_lens(model)  # doctest: +SKIP
        >>> study = scrubjay.explain(network, "modular_addition:p=113")  # doctest: +SKIP

    Args:
        model: a ``TransformerBridge`` with one layer, or a ``HookedTransformer`` of TransformerLens 1 to 3.

    Raises:
        RefusedFile: the model has another architecture (several layers, LayerNorm, another activation, biases in
            attention or unembedding, ...), or its logits differ.
        BadInput: a weight contains NaN or infinity.
    """
    name = f"the {type(model).__name__}"
    missing = [part for part in ("cfg", *WEIGHT_AXES) if not hasattr(model, part)]
    if missing:
        raise RefusedFile(f"{name} is not a TransformerLens model of this architecture: it has no {', '.join(missing)}")
    given = {key: getattr(model.cfg, key, wanted) for key, wanted in _NEEDED.items()}
    other = [f"{key} is {given[key]!r}, not {wanted!r}" for key, wanted in _NEEDED.items() if given[key] != wanted]
    if other:
        raise RefusedFile(f"{name} has another architecture: {'; '.join(other)}")
    config, weights, _ = as_weights(_legacy_state(model), "transformer-lens", name)
    network = network_of(config, weights, name)
    _check_same_logits(model, network, name)
    return network


def _legacy_state(model: Any) -> dict[str, Tensor]:
    """A model's weights with the names and shapes of a ``HookedTransformer``."""
    keys = {name: key for name, (key, _) in _LAYOUT.keys.items()}
    keys |= {key.rsplit(".", 1)[1]: key for key in _LAYOUT.zeros}
    state = {}
    for name, key in keys.items():
        weight = getattr(model, name)
        state[key] = (weight[0] if key.startswith("blocks.") else weight).detach().clone()
    return state


def _check_same_logits(model: Any, network: OneLayerTransformer, name: str) -> None:
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(network.config.d_vocab, (_CHECKED_INPUTS, network.config.n_ctx), generator=draw).to(
        network.device
    )
    with torch.no_grad():
        theirs, ours = model(tokens), network(tokens)
    apart = float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1e-30))
    if not apart <= TOLERANCE:
        raise RefusedFile(
            f"{name} does not compute what its weights give in this architecture: its logits differ by {apart:.1e} of "
            f"the largest one, and at most {TOLERANCE:g} is allowed; either hooks are still attached to it, or its "
            f"config has an option that scrubjay does not know"
        )
