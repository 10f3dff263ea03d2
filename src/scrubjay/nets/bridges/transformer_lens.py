"""To and from TransformerLens (extra ``transformer-lens``).

Source: TransformerLens 4's ``TransformerBridge`` over its native architecture, and ``convert_tl_checkpoint``, which
turns the weight names and shapes that ``HookedTransformer`` had (and that ours are) into the bridge's.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.nets.config import WEIGHT_AXES
from scrubjay.nets.files.checkpoint import network_of
from scrubjay.nets.files.layouts import LAYOUTS, as_weights
from scrubjay.nets.transformer import OneLayerTransformer

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_LAYOUT = LAYOUTS["transformer-lens"]
_NEEDED: dict[str, tuple[object, ...]] = {
    "n_layers": (1,),
    "normalization_type": (None,),
    "act_fn": ("relu",),
    "positional_embedding_type": ("standard",),
    "attention_dir": ("causal",),
    "attn_only": (False,),
    "gated_mlp": (False,),
}
"""What a TransformerLens config must say to be our architecture."""

TOLERANCE = 1e-4
"""Of the largest logit: by how much the imported network's logits may differ from the model's."""


def to_transformer_lens(network: OneLayerTransformer) -> "TransformerBridge":
    """The network as a ``TransformerBridge`` of TransformerLens's native architecture, with weights of its own.

    Attention and unembedding biases, which our architecture doesn't have, are zeros there. Every site of ours is one of
    its hooks (``blocks.0.hook_resid_mid``, ...), and an intervention at a hook does what it does here; see
    ``bridge_layer.py`` for the two places where TransformerLens's own layer would not.

    Args:
        network: of any sizes, precision and device.

    Returns:
        A bridge on the network's device and in its precision, in evaluation mode and without gradients.

    Raises:
        UsageError: TransformerLens 4.3 or later is not installed.
        BadInput: a network whose attention was held fixed, which TransformerLens's layer can't be.
    """
    if network.frozen_pattern is not None:
        raise BadInput(
            "this network was trained with its attention held at one pattern, and TransformerLens's attention always "
            "looks at the tokens; put a hook on hook_pattern of a network of your own instead"
        )
    try:
        from transformer_lens.config import TransformerBridgeConfig
        from transformer_lens.utilities.tl_checkpoint_conversion import convert_tl_checkpoint

        from scrubjay.nets.bridges.lens_layer import hooked_bridge
    except ImportError as error:
        raise UsageError(
            f"to_transformer_lens needs TransformerLens 4.3 or later ({error}); it comes with the extra: "
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
    """The weights by the names and in the shapes of a ``HookedTransformer``, the biases that are zero among them."""
    zeros = {f"blocks.0.attn.b_{name}": torch.zeros_like(network.W_Q[:, 0]) for name in "QKV"}
    zeros |= {"blocks.0.attn.b_O": torch.zeros_like(network.b_out), "unembed.b_U": torch.zeros_like(network.W_U[0])}
    return {_LAYOUT.keys[name][0]: weight.clone() for name, weight in network.weights.items()} | zeros


def from_transformer_lens(model: "TransformerBridge | Any") -> OneLayerTransformer:
    """A TransformerLens model as a network, its weights copied.

    The network's logits are held against the model's on random tokens, so that an option of the model that changes its
    function, and that nobody thought of here, is refused too.

    Args:
        model: a ``TransformerBridge`` of one layer, or a ``HookedTransformer`` of TransformerLens 1 to 3.

    Raises:
        RefusedFile: another architecture (layers, LayerNorm, activation, biases in attention or unembedding, ...), or
            other logits.
        BadInput: a weight with NaN or infinity.
    """
    name = f"the {type(model).__name__}"
    missing = [part for part in ("cfg", *WEIGHT_AXES) if not hasattr(model, part)]
    if missing:
        raise RefusedFile(f"{name} is no TransformerLens model of this architecture: it has no {', '.join(missing)}")
    given = {key: getattr(model.cfg, key, wanted[0]) for key, wanted in _NEEDED.items()}
    other = [
        f"{key} is {given[key]!r}, not {wanted[0]!r}" for key, wanted in _NEEDED.items() if given[key] not in wanted
    ]
    if other:
        raise RefusedFile(f"{name} is of another architecture: {'; '.join(other)}")
    config, weights, _ = as_weights(_legacy_state(model), "transformer-lens", name)
    network = network_of(config, weights, name)
    _check_same_logits(model, network, name)
    return network


def _legacy_state(model: Any) -> dict[str, Tensor]:
    keys = {name: key for name, (key, _) in _LAYOUT.keys.items()}
    keys |= {key.rsplit(".", 1)[1]: key for key in _LAYOUT.zeros}
    state = {}
    for name, key in keys.items():
        weight = getattr(model, name)
        state[key] = (weight[0] if key.startswith("blocks.") else weight).detach().clone()
    return state


def _check_same_logits(model: Any, network: OneLayerTransformer, name: str) -> None:
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(network.config.d_vocab, (64, network.config.n_ctx), generator=draw).to(network.device)
    with torch.no_grad():
        theirs, ours = model(tokens), network(tokens)
    apart = float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1e-30))
    if not apart <= TOLERANCE:
        raise RefusedFile(
            f"{name} computes something else than its weights say in this architecture: its logits differ by "
            f"{apart:.1e} of the largest (at most {TOLERANCE:g}); hooks that are still attached, or an option of its "
            f"config that scrubjay doesn't know"
        )
