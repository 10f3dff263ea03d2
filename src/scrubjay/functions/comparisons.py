"""Comparisons of tokens: which is larger, whether they are equal, palindromes, repeats, order."""

from collections.abc import Callable, Iterator

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import renaming_bits
from scrubjay.functions.statistic import Statistic

_MOST_PAIRED = 6
"""Pairs of positions are compared if there are at most this many positions."""
_OF_TWO: tuple[tuple[str, str, Callable[[np.ndarray, np.ndarray], np.ndarray]], ...] = (
    ("whether {a} < {b}", "int({a} < {b})", np.less),
    ("whether {a} > {b}", "int({a} > {b})", np.greater),
    ("whether {a} ≤ {b}", "int({a} <= {b})", np.less_equal),
    ("whether {a} ≥ {b}", "int({a} >= {b})", np.greater_equal),
    ("whether {a} = {b}", "int({a} == {b})", np.equal),
    ("whether {a} ≠ {b}", "int({a} != {b})", np.not_equal),
    ("the sign of {a} - {b}", "({a} > {b}) - ({a} < {b})", lambda a, b: np.sign(a - b)),
    ("{a} - {b}", "{a} - {b}", np.subtract),
    ("the distance of {a} and {b}", "abs({a} - {b})", lambda a, b: np.abs(a - b)),
)
"""Numbers of two tokens: in words, in Python, and of arrays."""


def comparisons(table: AnswerTable) -> Iterator[Statistic]:
    """Numbers that compare the tokens of an input with each other."""
    k, names = table.positions, table.inputs
    if k < 2:
        return
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)] if k <= _MOST_PAIRED else []
    bits = float(np.log2(9 * len(pairs) + 4))
    for i, j in pairs:
        a, b = names[i], names[j]
        for words, python, of in _OF_TWO:
            yield Statistic(
                "comparison",
                words.format(a=a, b=b),
                python.format(a=f"x[{i}]", b=f"x[{j}]"),
                bits,
                lambda x, i=i, j=j, of=of: np.asarray(of(x[:, i], x[:, j])).astype(np.int64),  # type: ignore[misc]
                {"positions": [a, b]},
            )
    if k > 2:
        half = k // 2
        yield Statistic(
            "comparison",
            "whether the tokens read the same backwards",
            "int(x == x[::-1])",
            bits,
            lambda x: (x == x[:, ::-1]).all(1).astype(np.int64),
            {"positions": list(names)},
        )
        yield Statistic(
            "comparison",
            f"the number of the {half} mirrored pairs that are equal",
            f"sum(x[i] == x[-1 - i] for i in range({half}))",
            bits,
            lambda x: (x[:, :half] == x[:, : -half - 1 : -1]).sum(1),
            {"positions": list(names)},
        )
    if k == 2:
        if len(table.given) == 2:
            yield from _partners(table, bits)
        return
    yield Statistic(
        "comparison",
        "the number of different tokens",
        "len(set(x))",
        bits,
        lambda x: 1 + (np.diff(np.sort(x, axis=1), axis=1) != 0).sum(1),
    )
    yield Statistic(
        "comparison",
        "the number of tokens that are smaller than the one before",
        "sum(later < before for before, later in zip(x, x[1:]))",
        bits,
        lambda x: (np.diff(x, axis=1) < 0).sum(1),
    )


def _partners(table: AnswerTable, bits: float) -> Iterator[Statistic]:
    """Whether b is the one token that belongs to a, if the rarer answer stands once in nearly every row and column."""
    rarer = int(np.bincount(table.y_places, minlength=2).argmin())
    pairs = table.x[table.y_places == rarer]
    a, first, rows = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    b = pairs[first, 1]
    once = (rows == 1) & (np.bincount(np.unique(b, return_inverse=True)[1])[np.unique(b, return_inverse=True)[1]] == 1)
    a, b = a[once], b[once]
    if len(a) < max(2, len(table.tokens[0]) // 2):
        return

    def of(x: np.ndarray) -> np.ndarray:
        at = np.searchsorted(a, x[:, 0]).clip(0, len(a) - 1)
        belong: np.ndarray = ((a[at] == x[:, 0]) & (b[at] == x[:, 1])).astype(np.int64)
        return belong

    partner = dict(zip(a.tolist(), b.tolist(), strict=True))
    yield Statistic(
        "comparison",
        f"whether {table.inputs[1]} is the partner of {table.inputs[0]} in a one-to-one list",
        f"int({partner}.get(x[0]) == x[1])",
        bits + renaming_bits(len(table.tokens[1])),
        of,
        {"partners": [list(pair) for pair in partner.items()]},
    )
