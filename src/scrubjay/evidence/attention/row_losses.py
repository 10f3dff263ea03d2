"""On which kinds of rows an intervention changes answers."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Mask
from scrubjay.fit.row_patterns import PATTERNS, patterns_of
from scrubjay.tasks.task import Task


@dataclass(frozen=True, eq=False)
class RowKinds:
    """The rows of a domain by the pattern of the network's answers along them.

    A row's pattern is the best of constant, one change and two changes (``geometry/row_patterns.py``).

    Attributes:
        patterns: those that occur, as the digits that a row runs through: ``0``, ``01``, ...
        rows: how many rows have each.
        of_inputs: [n], the pattern of the row that each input stands in, as an index.
    """

    patterns: tuple[str, ...]
    rows: Int[Tensor, "p"]
    of_inputs: Int[Tensor, "n"]

    @classmethod
    def of(cls, task: Task, classes: Classes) -> "RowKinds | None":
        """Sort the rows; None for a task that has not two classes and two varying positions."""
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
        """For each pattern, the share of its inputs for which something is true."""
        size = len(self.patterns)
        counted = self.of_inputs.bincount(weights=true.double(), minlength=size)
        return counted / self.of_inputs.bincount(minlength=size)


@dataclass(frozen=True, eq=False)
class RowLosses:
    """Answers that change as heads are frozen, by the pattern of the row that they stand in.

    Attributes:
        kinds: the rows.
        all_frozen: for each pattern, the share of answers that change when every head is frozen.
        alone: [head, pattern], when that head alone is.
        others: [head, pattern], when all heads but that one are.
    """

    kinds: RowKinds
    all_frozen: Float64[Tensor, "p"]
    alone: Float64[Tensor, "h p"]
    others: Float64[Tensor, "h p"]
