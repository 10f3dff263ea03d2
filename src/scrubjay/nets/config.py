"""The sizes of a network, checked once when they are given."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

WEIGHT_AXES = {
    "W_E": "v d",
    "W_pos": "s d",
    "W_Q": "h d e",
    "W_K": "h d e",
    "W_V": "h d e",
    "W_O": "h e d",
    "W_in": "d m",
    "b_in": "m",
    "W_out": "m d",
    "b_out": "d",
    "W_U": "d v",
}
"""The weights of the network by their TransformerLens names, each with its axes (see ``scrubjay.core.axes``)."""


@dataclass(frozen=True)
class Config:
    """The sizes of a one-layer transformer with ReLU and without LayerNorm.

    Example:
        >>> config = Config(d_vocab=114, n_ctx=3, d_model=128, n_heads=8, d_head=16, d_mlp=1024)
        >>> config.shape("W_Q")
        (8, 128, 16)

    Attributes:
        d_vocab: number of tokens.
        n_ctx: number of positions.
        d_model: width of the residual stream.
        n_heads: number of attention heads.
        d_head: width of one head.
        d_mlp: number of hidden neurons. With 0 the MLP adds only its output bias.

    Raises:
        BadInput: a size is not a positive whole number; the message names it.
    """

    d_vocab: int
    n_ctx: int
    d_model: int
    n_heads: int
    d_head: int
    d_mlp: int

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            least, allowed = (0, "0 or a positive whole number") if name == "d_mlp" else (1, "a positive whole number")
            if not isinstance(size, int) or isinstance(size, bool) or size < least:
                raise BadInput(f"the network's {name} must be {allowed}, and is {size!r}")

    @classmethod
    def from_mapping(cls, sizes: Mapping[str, object]) -> "Config":
        """Make a config from a mapping that was read from a file.

        Raises:
            BadInput: a key is missing or unknown, or a size is not a positive whole number.
        """
        names = {field.name for field in fields(cls)}
        if set(sizes) != names:
            raise BadInput(
                f"a network's config has the keys {sorted(names)}; missing here: {sorted(names - set(sizes))}, "
                f"unknown: {sorted(set(sizes) - names)}"
            )
        return cls(**sizes)  # type: ignore[arg-type]  # each size is checked in __post_init__

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

    @property
    def axis_sizes(self) -> dict[str, int]:
        """The size of each axis letter."""
        return {
            "v": self.d_vocab,
            "s": self.n_ctx,
            "d": self.d_model,
            "h": self.n_heads,
            "e": self.d_head,
            "m": self.d_mlp,
        }

    def shape(self, weight: str) -> tuple[int, ...]:
        """The shape of the weight with the given name, which is a key of ``WEIGHT_AXES``."""
        return tuple(self.axis_sizes[axis] for axis in WEIGHT_AXES[weight].split())

    def check_domain(self, domain: Domain) -> None:
        """Check that the network can read every input of a domain.

        Raises:
            BadInput: the inputs have another length, or contain a token that the network does not know.
        """
        if domain.n_ctx != self.n_ctx:
            raise BadInput(f"the task's inputs have {domain.n_ctx} positions, but the network reads {self.n_ctx}")
        if domain.largest_token >= self.d_vocab:
            raise BadInput(
                f"the task uses the token {domain.largest_token}, but the network has only the tokens 0 to "
                f"{self.d_vocab - 1}"
            )
