"""Labels as a search sees them: the pairs whose label is known."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.program.code import choice_bits
from scrubjay.tasks.task import Task

_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


@dataclass(frozen=True, eq=False)
class Observed:
    """Known labels of pairs of whole numbers.

    Attributes:
        a, b: the numbers of each pair.
        y: its label.
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
            labels: 0 or 1 where they are known.
            known: which are; by default all.
            rows: the number a of each row; by default 0, 1, ...
            columns: the number b of each column; by default 0, 1, ...

        Raises:
            BadInput: fewer than two known labels, or one that is neither 0 nor 1.
        """
        a = np.arange(labels.shape[0]) if rows is None else rows
        b = np.arange(labels.shape[1]) if columns is None else columns
        given = np.ones(labels.shape, dtype=np.bool_) if known is None else known
        values = labels[given]
        if len(values) < 2:
            raise BadInput(f"a program is searched behind two labels or more, and {len(values)} are known")
        if not np.isin(values, (0, 1)).all():
            strange = values[~np.isin(values, (0, 1))][0]
            raise BadInput(f"labels must be 0 or 1, and one is {strange}")
        at_row, at_column = np.nonzero(given)
        return cls(a[at_row].astype(np.int64), b[at_column].astype(np.int64), values == 1)

    @classmethod
    def of_task(cls, task: Task, classes: Classes, known: Mask | None = None) -> "Observed":
        """The known classes of a task's inputs, as labels of their two varying tokens.

        Args:
            task: two positions vary and there are two classes.
            classes: the class of each input; one in no class (-1) is unknown.
            known: which of them the search may see; by default all.

        Raises:
            BadInput: a task of another shape, or fewer than two known labels.
        """
        if len(task.domain.shape) != 2 or not task.is_binary:
            raise BadInput(
                f"a program gives one of two classes to pairs; task {task.name} has {len(task.classes)} classes and "
                f"{len(task.domain.shape)} varying positions"
            )
        rows, columns = (np.array(task.domain.positions[at], dtype=np.int64) for at in task.domain.varying)
        given = classes >= 0 if known is None else (classes >= 0) & known
        labels, mask = (task.domain.image(values).numpy() for values in (classes, given))
        return cls.of(labels, mask, rows, columns)

    @property
    def n(self) -> int:
        """How many labels are known."""
        return len(self.y)

    @property
    def table_bits(self) -> float:
        """Bits of the table itself: which of the labels are 1."""
        return choice_bits(self.n, int(self.y.sum()))

    def neighbouring(self, chosen: Bool[np.ndarray, "n"]) -> float:
        """The share of the known neighbours (in row and column) of chosen pairs that are chosen themselves."""
        rows, columns = (np.unique(axis, return_inverse=True)[1].reshape(-1) + 1 for axis in (self.a, self.b))
        known = np.zeros((rows.max() + 2, columns.max() + 2), dtype=np.int64)
        among = known.copy()
        known[rows, columns], among[rows, columns] = 1, chosen
        around, found = (
            sum(grid[rows[chosen] + down, columns[chosen] + right].sum() for down, right in _NEIGHBOURS)
            for grid in (known, among)
        )
        return float(found / around) if around else 0.0
