"""Which keys of a checkpoint hold which weight of a layout, and everything in which the checkpoint differs from it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.config import LAYER_AXES, MLP_WEIGHTS
from scrubjay.nets.files.layouts import Entry, Layout
from scrubjay.nets.files.stated_config import Fact

_NORMS = frozenset({"ln1_w", "ln1_b", "ln2_w", "ln2_b", "ln_final_w", "ln_final_b"})
_NORM_BIASES = frozenset({"ln1_b", "ln2_b", "ln_final_b"})
_BEFORE_MLP = frozenset({"ln2_w", "ln2_b"})

_LACKING: Mapping[str, str] = {
    "*rotary*": "rotary positions",
    "*inv_freq*": "rotary positions",
    "*alibi*": "ALiBi positions",
    "*W_gate*": "a gated MLP",
    "*gate_proj*": "a gated MLP",
    "*mlp.gate.*": "a gated MLP",
    "*experts*": "a mixture of experts",
    "*crossattention*": "cross-attention",
    "*cross_attn*": "cross-attention",
    "*encoder.*": "an encoder",
    "*decoder.*": "a decoder",
    "*attn._W_K": "grouped-query attention",
    "*attn._W_V": "grouped-query attention",
    "*rel_pos*": "relative positions",
    "*relative_attention_bias*": "relative positions",
    "*mlp.ln.*": "a normalisation inside the MLP",
    "*post.w": "a normalisation after a block",
}
"""Keys of options that the architecture lacks."""

_NUMBER = r"(0|[1-9][0-9]{0,3})"
"""The number of a layer or a head in a key."""


class Fit:
    """A checkpoint seen through a layout.

    Args:
        tensors: the tensors by key.
        layout: the layout.
        told: the fields that configs and declarations state.

    Attributes:
        tensors: the tensors by key.
        layout: the layout.
        n_layers: the number of layers that the keys have.
        sizes: the size of each axis according to most weights; ``he`` is the width of all heads together.
        faults: everything in which the checkpoint differs from the layout.
        matched: the number of keys that are keys of the layout.
    """

    def __init__(self, tensors: Mapping[str, Tensor], layout: Layout, told: Mapping[str, object]) -> None:
        self.tensors, self.layout, self.told = tensors, layout, told
        self._keys: dict[tuple[str, int, int], str] = {}
        self.faults: list[str] = []
        self._match()
        self.matched = len(set(self._keys.values()))
        self.n_layers = self._count_layers()
        self.n_heads_counted = self._count_heads()
        self.attn_only = not self._any(MLP_WEIGHTS | _BEFORE_MLP) and not (
            layout.is_own and MLP_WEIGHTS & set(layout.weights)
        )
        self.has_norm_bias = self._any(_NORM_BIASES)
        self.norm_key = next((key for name, key in self.keys_of(_NORMS)), None)
        self.has_positions = self.has("W_pos", 0)
        self.faults += self._missing() + self._unknown() + self._types()
        self.sizes = self._axis_sizes()
        self.faults += self._shapes()

    @property
    def passed_over(self) -> str:
        """The keys that do not affect what the network computes, in words."""
        used = set(self._keys.values())
        return ", ".join(key for key in self.tensors if key not in used)

    def has(self, weight: str, layer: int) -> bool:
        """Whether the checkpoint has a weight of a layer."""
        return (weight, layer, -1) in self._keys or (weight, layer, 0) in self._keys

    def key(self, weight: str, layer: int, head: int) -> str:
        """The key of a weight; ``head`` is -1 where heads do not lie in keys of their own."""
        return self._keys[weight, layer, head]

    def keys_of(self, weights: frozenset[str]) -> Iterator[tuple[str, str]]:
        """The names and the keys of those of some weights that the checkpoint has."""
        return ((name, key) for (name, _, _), key in self._keys.items() if name in weights)

    def example(self, axis: str) -> str:
        """The shape of a weight that has an axis, as a clause in brackets."""
        for (name, _, _), key in self._keys.items():
            letters = self.layout.weights[name].axes
            if axis in letters:
                return f" ({key} has the shape {tuple(self.tensors[key].shape)})"
        return ""

    def facts(self) -> list[Fact]:
        """What the keys say of the architecture."""
        found = [Fact("attn_only", self.attn_only, "the file has", "no MLP" if self.attn_only else "MLPs")]
        if not self.has("W_U", 0):
            found.append(Fact("tied", True, "the file has", "no key for the unembedding"))
        elif self.layout.tied:
            a, b = (self.tensors[self.key(name, 0, -1)] for name in ("W_U", "W_E"))
            if a.shape != b.shape or not torch.equal(a, b):
                found.append(Fact("tied", False, "the file has", "an unembedding that differs from the embedding"))
        return found

    def check_masks(self, attention: str, name: str, is_told: bool) -> None:
        """Check that stored masks are those of causal attention.

        Raises:
            RefusedFile: a mask is of another form.
        """
        for key, mask in self.tensors.items():
            if key in self._keys.values() or not any(fnmatchcase(key, each) for each in self.layout.masks):
                continue
            shown = mask != 0
            if mask.ndim >= 2 and mask.shape[-1] == mask.shape[-2]:
                if bool((shown == torch.ones(mask.shape[-2:], dtype=torch.bool).tril()).all()):
                    continue
                if bool(shown.all()) and attention == "bidirectional":
                    continue
                if bool(shown.all()):
                    told = "is causal according to the config" if is_told else "is not known to be causal"
                    raise RefusedFile(
                        f"{name} has a mask ({key}) that hides nothing, and attention {told}; declare attention, for "
                        f"example with --set attention=bidirectional"
                    )
            raise RefusedFile(
                f"{name} has a mask ({key}, shape {tuple(mask.shape)}) that is not the lower triangle of causal "
                f"attention; local attention and other masks are not supported"
            )

    def check_copies(self, name: str) -> None:
        """Check that tensors which should be copies are.

        Raises:
            RefusedFile: one differs.
        """
        for key, original in self.layout.copies.items():
            if key in self.tensors and original in self.tensors:
                a, b = self.tensors[key], self.tensors[original]
                if a.shape != b.shape or not torch.equal(a, b):
                    raise RefusedFile(
                        f"{name} has {key}, which differs from {original}; scrubjay reads networks with one embedding"
                    )

    def _match(self) -> None:
        for name, entry in self.layout.weights.items():
            pattern = _pattern(self.layout.prefix, entry.key)
            for key in self.tensors:
                found = pattern.fullmatch(key)
                if found is None:
                    continue
                groups = found.groupdict()
                place = (name, int(groups.get("l") or 0), int(groups["h"]) if "h" in groups else -1)
                if place in self._keys:
                    self.faults.append(f"{key} and {self._keys[place]} both hold {name}")
                self._keys.setdefault(place, key)

    def _count_layers(self) -> int:
        """The number of layers, whose numbers in the keys must start at 0 and leave none out."""
        numbered = {place: key for place, key in self._keys.items() if "{l}" in self.layout.weights[place[0]].key}
        return max(1, self._checked({place[1] for place in numbered}, {k: p[1] for p, k in numbered.items()}, "layer"))

    def _count_heads(self) -> int:
        """The number of heads that have keys of their own; 0 if no heads have."""
        numbered = {key: place[2] for place, key in self._keys.items() if place[2] >= 0}
        return self._checked(set(numbered.values()), numbered, "head")

    def _checked(self, numbers: set[int], numbered: Mapping[str, int], what: str) -> int:
        count = next(n for n in range(len(numbers) + 1) if n not in numbers)
        self.faults += [
            f"{key} belongs to {what} {number}, but there is no {what} {count}"
            for key, number in numbered.items()
            if number > count
        ]
        return count

    def _any(self, weights: frozenset[str]) -> bool:
        return any(place[0] in weights for place in self._keys)

    def _missing(self) -> list[str]:
        found = []
        shown = self.layout.prefix if any(key.startswith(self.layout.prefix) for key in self.tensors) else ""
        for name, entry in self.layout.weights.items():
            if self._may_miss(name, entry):
                continue
            for layer in range(self.n_layers if name in LAYER_AXES else 1):
                for head in range(max(self.n_heads_counted, 1)) if "{h}" in entry.key else (-1,):
                    if (name, layer, head) not in self._keys:
                        key = entry.key.replace("{l}", str(layer)).replace("{h}", str(head))
                        key = key if name == "W_U" else shown + key
                        fault = f"{key} is missing (it should hold {name}, axes [{entry.axes}])"
                        if fault not in found:
                            found.append(fault)
        return found

    def _may_miss(self, name: str, entry: Entry) -> bool:
        if entry.optional or self.layout.is_own:
            return entry.optional
        if name == "W_pos":
            return self.told.get("positions") is False
        if self.attn_only and (name in MLP_WEIGHTS or name.startswith("ln2")):
            return True
        if name in _NORM_BIASES and self.layout.rms_has_no_bias and not self.has_norm_bias:
            return True
        return name in _NORMS and self.norm_key is None and "norm" not in self.layout.stated

    def _unknown(self) -> list[str]:
        used, layout = set(self._keys.values()), self.layout
        patterns = (*layout.passed_over, *layout.masks, *layout.copies)
        return [
            f"{key} is unknown, of shape {tuple(self.tensors[key].shape)}"
            for key in sorted(set(self.tensors) - used)
            if not any(fnmatchcase(key, pattern) for pattern in patterns)
        ]

    def _types(self) -> list[str]:
        types = {str(self.tensors[key].dtype) for key in self._keys.values()}
        if not types - {"torch.float32", "torch.float64"} and len(types) <= 1:
            return []
        return [f"the weights are of the types {', '.join(sorted(types))}; they must all be float32 or all be float64"]

    def _axis_sizes(self) -> dict[str, int]:
        """The size of each axis according to most weights, so that a single wrong weight is found and can be named."""
        votes: dict[str, Counter[int]] = {axis: Counter() for axis in "vosdhem"}
        merged: Counter[int] = Counter()
        for (name, _, _), key in self._keys.items():
            axes, shape = self.layout.weights[name].split_axes, self.tensors[key].shape
            for axis, size in zip(axes, shape, strict=True) if len(axes) == len(shape) else ():
                if len(axis) == 1 and axis != ("3",):
                    votes[axis[0]][size] += 1
                elif {"h", "e"} <= set(axis):
                    merged[size // 3 if "3" in axis else size] += 1
        sizes = {axis: count.most_common(1)[0][0] if count else 0 for axis, count in votes.items()}
        sizes["h"] = self.n_heads_counted or sizes["h"]
        sizes["he"] = sizes["h"] * sizes["e"] or (merged.most_common(1)[0][0] if merged else 0)
        if not self.has("W_U", 0):
            sizes["o"] = sizes["v"]
        return sizes

    def _expected(self, entry: Entry) -> tuple[int, ...]:
        found = []
        for axis in entry.split_axes:
            if len(axis) == 1:
                found.append(self.sizes.get(axis[0], 3))
            else:
                found.append(self.sizes["he"] * (3 if "3" in axis else 1))
        return tuple(found)

    def _shapes(self) -> list[str]:
        found = []
        for (name, _, _), key in self._keys.items():
            entry, shape = self.layout.weights[name], tuple(self.tensors[key].shape)
            wanted = self._expected(entry)
            fault = ""
            if 0 in shape and "m" not in entry.axes:
                fault = f"{key} has the shape {shape}, which holds no values"
            elif len(shape) != len(wanted):
                fault = f"{key} has {len(shape)} axes, shape {shape}; expected [{entry.axes}]"
            elif shape != wanted:
                turned = shape == wanted[::-1] or (len(shape) == 3 and shape == (wanted[0], wanted[2], wanted[1]))
                also = "; it looks transposed" if turned else ""
                fault = f"{key} has the shape {shape}; expected {wanted} from the other weights, [{entry.axes}]{also}"
            if fault and fault not in found:
                found.append(fault)
        return found


def refuse_by_name(tensors: Mapping[str, Tensor], fit: Fit, name: str) -> None:
    """Refuse a checkpoint with keys of an option that the architecture lacks.

    Raises:
        RefusedFile: there is such a key. The message names the option and the key.
    """
    used = {key for _, key in fit.keys_of(frozenset(fit.layout.weights))}
    for key in tensors:
        option = next((what for pattern, what in _LACKING.items() if fnmatchcase(key, pattern)), None)
        if option is not None and key not in used:
            raise RefusedFile(f"{name} has {option} ({key}), which scrubjay does not support")


def _pattern(prefix: str, template: str) -> "re.Pattern[str]":
    body = re.escape(template).replace(re.escape("{l}"), f"(?P<l>{_NUMBER})")
    body = body.replace(re.escape("{h}"), f"(?P<h>{_NUMBER})")
    return re.compile(f"(?:{re.escape(prefix)})?{body}" if prefix else body)
