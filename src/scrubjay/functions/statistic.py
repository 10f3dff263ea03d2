"""A table as a rule for one number of the input: its largest token, a count, a sum.

Most families say which numbers they know. What the answer is for each value of such a number is read from the table, as
the most frequent answer. The shortest of five kinds of rule is kept: the number itself, a shift or reflection of it,
steps, a period, or a list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int

from scrubjay.functions.answer_table import AnswerTable, distinct
from scrubjay.functions.found_function import Named, exception_bits, weighed
from scrubjay.program.code import whole_bits

_MOST_WORDS = 4
"""A list of at most this many values is spelt out."""
_KINDS_BITS = 2.4
"""The bits that choose one of five kinds of rule."""
_MOST_CELLS = 10_000_000
"""The largest number of pairs of a number and an answer that are counted."""
_FEWEST_RIGHT = 0.5
"""Numbers that leave more answers open than this are passed over."""


@dataclass(frozen=True, eq=False)
class Statistic:
    """A whole number that follows from an input.

    Attributes:
        family: the family that knows it.
        words: what it is, such as "the largest token".
        python: an expression for it, of the tuple ``x`` of tokens.
        bits: the bits that choose it within its family.
        of: the number of each input, from tokens [n, k] to [n].
        facts: what it is as data.
    """

    family: str
    words: str
    python: str
    bits: float
    of: Callable[[Int[np.ndarray, "n k"]], Int[np.ndarray, "n"]]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Reading:
    """How an answer follows from a number s: in words, as Python, as numbers, and its bits."""

    kind: str
    words: str
    python: str
    bits: float
    of: Callable[[Int[np.ndarray, "n"]], Int[np.ndarray, "n"]]


def read_off(table: AnswerTable, statistic: Statistic) -> Named | None:
    """The best rule that gives the answers from a number of the input; None if the number leaves most open."""
    s = statistic.of(table.x)
    values, places = distinct(s)
    answers = len(table.given)
    if len(values) < 2 or len(values) * answers > _MOST_CELLS:
        return None
    counts = np.bincount(places * answers + table.y_places, minlength=len(values) * answers)
    counts = counts.reshape(len(values), answers)
    if counts.max(1).sum() < _FEWEST_RIGHT * table.n or len(np.unique(counts.argmax(1))) < 2:
        return None
    best: tuple[float, _Reading] | None = None
    for reading in _readings(values, table.given[counts.argmax(1)], answers, counts, table.given):
        right = (table.given[None, :] == reading.of(values)[:, None]) * counts
        wrong = int(table.n - right.sum())
        total = reading.bits + exception_bits(table.n, wrong, answers)
        if 2 * wrong < table.n and (best is None or total < best[0]):
            best = total, reading
    if best is None:
        return None
    reading = best[1]
    arguments = ", ".join(table.inputs)
    taken = f"def answer({arguments}):\n    x = ({arguments}{',' if table.positions == 1 else ''})"
    return weighed(
        table,
        family=statistic.family,
        words=reading.words.replace("{s}", statistic.words),
        facts={"statistic": statistic.words, "rule": reading.kind, **statistic.facts},
        python=f"{taken}\n    s = {statistic.python}\n    return {reading.python}\n",
        bits=statistic.bits + reading.bits,
        rule=lambda x: reading.of(statistic.of(x)),
        said=reading.of(values)[places],
    )


def _readings(
    values: np.ndarray, answer: np.ndarray, answers: int, counts: np.ndarray, given: np.ndarray
) -> Iterator[_Reading]:
    """Every kind of rule that may give these answers for these values of s."""
    yield _Reading("itself", "{s}", "s", _KINDS_BITS, lambda s: s)
    weight = counts.max(1)
    for sign in (1, -1):
        shifts, at = np.unique(answer - sign * values, return_inverse=True)
        shift = int(shifts[np.bincount(at.reshape(-1), weight).argmax()])
        if (sign, shift) != (1, 0):
            yield _shifted(sign, shift)
    yield _listed(values, answer, answers)
    cuts = np.flatnonzero(np.diff(answer)) + 1
    if len(cuts) < len(values) - 1 or len(values) <= 3:
        yield _stepped(values, answer, cuts, answers)
    span = int(values[-1] - values[0]) + 1
    for period in range(2, min(len(values) // 2, 64) + 1):
        if span <= 4 * len(values):
            residue = values % period
            first = np.array([_first(answer, residue == r) for r in range(period)])
            if np.array_equal(first[residue], answer):
                yield _periodic(period, first, answers)
                return


def _first(answer: np.ndarray, where: np.ndarray) -> int:
    return int(answer[where][0]) if where.any() else int(answer[0])


def _shifted(sign: int, shift: int) -> _Reading:
    words = f"{{s}} {'plus' if shift > 0 else 'minus'} {abs(shift)}" if sign == 1 else f"{shift} minus {{s}}"
    python = f"s {'+' if shift > 0 else '-'} {abs(shift)}" if sign == 1 else f"{shift} - s"
    return _Reading("shifted", words, python, _KINDS_BITS + 2 + whole_bits(abs(shift)), lambda s: sign * s + shift)


def _listed(values: np.ndarray, answer: np.ndarray, answers: int) -> _Reading:
    bits = _KINDS_BITS + len(values) * float(np.log2(max(2, answers)))
    one_to_one = len(np.unique(answer)) == len(values)
    pairs = dict(zip(values.tolist(), answer.tolist(), strict=True))
    words = "{s}, renamed" if one_to_one else "a fixed function of {s}"
    if len(pairs) <= _MOST_WORDS:
        words = _runs(values, answer)

    def of(s: np.ndarray) -> np.ndarray:
        at = np.searchsorted(values, s).clip(0, len(values) - 1)
        return np.where(values[at] == s, answer[at], -1)

    return _Reading("renamed" if one_to_one else "function", words, f"{pairs}.get(s, -1)", bits, of)


def _stepped(values: np.ndarray, answer: np.ndarray, cuts: np.ndarray, answers: int) -> _Reading:
    starts, said = values[cuts], answer[np.concatenate([[0], cuts])]
    choices = float(np.log2(max(2, answers))) + len(cuts) * float(np.log2(max(1, answers - 1)))
    bits = _KINDS_BITS + whole_bits(len(cuts) - 1) + len(cuts) * float(np.log2(len(values))) + choices
    python = str(int(said[0]))
    for start, value in zip(starts.tolist(), said[1:].tolist(), strict=True):
        python = f"{value} if s >= {start} else {python}"

    def of(s: np.ndarray) -> np.ndarray:
        found: np.ndarray = said[np.searchsorted(starts, s, side="right")]
        return found

    return _Reading("steps", _runs(values, answer), python, bits, of)


def _runs(values: np.ndarray, answer: np.ndarray) -> str:
    """Which answer belongs to which numbers, in words, neighbours with one answer together."""
    ends = [*(np.flatnonzero(np.diff(answer)) + 1).tolist(), len(values)]
    parts, start = [], 0
    for end in ends:
        low, high = int(values[start]), int(values[end - 1])
        where = f"at most {high}" if not start else f"at least {low}" if end == len(values) else f"{low} to {high}"
        is_one = end == start + 1
        parts.append(f"{answer[start]} if {'it' if start else '{s}'} is {low if is_one else where}")
        start = end
    return ", ".join(parts)


def _periodic(period: int, first: np.ndarray, answers: int) -> _Reading:
    if np.array_equal(first, np.arange(period)):
        words, python, bits = f"{{s}} mod {period}", f"s % {period}", 0.0
    else:
        words = _runs(np.arange(period), first).replace("{s}", f"{{s}} mod {period}")
        python, bits = f"{first.tolist()}[s % {period}]", period * float(np.log2(max(2, answers)))

    def of(s: np.ndarray) -> np.ndarray:
        found: np.ndarray = first[s % period]
        return found

    return _Reading("period", words, python, _KINDS_BITS + whole_bits(period) + bits, of)
