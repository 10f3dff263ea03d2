"""The sizes and the architecture of a network, checked once when they are given."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

ACTIVATIONS = ("relu", "gelu", "gelu_new", "silu")
"""The activation functions of the MLP by their TransformerLens names; ``gelu_new`` is GELU's tanh approximation."""
NORMS = ("none", "LN", "RMS")
"""No normalisation, LayerNorm, or RMSNorm."""
ATTENTION = ("causal", "bidirectional")
"""Whether a position attends to later positions."""

OUTER_AXES = {
    "W_E": "v d",
    "W_pos": "s d",
    "W_U": "d o",
    "b_U": "o",
    "ln_final_w": "d",
    "ln_final_b": "d",
}
"""The weights outside the layers, each with its axes."""

LAYER_AXES = {
    "ln1_w": "d",
    "ln1_b": "d",
    "W_Q": "h d e",
    "b_Q": "h e",
    "W_K": "h d e",
    "b_K": "h e",
    "W_V": "h d e",
    "b_V": "h e",
    "W_O": "h e d",
    "b_O": "d",
    "ln2_w": "d",
    "ln2_b": "d",
    "W_in": "d m",
    "b_in": "m",
    "W_out": "m d",
    "b_out": "d",
}
"""The weights of a layer, each with its axes."""

WEIGHT_AXES = OUTER_AXES | LAYER_AXES
"""All weights by their TransformerLens names, each with its axes (see ``scrubjay.core.axes``). ``Config.weight_axes``
lists those that a network has."""

ATTENTION_BIASES = frozenset({"b_Q", "b_K", "b_V", "b_O"})
"""The biases of a layer's attention."""
MLP_WEIGHTS = frozenset({"W_in", "b_in", "W_out", "b_out"})
"""The weights of a layer's MLP."""
_ONE_LAYER_ORDER = ("W_E", "W_pos", *LAYER_AXES, "ln_final_w", "ln_final_b", "W_U", "b_U")
"""The order in which a one-layer network's weights are listed."""


