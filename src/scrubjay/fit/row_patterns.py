"""Rows of a binary image, each as one of a few patterns with thresholds: constant, one change, or two changes."""

from dataclasses import dataclass
from math import log2

import numpy as np
from jaxtyping import Bool, Int

PATTERNS = ("0", "1", "01", "10", "010", "101")
"""The classes that a row may run through; a row with more changes is approximated."""


@dataclass(frozen=True)
class Row:
    """One row of the image.

    Attributes:
        pattern: the classes that the row runs through, such as ``010``.
        thresholds: the columns at which the second class, and the third, begin; increasing.
    """

    pattern: str
    thresholds: tuple[int, ...]

    def classes(self, columns: int) -> Bool[np.ndarray, "columns"]:
        """Whether each column is of class 1."""
        turns = np.searchsorted(np.array(self.thresholds, dtype=np.int64), np.arange(columns), side="right")
        return np.equal(turns % 2, int(self.pattern[0] == "0"))


@dataclass(frozen=True)
class RowClasses:
    """All rows of an image.

    Attributes:
        rows: the rows, from the first to the last.
        columns: the width of the image.
    """

    rows: tuple[Row, ...]
    columns: int

    @property
    def bits(self) -> float:
        """The bits that say which pattern each row has, and where each threshold lies."""
        thresholds = sum(len(row.thresholds) for row in self.rows)
        return len(self.rows) * log2(len(PATTERNS)) + thresholds * log2(self.columns)

    def image(self) -> Bool[np.ndarray, "rows columns"]:
        """Whether each cell is of class 1."""
        return np.stack([row.classes(self.columns) for row in self.rows])


def fit_rows(known: Bool[np.ndarray, "rows columns"], ones: Bool[np.ndarray, "rows columns"]) -> RowClasses:
    """Find the pattern and the thresholds that fit the known cells of each row best.

    Of equally good patterns, the one with the fewest thresholds is taken. A threshold lies in the middle of the unknown
    cells in which it may lie. A row without known cells gets the class that most known cells have. It takes O(columns)
    for each row and pattern.

    Args:
        known: which cells may be read.
        ones: which cells are of class 1.
    """
    usual = bool(2 * (known & ones).sum() > known.sum())
    columns = known.shape[1]
    return RowClasses(
        tuple(
            _best(np.flatnonzero(seen), row[seen]) if seen.any() else Row("01"[usual], ())
            for seen, row in zip(known, ones, strict=True)
        ),
        columns,
    )


def patterns_of(answers: Int[np.ndarray, "rows columns"]) -> tuple[str, ...]:
    """The pattern that fits each row of an image of classes best; a cell in no class (-1) may be either."""
    return tuple(row.pattern for row in fit_rows(answers >= 0, answers == 1).rows)


def _best(cells: Int[np.ndarray, "c"], ones: Bool[np.ndarray, "c"]) -> Row:
    """The best pattern of one row, from its known cells and whether these are of class 1."""
    # Cut j lies before known cell j. before[0][j] counts the first j cells that are not of class 0, before[1][j] those
    # that are not of class 1.
    before = [np.concatenate([[0], np.cumsum(part)]) for part in (ones, ~ones)]
    found: tuple[int, str, tuple[int, ...]] | None = None
    for pattern in PATTERNS:
        candidate = _fit(before, [int(digit) for digit in pattern])
        if candidate is not None and (found is None or candidate[0] < found[0]):
            found = (candidate[0], pattern, candidate[1])
    assert found is not None
    _, pattern, cuts = found
    return Row(pattern, tuple(int(cells[cut - 1] + cells[cut] + 1) // 2 for cut in cuts))


def _fit(before: list[Int[np.ndarray, "cuts"]], digits: list[int]) -> tuple[int, tuple[int, ...]] | None:
    """The least number of wrong cells of a pattern, and its cuts; None if the row has too few cells for it."""
    cells = len(before[0]) - 1
    if cells < len(digits):
        return None
    first, last = before[digits[0]], before[digits[-1]]
    if len(digits) == 1:
        return int(first[-1]), ()
    if len(digits) == 2:
        wrong = first[1:-1] + (last[-1] - last[1:-1])
        cut = int(wrong.argmin()) + 1
        return int(wrong[cut - 1]), (cut,)
    # middle cells a..b-1 wrong: middle[b] - middle[a]; so the best a < b is a running minimum
    middle = before[digits[1]]
    opening = first[1:-1] - middle[1:-1]
    best_so_far = np.minimum.accumulate(opening)
    wrong = best_so_far[:-1] + middle[2:-1] + (last[-1] - last[2:-1])
    second = int(wrong.argmin()) + 2
    return int(wrong[second - 2]), (int(opening[: second - 1].argmin()) + 1, second)
