"""Sums of multiples of the tokens, and of their product, modulo a number."""

from collections.abc import Iterator
from math import gcd, log2

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named, weighed
from scrubjay.program.code import whole_bits


def modular_forms(table: AnswerTable) -> Iterator[Named]:
    """The linear form modulo the largest answer plus one, and for two positions the form with a product.

    Each coefficient is the most frequent change of the answer from one token to the next that stands one higher, so
    that some wrong answers do no harm.
    """
    if len(table.given) < 2 or table.given[0] < 0:
        return
    modulus = int(table.given[-1]) + 1
    grid = table.grid
    if grid is None or modulus > 10**6:
        return
    values = np.where(grid >= 0, table.given[grid], -1)
    for with_product in (False, True):
        form = _form(table, values, modulus, with_product=with_product)
        if form is not None:
            yield form


def _form(table: AnswerTable, values: np.ndarray, modulus: int, *, with_product: bool) -> Named | None:
    k, product = table.positions, 0
    if with_product:
        if k != 2:
            return None
        found = _product(table, values, modulus)
        if not found:
            return None
        product = found
        both = product * np.multiply.outer(*table.tokens)
        values = np.where(values >= 0, (values - both) % modulus, -1)
    slopes = [_slope(values, table.tokens[at], at, modulus) for at in range(k)]
    if None in slopes or (not product and sum(1 for slope in slopes if slope) < 1):
        return None
    factors = [slope or 0 for slope in slopes]
    x, y = table.x, table.y
    rest = y - x @ np.array(factors) - (product * x[:, 0] * x[:, 1] if product else 0)
    constant = int(np.bincount(rest % modulus, minlength=1).argmax())
    return _named(table, factors, product, constant, modulus)


def _named(table: AnswerTable, factors: list[int], product: int, constant: int, modulus: int) -> Named:
    weights = np.array(factors)

    def total(x: np.ndarray) -> np.ndarray:
        found: np.ndarray = x @ weights + (product * x[:, 0] * x[:, 1] if product else 0) + constant
        return found

    wraps = bool(((total(table.x) % modulus) != total(table.x)).any())

    def rule(x: np.ndarray) -> np.ndarray:
        return total(x) % modulus if wraps else total(x)

    terms = [(product, "*".join(table.inputs[:2]))] if product else []
    terms += list(zip(factors, table.inputs, strict=True))
    written = _written(terms, constant, modulus if wraps else 0)
    shown, times = f"({written}) % {modulus}" if wraps else written, written.replace("*", "·")
    coefficients = sum(1 for factor in (*factors, product, constant) if factor)
    is_group = table.positions == 2 and not product and all(gcd(factor, modulus) == 1 for factor in factors)
    is_group &= wraps and all(len(tokens) == modulus for tokens in table.tokens)
    return weighed(
        table,
        family="modular product" if product else "modular sum" if wraps else "sum",
        words=f"({times}) mod {modulus}" if wraps else times,
        facts={
            "coefficients": dict(zip(table.inputs, factors, strict=True)),
            "product": product,
            "constant": constant,
            "modulus": modulus if wraps else None,
            **({"group": f"C{modulus}"} if is_group else {}),
        },
        python=f"def answer({', '.join(table.inputs)}):\n    return {shown}\n",
        bits=whole_bits(modulus) + len(factors) + 2 + coefficients * log2(modulus),
        rule=rule,
    )


def _written(terms: list[tuple[int, str]], constant: int, modulus: int) -> str:
    """A sum of multiples; -1 modulo the modulus is written as it is."""
    text = ""
    for factor, name in [*terms, (constant, "")]:
        signed = -1 if modulus > 2 and factor == modulus - 1 else factor
        if not signed:
            continue
        size = abs(signed)
        word = (name if size == 1 else f"{size}*{name}") if name else str(size)
        text += (f" {'-' if signed < 0 else '+'} " if text else "-" if signed < 0 else "") + word
    return text or "0"


def _slope(values: np.ndarray, tokens: np.ndarray, axis: int, modulus: int) -> int | None:
    """The change of the answer where one token grows by one, as most inputs have it; None if nothing grows by one."""
    order = np.argsort(tokens)
    steps = np.flatnonzero(np.diff(tokens[order]) == 1)
    if not len(steps):
        return None
    lower, upper = np.take(values, order[steps], axis), np.take(values, order[steps + 1], axis)
    changes = ((upper - lower) % modulus)[(lower >= 0) & (upper >= 0)]
    return int(np.bincount(changes).argmax()) if len(changes) else None


def _product(table: AnswerTable, values: np.ndarray, modulus: int) -> int | None:
    """The change of the change, where both tokens grow by one."""
    rows, columns = (np.argsort(tokens) for tokens in table.tokens)
    sorted_values = values[np.ix_(rows, columns)]
    ordered = table.tokens[0][rows], table.tokens[1][columns]
    by = [np.flatnonzero(np.diff(tokens) == 1) for tokens in ordered]
    if not len(by[0]) or not len(by[1]):
        return None
    low, high = (sorted_values[by[0] + up] for up in (0, 1))
    corners = [side[:, by[1] + right] for side in (low, high) for right in (0, 1)]
    change = (corners[3] - corners[2] - corners[1] + corners[0]) % modulus
    known = np.logical_and.reduce([corner >= 0 for corner in corners])
    return int(np.bincount(change[known]).argmax()) if known.any() else None
