"""The name of the function in a table of answers: all families are asked, and the shortest exact function is kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.comparisons import comparisons
from scrubjay.functions.copies import copies
from scrubjay.functions.counts import counts
from scrubjay.functions.extremes import extremes
from scrubjay.functions.found_function import Named, Unnamed
from scrubjay.functions.groups import is_latin
from scrubjay.functions.isotopes import group_products
from scrubjay.functions.modular_forms import modular_forms
from scrubjay.functions.statistic import Statistic, read_off

Recogniser = Callable[[AnswerTable], Iterable[Named | Statistic]]
"""What recognises a kind of function: it yields functions, or numbers of the input that the answer may follow from."""
FAMILIES: tuple[Recogniser, ...] = (copies, extremes, comparisons, counts, modular_forms, group_products)
OF_LATIN_SQUARES: tuple[Recogniser, ...] = (modular_forms, group_products)
"""The families that are asked about Latin squares, in which no number of few values decides the answer."""
_SAME_KIND = {"count": "sum", "modular sum": "group", "modular product": "group"}
"""Families that are two ways to say one thing: a count is a sum of ones."""
_LISTS = ("function", "renamed")
"""Rules that list an answer for each value of a number, and so say little of how the answer follows."""
LEAST_SAVED = 10.0
"""A function must save this many bits against the table. Random answers save as many once in a thousand tables."""
MOST_EXCEPTIONS = 0.05
"""The largest share of exceptions of a function that is named. Tables of named groups may have more, because nothing
but a group behind the table makes the votes that repair it agree."""


def name_function(table: AnswerTable) -> Named | Unnamed:
    """Name the function that a table of answers holds.

    Of the functions without an exception the shortest is named. If there is none, the function that is shortest
    together with its exceptions is named, if they are few. In both cases it must save bits against the table. Where a
    function of another kind gives the very same answers, the words name that one too: answers alone cannot tell which
    of them a network computes (Méloux et al. 2025, "Everything, everywhere, all at once").

    Example:
        >>> import numpy as np
        >>> from scrubjay.functions.answer_table import AnswerTable
        >>> a, b = np.indices((7, 7))
        >>> name_function(AnswerTable.of((2 * a + 3 * b + 5) % 7)).words
        '(2·a + 3·b - 2) mod 7'

    Args:
        table: the answers.
    """
    if table.n < 2 or len(table.given) < 2:
        return Unnamed(f"there is nothing to name: the {table.n:,} known answers are all the same", "", 0)
    found = list(_candidates(table))
    short = [each for each in found if each.saved >= LEAST_SAVED]
    exact = [each for each in short if not each.exceptions]
    near = [each for each in short if 1 - each.agreement <= MOST_EXCEPTIONS or each.facts.get("group")]
    if exact or near:
        return _with_equals(min(exact or near, key=lambda each: each.bits), short)
    best = min(found, key=lambda each: len(each.exceptions), default=None)
    if best is None:
        return Unnamed("no function of the catalogue fits, and none comes close", "", table.n)
    if not best.exceptions:
        return Unnamed(
            f"{table.n:,} answers are too few to tell a function from chance: {best.words} gives them all, and takes "
            f"{best.bits:,.0f} bits, where the answers themselves take {best.table_bits:,.0f}",
            best.family,
            0,
        )
    return Unnamed(
        f"no function of the catalogue fits; the closest, {best.words}, has {len(best.exceptions):,} exceptions among "
        f"{table.n:,} answers",
        best.family,
        len(best.exceptions),
    )


def _with_equals(named: Named, short: Iterable[Named]) -> Named:
    """The function, with the shortest one of each other kind that gives the same answers beside it in its words."""
    others: dict[str, str] = {}
    for each in sorted(short, key=lambda each: each.bits):
        kind = _SAME_KIND.get(each.family, each.family)
        is_other = kind != _SAME_KIND.get(named.family, named.family) and each.words not in named.words
        if is_other and each.exceptions == named.exceptions and each.facts.get("rule") not in _LISTS:
            others.setdefault(kind, each.words)
    if not others:
        return named
    words = f"{named.words}, or equally {', or '.join(others.values())}"
    return replace(named, words=words, facts={**named.facts, "also": list(others.values())})


def _candidates(table: AnswerTable) -> Iterator[Named]:
    grid = table.grid
    families = OF_LATIN_SQUARES if grid is not None and grid.ndim == 2 and is_latin(grid) else FAMILIES
    for each in chain.from_iterable(family(table) for family in families):
        named = read_off(table, each) if isinstance(each, Statistic) else each
        if named is not None:
            yield named
