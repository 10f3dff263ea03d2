"""Group tables, up to names: the product in a group, a quotient, or a product of renamed tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named, renaming_bits, weighed
from scrubjay.functions.group_source import group_source
from scrubjay.functions.groups import Elements, Group, Square, is_associative, is_latin, neutral_element
from scrubjay.functions.isomorphism import named_group
from scrubjay.functions.repair import repaired

LARGEST_ORDER = 1024
"""Larger tables are not searched for a group."""


@dataclass(frozen=True, eq=False)
class GroupProduct:
    """A table as the product of a group: ``table[a, b]`` stands for the product of ``rows[a]`` and ``columns[b]``.

    Attributes:
        group: the group, on the places of the answers.
        rows: the element that each first token stands for, shape [n].
        columns: the element that each second token stands for, shape [n].
    """

    group: Group
    rows: Elements
    columns: Elements


def group_products(table: AnswerTable) -> Iterator[Named]:
    """The group whose product a square table is, exactly or after a vote on wrong answers."""
    grid = table.grid
    n = len(table.given)
    if grid is None or grid.shape != (n, n) or not 2 <= n <= LARGEST_ORDER:
        return
    aligned = all(np.array_equal(np.sort(tokens), table.given) for tokens in table.tokens)
    orders = [np.argsort(tokens) for tokens in table.tokens]
    square = grid[np.ix_(*orders)]
    if not is_latin(square):
        square = repaired(square) if aligned else square
        if not is_latin(square):
            return
    product = as_group_product(square)
    if product is not None:
        yield _named(table, product)


def as_group_product(square: Square) -> GroupProduct | None:
    """A Latin square as the product of a group of renamed elements; None if it is not isotopic to a group.

    With R(x) = T[x, e] and L(y) = T[e, y], the principal isotope x∘y = T[R⁻¹x, L⁻¹y] has the identity T[e, e]. By
    Albert's theorem T is isotopic to a group exactly if this loop is a group. For e, an element is taken that is
    neutral on both sides, on the right or on the left, if there is one, so that fewer elements are renamed.

    Source: Albert (1943), "Quasigroups I", theorems 1 and 2.
    """
    n = len(square)
    counting = np.arange(n)
    neutral = neutral_element(square)
    right = np.flatnonzero((square == counting[:, None]).all(0))
    left = np.flatnonzero((square == counting).all(1))
    e = neutral if neutral is not None else int(right[0]) if len(right) else int(left[0]) if len(left) else 0
    rows, columns = square[:, e], square[e]
    loop = square[np.ix_(np.argsort(rows), np.argsort(columns))]
    if not is_associative(loop):
        return None
    return GroupProduct(Group(loop, int(square[e, e])), rows, columns)


def _named(table: AnswerTable, found: GroupProduct) -> Named:
    group, known = named_group(found.group)
    n, names = group.n, table.inputs
    standard = group.standard if group.standard is not None else np.arange(n)
    rows, columns = standard[found.rows], standard[found.columns]
    product = known.group.table if known is not None else group.table
    inverse = Group(product, int(standard[group.identity])).inverse
    same = np.array_equal(found.rows, found.columns)
    sorted_tokens = [np.sort(tokens) for tokens in table.tokens]
    aligned = all(np.array_equal(tokens, table.given) for tokens in sorted_tokens)
    plain = np.arange(n)
    way, maps = "isotope", 3
    if aligned and np.array_equal(found.rows, plain) and np.array_equal(found.columns, plain):
        way, maps = "product", 1
    elif aligned and np.array_equal(found.rows, plain) and np.array_equal(columns, inverse[standard]):
        way, maps = "right quotient", 1
    elif aligned and np.array_equal(found.columns, plain) and np.array_equal(rows, inverse[standard]):
        way, maps = "left quotient", 1
    elif aligned and same:
        maps = 2
    title = known.words if known is not None else f"a group of order {n} without a name here"
    a, b = names
    words = {
        "product": f"the product in {title}",
        "right quotient": f"{a}·{b}⁻¹ in {title}",
        "left quotient": f"{a}⁻¹·{b} in {title}",
        "isotope": f"the product of renamed tokens in {title}",
    }[way]
    if way == "product" and known is not None and known.factors[0].kind == "cyclic" and len(known.factors) == 1:
        words += ", whose tokens are renamed"
    to_answer = table.given[np.argsort(standard)]

    def rule(x: np.ndarray) -> np.ndarray:
        at = [np.searchsorted(tokens, x[:, i]).clip(0, n - 1) for i, tokens in enumerate(sorted_tokens)]
        said: np.ndarray = to_answer[product[rows[at[0]], columns[at[1]]]]
        return said

    table_cost = 0.0 if known is not None else len(group.generators) * renaming_bits(n)
    return weighed(
        table,
        family="group",
        words=words,
        facts={
            "group": known.name if known is not None else None,
            "order": n,
            "way": way,
            "identity": int(table.given[group.identity]),
            "rows": rows.tolist(),
            "columns": columns.tolist(),
            "answers": to_answer.tolist(),
        },
        python=group_source(
            known,
            product,
            names,
            dict(zip(sorted_tokens[0].tolist(), rows.tolist(), strict=True)),
            dict(zip(sorted_tokens[1].tolist(), columns.tolist(), strict=True)),
            to_answer.tolist(),
        ),
        bits=maps * renaming_bits(n) + table_cost + 2,
        rule=rule,
    )
