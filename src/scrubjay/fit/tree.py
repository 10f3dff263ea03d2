"""A decision tree on tokens: splits of the form ``choice at position p < t``, grown best first within some bits."""

from dataclasses import dataclass
from math import log2

import numpy as np
from jaxtyping import Bool, Float64, Int


@dataclass(frozen=True)
class Split:
    """The split of a leaf.

    Attributes:
        leaf: the number of the leaf. The part below the cut keeps it, and the other part gets the next free number.
        position: the varying position whose choice is compared.
        cut: choices below the cut are in the part that keeps the leaf's number.
    """

    leaf: int
    position: int
    cut: int


@dataclass(frozen=True)
class Tree:
    """A tree, as the splits that made it.

    Attributes:
        splits: the splits in their order; each splits a leaf of the tree that the ones before it made.
        classes: whether each leaf is of class 1.
        sizes: how many choices each position has.
    """

    splits: tuple[Split, ...]
    classes: tuple[bool, ...]
    sizes: tuple[int, ...]

    @property
    def bits(self) -> float:
        """A bit for each node (whether it is split) and for each leaf (its class), and the choice of each split."""
        return tree_bits(len(self.splits), self.sizes)

    def predict(self, choices: Int[np.ndarray, "n s"]) -> Bool[np.ndarray, "n"]:
        """Whether the leaf that each input falls into is of class 1, shape [n]."""
        leaf = np.zeros(len(choices), dtype=np.int64)
        for number, split in enumerate(self.splits, 1):
            leaf[(leaf == split.leaf) & (choices[:, split.position] >= split.cut)] = number
        return np.array(self.classes, dtype=np.bool_)[leaf]


def tree_bits(splits: int, sizes: tuple[int, ...]) -> float:
    """The bits of a tree with some number of splits, where positions have these numbers of choices."""
    return (2 * splits + 1) + (splits + 1) + splits * log2(max(1, sum(size - 1 for size in sizes)))


def grow(choices: Int[np.ndarray, "n s"], ones: Bool[np.ndarray, "n"], sizes: tuple[int, ...], budget: float) -> Tree:
    """Grow a tree by repeating the split that saves the most bits of the classes (entropy), within a budget.

    Args:
        choices: which member of its token set each input has at each varying position, shape [n, s].
        ones: which inputs are of class 1, shape [n].
        sizes: how many tokens may stand at each varying position.
        budget: the largest number of bits of the tree. A tree of one leaf is returned if nothing larger fits.
    """
    leaves = [np.arange(len(choices))]
    best = [_best_split(choices, ones, sizes)]
    splits: list[Split] = []
    while tree_bits(len(splits) + 1, sizes) <= budget:
        at = max(range(len(leaves)), key=lambda leaf: best[leaf][0])
        saved, position, cut = best[at]
        if saved <= 0:
            break
        members = leaves[at]
        below = choices[members, position] < cut
        splits.append(Split(at, position, cut))
        leaves[at], apart = members[below], members[~below]
        leaves.append(apart)
        best[at] = _best_split(choices[leaves[at]], ones[leaves[at]], sizes)
        best.append(_best_split(choices[apart], ones[apart], sizes))
    return Tree(tuple(splits), tuple(bool(2 * ones[leaf].sum() > len(leaf)) for leaf in leaves), sizes)


def _best_split(
    choices: Int[np.ndarray, "n s"], ones: Bool[np.ndarray, "n"], sizes: tuple[int, ...]
) -> tuple[float, int, int]:
    """The bits that the best split of a leaf saves, its position and its cut; 0 bits if none saves any."""
    whole = float(_entropy(np.array(len(ones)), np.array(ones.sum())))
    found = (0.0, 0, 0)
    for position, size in enumerate(sizes):
        count = np.bincount(choices[:, position], minlength=size).cumsum()[:-1]
        of_one = np.bincount(choices[:, position], weights=ones, minlength=size).cumsum()[:-1]
        left = _entropy(count, of_one) + _entropy(len(ones) - count, ones.sum() - of_one)
        if len(left) and whole - left.min() > found[0] + 1e-9:
            found = (whole - float(left.min()), position, int(left.argmin()) + 1)
    return found


def _entropy(count: Int[np.ndarray, "*c"], of_one: Float64[np.ndarray, "*c"] | Int[np.ndarray, "*c"]) -> np.ndarray:
    """The bits of the classes of ``count`` inputs, ``of_one`` of which are of class 1."""
    total = np.zeros(np.shape(count))
    for part in (of_one, count - of_one):
        share = np.where(part > 0, part, 1) / np.maximum(count, 1)
        total -= part * np.log2(share)
    return total
