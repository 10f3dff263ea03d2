"""What the config of another program states about a network, in the fields of our ``Config``.

The keys and values of TransformerLens, Hugging Face's GPT-2, nanoGPT and the programs of Nanda et al. and Zhong et al.
are known. Keys that are not known are passed over, because most of them are settings of the training. Options that
change what a network computes and that our architecture lacks are refused by name.
"""

import reprlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.config import ACTIVATIONS, ATTENTION, NORMS, Config

_LARGEST_SIZE = 2**31
"""Sizes from this number on are refused."""


@dataclass(frozen=True)
class Stated:
    """A config, and where it stands.

    Attributes:
        where: its place in words, such as the name of a file.
        entries: its keys and values.
    """

    where: str
    entries: Mapping[str, object]

    def __post_init__(self) -> None:
        plain = {str(key): _plain(value) for key, value in self.entries.items()}
        object.__setattr__(self, "entries", plain)


@dataclass(frozen=True)
class Fact:
    """A field of ``Config`` with its value, according to one source.

    Attributes:
        field: the field. ``folded`` stands for normalisations without weights, ``tied`` for an unembedding that is the
            transposed embedding, and names in capitals for options that are checked when the sizes are known.
        value: the value.
        source: who says so, with a verb, such as ``pizza.config.json states``.
        shown: what is said, such as ``act_fn = 'GeLU'``.
    """

    field: str
    value: object
    source: str
    shown: str

    @property
    def words(self) -> str:
        """The statement as a clause, for messages."""
        return f"{self.source} {self.shown}"


_SIZES: Mapping[str, tuple[str, ...]] = {
    "n_layers": ("n_layers", "n_layer", "num_layers", "num_hidden_layers"),
    "n_heads": ("n_heads", "n_head", "num_heads", "num_attention_heads"),
    "d_model": ("d_model", "n_embd", "hidden_size"),
    "d_head": ("d_head", "head_dim"),
    "d_mlp": ("d_mlp", "n_inner", "intermediate_size"),
    "d_vocab": ("d_vocab", "vocab_size"),
    "d_vocab_out": ("d_vocab_out",),
    "n_ctx": ("n_ctx", "n_positions", "block_size", "max_position_embeddings"),
    "KV_HEADS": ("n_key_value_heads", "num_key_value_heads"),
}
"""The keys under which configs state sizes."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "act_fn": ("act_fn", "activation_function", "hidden_act", "activation"),
    "norm": ("norm", "normalization_type"),
    "attention": ("attention", "attention_dir"),
}
"""The keys under which configs state fields that are words."""

_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "eps": ("eps", "layer_norm_epsilon", "layer_norm_eps"),
    "attn_coeff": ("attn_coeff",),
}
"""The keys under which configs state fields that are numbers."""

_TRUTHS: Mapping[str, tuple[str, ...]] = {
    "attn_only": ("attn_only",),
    "tied": ("tie_word_embeddings",),
    "FINAL_RMS": ("final_rms",),
    "SCALED_BY_LAYER": ("scale_attn_by_inverse_layer_idx",),
}
"""The keys under which configs state fields that are true or false."""

_ACTIVATION_NAMES: Mapping[str, str] = {
    **{name: name for name in ACTIVATIONS},
    "gelu_python": "gelu",
    "gelu_pytorch_tanh": "gelu_new",
    "gelu_tanh": "gelu_new",
    "swish": "silu",
}
"""Other names of activations, in small letters."""

_OTHER_ACTIVATIONS = frozenset(
    {"tanh", "sigmoid", "solu", "solu_ln", "gelu_fast", "quick_gelu", "leaky_relu", "elu", "selu", "mish", "relu2",
     "swiglu", "geglu", "reglu", "glu", "linear", "identity", "none", "softplus"}
)  # fmt: skip
"""Activations that the architecture lacks."""

_NORM_NAMES: Mapping[str, tuple[str, bool | None]] = {
    "none": ("none", None),
    "ln": ("LN", False),
    "layernorm": ("LN", False),
    "lnpre": ("LN", True),
    "rms": ("RMS", False),
    "rmsnorm": ("RMS", False),
    "rmspre": ("RMS", True),
}
"""Names of normalisations in small letters: the field ``norm``, and whether the normalisations have no weights."""

_LACKING: Mapping[str, tuple[tuple[object, ...], str]] = {
    "positional_embedding_type": (("standard", "absolute", "learned", None), "positions of another kind"),
    "position_embedding_type": (("standard", "absolute", "learned", None), "positions of another kind"),
    "rotary_dim": ((None, 0), "rotary positions"),
    "rotary": ((False, None), "rotary positions"),
    "rope_theta": ((None,), "rotary positions"),
    "rope_scaling": ((None,), "rotary positions"),
    "alibi": ((False, None), "ALiBi positions"),
    "relative_attention_num_buckets": ((None,), "relative positions"),
    "relative_attention_max_distance": ((None,), "relative positions"),
    "gated_mlp": ((False, None), "a gated MLP"),
    "parallel_attn_mlp": ((False, None), "attention and MLP in parallel"),
    "use_local_attn": ((False, None), "local attention"),
    "use_attn_scale": ((True, None), "attention scores without a scale"),
    "scale_attn_weights": ((True, None), "attention scores without a scale"),
    "num_experts": ((None, 0), "a mixture of experts"),
    "num_local_experts": ((None, 0), "a mixture of experts"),
    "experts_per_token": ((None, 0), "a mixture of experts"),
    "use_qk_norm": ((False, None), "normalised queries and keys"),
    "use_normalization_before_and_after": ((False, None), "normalisation after a block"),
    "post_embedding_ln": ((False, None), "normalisation of the embedding"),
    "rmsnorm_uses_offset": ((False, None), "RMSNorm with an offset"),
    "scale_embedding": ((False, None, 1), "a scaled embedding"),
    "is_encoder_decoder": ((False, None), "an encoder and a decoder"),
    "add_cross_attention": ((False, None), "cross-attention"),
    "use_linear": ((False, None), "no attention"),
}
"""Options that the architecture lacks: the values that do not ask for them, and the option's name."""

