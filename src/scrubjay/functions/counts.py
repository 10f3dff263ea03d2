"""Numbers that do not depend on the order of the tokens: how often one occurs, sums of contributions; and brackets."""

from collections.abc import Iterator
from math import gcd

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import number_bits
from scrubjay.functions.statistic import Statistic

_MOST_WRITTEN = 3
"""A sum of at most this many tokens is written out in words."""
_MOST_TOKENS = 64
"""Counts are tried only if there are at most this many different tokens."""


def counts(table: AnswerTable) -> Iterator[Statistic]:
    """The sum of the tokens, the count of each, and sums of contributions that the table itself gives."""
    if table.positions < 2:
        return
    tokens = np.unique(np.concatenate(table.tokens))
    bits = float(np.log2(len(tokens) + 4))
    words = f"({' + '.join(table.inputs)})" if table.positions <= _MOST_WRITTEN else "the sum of the tokens"
    yield Statistic("sum", words, "sum(x)", bits, lambda x: x.sum(1))
    if len(tokens) > _MOST_TOKENS:
        return
    for token in tokens.tolist():
        yield Statistic(
            "count",
            f"the number of tokens {token}",
            f"x.count({token})",
            bits,
            lambda x, token=token: (x == token).sum(1),  # type: ignore[misc]
            {"token": token},
        )
    if len(tokens) == 2:
        for opening, closing in (tokens.tolist(), tokens.tolist()[::-1]):
            yield _brackets(opening, closing, bits)
    elif table.positions > 2 or len(table.given) > 2:  # any staircase of two classes would be such a sum
        for weights in _contributions(table, tokens):
            yield _weighted(tokens, weights, bits)


def _weighted(tokens: np.ndarray, weights: np.ndarray, bits: float) -> Statistic:
    def of(x: np.ndarray) -> np.ndarray:
        total: np.ndarray = weights[np.searchsorted(tokens, x).clip(0, len(tokens) - 1)].sum(1)
        return total

    pairs = dict(zip(tokens.tolist(), weights.tolist(), strict=True))
    listed = ", ".join(f"{weight} for {token}" for token, weight in pairs.items())
    return Statistic(
        "sum",
        f"the sum of contributions ({listed})",
        f"sum({pairs}[token] for token in x)",
        bits + sum(number_bits(weight) for weight in weights.tolist()),
        of,
        {"contributions": {str(token): weight for token, weight in pairs.items()}},
    )


def _contributions(table: AnswerTable, tokens: np.ndarray) -> Iterator[np.ndarray]:
    """Whole contributions of each token: from the inputs of one answer, if they all have the sum 0, and from ranks."""
    at = np.searchsorted(tokens, table.x)
    often = np.stack([(at == place).sum(1) for place in range(len(tokens))], axis=1)
    for answer in range(min(3, len(table.given))):
        exact = _null_vector(often[table.y_places == answer])
        if exact is not None:
            yield exact
    totals = often.T.astype(np.float64) @ table.y_places / np.maximum(often.sum(0), 1)
    yield np.unique(np.round(totals, 9), return_inverse=True)[1].reshape(-1)


def _null_vector(rows: np.ndarray) -> np.ndarray | None:
    """The whole numbers w with w · row = 0 for all rows, if they are unique but for their scale."""
    real = rows.astype(np.float64)
    values, vectors = np.linalg.eigh(real.T @ real)
    largest = max(float(values[-1]), 1.0)
    if values[0] > 1e-9 * largest or len(values) < 2 or values[1] < 1e-6 * largest:
        return None
    w = vectors[:, 0]
    unit = np.abs(w)[np.abs(w) > 1e-6].min()
    for scale in range(1, 13):
        scaled = np.round(w / unit * scale)
        if np.abs(scaled - w / unit * scale).max() < 1e-4 and not (real @ scaled).any():
            whole: np.ndarray = scaled.astype(np.int64)
            whole //= gcd(*whole.tolist())
            whole *= np.sign(whole[np.flatnonzero(whole)[-1]])
            return whole
    return None


def _brackets(opening: int, closing: int, bits: float) -> Statistic:
    def of(x: np.ndarray) -> np.ndarray:
        depth = np.cumsum(np.where(x == opening, 1, -1), axis=1)
        balanced: np.ndarray = ((depth.min(1) >= 0) & (depth[:, -1] == 0)).astype(np.int64)
        return balanced

    step = f"1 if token == {opening} else -1"
    python = f"[sum({step} for token in x[: at + 1]) for at in range(len(x))]"
    return Statistic(
        "brackets",
        f"whether the tokens are balanced brackets, {opening} opening and {closing} closing",
        f"int(min({python}) >= 0 and {python}[-1] == 0)",
        bits,
        of,
        {"opening": opening, "closing": closing},
    )
