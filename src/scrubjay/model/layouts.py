"""Other programs' layouts, declared as key maps: for each weight its key there and the order of its axes.

Adding a layout is adding an entry to ``LAYOUTS``. Axis letters are those of ``scrubjay.axes``; ``(he)`` are heads and
head dimension in one axis, heads outermost.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from scrubjay.errors import RefusedFile
from scrubjay.model.config import WEIGHT_AXES, Config

_SIZES = {"v": "d_vocab", "s": "n_ctx", "d": "d_model", "h": "n_heads", "e": "d_head", "m": "d_mlp"}


@dataclass(frozen=True)
class Layout:
    """How one program names and shapes the weights.

    Attributes:
        keys: our weight → its key there and its axes there.
        zeros: keys that may be there if they hold nothing but zeros, each with the reason why.
        passed_over: keys that may be there and say nothing about the function.
    """

    keys: Mapping[str, tuple[str, str]]
    zeros: Mapping[str, str]
    passed_over: frozenset[str]


_ATTENTION_BIAS = "the architecture has no attention biases, and a bias there can't be moved into another weight"

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
    """Turn a checkpoint's tensors into ours.

    Args:
        tensors: by the other program's keys.
        layout: a name of ``LAYOUTS``, or ``auto`` for the one with the fewest faults.
        file: what to call the checkpoint in a message.

    Raises:
        RefusedFile: another architecture, or keys missing, extra, transposed or of a wrong shape or type; all faults
            at once.
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
    norms = sorted(key for key in tensors if ".ln" in f".{key}")
    if norms:
        raise RefusedFile(
            f"{file} has LayerNorm ({', '.join(norms[:4])}); scrubjay reads networks without it, since it makes the "
            f"residual stream's contributions depend on each other"
        )
    if "blocks.0.attn.q.weight" in tensors:
        raise RefusedFile(
            f"{file} is the state dict of a TransformerBridge, which does not say how many heads there are; load it "
            f"into its bridge, and give that to scrubjay.from_transformer_lens"
        )
    layers = {key.split(".")[1] for key in tensors if key.startswith("blocks.")}
    if len(layers) > 1:
        raise RefusedFile(f"{file} has {len(layers)} layers; scrubjay reads networks of one layer")


def _faults(tensors: Mapping[str, torch.Tensor], layout: Layout) -> list[str]:
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
            f"the weights are of the types {', '.join(sorted(types))}; they must be all float32 or all float64"
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
    """The size that most weights give to each axis, so that one wrong weight is outvoted and named."""
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
    have = axes.replace("(he)", "h e").split()
    split = tensor.reshape([sizes[axis] for axis in have])
    return split.permute([have.index(axis) for axis in wanted.split()])