_POSITIONS: Mapping[str, str] = {
    "rotary": "rotary positions",
    "alibi": "ALiBi positions",
    "shortformer": "Shortformer positions",
    "relative_positional_bias": "relative positions",
}
"""The names of positional embeddings that the architecture lacks."""


def facts_of(stated: Stated, declared: Collection[str], ignored: Collection[str] = ()) -> list[Fact]:
    """What a config states.

    Args:
        stated: the config.
        declared: the fields that the user has declared. A value of such a field that is not known is passed over.
        ignored: keys that are not used.

    Raises:
        RefusedFile: the config asks for something that the architecture lacks, or a value is not known.
    """
    entries = {key: value for key, value in stated.entries.items() if key not in ignored}
    _refuse_other_architectures(stated.where, entries)
    found = []
    for kind, read in ((_SIZES, _size), (_WORDS, _word), (_NUMBERS, _number), (_TRUTHS, _truth)):
        for name, keys in kind.items():
            for key in keys:
                if key in entries:
                    shown = f"{key} = {short(entries[key])}"
                    try:
                        values = list(read(name, entries[key]))
                    except BadInput as error:
                        if name in declared:
                            continue
                        raise RefusedFile(
                            f"{stated.where} states {shown}, and {error}; declare what is right, with "
                            f"--set {name}=VALUE on the command line or declared={{{name!r}: VALUE}} in Python"
                        ) from error
                    found += [Fact(which, value, f"{stated.where} states", shown) for which, value in values]
    return found + _later(stated.where, entries)


def declared_facts(declared: Mapping[str, object], by: str) -> list[Fact]:
    """What a user declares, as facts.

    Args:
        declared: values of fields of ``Config``.
        by: who declares it, in words.

    Raises:
        BadInput: there is no such field, or a value is not allowed.
    """
    names = [each.name for each in fields(Config)]
    found = []
    for name, value in declared.items():
        if name not in names:
            raise BadInput(f"{by} declares {name!r}, which is no field of a network; the fields are {', '.join(names)}")
        kind = next((read for table, read in _READERS if name in table), _truth)
        try:
            values = list(kind(name, value))
        except BadInput as error:
            raise BadInput(f"{by} declares {name} = {short(value)}, but {error}") from error
        if not values:
            raise BadInput(f"{by} declares {name} = {short(value)}, which is no value of it")
        shown = f"{name} = {short(value)}"
        # a declared LN leaves open whether the normalisations have weights, as the field of Config does
        kept = [(which, got) for which, got in values if which != "folded" or got]
        found += [Fact(which, got, f"{by} declares", shown) for which, got in kept]
    return found