@dataclass(frozen=True)
class Config:
    """The sizes and the architecture of a transformer.

    The defaults describe the network of Nanda et al. 2023: one layer, ReLU, causal attention, learned positions, no
    normalisation, and no biases but the MLP's.

    Example:
        >>> config = Config(d_vocab=114, n_ctx=3, d_model=128, n_heads=8, d_head=16, d_mlp=1024)
        >>> config.shape("W_Q")
        (8, 128, 16)
        >>> deep = Config(d_vocab=9, n_ctx=5, d_model=8, n_heads=2, d_head=4, d_mlp=32, n_layers=2, norm="LN")
        >>> deep.shape("blocks.1.ln2_w")
        (8,)

    Attributes:
        d_vocab: number of tokens that the network reads.
        n_ctx: the largest number of positions.
        d_model: width of the residual stream.
        n_heads: number of attention heads of each layer.
        d_head: width of one head.
        d_mlp: number of hidden neurons of each layer. With 0 the MLP adds only its output bias.
        n_layers: number of layers.
        d_vocab_out: number of logits; by default ``d_vocab``.
        act_fn: the MLP's activation, one of ``ACTIVATIONS``.
        norm: the normalisation before attention, before the MLP and before the unembedding, one of ``NORMS``.
        eps: what is added to the variance in a normalisation.
        attention: whether attention is causal or bidirectional, one of ``ATTENTION``.
        attn_coeff: the share c of the softmax in the attention pattern ``c softmax(scores) + (1 - c)``, as in Zhong et
            al. 2023, "The Clock and the Pizza". With 1 this is ordinary attention.
        attn_biases: whether queries, keys, values and the attention's output have biases.
        unembed_bias: whether the logits have a bias.
        attn_only: whether the layers have no MLP.
        positions: whether there are learned positional embeddings.

    Raises:
        BadInput: a size is not a positive whole number, or another field has a value that is not known. The message
            names it.
    """

    d_vocab: int
    n_ctx: int
    d_model: int
    n_heads: int
    d_head: int
    d_mlp: int
    n_layers: int = 1
    d_vocab_out: int = 0
    act_fn: str = "relu"
    norm: str = "none"
    eps: float = 1e-5
    attention: str = "causal"
    attn_coeff: float = 1.0
    attn_biases: bool = False
    unembed_bias: bool = False
    attn_only: bool = False
    positions: bool = True

    def __post_init__(self) -> None:
        if self.d_vocab_out == 0 and not isinstance(self.d_vocab_out, bool):
            object.__setattr__(self, "d_vocab_out", self.d_vocab)
        for name in ("d_vocab", "n_ctx", "d_model", "n_heads", "d_head", "d_mlp", "n_layers", "d_vocab_out"):
            size = getattr(self, name)
            least, allowed = (0, "0 or a positive whole number") if name == "d_mlp" else (1, "a positive whole number")
            if not isinstance(size, int) or isinstance(size, bool) or size < least:
                raise BadInput(f"the network's {name} must be {allowed}, and is {size!r}")
        for name, known in (("act_fn", ACTIVATIONS), ("norm", NORMS), ("attention", ATTENTION)):
            if getattr(self, name) not in known:
                raise BadInput(
                    f"the network's {name} must be one of {', '.join(known)}, and is {getattr(self, name)!r}"
                )
        for name in ("eps", "attn_coeff"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
                raise BadInput(f"the network's {name} must be a number from 0 on, and is {value!r}")
            object.__setattr__(self, name, float(value))
        for name in ("attn_biases", "unembed_bias", "attn_only", "positions"):
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"the network's {name} must be true or false, and is {getattr(self, name)!r}")
        if self.attn_only and self.d_mlp:
            raise BadInput(f"a network without MLPs (attn_only) must have d_mlp 0, and has {self.d_mlp}")

    @classmethod
    def from_mapping(cls, sizes: Mapping[str, object]) -> "Config":
        """Make a config from a mapping that was read from a file.

        Raises:
            BadInput: a size is missing, a key is unknown, or a value is not allowed.
        """
        names = [field.name for field in fields(cls)]
        needed = {"d_vocab", "n_ctx", "d_model", "n_heads", "d_head", "d_mlp"}
        if not needed <= set(sizes) <= set(names):
            raise BadInput(
                f"a network's config has the keys {sorted(needed)}, and may have "
                f"{sorted(set(names) - needed)}; missing here: {sorted(needed - set(sizes))}, unknown: "
                f"{sorted(set(sizes) - set(names))}"
            )
        return cls(**sizes)  # type: ignore[arg-type]  # each value is checked in __post_init__

    @classmethod
    def for_recipe(cls, recipe: Recipe, task: Task) -> "Config":
        """The recipe's sizes, with just as many tokens and positions as the task's inputs and classes need."""
        return cls(
            d_vocab=max(task.domain.largest_token, *(t for group in task.classes for t in group)) + 1,
            n_ctx=task.domain.n_ctx,
            d_model=recipe.d_model,
            n_heads=recipe.n_heads,
            d_head=recipe.d_head,
            d_mlp=recipe.d_mlp,
        )

    @cached_property
    def weight_axes(self) -> dict[str, str]:
        """The weights that the network has, each with its axes.

        The weights of layer l have the prefix ``blocks.l.``; in a network with one layer the prefix is left out.
        """
        if self.n_layers == 1:
            return {name: WEIGHT_AXES[name] for name in _ONE_LAYER_ORDER if self._has(name)}
        outer = {name: axes for name, axes in OUTER_AXES.items() if self._has(name)}
        inner = {name: axes for name, axes in LAYER_AXES.items() if self._has(name)}
        return outer | {
            f"blocks.{layer}.{name}": axes for layer in range(self.n_layers) for name, axes in inner.items()
        }

    def _has(self, weight: str) -> bool:
        if weight.startswith("ln"):
            is_there = self.norm == "LN" or (self.norm == "RMS" and weight.endswith("_w"))
            return is_there and not (weight.startswith("ln2") and self.attn_only)
        return not (
            (weight in ATTENTION_BIASES and not self.attn_biases)
            or (weight in MLP_WEIGHTS and self.attn_only)
            or (weight == "b_U" and not self.unembed_bias)
            or (weight == "W_pos" and not self.positions)
        )

    @property
    def axis_sizes(self) -> dict[str, int]:
        """The size of each axis letter."""
        return {
            "v": self.d_vocab,
            "o": self.d_vocab_out,
            "s": self.n_ctx,
            "d": self.d_model,
            "h": self.n_heads,
            "e": self.d_head,
            "m": self.d_mlp,
        }

    @property
    def curved_by(self) -> str | None:
        """What keeps a network from being piecewise linear after its last attention, in words, or None if it is."""
        return f"normalises its stream ({self.norm})" if self.norm != "none" else self.smooth_by

    @property
    def smooth_by(self) -> str | None:
        """What keeps a network from being piecewise linear after its last attention for given scales, or None."""
        return None if self.attn_only or self.act_fn == "relu" else f"has the activation {self.act_fn}"

    @property
    def norm_in_words(self) -> str:
        """The normalisation, such as "LayerNorm"."""
        return _NORMS_IN_WORDS[self.norm]

    @property
    def in_words(self) -> str:
        """The architecture in a few words, such as "2 layers, LayerNorm, GELU (tanh), causal"."""
        mlp = "attention only" if self.attn_only else _ACTIVATIONS_IN_WORDS[self.act_fn]
        parts = [
            "1 layer" if self.n_layers == 1 else f"{self.n_layers} layers",
            self.norm_in_words,
            mlp,
            self.attention,
        ]
        if self.attn_coeff != 1:
            parts.append(f"attention {self.attn_coeff:g} softmax + {1 - self.attn_coeff:g}")
        if self.attn_biases or self.unembed_bias:
            which = " and ".join(
                word for word, there in (("attention", self.attn_biases), ("unembedding", self.unembed_bias)) if there
            )
            parts.append(f"biases in {which}")
        if not self.positions:
            parts.append("no positional embeddings")
        return ", ".join(parts)

    def shape(self, weight: str) -> tuple[int, ...]:
        """The shape of the weight with the given name, which is a key of ``weight_axes``."""
        axes = WEIGHT_AXES[weight.rsplit(".", 1)[-1]]
        return tuple(self.axis_sizes[axis] for axis in axes.split())

    def check_domain(self, domain: Domain) -> None:
        """Check that the network can read every input of a domain.

        Raises:
            BadInput: the inputs are longer than the network reads, or contain a token that the network does not know.
        """
        if domain.n_ctx > self.n_ctx:
            raise BadInput(
                f"the task's inputs have {domain.n_ctx} positions, but the network reads at most {self.n_ctx}"
            )
        if domain.largest_token >= self.d_vocab:
            raise BadInput(
                f"the task uses the token {domain.largest_token}, but the network has only the tokens 0 to "
                f"{self.d_vocab - 1}"
            )


_ACTIVATIONS_IN_WORDS = {"relu": "ReLU", "gelu": "GELU", "gelu_new": "GELU (tanh)", "silu": "SiLU"}
_NORMS_IN_WORDS = {"none": "no norm", "LN": "LayerNorm", "RMS": "RMSNorm"}
