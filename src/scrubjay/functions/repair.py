"""The group behind a table with wrong answers, by a vote that associativity gives."""

import numpy as np
from jaxtyping import Int

from scrubjay.functions.groups import Square, is_latin

_MOST_VOTES = 64
"""The most votes for one product."""
_SMALL, _FEW_VOTES = 200, 24
"""Tables of a larger order than this get fewer votes: wrong ones agree more rarely there."""
_VOTES_AT_ONCE = 2_000_000
"""About how many votes are counted at a time, which bounds the memory."""
_LEAST_KEPT = 0.25
"""A vote that keeps less of the table than this share of some rows ends the repair: no group of this table is near."""
_TRIED = 8
"""The rows that are voted on first."""
_ROUNDS = 4
"""Rounds of voting; each starts from the table that the last one gave."""


def repaired(table: Square, *, seed: int = 0) -> Square:
    """Vote on each product: where x y = a, the product a b is x (y b).

    Args:
        table: a square table of the elements 0 to n - 1, -1 where no product is known.
        seed: seed for the choice of the pairs x, y that vote if there are many.

    Returns:
        A table of the same shape, in which a product that got no vote is as it was.
    """
    draw = np.random.default_rng(seed)
    tried = draw.permutation(len(table))[:_TRIED]
    if (_voted(table, draw, tried) == table)[tried].mean() < _LEAST_KEPT:
        return table
    for _ in range(_ROUNDS):
        voted = _voted(table, draw, np.arange(len(table)))
        if np.array_equal(voted, table) or is_latin(voted):
            return voted
        table = voted
    return table


def _voted(table: Square, draw: np.random.Generator, rows: Int[np.ndarray, "r"]) -> Square:
    """The table with these rows replaced by the votes' modes."""
    n = len(table)
    most = min(n, _MOST_VOTES if n <= _SMALL else _FEW_VOTES)
    order = draw.permutation(n * n)
    order = order[np.argsort(table.reshape(-1)[order], kind="stable")]
    starts = np.searchsorted(table.reshape(-1)[order], np.arange(n + 1))
    voted = table.copy()
    for part in np.array_split(rows, max(1, len(rows) * most * n // _VOTES_AT_ONCE)):
        at = starts[part][:, None] + np.arange(most)
        pairs = order[at.clip(0, n * n - 1)]
        inner = np.where((at < starts[part + 1][:, None])[:, :, None], table[pairs % n], -1)
        votes = np.where(inner >= 0, table[(pairs // n)[:, :, None], inner], -1)
        mode = _mode(votes)
        voted[part] = np.where(mode >= 0, mode, table[part])
    return voted


def _mode(votes: Int[np.ndarray, "r v n"]) -> Int[np.ndarray, "r n"]:
    """The most frequent vote along the middle axis; -1 is no vote, and the mode where there is none."""
    ordered = np.sort(votes, axis=1)
    run = np.where(ordered >= 0, 1, 0)
    for at in range(1, ordered.shape[1]):
        run[:, at] += np.where(ordered[:, at] == ordered[:, at - 1], run[:, at - 1], 0)
    modes: Int[np.ndarray, "r n"] = np.take_along_axis(ordered, run.argmax(1)[:, None], axis=1)[:, 0]
    return modes
