"""The families of curves that a search tries, and the order in which each puts the known pairs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.curves import Curve, Kind, Relation, largest
from scrubjay.program.observed import Observed

MOST_EXPONENT = 4
"""The largest exponent of a power."""
MOST_COEFFICIENT = 5
"""The largest coefficient of a line."""
_EXACT = 2**51
"""Quotients of whole numbers whose product stays below this keep their order, and their ties, in float64."""


@dataclass(frozen=True)
class Family:
    """Curves that differ in their constant and relation only: ``value(a, b) ~ constant``.

    Attributes:
        kind: the kind of its curves, as in ``Curve``.
        i: the exponent or coefficient of a, as in ``Curve``.
        j: the exponent or coefficient of b, as in ``Curve``.
    """

    kind: Kind
    i: int
    j: int

    def value(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
        """What is compared with the constant, in float64; infinite for a power where b is 0."""
        x, y = a.astype(np.float64), b.astype(np.float64)
        values: dict[Kind, Callable[[], np.ndarray]] = {
            "power": lambda: np.divide(x**self.i, y**self.j, out=np.full(len(a), np.inf), where=b != 0),
            "line": lambda: self.i * x + self.j * y,
            "product": lambda: x * y,
            "circle": lambda: x * x + y * y,
        }
        return values[self.kind]()

    def exact(self, a: int, b: int) -> Fraction | None:
        """The exact value of one pair; None where it is infinite."""
        if self.kind == "power":
            return Fraction(a**self.i, b**self.j) if b else None
        whole = {"line": self.i * a + self.j * b, "product": a * b, "circle": a * a + b * b}[self.kind]
        return Fraction(whole)

    def curve(self, constant: Fraction, relation: Relation) -> Curve:
        """The curve of this family with a constant and a relation."""
        return Curve(self.kind, self.i, self.j, relation, constant)


@dataclass(frozen=True, eq=False)
class Ordered:
    """A family over known pairs, which it puts in order.

    Attributes:
        family: the family.
        order: the numbers of the pairs, by increasing value.
        values: the values in that order.
    """

    family: Family
    order: Int[np.ndarray, "n"]
    values: Float64[np.ndarray, "n"]

    @classmethod
    def of(cls, family: Family, seen: Observed) -> "Ordered":
        """Put the pairs in a family's order."""
        values = family.value(seen.a, seen.b)
        order = np.argsort(values, kind="stable")
        return cls(family, order, values[order])

    @cached_property
    def cuts(self) -> Int[np.ndarray, "cuts"]:
        """Where a threshold may lie: the ordered pairs after which the value changes."""
        return np.flatnonzero(self.values[:-1] < self.values[1:])

    def below(self, cut: int) -> Bool[np.ndarray, "n"]:
        """Which pairs, in their own order, lie below the threshold after one of the ordered pairs."""
        found = np.zeros(len(self.order), dtype=np.bool_)
        found[self.order[: cut + 1]] = True
        return found


def families(seen: Observed) -> list[Ordered]:
    """Every family whose order of these pairs is exact in float64."""
    reach = max(largest(seen.a), largest(seen.b), 2)
    powers = [
        Family("power", i, j)
        for i in range(1, MOST_EXPONENT + 1)
        for j in range(1, MOST_EXPONENT + 1)
        if math.gcd(i, j) == 1 and i * math.log2(reach) + j * math.log2(reach) < math.log2(_EXACT)
    ]
    lines = [
        Family("line", i, j)
        for i in range(MOST_COEFFICIENT + 1)
        for j in range(-MOST_COEFFICIENT, MOST_COEFFICIENT + 1)
        if math.gcd(i, j) == 1 and (i > 0 or j > 0)
    ]
    every = [*lines, *powers, Family("product", 1, 1), Family("circle", 2, 2)]
    return [ordered for ordered in (Ordered.of(family, seen) for family in every) if len(ordered.cuts)]