def _plain(value: object) -> object:
    """The value if it is one that JSON has too, so that it can be compared; else the name of its type."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple) and all(each is None or isinstance(each, str | int | float) for each in value):
        return list(value)
    return f"a value of the type {type(value).__name__}"


def short(value: object) -> str:
    """A value as it is written, shortened."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # a whole number with more digits than Python writes
        return "a number of thousands of digits"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def _size(name: str, value: object) -> Iterator[tuple[str, object]]:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value == -1):
        return  # so TransformerLens and Hugging Face leave a size open
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_SIZE:
        raise BadInput(f"{name} must be a whole number")
    yield name, value


def _number(name: str, value: object) -> Iterator[tuple[str, object]]:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e30:
        raise BadInput(f"{name} must be a number from 0 on")
    yield name, float(value)


def _truth(name: str, value: object) -> Iterator[tuple[str, object]]:
    if value is None:
        return
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false")
    yield name, value


def _word(name: str, value: object) -> Iterator[tuple[str, object]]:
    known = {"act_fn": ACTIVATIONS, "norm": NORMS, "attention": ATTENTION}[name]
    word = "none" if value is None and name == "norm" else value
    found = word.lower().replace(" ", "") if isinstance(word, str) else ""
    if name == "act_fn" and value is None:
        return
    if name == "act_fn" and found in _ACTIVATION_NAMES:
        yield name, _ACTIVATION_NAMES[found]
    elif name == "norm" and found in _NORM_NAMES:
        norm, is_folded = _NORM_NAMES[found]
        yield name, norm
        if is_folded is not None:
            yield "folded", is_folded
    elif name == "attention" and found in ATTENTION:
        yield name, found
    else:
        raise BadInput(f"scrubjay knows {', '.join(known)}")


_READERS = ((_SIZES, _size), (_WORDS, _word), (_NUMBERS, _number))


def _refuse_other_architectures(where: str, entries: Mapping[str, object]) -> None:
    for key, (allowed, option) in _LACKING.items():
        value = entries.get(key, allowed[0])
        word = value.lower() if isinstance(value, str) else value
        if not any(word == each and isinstance(word, bool) == isinstance(each, bool) for each in allowed):
            named = _POSITIONS.get(word, option) if isinstance(word, str) else option
            raise RefusedFile(
                f"{where} states {key} = {short(value)}: the network has {named}, which scrubjay does not support"
            )
    for key in _WORDS["act_fn"]:
        value = entries.get(key)
        if isinstance(value, str) and value.lower() in _OTHER_ACTIVATIONS:
            raise RefusedFile(
                f"{where} states {key} = {short(value)}, and scrubjay supports the activations {', '.join(ACTIVATIONS)}"
            )
    for key in ("attn_scores_soft_cap", "output_logits_soft_cap"):
        value = entries.get(key)
        if value is not None and not (isinstance(value, int | float) and value <= 0):
            raise RefusedFile(
                f"{where} states {key} = {short(value)}: the network caps its scores or logits, which scrubjay does "
                f"not support"
            )
    heads = [entries[key] for key in _SIZES["n_heads"] if key in entries]
    for key in _SIZES["KV_HEADS"]:
        if isinstance(entries.get(key), int) and heads and entries[key] not in (-1, heads[0]):
            raise RefusedFile(
                f"{where} states {key} = {short(entries[key])} for {short(heads[0])} heads: the network has "
                f"grouped-query attention, which scrubjay does not support"
            )
    norm = entries.get("normalization_type")
    if entries.get("final_rms") is True and isinstance(norm, str) and not norm.upper().startswith("RMS"):
        raise RefusedFile(
            f"{where} states final_rms = True and normalization_type = {short(norm)}: the last normalisation is of "
            f"another kind than the others, which scrubjay does not support"
        )
    kinds = entries.get("attn_types")
    if isinstance(kinds, list) and any(kind != "global" for kind in kinds):
        raise RefusedFile(f"{where} states attn_types = {short(kinds)}, and scrubjay does not support local attention")


def _later(where: str, entries: Mapping[str, object]) -> list[Fact]:
    """Options whose meaning depends on sizes."""
    value = entries.get("attn_scale")
    if value is None or value == -1:
        return []
    if not isinstance(value, int | float) or isinstance(value, bool) or not -1e30 < value < 1e30:
        raise RefusedFile(f"{where} states attn_scale = {short(value)}, which must be a number")
    if value <= 0:  # so TransformerLens says that it divides by the square root of d_head
        return []
    return [Fact("ATTN_SCALE", value, f"{where} states", f"attn_scale = {short(value)}")]
