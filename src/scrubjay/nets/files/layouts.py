"""The layouts of other programs' checkpoints, declared as data.

A layout says for each weight under which key it is stored and in which order its axes are, and what every network of
that program has in common. To support another program, add an entry to ``LAYOUTS``; a user describes a layout of his
own in a TOML file (``layout_files.py``). ``arrange.py`` applies a layout to the tensors of a file.

Keys are templates: ``{l}`` stands for the number of the layer and ``{h}`` for the number of the head. Axis letters are
those of ``scrubjay.core.axes``; ``(he)`` is one axis that holds the heads one after the other, and ``3(he)`` one axis
that holds the queries, the keys and the values of all heads, of which an entry takes the part 0, 1 or 2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import LAYER_AXES, WEIGHT_AXES

_AXIS = re.compile(r"3?\(he\)|\(3he\)|\(h3e\)|\(eh\)|[vosdhem3]")
"""One axis of a tensor in a checkpoint: a letter, or several letters that are merged."""


@dataclass(frozen=True)
class Entry:
    """Where one weight lies in a checkpoint.

    Attributes:
        key: the template of its key.
        axes: the axes of the tensor in the checkpoint, separated by spaces.
        part: the part of the axis ``3`` that the weight takes, or None where there is no such axis.
        optional: whether the weight may be absent; it is then zero.
    """

    key: str
    axes: str
    part: int | None = None
    optional: bool = False

    @property
    def split_axes(self) -> tuple[tuple[str, ...], ...]:
        """For each axis of the tensor, the axes that are merged in it."""
        return tuple(tuple(axis.replace("(", "").replace(")", "")) for axis in self.axes.split())

    def check(self, weight: str) -> None:
        """Check that the entry describes the axes of a weight.

        Raises:
            BadInput: it does not. The message says what the weight's axes are.
        """
        wanted = WEIGHT_AXES[weight].split()
        shown = f"the entry of {weight} (key {self.key!r}, axes {self.axes!r})"
        if not self.key or re.sub(r"\{[lh]\}", "", self.key).count("{"):
            raise BadInput(
                f"{shown} needs a key whose only placeholders are {{l}} for the layer and {{h}} for the head"
            )
        if "{l}" in self.key and weight not in LAYER_AXES:
            raise BadInput(f"{shown} has the placeholder {{l}}, but {weight} does not belong to a layer")
        if "{h}" in self.key and "h" not in wanted:
            raise BadInput(f"{shown} has the placeholder {{h}}, but {weight} does not belong to a head")
        if self.key.count("{l}") > 1 or self.key.count("{h}") > 1:
            raise BadInput(f"{shown} has a placeholder twice")
        if not all(_AXIS.fullmatch(axis) for axis in self.axes.split()):
            raise BadInput(
                f"{shown} has axes that are not known; an axis is one of the letters v o s d h e m, or (he) or 3(he)"
            )
        letters = [letter for axis in self.split_axes for letter in axis]
        needed = sorted(set(wanted) - ({"h"} if "{h}" in self.key else set()))
        if sorted(letter for letter in letters if letter != "3") != needed or letters.count("3") > 1:
            raise BadInput(f"{shown} must have each of the axes {' '.join(needed)} once, in the order of the file")
        if ("3" in letters) != (self.part in (0, 1, 2)):
            raise BadInput(f"{shown} must have an axis 3 and a part 0, 1 or 2, or neither; its part is {self.part}")


@dataclass(frozen=True)
class Layout:
    """How one program names and shapes the weights.

    Attributes:
        name: the name.
        weights: for each weight of ours, where it lies in the checkpoint.
        prefix: what may stand before every key.
        passed_over: patterns of keys that may be present and that do not affect what the network computes.
        masks: patterns of keys that hold the mask of causal attention, which is compared with the lower triangle.
        copies: keys that may be present if they equal another key.
        tied: whether the unembedding is the transposed embedding where the checkpoint has no key for it.
        stated: fields of ``Config`` that are the same for every network of the program.
        assumed: fields of ``Config`` that the weights do not say, with the value that most networks of the program
            have. It is used where nothing else states the field, and reported.
        recognised_by: a key of a config by which the layout is told from others with the same keys, or nothing.
        ignored: keys of a config that the program writes but does not use, each with the reason.
        rms_has_no_bias: whether normalisation weights without biases mean RMSNorm.
        is_own: whether a user has described the layout, so that every weight in it must be there.
    """

    name: str
    weights: Mapping[str, Entry]
    prefix: str = ""
    passed_over: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    tied: bool = False
    stated: Mapping[str, object] = field(default_factory=dict)
    assumed: Mapping[str, object] = field(default_factory=dict)
    recognised_by: str = ""
    ignored: Mapping[str, str] = field(default_factory=dict)
    rms_has_no_bias: bool = False
    is_own: bool = False

    def __post_init__(self) -> None:
        for weight, entry in self.weights.items():
            entry.check(weight)
        needed = {"W_E", "W_Q", "W_K", "W_V", "W_O"} | (set() if self.tied else {"W_U"})
        missing = sorted(needed - set(self.weights))
        if missing:
            raise BadInput(f"the layout {self.name} has no entry for {', '.join(missing)}")


def _entries(**keys: str) -> dict[str, Entry]:
    """Entries from words such as ``"blocks.{l}.attn.W_Q: h e d"``; a question mark after the key makes it optional."""
    found = {}
    for weight, words in keys.items():
        key, axes = words.split(": ")
        found[weight] = Entry(key.rstrip("?"), axes, optional=key.endswith("?"))
    return found


def _fused(weight: str, bias: str, axes: str, bias_axes: str, optional: bool) -> dict[str, Entry]:
    """Entries of queries, keys and values that lie in one tensor."""
    found = {f"W_{name}": Entry(weight, axes, part) for part, name in enumerate("QKV")}
    return found | {f"b_{name}": Entry(bias, bias_axes, part, optional) for part, name in enumerate("QKV")}


_NEEL = _entries(
    W_E="embed.W_E: d v",
    W_pos="pos_embed.W_pos: s d",
    W_Q="blocks.{l}.attn.W_Q: h e d",
    W_K="blocks.{l}.attn.W_K: h e d",
    W_V="blocks.{l}.attn.W_V: h e d",
    W_O="blocks.{l}.attn.W_O: d (he)",
    W_in="blocks.{l}.mlp.W_in: m d",
    b_in="blocks.{l}.mlp.b_in: m",
    W_out="blocks.{l}.mlp.W_out: d m",
    b_out="blocks.{l}.mlp.b_out: d",
    W_U="unembed.W_U: d o",
)

_LENS = _entries(
    W_E="embed.W_E: v d",
    W_pos="pos_embed.W_pos: s d",
    ln1_w="blocks.{l}.ln1.w: d",
    ln1_b="blocks.{l}.ln1.b: d",
    W_Q="blocks.{l}.attn.W_Q: h d e",
    b_Q="blocks.{l}.attn.b_Q?: h e",
    W_K="blocks.{l}.attn.W_K: h d e",
    b_K="blocks.{l}.attn.b_K?: h e",
    W_V="blocks.{l}.attn.W_V: h d e",
    b_V="blocks.{l}.attn.b_V?: h e",
    W_O="blocks.{l}.attn.W_O: h e d",
    b_O="blocks.{l}.attn.b_O?: d",
    ln2_w="blocks.{l}.ln2.w: d",
    ln2_b="blocks.{l}.ln2.b: d",
    W_in="blocks.{l}.mlp.W_in: d m",
    b_in="blocks.{l}.mlp.b_in: m",
    W_out="blocks.{l}.mlp.W_out: m d",
    b_out="blocks.{l}.mlp.b_out: d",
    ln_final_w="ln_final.w: d",
    ln_final_b="ln_final.b: d",
    W_U="unembed.W_U: d o",
    b_U="unembed.b_U?: o",
)

_NATIVE = _entries(
    W_E="embed.weight: v d",
    W_pos="pos_embed.weight: s d",
    ln1_w="blocks.{l}.ln1.weight: d",
    ln1_b="blocks.{l}.ln1.bias: d",
    W_Q="blocks.{l}.attn.q.weight: (he) d",
    b_Q="blocks.{l}.attn.q.bias?: (he)",
    W_K="blocks.{l}.attn.k.weight: (he) d",
    b_K="blocks.{l}.attn.k.bias?: (he)",
    W_V="blocks.{l}.attn.v.weight: (he) d",
    b_V="blocks.{l}.attn.v.bias?: (he)",
    W_O="blocks.{l}.attn.o.weight: d (he)",
    b_O="blocks.{l}.attn.o.bias?: d",
    ln2_w="blocks.{l}.ln2.weight: d",
    ln2_b="blocks.{l}.ln2.bias: d",
    W_in="blocks.{l}.mlp.in.weight: m d",
    b_in="blocks.{l}.mlp.in.bias: m",
    W_out="blocks.{l}.mlp.out.weight: d m",
    b_out="blocks.{l}.mlp.out.bias: d",
    ln_final_w="ln_final.weight: d",
    ln_final_b="ln_final.bias: d",
    W_U="unembed.weight: o d",
    b_U="unembed.bias?: o",
)

_GPT2 = _entries(
    W_E="wte.weight: v d",
    W_pos="wpe.weight: s d",
    ln1_w="h.{l}.ln_1.weight: d",
    ln1_b="h.{l}.ln_1.bias: d",
    W_O="h.{l}.attn.c_proj.weight: (he) d",
    b_O="h.{l}.attn.c_proj.bias: d",
    ln2_w="h.{l}.ln_2.weight: d",
    ln2_b="h.{l}.ln_2.bias: d",
    W_in="h.{l}.mlp.c_fc.weight: d m",
    b_in="h.{l}.mlp.c_fc.bias: m",
    W_out="h.{l}.mlp.c_proj.weight: m d",
    b_out="h.{l}.mlp.c_proj.bias: d",
    ln_final_w="ln_f.weight: d",
    ln_final_b="ln_f.bias: d",
    W_U="lm_head.weight?: o d",
) | _fused("h.{l}.attn.c_attn.weight", "h.{l}.attn.c_attn.bias", "d 3(he)", "3(he)", optional=False)

_NANOGPT = {
    **_GPT2,
    **_entries(
        ln1_b="h.{l}.ln_1.bias?: d",
        W_O="h.{l}.attn.c_proj.weight: d (he)",
        b_O="h.{l}.attn.c_proj.bias?: d",
        ln2_b="h.{l}.ln_2.bias?: d",
        W_in="h.{l}.mlp.c_fc.weight: m d",
        b_in="h.{l}.mlp.c_fc.bias?: m",
        W_out="h.{l}.mlp.c_proj.weight: d m",
        b_out="h.{l}.mlp.c_proj.bias?: d",
        ln_final_b="ln_f.bias?: d",
    ),
    **_fused("h.{l}.attn.c_attn.weight", "h.{l}.attn.c_attn.bias", "3(he) d", "3(he)", optional=True),
}

_ORDINARY: Mapping[str, object] = {"attn_coeff": 1.0}
"""What holds for programs whose attention is an ordinary softmax."""

_LENS_ASSUMES: Mapping[str, object] = {"norm": "none", "act_fn": "relu", "attention": "causal", "eps": 1e-5}

LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(  # Zhong et al. 2023: the keys of "neel"; its code does not apply the mask that it stores
            name="pizza",
            weights=_NEEL,
            masks=("blocks.*.attn.mask",),
            stated={"norm": "none", "attention": "bidirectional"},
            assumed={"act_fn": "relu", "attn_coeff": 1.0},
            recognised_by="attn_coeff",
            ignored={"attention_dir": "the program does not use it, and never masks attention"},
        ),
        Layout(  # the training code of Nanda et al. 2023, which the second challenge of EIS VII used too
            name="neel",
            weights=_NEEL,
            masks=("blocks.*.attn.mask",),
            stated={"norm": "none"},
            assumed={"act_fn": "relu", "attention": "causal", "attn_coeff": 1.0},
        ),
        Layout(  # HookedTransformer.state_dict() of TransformerLens 1 to 3
            name="transformer-lens",
            weights=_LENS,
            passed_over=("blocks.*.attn.IGNORE",),
            masks=("blocks.*.attn.mask",),
            copies={"x_embed": "embed.W_E", "y_embed": "embed.W_E"},
            stated=_ORDINARY,
            assumed=_LENS_ASSUMES,
            rms_has_no_bias=True,
        ),
        Layout(  # the state dict of a TransformerBridge of the native architecture of TransformerLens 4
            name="transformer-lens-native",
            weights=_NATIVE,
            stated=_ORDINARY,
            assumed=_LENS_ASSUMES,
            rms_has_no_bias=True,
        ),
        Layout(  # GPT2LMHeadModel.state_dict() of Hugging Face's transformers
            name="gpt2",
            weights=_GPT2,
            prefix="transformer.",
            passed_over=("*h.*.attn.masked_bias",),
            masks=("*h.*.attn.bias",),
            tied=True,
            stated={"norm": "LN", "attention": "causal", "attn_only": False, **_ORDINARY},
            assumed={"act_fn": "gelu_new", "eps": 1e-5},
        ),
        Layout(  # nanoGPT: GPT-2's keys, but the weights of linear layers are transposed and biases may be absent
            name="nanogpt",
            weights=_NANOGPT,
            prefix="transformer.",
            masks=("*h.*.attn.bias",),
            tied=True,
            stated={"norm": "LN", "attention": "causal", "attn_only": False, **_ORDINARY},
            assumed={"act_fn": "gelu", "eps": 1e-5},
        ),
    )
}
"""The built-in layouts by name."""

ALIASES: Mapping[str, str] = {"challenge": "neel"}
"""Further names of layouts."""


def named_layout(name: str) -> Layout:
    """The built-in layout with a name.

    Raises:
        BadInput: there is none.
    """
    found = LAYOUTS.get(ALIASES.get(name, name))
    if found is None:
        raise BadInput(
            f"there is no layout {name!r}; the layouts are auto, {', '.join(LAYOUTS)}, or a file FILE.toml that "
            f"describes one of your own"
        )
    return found
