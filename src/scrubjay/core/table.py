"""A table as data, for the terminal and for files."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: what the table shows, in one or two lines.
        columns: the heads; the first column is aligned to the left, the others to the right.
        rows: each as long as ``columns``; an empty row separates groups.
        note: explains words of the table; empty if it needs no explanation.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
