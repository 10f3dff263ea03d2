"""What a table shows whatever function it holds: which positions matter, symmetry, and states of prefixes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from scrubjay.functions.answer_table import AnswerTable


@dataclass(frozen=True)
class Structure:
    """Facts about a table over a whole grid of inputs.

    Attributes:
        matter: the positions, by name, on which any answer depends.
        is_symmetric: whether the answer never depends on the order of the tokens.
        prefix_states: for each number j of first positions, 0 to k, how many different functions of the other positions
            the first j tokens leave: the states that a reader from left to right needs (Myhill and Nerode).
    """

    matter: tuple[str, ...]
    is_symmetric: bool
    prefix_states: tuple[int, ...]


def structure_of(table: AnswerTable) -> Structure | None:
    """The structure of a table; None if its inputs are no whole grid."""
    grid = table.grid
    if grid is None or (grid < 0).any():
        return None
    return Structure(
        matter=tuple(table.inputs[at] for at in positions_that_matter(table)),
        is_symmetric=_is_symmetric(table, grid),
        prefix_states=tuple(_states(grid.reshape(_size(grid.shape[:j]), -1)) for j in range(grid.ndim + 1)),
    )


def positions_that_matter(table: AnswerTable, *, most: float = 0.0) -> tuple[int, ...]:
    """The positions on which answers depend; all of them if the inputs are no whole grid.

    Args:
        table: the answers.
        most: the share of answers that may differ from those to the first token of a position that does not matter.
    """
    grid = table.grid
    if grid is None or (grid < 0).any():
        return tuple(range(table.positions))
    return tuple(at for at in range(grid.ndim) if (grid != np.take(grid, [0], axis=at)).mean() > most)


def _is_symmetric(table: AnswerTable, grid: Int[np.ndarray, "..."]) -> bool:
    """Whether neighbouring positions may always be swapped, which is enough for all orders."""
    first = np.sort(table.tokens[0])
    if any(not np.array_equal(np.sort(tokens), first) for tokens in table.tokens):
        return False
    aligned = grid[np.ix_(*(np.argsort(tokens) for tokens in table.tokens))]
    return all(np.array_equal(aligned, np.swapaxes(aligned, at, at + 1)) for at in range(grid.ndim - 1))


def _states(rows: Int[np.ndarray, "p q"]) -> int:
    """The number of different rows, told apart by a random sum modulo 2^64."""
    weights = np.random.default_rng(0).integers(1, 2**63, rows.shape[1], dtype=np.uint64)
    return len(np.unique((rows.astype(np.uint64) * weights).sum(1)))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) if shape else 1
