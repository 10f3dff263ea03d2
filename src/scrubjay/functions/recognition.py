"""The name of the function in a table of answers: all families are asked, and the shortest exact function is kept."""

from collections.abc import Callable, Iterable, Iterator
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
LEAST_SAVED = 10.0
"""A function must save this many bits against the table. Random answers save as many once in a thousand tables."""
MOST_EXCEPTIONS = 0.05
"""The largest share of exceptions of a function that is named. Tables of named groups may have more, because nothing
but a group behind the table makes the votes that repair it agree."""


def name_function(table: AnswerTable) -> Named | Unnamed:
    """Name the function that a table of answers holds.

    Of the functions without an exception the shortest is named. If there is none, the function that is shortest
    together with its exceptions is named, if they are few. In both cases it must save bits against the table.

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
        return min(exact or near, key=lambda each: each.bits)
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


def _candidates(table: AnswerTable) -> Iterator[Named]:
    grid = table.grid
    families = OF_LATIN_SQUARES if grid is not None and grid.ndim == 2 and is_latin(grid) else FAMILIES
    for each in chain.from_iterable(family(table) for family in families):
        named = read_off(table, each) if isinstance(each, Statistic) else each
        if named is not None:
            yield named
