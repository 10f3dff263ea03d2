"""Nearest neighbours on a grid: votes of the nearest known cells, by running sums over wider and wider shells.

All cells that are as far away as the k-th nearest known one vote with it, so the result does not depend on an order
among them. An offset of a shell is a shift of the whole image, which takes O(n). A grid of which a good part is known
needs a few dozen shifts.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, product

import numpy as np
from jaxtyping import Bool


def votes(
    known: Bool[np.ndarray, "..."], ones: Bool[np.ndarray, "..."], ks: Sequence[int], *, own: bool = True
) -> dict[int, Bool[np.ndarray, "..."]]:
    """The majority class of the k nearest known cells, for each cell.

    Where the neighbours are split evenly, the class of most known cells is taken.

    Args:
        known: which cells are known; the grid may have any number of axes.
        ones: which cells are of class 1; only known cells are read.
        ks: the numbers of neighbours to try.
        own: whether a known cell is its own nearest neighbour. If not, each known cell is left out of its own vote.

    Returns:
        For each of ``ks``, where the vote is for class 1; the shape of the grid.
    """
    counted = known.astype(np.int64)
    of_one = (known & ones).astype(np.int64)
    usual = 2 * int(of_one.sum()) > int(counted.sum())
    met, ayes = np.zeros_like(counted), np.zeros_like(counted)
    decided = {k: np.zeros(known.shape, dtype=np.bool_) for k in ks}
    said = {k: np.full(known.shape, usual) for k in ks}
    for shell in _shells(known.shape):
        for offset in shell:
            if own or any(offset):
                here, there = _overlap(offset)
                met[here] += counted[there]
                ayes[here] += of_one[there]
        for k in ks:
            now = ~decided[k] & (met >= k)
            said[k][now] = np.where(2 * ayes[now] == met[now], usual, 2 * ayes[now] > met[now])
            decided[k] |= now
        if all(done.all() for done in decided.values()):
            break
    return said


def chosen_k(known: Bool[np.ndarray, "..."], ones: Bool[np.ndarray, "..."], ks: Sequence[int]) -> int:
    """The k whose votes are right most often, with each known cell left out of its own vote; the first of equals."""
    left_out = votes(known, ones, ks, own=False)
    return max(ks, key=lambda k: int((left_out[k] == ones)[known].sum()))


def _shells(shape: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """Groups of offsets of the same length, the shortest first; they are listed in balls of doubling radius."""
    widest = sum((side - 1) ** 2 for side in shape)
    inner, outer = -1, 16
    while inner < widest:
        reach = [min(side - 1, int(outer**0.5)) for side in shape]
        far = [(sum(step * step for step in offset), offset) for offset in product(*(range(-r, r + 1) for r in reach))]
        ring = sorted(pair for pair in far if inner < pair[0] <= outer)
        for _, shell in groupby(ring, key=lambda pair: pair[0]):
            yield [offset for _, offset in shell]
        inner, outer = outer, 4 * outer


def _overlap(offset: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The cells that have a neighbour at an offset, and these neighbours."""
    here = tuple(slice(max(0, -step), -step if step > 0 else None) for step in offset)
    there = tuple(slice(max(0, step), step if step < 0 else None) for step in offset)
    return here, there
