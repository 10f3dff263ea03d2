"""Boundaries: the curves that make the labels a function of one variable, region by region.

A group is the set of pairs that share a region and a value of the variable. A threshold of a family of curves splits
every group into the pairs below it and those above it. With the pairs sorted by the family's value, running counts give
the code length of all groups' labels at *every* threshold of the family in O(n). A Hough transform would let every
change of label vote for the constants that explain it; here every pair counts, with its weight in bits, so short
boundaries, flipped labels and unknown labels need no tuned vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lgamma, log

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.families import Ordered

MOST_CURVES = 4
"""The largest number of boundaries."""
_PRIOR = 0.05
"""The pseudo-count of each label in the code of a group. It is small because groups are expected to be nearly pure."""
_ENOUGH = 30.0
"""The bits that a further curve must save; about its own length."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """A family of curves, cut at a threshold.

    Attributes:
        ordered: the family over the known pairs.
        cut: the threshold lies after this one of the ordered pairs.
    """

    ordered: Ordered
    cut: int

    @property
    def below(self) -> Bool[np.ndarray, "n"]:
        """Which pairs lie below the threshold."""
        return self.ordered.below(self.cut)


@dataclass(frozen=True, eq=False)
class Cutting:
    """Boundaries, and the code length of the labels when each region has its own function of the variable.

    Attributes:
        boundaries: the boundaries in the order in which they were found.
        bits: the code length of the labels, summed over the groups.
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
    """Add the boundary that saves the most bits, reconsider the earlier ones, and repeat as long as that pays.

    Args:
        ordered: the families of curves over the known pairs.
        variable: the value of the variable that the labels may depend on within a region, for each pair; 0 for all
            pairs if they may depend on none.
        y: the label of each pair.
        start: boundaries to begin with.
        most: the largest number of boundaries.
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
    """Take each boundary away in turn, and leave it out if it does not pay, or replace it by the best of all."""
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
    """The boundary, of any family, that leaves the fewest bits when it splits every group."""
    code, count = _code(len(y)), int(groups.max()) + 1
    ones = np.bincount(groups[y], minlength=count)
    size = np.bincount(groups, minlength=count)
    whole = code.of(ones, size - ones)
    total, best, least = float(whole.sum()), None, np.inf
    compact = groups.astype(np.int16 if count < 2**15 else np.int64)
    # All that follows is in the order of the groups, and within a group in the family's order. So these are the same
    # for every family: each pair's group, its place in the group, the ones in the group and those in groups before it.
    group = np.repeat(np.arange(count), size)
    place = np.arange(1, len(y) + 1) - (np.cumsum(size) - size)[group]
    of_one, of_zero, before = ones[group], (size - ones)[group], (np.cumsum(ones) - ones)[group]
    full_below, full_above = code.full[place], code.full[size[group] - place]
    continues, whole_of = group[1:] == group[:-1], whole[group]
    steps, along = np.empty(len(y)), np.empty(len(y))
    for each in ordered:
        sorting = np.argsort(compact[each.order], kind="stable")
        below_ones = np.cumsum(y[each.order[sorting]]) - before
        below_zeros = place - below_ones
        after = full_below - code.half[below_ones] - code.half[below_zeros]
        after += full_above - code.half[of_one - below_ones] - code.half[of_zero - below_zeros]
        steps[0] = after[0] - whole_of[0]
        steps[1:] = after[1:] - np.where(continues, after[:-1], whole_of[1:])
        along[sorting] = steps
        bits = total + np.cumsum(along)[each.cuts]
        at = int(bits.argmin())
        if bits[at] < least:
            best, least = Boundary(each, int(each.cuts[at])), float(bits[at])
    return best, least


@dataclass(frozen=True, eq=False)
class _Code:
    """The adaptive code of a group of labels, which predicts each label by the counts of those before it.

    Attributes:
        half: the logarithm, to base 2, of the rising factorial of the prior, for each count.
        full: the same of twice the prior.
    """

    half: Float64[np.ndarray, "counts"]
    full: Float64[np.ndarray, "counts"]

    def of(self, ones: np.ndarray, zeros: np.ndarray) -> Float64[np.ndarray, "groups"]:
        """The bits of groups with some numbers of ones and zeros; 0 for an empty group."""
        bits: np.ndarray = self.full[ones + zeros] - self.half[ones] - self.half[zeros]
        return bits


@lru_cache(maxsize=8)
def _code(n: int) -> _Code:
    half = np.array([(lgamma(x + _PRIOR) - lgamma(_PRIOR)) / log(2) for x in range(n + 1)])
    full = np.array([(lgamma(x + 2 * _PRIOR) - lgamma(2 * _PRIOR)) / log(2) for x in range(n + 1)])
    return _Code(half, full)
