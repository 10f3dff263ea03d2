"""Recipes: the sizes of a network and how it is trained."""

from dataclasses import dataclass
from math import isfinite

from scrubjay.core.errors import BadInput

_POSITIVE_COUNTS = ("d_model", "n_heads", "d_head", "epochs", "warmup")


@dataclass(frozen=True)
class Recipe:
    """The sizes of a network and the settings of its training: full-batch AdamW with a linear warm-up.

    Example:
        >>> Recipe(d_model=32, n_heads=4, d_head=8, d_mlp=128, epochs=2000, learning_rate=1e-3).weight_decay
        1.0

    Attributes:
        d_model: width of the residual stream.
        n_heads: number of attention heads.
        d_head: width of each head.
        d_mlp: number of neurons in the MLP. 0 means a network without an MLP, except for its output bias ``b_out``.
        epochs: number of optimiser steps. Every step uses all training inputs.
        learning_rate: learning rate after the warm-up.
        weight_decay: weight decay of ``torch.optim.AdamW``.
        betas: coefficients of the running averages in ``torch.optim.AdamW``.
        warmup: length of the warm-up in steps. Step i, counted from 0, uses the learning rate
            ``learning_rate * min(i / warmup, 1)``. The first step therefore changes no weight; it only fills the
            optimiser's moments.
        seed: seed for the initial weights.
        frozen_pattern: for each head, the share of attention that each position gets. The network is then trained and
            used with this fixed pattern. None means ordinary attention.

    Raises:
        BadInput: a value is out of range. The message names the field.
    """

    d_model: int
    n_heads: int
    d_head: int
    d_mlp: int
    epochs: int
    learning_rate: float
    weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    warmup: int = 10
    seed: int = 0
    frozen_pattern: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        for name in (*_POSITIVE_COUNTS, *(("d_mlp",) if self.d_mlp != 0 else ())):
            value = getattr(self, name)
            if not (isinstance(value, int) and value > 0):
                raise BadInput(f"the recipe's {name} must be a positive whole number, and is {value}")
        if not (isfinite(self.learning_rate) and self.learning_rate > 0):
            raise BadInput(f"the recipe's learning_rate must be positive and finite, and is {self.learning_rate}")
        if not (isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise BadInput(f"the recipe's weight_decay must be 0 or more and finite, and is {self.weight_decay}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise BadInput(f"the recipe's betas must be at least 0 and less than 1, and are {self.betas}")
        if self.seed < 0:
            raise BadInput(f"the recipe's seed must be 0 or more, and is {self.seed}")
        for head, row in enumerate(self.frozen_pattern or ()):
            if not all(share > 0 for share in row) or abs(sum(row) - 1) > 1e-6:
                raise BadInput(f"a frozen pattern's rows are positive shares that sum to 1; head {head} has {row}")


DEFAULT_RECIPE = Recipe(d_model=64, n_heads=4, d_head=16, d_mlp=256, epochs=5000, learning_rate=1e-3)
"""The recipe for a task that has none of its own, such as a file of labels."""
