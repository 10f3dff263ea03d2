"""A function that was recognised, and the bits that judge it.

The bits count as those of a label program do (``scrubjay.program.code``): a function costs the choices that single it
out, and each exception its place and its answer. A table without a function costs the counts of the answers and which
input has which, so a function of no information saves nothing. By the inequality of no hypercompression, answers that
are drawn at random from that code save s bits or more with a probability of 2^-s at most, whatever is tried.

Source: Grünwald (2007), "The minimum description length principle", section 3.3.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.program.code import choice_bits, whole_bits

FAMILY_BITS = 3.0
"""The bits that choose a family."""

Rule = Callable[[Int[np.ndarray, "n k"]], Int[np.ndarray, "n"]]


@dataclass(frozen=True, eq=False)
class Named:
    """A function that reproduces a table of answers, but for listed exceptions.

    Attributes:
        family: the kind of function, such as "group" or "order statistic".
        words: the function in plain English, as it stands after "it computes".
        facts: the same as data.
        exceptions: the inputs whose answer differs from the function's, as row-major numbers, ascending.
        n: how many answers are known.
        python: the source of a Python function ``answer`` of the varying tokens.
        function_bits: the bits of the function.
        exception_bits: the bits of its exceptions.
        table_bits: the bits of the answers without a function.
        rule: the function itself, from tokens [n, k] to answers [n].
    """

    family: str
    words: str
    facts: Mapping[str, Any]
    exceptions: tuple[int, ...]
    n: int
    python: str
    function_bits: float
    exception_bits: float
    table_bits: float
    rule: Rule

    @property
    def bits(self) -> float:
        """The bits of the function and of its exceptions."""
        return self.function_bits + self.exception_bits

    @property
    def saved(self) -> float:
        """How many bits the function saves against the table."""
        return self.table_bits - self.bits

    @property
    def agreement(self) -> float:
        """The share of known answers that the function gives."""
        return 1 - len(self.exceptions) / self.n

    def evaluate(self, inputs: Int[np.ndarray, "n k"]) -> Int[np.ndarray, "n"]:
        """The function's answers.

        Args:
            inputs: the tokens at the varying positions, shape [n, k].
        """
        return self.rule(inputs)


@dataclass(frozen=True)
class Unnamed:
    """No function of the catalogue fits.

    Attributes:
        words: a sentence that says so, with the closest function.
        best: the family of the closest function, or "" if there is none.
        exceptions: how many exceptions that one has.
    """

    words: str
    best: str
    exceptions: int


def weighed(
    table: AnswerTable,
    *,
    family: str,
    words: str,
    facts: Mapping[str, Any],
    python: str,
    bits: float,
    rule: Rule,
    said: Int[np.ndarray, "m"] | None = None,
) -> Named:
    """A function with its exceptions on a table, and the bits of both.

    Args:
        table: the answers.
        family: the kind of function.
        words: the function in words.
        facts: the function as data.
        python: its source.
        bits: the bits of the function within its family.
        rule: the function.
        said: what it gives for the known answers, if that is known already.
    """
    wrong = (rule(table.x) if said is None else said) != table.y
    return Named(
        family=family,
        words=words,
        facts=facts,
        exceptions=tuple(table.places[wrong].tolist()),
        n=table.n,
        python=python,
        function_bits=FAMILY_BITS + bits,
        exception_bits=exception_bits(table.n, int(wrong.sum()), len(table.given)),
        table_bits=answers_bits(table),
        rule=rule,
    )


def exception_bits(n: int, exceptions: int, answers: int) -> float:
    """The bits that say which of n answers are exceptions, and which of the other answers each is."""
    return choice_bits(n, exceptions) + exceptions * math.log2(max(1, answers - 1))


def answers_bits(table: AnswerTable) -> float:
    """The bits of a table without a function.

    They say how often each answer occurs, and where; or, if that is shorter, one of all answers for each input. For two
    answers it is the choice that codes the labels of a program.
    """
    counts, n = np.bincount(table.y_places).tolist(), table.n
    places = math.lgamma(n + 1) - sum(math.lgamma(count + 1) for count in counts)
    frequencies = math.lgamma(n + len(counts)) - math.lgamma(n + 1) - math.lgamma(len(counts))
    skewed = (places + frequencies) / math.log(2)
    return skewed if len(counts) == 2 else 1 + min(skewed, n * math.log2(len(counts)))


def renaming_bits(count: int) -> float:
    """The bits of one of the orders of ``count`` things."""
    return math.lgamma(count + 1) / math.log(2)


def number_bits(number: int) -> float:
    """The bits of a whole number with its sign."""
    return float(whole_bits(abs(number)) + 1)
