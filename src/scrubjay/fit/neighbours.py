"""Nearest neighbours on a grid: votes of the nearest known cells, by running sums over ever wider shells.

All cells as far away as the k-th nearest known one vote with it, so no order among equals is ever chosen. A shell of
offsets is a shift of the whole image, O(n) each; a grid of which a good part is known needs a few dozen shifts.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, product

import numpy as np
from jaxtyping import Bool


def votes(
    known: Bool[np.ndarray, "..."], ones: Bool[np.ndarray, "..."], ks: Sequence[int], *, own: bool = True
) -> dict[int, Bool[np.ndarray, "..."]]:
    """What the k nearest known cells say of each cell, by majority; where they are split, what most known cells say.

    Args:
        known: which cells of a grid of any number of axes are known.
        ones: which are of class 1; read only where known.
        ks: how many neighbours are asked, each in turn.
        own: whether a known cell is its own nearest neighbour (without, a vote is leave-one-out).
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
    """The k whose votes, each known cell left out of its own, are right most often; the first of equals."""
    left_out = votes(known, ones, ks, own=False)
    return max(ks, key=lambda k: int((left_out[k] == ones)[known].sum()))


def _shells(shape: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """Offsets that lie equally far away, the nearest first, in balls that double so that few are ever listed."""
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
    """The cells that have a neighbour at an offset, and those neighbours."""
    here = tuple(slice(max(0, -step), -step if step > 0 else None) for step in offset)
    there = tuple(slice(max(0, step), step if step < 0 else None) for step in offset)
    return here, there
