"""Count answers over all pairs of tokens without running every pair.

Where attention is frozen, the stream of an input is a constant and one contribution for each token, so a filter is a
threshold on a sum of two numbers. The pairs above it are counted after sorting, and so are the pairs above two of them.
For the answers of a whole network with ReLU, blocks of pairs are bounded at once, and split where the bound decides
nothing.

Sources: J. Gross et al. 2024, "Compact proofs of model performance via mechanistic interpretability", for the question
of how long a proof must be; H. Zhang et al. 2018, "Efficient neural network robustness certification with general
activation functions", for the linear bounds of a ReLU.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]
_LEAF = 3
"""A block with no side longer than this is run input by input."""


def pairs_above(first: Numbers, second: Numbers, threshold: float) -> int:
    """The number of pairs with ``first[i] + second[j] > threshold``, in O(tokens log tokens).

    Args:
        first: what each first token contributes, shape [t].
        second: what each second token contributes, shape [u].
        threshold: the threshold.
    """
    order = np.sort(second)
    return int((len(order) - np.searchsorted(order, threshold - first, side="right")).sum())


def pairs_above_both(first: Numbers, second: Numbers, thresholds: Sequence[float]) -> int:
    """The number of pairs that are above two thresholds at once, in O(tokens log tokens).

    The second tokens enter in the order of their first contribution, and a Fenwick tree counts those that are above
    the second threshold.

    Args:
        first: what each first token contributes to each of the two sums, shape [t, 2].
        second: the same for the second tokens, shape [u, 2].
        thresholds: the two thresholds.
    """
    wanted = np.asarray(thresholds) - first
    entering = iter(second[np.argsort(-second[:, 0])].tolist())
    ranks = sorted(second[:, 1].tolist())
    tree, inside, total = [0] * (len(ranks) + 1), 0, 0
    token = next(entering, None)
    for low, high in wanted[np.argsort(-wanted[:, 0])].tolist():
        while token is not None and token[0] > low:
            at = bisect_right(ranks, token[1])
            while at < len(tree):
                tree[at] += 1
                at += at & -at
            inside, token = inside + 1, next(entering, None)
        at, below = bisect_right(ranks, high), 0
        while at:
            below += tree[at]
            at -= at & -at
        total += inside - below
    return total


def pairs_above_all(first: Numbers, second: Numbers, thresholds: Sequence[float]) -> tuple[int, int]:
    """Bounds on the number of pairs that are above several thresholds at once, in O(tokens log tokens).

    Both bounds are exact for one or two thresholds. For more, the upper one is the smallest count of two of them, and
    the lower one what is left when the pairs below each further threshold are taken away from that of the first two.

    Args:
        first: what each first token contributes to each of the k sums, shape [t, k].
        second: the same for the second tokens, shape [u, k].
        thresholds: the k thresholds.
    """
    every, k = len(first) * len(second), len(thresholds)
    single = [pairs_above(first[:, j], second[:, j], thresholds[j]) for j in range(k)]
    if k == 1:
        return single[0], single[0]
    both = {
        pair: pairs_above_both(first[:, pair], second[:, pair], [thresholds[j] for j in pair])
        for pair in combinations(range(k), 2)
    }
    least = [count - sum(every - single[j] for j in range(k) if j not in pair) for pair, count in both.items()]
    return max(0, *least), min(both.values())


@dataclass(frozen=True, eq=False)
class PairNetwork:
    """A network on pairs whose hidden layer is a sum over the two tokens, as with frozen attention.

    Attributes:
        first: [t, m], what each first token adds to the hidden layer before the ReLU, with the constant and the bias.
        second: [u, m], the same for the second tokens, without them.
        weights: [m], what each neuron adds to the margin.
        direct: what each first and each second token adds to the margin directly, [t] and [u].
    """

    first: Numbers
    second: Numbers
    weights: Numbers
    direct: tuple[Numbers, Numbers]

    def margins(self, rows: Any, columns: Any) -> Numbers:
        """The margins of all pairs of some first and some second tokens."""
        hidden = np.maximum(self.first[rows][:, None] + self.second[columns][None], 0)
        found: Numbers = hidden @ self.weights + self.direct[0][rows][:, None] + self.direct[1][columns][None]
        return found


@dataclass(frozen=True)
class CompactBound:
    """Bounds on how many pairs have a margin above zero where they should, and what they cost.

    Attributes:
        least: the pairs that are shown to be right.
        most: those that are not shown to be wrong.
        work: multiplications of the bounds and of the pairs that were run.
        brute: multiplications of running every pair.
    """

    least: int
    most: int
    work: int
    brute: int


def compact_bound(network: PairNetwork, right: Any, smallest: int = _LEAF) -> CompactBound:
    """Bound the number of right answers block by block.

    Args:
        network: the network.
        right: [t, u], whether the margin of a pair should be above zero.
        smallest: a block with no side longer than this is not split. With 3 or less it is run, and the bounds meet;
            otherwise it stays open.
    """
    t, u, m = len(network.first), len(network.second), len(network.weights)
    least, most, work = 0, t * u, 0
    waiting = [(np.arange(t), np.arange(u))]
    while waiting:
        rows, columns = waiting.pop()
        wanted = right[np.ix_(rows, columns)]
        if max(len(rows), len(columns)) <= smallest:
            if smallest <= _LEAF:
                work += m * len(rows) * len(columns)
                count = int(((network.margins(rows, columns) > 0) == wanted).sum())
                least, most = least + count, most - (wanted.size - count)
            continue
        work += 4 * m * (len(rows) + len(columns))
        low, high = _range(network, rows, columns)
        if low > 0 or high <= 0:
            count = int(wanted.sum()) if low > 0 else int(wanted.size - wanted.sum())
            least, most = least + count, most - (wanted.size - count)
            continue
        halves = [_halves(network.first, rows), _halves(network.second, columns)]
        work += 3 * m * (len(rows) + len(columns))
        waiting += [(one, other) for one in halves[0] for other in halves[1]]
    return CompactBound(least, most, work, m * t * u)


def _range(network: PairNetwork, rows: Any, columns: Any) -> tuple[float, float]:
    """Bounds on all margins of a block, by a line below and a line above each neuron's ReLU."""
    first, second, weights = network.first[rows], network.second[columns], network.weights
    low, high = first.min(0) + second.min(0), first.max(0) + second.max(0)
    chord = np.where(high <= 0, 0.0, np.where(low >= 0, 1.0, high / np.maximum(high - low, np.finfo(float).tiny)))
    raised = np.where((low < 0) & (high > 0), -chord * low, 0.0)
    tangent = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, (high > -low) * 1.0))
    found = []
    for sign in (1.0, -1.0):
        is_below = sign * weights > 0
        slope = weights * np.where(is_below, tangent, chord)
        rest = float((weights * np.where(is_below, 0.0, raised)).sum())
        ends = [
            sign * (sign * (table @ slope + direct[of])).min()
            for table, direct, of in ((first, network.direct[0], rows), (second, network.direct[1], columns))
        ]
        found.append(rest + float(sum(ends)))
    # Rounding of sums of m numbers; far above what float64 does to them.
    room = 1e-9 * float(np.abs(weights) @ np.maximum(np.abs(low), np.abs(high)) + 1)
    return found[0] - room, found[1] + room


def _halves(table: Numbers, tokens: Any) -> list[Any]:
    """The tokens in two halves, by the direction in which they differ most from the first of them."""
    if len(tokens) <= 1:
        return [tokens]
    far = table[tokens] - table[tokens[0]]
    along = far[np.argmax((far * far).sum(1))]
    order = tokens[np.argsort(table[tokens] @ along)]
    return [order[: len(order) // 2], order[len(order) // 2 :]]
