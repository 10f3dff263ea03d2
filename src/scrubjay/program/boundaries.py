"""Boundaries: the curves that make labels a function of one variable, region by region.

A Hough transform would let every change of label vote for the constants that explain it. Here every pair votes, with
its weight in bits: sorted by a family's value, the pairs below each threshold and those above it are two halves of
every group (region and variable), and running counts give the code length of all groups at *every* threshold of the
family in O(n). So short boundaries, flipped labels and holes need no tuned vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lgamma, log

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.families import Ordered

MOST_CURVES = 4
_PRIOR = 0.05
_ENOUGH = 30.0
"""Bits that a further curve must save; about its own length."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """A family cut at a threshold.

    Attributes:
        ordered: the family over the known pairs; cut: after which of its ordered pairs.
    """

    ordered: Ordered
    cut: int

    @property
    def below(self) -> Bool[np.ndarray, "n"]:
        """Which pairs lie below."""
        return self.ordered.below(self.cut)


@dataclass(frozen=True, eq=False)
class Cutting:
    """Boundaries, and the code length of the labels when each region has its own function of the variable.

    Attributes:
        boundaries: in the order in which they were found.
        bits: code length of the labels, group by group.
    """

    boundaries: tuple[Boundary, ...]
    bits: float

    def regions(self, n: int) -> Int[np.ndarray, "n"]:
        """The region of each pair."""
        return _regions(self.boundaries, n)


def cut_plane(
    ordered: Sequence[Ordered],
    variable: Int[np.ndarray, "n"],
    y: Bool[np.ndarray, "n"],
    start: Sequence[Boundary] = (),
    most: int = MOST_CURVES,
    thorough: bool = True,
) -> Cutting:
    """Add the boundary that saves the most bits, reconsider the earlier ones, and go on while it pays.

    Args:
        ordered: the families.
        variable: the number of each pair that labels may depend on within a region; 0 for all if on none.
        y: the labels.
        start: boundaries to begin with.
        most: how many boundaries at the most.
        thorough: whether earlier boundaries are reconsidered.
    """
    found = Cutting(tuple(start), _bits(variable, y, start))
    if thorough:
        found = reconsidered(ordered, variable, y, found)
    while len(found.boundaries) < most:
        added, bits = _best(ordered, _groups(variable, found.boundaries), y)
        if added is None or found.bits - bits < _ENOUGH:
            break
        found = Cutting((*found.boundaries, added), bits)
        if thorough:
            found = reconsidered(ordered, variable, y, found)
    return found


def reconsidered(
    ordered: Sequence[Ordered], variable: Int[np.ndarray, "n"], y: Bool[np.ndarray, "n"], found: Cutting
) -> Cutting:
    """Take each boundary away in turn: leave it out if it doesn't pay, or put the best of all in its place."""
    settled = 0
    while settled < len(found.boundaries):
        others = found.boundaries[1:]
        without = _bits(variable, y, others)
        best, bits = _best(ordered, _groups(variable, others), y)
        if min(without, found.bits, bits + _ENOUGH) == without and without - found.bits < _ENOUGH:
            found, settled = Cutting(others, without), 0
        elif best is not None and bits < found.bits - 1e-6:
            found, settled = Cutting((*others, best), bits), 0
        else:
            found, settled = Cutting((*others, found.boundaries[0]), found.bits), settled + 1
    return found


def _regions(boundaries: Sequence[Boundary], n: int) -> Int[np.ndarray, "n"]:
    region = np.zeros(n, dtype=np.int64)
    for boundary in boundaries:
        region = 2 * region + boundary.below
    return region


def _groups(variable: Int[np.ndarray, "n"], boundaries: Sequence[Boundary]) -> Int[np.ndarray, "n"]:
    region = _regions(boundaries, len(variable))
    _, groups = np.unique(region * (int(variable.max()) + 1) + variable, return_inverse=True)
    return groups.reshape(-1).astype(np.int64)


def _bits(variable: Int[np.ndarray, "n"], y: Bool[np.ndarray, "n"], boundaries: Sequence[Boundary]) -> float:
    groups, code = _groups(variable, boundaries), _code(len(y))
    ones = np.bincount(groups[y], minlength=int(groups.max()) + 1)
    return float(code.of(ones, np.bincount(groups) - ones).sum())


def _best(
    ordered: Sequence[Ordered], groups: Int[np.ndarray, "n"], y: Bool[np.ndarray, "n"]
) -> tuple[Boundary | None, float]:
    """The boundary of any family that leaves the fewest bits when every group is split by it."""
    code, count = _code(len(y)), int(groups.max()) + 1
    ones = np.bincount(groups[y], minlength=count)
    zeros = np.bincount(groups, minlength=count) - ones
    whole = code.of(ones, zeros)
    first = np.cumsum(ones + zeros) - (ones + zeros)
    total, best, least = float(whole.sum()), None, np.inf
    compact = groups.astype(np.int16 if count < 2**15 else np.int64)
    for each in ordered:
        sorting = np.argsort(compact[each.order], kind="stable")
        within, group = each.order[sorting], groups[each.order][sorting]
        label = y[within]
        running = np.cumsum(label)
        below_ones = running - (running[first] - label[first])[group]
        below_zeros = np.arange(1, len(y) + 1) - first[group] - below_ones
        after = code.of(below_ones, below_zeros) + code.of(ones[group] - below_ones, zeros[group] - below_zeros)
        steps = np.empty(len(y))
        steps[0] = after[0] - whole[group[0]]
        steps[1:] = after[1:] - np.where(group[1:] == group[:-1], after[:-1], whole[group[1:]])
        along = np.empty(len(y))
        along[sorting] = steps
        bits = total + np.cumsum(along)[each.cuts]
        at = int(bits.argmin())
        if bits[at] < least:
            best, least = Boundary(each, int(each.cuts[at])), float(bits[at])
    return best, least


@dataclass(frozen=True, eq=False)
class _Code:
    """Adaptive code of a group of labels, with a prior that expects groups to be nearly pure."""

    half: Float64[np.ndarray, "counts"]
    full: Float64[np.ndarray, "counts"]

    def of(self, ones: np.ndarray, zeros: np.ndarray) -> Float64[np.ndarray, "groups"]:
        """Bits of groups with so many ones and zeros; nothing for an empty group."""
        bits: np.ndarray = self.full[ones + zeros] - self.half[ones] - self.half[zeros]
        return bits


@lru_cache(maxsize=8)
def _code(n: int) -> _Code:
    half = np.array([(lgamma(x + _PRIOR) - lgamma(_PRIOR)) / log(2) for x in range(n + 1)])
    full = np.array([(lgamma(x + 2 * _PRIOR) - lgamma(2 * _PRIOR)) / log(2) for x in range(n + 1)])
    return _Code(half, full)
