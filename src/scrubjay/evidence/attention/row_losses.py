"""Count the answers that an intervention changes by the kind of row that they stand in."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Mask
from scrubjay.fit.row_patterns import PATTERNS, patterns_of
from scrubjay.tasks.task import Task


@dataclass(frozen=True, eq=False)
class RowKinds:
    """The rows of a domain, sorted by the pattern of the network's answers along them.

    A row holds the inputs with the same token at the first varying position. Its pattern is constant or has one or two
    changes, whichever fits its answers best (``fit/row_patterns.py``).

    Attributes:
        patterns: the patterns that occur, written as the classes that a row runs through: ``0``, ``01`` and so on.
        rows: how many rows have each pattern, shape [p].
        of_inputs: for each input, the index of the pattern of its row, shape [n].
    """

    patterns: tuple[str, ...]
    rows: Int[Tensor, "p"]
    of_inputs: Int[Tensor, "n"]

    @classmethod
    def of(cls, task: Task, classes: Classes) -> "RowKinds | None":
        """Sort the rows by the classes [n] of the answers; None unless the task has two classes and two positions."""
        if not task.is_binary or len(task.domain.shape) != 2:
            return None
        fitted = patterns_of(task.domain.image(classes).numpy())
        patterns = tuple(pattern for pattern in PATTERNS if pattern in fitted)
        kinds = torch.tensor([patterns.index(pattern) for pattern in fitted])
        return cls(
            patterns=patterns,
            rows=kinds.bincount(minlength=len(patterns)),
            of_inputs=kinds.repeat_interleave(task.domain.size // len(kinds)),
        )

    def shares(self, true: Mask) -> Float64[Tensor, "p"]:
        """For each pattern, the share of its inputs for which the mask [n] is true, shape [p]."""
        size = len(self.patterns)
        counted = self.of_inputs.bincount(weights=true.double(), minlength=size)
        return counted / self.of_inputs.bincount(minlength=size)


@dataclass(frozen=True, eq=False)
class RowLosses:
    """The share of answers that change when heads are frozen, by the pattern of the row that they stand in.

    Attributes:
        kinds: the rows and their patterns.
        all_frozen: for each pattern, the share that changes when every head is frozen, shape [p].
        alone: for each head and pattern, the share that changes when this head alone is frozen, shape [h, p].
        others: for each head and pattern, the share that changes when all other heads are frozen, shape [h, p].
    """

    kinds: RowKinds
    all_frozen: Float64[Tensor, "p"]
    alone: Float64[Tensor, "h p"]
    others: Float64[Tensor, "h p"]
