"""Curves in the plane of two whole numbers, each with an exact truth value at every pair."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.core.errors import BadInput
from scrubjay.program.code import constant_bits, whole_bits

Kind = Literal["power", "line", "product", "circle"]
"""The form of a curve; ``Curve`` says which is which."""
Relation = Literal["<", "<=", ">", ">="]

_OPPOSITE: dict[Relation, Relation] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: dict[Relation, Relation] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_HOLDS: dict[Relation, Callable[..., np.ndarray]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal
}  # fmt: skip
_KIND_BITS = 2
"""The bits that say which of the four kinds a curve is."""
_RELATION_BITS = 2
"""The bits that say which of the four relations it has."""
_ROOMIEST = 2**61
"""Results up to this are computed in 64 bits, larger ones in Python's own whole numbers."""


@dataclass(frozen=True)
class Curve:
    """One side of a curve, such as ``a**4 < 40000*b``.

    Attributes:
        kind: ``power`` for a^i ~ c b^j, ``line`` for i a + j b ~ c, ``product`` for a b ~ c, or ``circle`` for
            a² + b² ~ c.
        i: the exponent or the coefficient of a; 1 for a product and 2 for a circle.
        j: the exponent or the coefficient of b; 1 for a product and 2 for a circle.
        relation: what stands for ``~`` above.
        constant: c. Only a power may have a fraction; it is evaluated as ``c.denominator a^i ~ c.numerator b^j``.

    Raises:
        BadInput: an exponent of a power is below 1, both coefficients of a line are 0, the constant of a power is not
            positive, or that of another kind is not whole.
    """

    kind: Kind
    i: int
    j: int
    relation: Relation
    constant: Fraction

    def __post_init__(self) -> None:
        if self.kind == "power" and (min(self.i, self.j) < 1 or self.constant <= 0):
            raise BadInput(
                f"a power a^i ~ c b^j needs exponents of at least 1 and a positive constant, and has i = {self.i}, "
                f"j = {self.j}, c = {self.constant}"
            )
        if self.kind == "line" and self.i == self.j == 0:
            raise BadInput("a line i a + j b ~ c needs a coefficient that is not 0")
        if self.kind != "power" and self.constant.denominator != 1:
            raise BadInput(f"a {self.kind} has whole values, and is compared with the fraction {self.constant}")

    def truth(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """For which pairs it is true. The arithmetic is exact: Python's own whole numbers where 64 bits are too few."""
        c = self.constant
        x, y = (roomy(values, self._largest(a, b)) for values in (a, b))
        sides: dict[Kind, Callable[[], tuple[np.ndarray, np.ndarray | int]]] = {
            "power": lambda: (c.denominator * x**self.i, c.numerator * y**self.j),
            "line": lambda: (self.i * x + self.j * y, c.numerator),
            "product": lambda: (x * y, c.numerator),
            "circle": lambda: (x * x + y * y, c.numerator),
        }
        return _HOLDS[self.relation](*sides[self.kind]()).astype(np.bool_)

    def opposite(self) -> "Curve":
        """The other side of the curve."""
        return Curve(self.kind, self.i, self.j, _OPPOSITE[self.relation], self.constant)

    @property
    def bits(self) -> int:
        """The description length: kind, relation, exponents or coefficients with their signs, and constant."""
        shape = {"product": 0, "circle": 0}.get(self.kind, whole_bits(abs(self.i)) + whole_bits(abs(self.j)))
        signs = 2 if self.kind == "line" else 0
        return _KIND_BITS + _RELATION_BITS + shape + signs + constant_bits(self.constant)

    def python(self) -> str:
        """The curve as a Python comparison of whole numbers."""
        return self._written(lambda base, power: base if power == 1 else f"{base}**{power}", "*", str)

    def mathematics(self) -> str:
        """The curve in mathematical notation."""
        relation = {"<=": "≤", ">=": "≥"}
        text = self._written(lambda base, power: base + superscript(power), "\N{MIDDLE DOT}", _grouped)
        return " ".join(relation.get(word, word) for word in text.split(" "))

    def _written(self, power: Callable[[str, int], str], times: str, number: Callable[[int], str]) -> str:
        def term(factor: int, what: str) -> str:
            return what if factor == 1 else f"{number(factor)}{times}{what}"

        c, relation = self.constant, self.relation
        if self.kind == "power":
            left, right = term(c.denominator, power("a", self.i)), term(c.numerator, power("b", self.j))
            if c.numerator == 1 < c.denominator:
                return f"{right} {_MIRRORED[relation]} {left}"
            return f"{left} {relation} {right}"
        if self.kind == "line":
            return f"{linear(self.i, self.j, times)} {relation} {number(c.numerator)}"
        left = f"a{times}b" if self.kind == "product" else f"{power('a', 2)} + {power('b', 2)}"
        return f"{left} {relation} {number(c.numerator)}"

    def _largest(self, a: np.ndarray, b: np.ndarray) -> int:
        x, y, c = largest(a), largest(b), self.constant
        return max(
            x**self.i * c.denominator if self.kind == "power" else (abs(self.i) + 1) * (x + 1) ** 2,
            y**self.j * c.numerator if self.kind == "power" else (abs(self.j) + 1) * (y + 1) ** 2,
            x * y,
            abs(c.numerator),
        )


def linear(i: int, j: int, times: str) -> str:
    """The text of i a + j b."""
    words = ""
    for factor, name in ((i, "a"), (j, "b")):
        if factor:
            size = name if abs(factor) == 1 else f"{abs(factor)}{times}{name}"
            sign = (" - " if factor < 0 else " + ") if words else ("-" if factor < 0 else "")
            words += sign + size
    return words


def largest(values: np.ndarray) -> int:
    """The largest magnitude among whole numbers."""
    return max(abs(int(values.max())), abs(int(values.min()))) if values.size else 0


def roomy(values: np.ndarray, bound: int) -> np.ndarray:
    """The same whole numbers in a type that holds results up to a bound."""
    return values.astype(np.int64 if bound < _ROOMIEST else object)


def superscript(power: int) -> str:
    """An exponent in superscript digits; nothing for 1."""
    return "" if power == 1 else str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if abs(number) >= 10_000 else str(number)
