"""Labels as a search sees them: the pairs whose label is known."""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.program.code import choice_bits
from scrubjay.tasks.task import Task

MOST_LABELS = 4_000_000
"""The largest number of labels that a matrix may have: 2,000 x 2,000. They take about 1 GB of memory."""
_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


@dataclass(frozen=True, eq=False)
class Observed:
    """Known labels of pairs of whole numbers.

    Attributes:
        a: the first number of each pair.
        b: the second number of each pair.
        y: the label of each pair, True for 1.
    """

    a: Int[np.ndarray, "n"]
    b: Int[np.ndarray, "n"]
    y: Bool[np.ndarray, "n"]

    @classmethod
    def of(
        cls,
        labels: Int[np.ndarray, "rows columns"],
        known: Bool[np.ndarray, "rows columns"] | None = None,
        rows: Int[np.ndarray, "rows"] | None = None,
        columns: Int[np.ndarray, "columns"] | None = None,
    ) -> "Observed":
        """The known entries of a matrix.

        Args:
            labels: 0 or 1 where the label is known; other entries are not read.
            known: which labels are known; by default all.
            rows: the number a of each row; by default 0, 1, ...
            columns: the number b of each column; by default 0, 1, ...

        Raises:
            BadInput: there are fewer than two known labels or more than ``MOST_LABELS`` labels, or one is neither 0
                nor 1.
        """
        refuse_too_many(labels.shape)
        a = np.arange(labels.shape[0]) if rows is None else rows
        b = np.arange(labels.shape[1]) if columns is None else columns
        given = np.ones(labels.shape, dtype=np.bool_) if known is None else known
        values = labels[given]
        if len(values) < 2:
            raise BadInput(f"the search for a program needs at least two known labels, and {len(values)} are known")
        if not np.isin(values, (0, 1)).all():
            strange = values[~np.isin(values, (0, 1))][0]
            raise BadInput(f"labels must be 0 or 1, and one is {strange}")
        at_row, at_column = np.nonzero(given)
        return cls(a[at_row].astype(np.int64), b[at_column].astype(np.int64), values == 1)

    @classmethod
    def of_task(cls, task: Task, classes: Classes, known: Mask | None = None) -> "Observed":
        """The known classes of a task's inputs, as labels of their two varying tokens.

        Args:
            task: a task with two varying positions and two classes.
            classes: the class of each input; the label of an input in no class (-1) is unknown.
            known: which labels the search may see; by default all.

        Raises:
            BadInput: the task has another number of classes or varying positions, fewer than two labels are known, or
                there are more than ``MOST_LABELS`` inputs.
        """
        if len(task.domain.shape) != 2 or not task.is_binary:
            raise BadInput(
                f"a program gives one of two classes to pairs of tokens; task {task.name} has {len(task.classes)} "
                f"classes and {len(task.domain.shape)} varying positions"
            )
        rows, columns = (np.array(task.domain.positions[at], dtype=np.int64) for at in task.domain.varying)
        given = classes >= 0 if known is None else (classes >= 0) & known
        labels, mask = (task.domain.image(values).numpy() for values in (classes, given))
        return cls.of(labels, mask, rows, columns)

    @property
    def n(self) -> int:
        """How many labels are known."""
        return len(self.y)

    @cached_property
    def places(self) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
        """The row and the column of each pair, counted among the numbers a and b that occur."""
        rows, columns = (np.unique(axis, return_inverse=True)[1].reshape(-1) for axis in (self.a, self.b))
        return rows, columns

    @property
    def table_bits(self) -> float:
        """The bits of the table itself, which say which of the labels are 1."""
        return choice_bits(self.n, int(self.y.sum()))

    def sample(self, most: int, *, seed: int) -> "Observed":
        """A part of about ``most`` labels, or all of them if there are no more.

        Some numbers a and some numbers b are drawn at random, and the pairs of these are kept. So each of these numbers
        keeps many labels, as the search for a phase needs, and a number that is drawn is a fair sample of all.

        Args:
            most: about how many labels to keep.
            seed: seed for the draw.
        """
        if self.n <= most:
            return self
        draw = np.random.default_rng(seed)
        rows, columns = np.unique(self.a), np.unique(self.b)
        share = most / self.n
        side = sqrt(share * len(rows) * len(columns))  # of a square grid with as many cells
        kept_rows = min(side, len(rows)) if side <= len(columns) else side * side / len(columns)
        kept_columns = side * side / kept_rows
        kept = np.ones(self.n, dtype=np.bool_)
        for numbers, all_numbers, count in ((self.a, rows, kept_rows), (self.b, columns, kept_columns)):
            kept &= np.isin(numbers, draw.choice(all_numbers, int(count), replace=False))
        return Observed(self.a[kept], self.b[kept], self.y[kept])

    def neighbouring(self, chosen: Bool[np.ndarray, "n"]) -> float:
        """The share of the known neighbours (in row and column) of chosen pairs that are chosen themselves."""
        rows, columns = (at + 1 for at in self.places)
        known = np.zeros((rows.max() + 2, columns.max() + 2), dtype=np.int64)
        among = known.copy()
        known[rows, columns], among[rows, columns] = 1, chosen
        around, found = (
            sum(grid[rows[chosen] + down, columns[chosen] + right].sum() for down, right in _NEIGHBOURS)
            for grid in (known, among)
        )
        return float(found / around) if around else 0.0


def refuse_too_many(shape: tuple[int, ...]) -> None:
    """Refuse a matrix that is too large to search.

    Raises:
        BadInput: it has more than ``MOST_LABELS`` entries.
    """
    size = int(np.prod(shape, dtype=object))
    if size > MOST_LABELS:
        sides = " x ".join(f"{side:,}" for side in shape)
        raise BadInput(
            f"the search for a program takes at most {MOST_LABELS:,} labels, and this matrix has {size:,} ({sides}); "
            f"give it a part of the matrix"
        )
