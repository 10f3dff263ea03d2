"""The group behind a table with wrong answers, by a vote that associativity gives."""

import numpy as np

from scrubjay.functions.groups import Elements, Square

_MOST_VOTES = 64
"""The most votes for one product."""
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
        if np.array_equal(voted, table):
            break
        table = voted
    return table


def _voted(table: Square, draw: np.random.Generator, rows: Elements) -> Square:
    n = len(table)
    order = draw.permutation(n * n)
    product = table.reshape(-1)[order]
    order = order[np.argsort(product, kind="stable")]
    starts = np.searchsorted(np.sort(product), np.arange(n + 1))
    voted = table.copy()
    columns = np.arange(n)
    for a in rows.tolist():
        pairs = order[starts[a] : min(starts[a + 1], starts[a] + _MOST_VOTES)]
        x, y = pairs // n, pairs % n
        inner = table[y]
        votes = np.where(inner >= 0, table[x[:, None], inner], -1)
        counts = np.bincount((columns * (n + 1) + votes + 1).reshape(-1), minlength=n * (n + 1)).reshape(n, n + 1)
        best = counts[:, 1:].argmax(1)
        has = counts[columns, best + 1] > 0
        voted[a, has] = best[has]
    return voted
