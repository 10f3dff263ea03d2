"""The layouts of other programs' checkpoints, declared as key maps.

A layout says for each weight under which key it is stored and in which order its axes are. To support another layout,
add an entry to ``LAYOUTS``. Axis letters are those of ``scrubjay.core.axes``; ``(he)`` is one axis that holds the heads
one after the other.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.config import WEIGHT_AXES, Config

_ATTENTION_BIAS = "the architecture has no attention biases, and such a bias cannot be moved into another weight"
"""Why a checkpoint with an attention bias is refused."""

_SIZES = {"v": "d_vocab", "s": "n_ctx", "d": "d_model", "h": "n_heads", "e": "d_head", "m": "d_mlp"}
"""The field of ``Config`` that holds the size of each axis."""


@dataclass(frozen=True)
class Layout:
    """How one program names and shapes the weights.

    Attributes:
        keys: for each weight of ours, its key and its axes in the checkpoint.
        zeros: keys that may be present if all their values are zero, each with the reason.
        passed_over: keys that may be present and that do not affect what the network computes.
    """

    keys: Mapping[str, tuple[str, str]]
    zeros: Mapping[str, str]
    passed_over: frozenset[str]


LAYOUTS: Mapping[str, Layout] = {
    "challenge": Layout(
        keys={
            "W_E": ("embed.W_E", "d v"),
            "W_pos": ("pos_embed.W_pos", "s d"),
            "W_Q": ("blocks.0.attn.W_Q", "h e d"),
            "W_K": ("blocks.0.attn.W_K", "h e d"),
            "W_V": ("blocks.0.attn.W_V", "h e d"),
            "W_O": ("blocks.0.attn.W_O", "d (he)"),
            "W_in": ("blocks.0.mlp.W_in", "m d"),
            "b_in": ("blocks.0.mlp.b_in", "m"),
            "W_out": ("blocks.0.mlp.W_out", "d m"),
            "b_out": ("blocks.0.mlp.b_out", "d"),
            "W_U": ("unembed.W_U", "d v"),
        },
        zeros={},
        passed_over=frozenset({"blocks.0.attn.mask"}),
    ),
    "transformer-lens": Layout(
        keys={
            "W_E": ("embed.W_E", "v d"),
            "W_pos": ("pos_embed.W_pos", "s d"),
            "W_Q": ("blocks.0.attn.W_Q", "h d e"),
            "W_K": ("blocks.0.attn.W_K", "h d e"),
            "W_V": ("blocks.0.attn.W_V", "h d e"),
            "W_O": ("blocks.0.attn.W_O", "h e d"),
            "W_in": ("blocks.0.mlp.W_in", "d m"),
            "b_in": ("blocks.0.mlp.b_in", "m"),
            "W_out": ("blocks.0.mlp.W_out", "m d"),
            "b_out": ("blocks.0.mlp.b_out", "d"),
            "W_U": ("unembed.W_U", "d v"),
        },
        zeros={
            **{f"blocks.0.attn.b_{name}": _ATTENTION_BIAS for name in ("Q", "K", "V", "O")},
            "unembed.b_U": "the architecture has no unembedding bias",
        },
        passed_over=frozenset({"blocks.0.attn.mask", "blocks.0.attn.IGNORE"}),
    ),
}


def as_weights(
    tensors: Mapping[str, torch.Tensor], layout: str, file: str
) -> tuple[Config, dict[str, torch.Tensor], str]:
    """Convert the tensors of a checkpoint to our names and shapes.

    Args:
        tensors: the tensors by the other program's keys.
        layout: a name in ``LAYOUTS``, or ``auto`` for the layout that fits best.
        file: the name of the checkpoint, for error messages.

    Returns:
        The sizes, the weights by our names, and the name of the layout.

    Raises:
        RefusedFile: the checkpoint has another architecture, or keys are missing, unknown, transposed, or of a wrong
            shape or type. The message lists all faults.
    """
    _refuse_other_architectures(tensors, file)
    candidates = [layout] if layout != "auto" else list(LAYOUTS)
    faults = {name: _faults(tensors, LAYOUTS[name]) for name in candidates}
    best = min(candidates, key=lambda name: len(faults[name]))
    if faults[best]:
        raise RefusedFile(f"{file} does not fit the layout {best!r}:\n  " + "\n  ".join(faults[best]))
    sizes = _axis_sizes(tensors, LAYOUTS[best])
    config = Config(**{_SIZES[axis]: size for axis, size in sizes.items()})
    weights = {
        name: _arranged(tensors[key], axes, WEIGHT_AXES[name], sizes).contiguous()
        for name, (key, axes) in LAYOUTS[best].keys.items()
    }
    return config, weights, best


def _refuse_other_architectures(tensors: Mapping[str, torch.Tensor], file: str) -> None:
    """Refuse checkpoints with LayerNorm or several layers, and those that do not say how many heads there are."""
    norms = sorted(key for key in tensors if ".ln" in f".{key}")
    if norms:
        raise RefusedFile(
            f"{file} has LayerNorm ({', '.join(norms[:4])}), and scrubjay reads only networks without it: with "
            f"LayerNorm, the contributions to the residual stream depend on each other"
        )
    if "blocks.0.attn.q.weight" in tensors:
        raise RefusedFile(
            f"{file} is the state dict of a TransformerBridge, which does not say how many heads there are; load it "
            f"into its bridge, and pass the bridge to scrubjay.from_transformer_lens"
        )
    layers = {key.split(".")[1] for key in tensors if key.startswith("blocks.")}
    if len(layers) > 1:
        raise RefusedFile(f"{file} has {len(layers)} layers, and scrubjay reads only networks with one layer")


def _faults(tensors: Mapping[str, torch.Tensor], layout: Layout) -> list[str]:
    """Everything in which a checkpoint differs from a layout."""
    found = [
        f"{key} is missing (it should hold {name}, axes [{axes}])"
        for name, (key, axes) in layout.keys.items()
        if key not in tensors
    ]
    known = {key for key, _ in layout.keys.values()} | set(layout.zeros) | layout.passed_over
    found += [f"{key} is unknown, of shape {tuple(tensors[key].shape)}" for key in sorted(set(tensors) - known)]
    for key, reason in layout.zeros.items():
        if key in tensors and bool((tensors[key] != 0).any()):
            found.append(f"{key} is not zero: {reason}")
    present = {name: entry for name, entry in layout.keys.items() if entry[0] in tensors}
    types = {str(tensors[key].dtype) for key, _ in present.values()}
    if types - {"torch.float32", "torch.float64"} or len(types) > 1:
        found.append(
            f"the weights are of the types {', '.join(sorted(types))}; they must all be float32 or all be float64"
        )
    return found + _shape_faults(tensors, layout)


def _shape_faults(tensors: Mapping[str, torch.Tensor], layout: Layout) -> list[str]:
    sizes, found = _axis_sizes(tensors, layout), []
    for key, axes in layout.keys.values():
        if key not in tensors:
            continue
        shape, wanted = tuple(tensors[key].shape), _shape(axes, sizes)
        if len(shape) != len(wanted):
            found.append(f"{key} has {len(shape)} axes, shape {shape}; expected [{axes}]")
        elif shape != wanted:
            turned = shape == wanted[::-1] or (len(shape) == 3 and shape == (wanted[0], wanted[2], wanted[1]))
            also = "; it looks transposed" if turned else ""
            found.append(f"{key} has the shape {shape}; expected {wanted} from the other weights, [{axes}]{also}")
    return found


def _axis_sizes(tensors: Mapping[str, torch.Tensor], layout: Layout) -> dict[str, int]:
    """The size of each axis according to most weights, so that a single wrong weight is found and can be named."""
    votes: dict[str, Counter[int]] = {axis: Counter() for axis in _SIZES}
    for key, axes in layout.keys.values():
        if key in tensors and tensors[key].ndim == len(axes.split()):
            for axis, size in zip(axes.split(), tensors[key].shape, strict=True):
                if axis in votes:
                    votes[axis][size] += 1
    return {axis: count.most_common(1)[0][0] if count else 0 for axis, count in votes.items()}


def _shape(axes: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sizes["h"] * sizes["e"] if axis == "(he)" else sizes[axis] for axis in axes.split())


def _arranged(tensor: torch.Tensor, axes: str, wanted: str, sizes: Mapping[str, int]) -> torch.Tensor:
    """A tensor with its axes in the wanted order."""
    have = axes.replace("(he)", "h e").split()
    split = tensor.reshape([sizes[axis] for axis in have])
    return split.permute([have.index(axis) for axis in wanted.split()])
