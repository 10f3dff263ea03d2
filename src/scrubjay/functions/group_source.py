"""A group's product as the source of a Python function."""

from math import prod

from scrubjay.functions.catalogue import Factor, NamedGroup
from scrubjay.functions.groups import Square


def group_source(
    known: NamedGroup | None,
    product: Square,
    names: tuple[str, ...],
    rows: dict[int, int],
    columns: dict[int, int],
    answers: list[int],
) -> str:
    """The source of a function ``answer`` of two tokens.

    Args:
        known: the group of the catalogue, or None to write its whole table.
        product: the group's table.
        names: the names of the two tokens.
        rows: the group's element that each first token stands for.
        columns: the same for the second token.
        answers: the answer that each element of the group stands for.
    """
    a, b = names
    head, body = "", ""
    if known is None:
        head, body = f"PRODUCT = {product.tolist()}\n", "    z = PRODUCT[x][y]\n"
    elif len(known.factors) == 1:
        head, body = _factor(known.factors[0], 0, "x", "y", "z")
    else:
        below = prod(factor.order for factor in known.factors)
        parts = []
        for at, factor in enumerate(known.factors):
            below //= factor.order
            places = (f"{name} // {below} % {factor.order}" for name in "xy")
            body += f"    x{at}, y{at} = {', '.join(places)}\n"
            more, lines = _factor(factor, at, f"x{at}", f"y{at}", f"z{at}")
            head, body = head + more if more not in head else head, body + lines
            parts.append(f"z{at} * {below}" if below > 1 else f"z{at}")
        body += f"    z = {' + '.join(parts)}\n"
    same = rows == columns
    given = f"ROWS = {rows}\n{'COLUMNS = ROWS' if same else f'COLUMNS = {columns}'}\nANSWERS = {answers}\n"
    imports, rest = "", head
    if "permutations(" in head:
        imports = "from itertools import permutations\n\n"
    taken = f"def answer({a}, {b}):\n    x, y = ROWS[{a}], COLUMNS[{b}]\n"
    return f"{imports}{given}{rest}\n\n{taken}{body}    return ANSWERS[z]\n"


def _factor(factor: Factor, at: int, x: str, y: str, z: str) -> tuple[str, str]:
    """Constants, and the lines that compute the product z of x and y in one factor."""
    n = factor.number
    if factor.kind == "cyclic":
        return "", f"    {z} = ({x} + {y}) % {n}\n"
    if factor.kind == "dihedral":
        return "", f"    {z} = ({x} + {y} if {x} < {n} else {x} - {y}) % {n} + {n} * (({x} >= {n}) != ({y} >= {n}))\n"
    if factor.kind == "dicyclic":
        m = 2 * n
        turned = f"({x} + {y} if {x} < {m} else {x} - {y} + {n} * ({y} >= {m}))"
        return "", f"    {z} = {turned} % {m} + {m} * (({x} >= {m}) != ({y} >= {m}))\n"
    if factor.kind == "affine":
        scaled = f"({x} % {n} + pow({factor.unit}, {x} // {n}, {n}) * ({y} % {n})) % {n}"
        return "", f"    {z} = {scaled} + {n} * (({x} // {n} + {y} // {n}) % {factor.scales})\n"
    name, even = f"ELEMENTS_{factor.name}", ""
    if factor.kind == "alternating":
        even = f" if sum(p[i] > p[j] for j in range({n}) for i in range(j)) % 2 == 0"
    head = f"{name} = [p for p in permutations(range({n})){even}]\n"
    return head, f"    p, q = {name}[{x}], {name}[{y}]\n    {z} = {name}.index(tuple(p[i] for i in q))\n"
