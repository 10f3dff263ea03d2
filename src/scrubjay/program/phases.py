"""Phases: the power of a variable, or a sum of both variables, on a circle; exact in whole numbers."""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np
from jaxtyping import Int

from scrubjay.core.errors import BadInput
from scrubjay.program.code import whole_bits
from scrubjay.program.curves import largest, linear

POWERS = tuple(Fraction(twice, 2) for twice in (1, 2, 3, 4, 5, 6))
"""The powers of a phase: 1/2, 1, 3/2, 2, 5/2, 3."""
_POWER_BITS = 3
"""The bits that say which of the powers a phase has."""


@dataclass(frozen=True)
class Phase:
    """``floor(scale * x**power) mod modulus`` with x = i a + j b.

    In units of 1/scale this is x^power modulo the real number modulus / scale. Every value is a whole number, and the
    square root in a half-integer power is the exact integer square root.

    Attributes:
        i: the coefficient of a in x.
        j: the coefficient of b in x.
        power: one of ``POWERS``; it must be 1 unless x is a or b itself.
        modulus: the modulus; 0 for none (the phase is then the power itself, and its arcs are intervals).
        scale: the number of units in 1.

    Raises:
        BadInput: both coefficients are 0, the power is unknown or is that of a sum, or the scale or the modulus is out
            of range.
    """

    i: int
    j: int
    power: Fraction
    modulus: int
    scale: int = 1

    def __post_init__(self) -> None:
        if self.power not in POWERS or (self.power != 1 and (self.i, self.j) not in ((1, 0), (0, 1))):
            raise BadInput(f"a phase is a power of a or b, or a sum of both; not ({self.i}a + {self.j}b)^{self.power}")
        if self.i == self.j == 0 or self.modulus < 0 or self.scale < 1:
            raise BadInput(
                f"a phase needs a variable, a modulus of at least 0 and a scale of at least 1; it has i = {self.i}, "
                f"j = {self.j}, modulus {self.modulus}, scale {self.scale}"
            )

    def values(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """The phase of each pair, from 0 to modulus - 1.

        Raises:
            BadInput: x is negative and the power is not whole.
        """
        distinct, at = np.unique(self.i * a + self.j * b, return_inverse=True)
        twice, squared, found = int(2 * self.power), self.scale**2, []
        if twice % 2 and distinct.size and distinct[0] < 0:
            raise BadInput(f"a phase of power {self.power} has no value at the negative number {distinct[0]}")
        for x in distinct.tolist():
            whole = isqrt(squared * x**twice) if twice % 2 else self.scale * x ** (twice // 2)
            found.append(whole % self.modulus if self.modulus else whole)
        return np.array(found, dtype=np.int64)[at.reshape(-1)]

    def span(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> int:
        """How many values the phase may take."""
        return self.modulus or (abs(self.i) * largest(a) + abs(self.j) * largest(b)) * self.scale + 1

    @property
    def bits(self) -> int:
        """The description length: coefficients with their signs, power, modulus and scale."""
        return (
            whole_bits(abs(self.i)) + whole_bits(abs(self.j)) + 2
            + _POWER_BITS + whole_bits(self.modulus) + whole_bits(self.scale - 1)
        )  # fmt: skip

    def python(self) -> str:
        """The phase as a Python expression of whole numbers, with ``math.isqrt`` for a square root."""
        twice, x = int(2 * self.power), linear(self.i, self.j, "*")
        plain = x in ("a", "b")
        if twice % 2:
            inner = x if twice == 1 else f"{x}**{twice}"
            text = f"isqrt({inner if self.scale == 1 else f'{self.scale**2}*{inner}'})"
        else:
            text = x if twice == 2 else f"{x}**{twice // 2}"
            if self.scale > 1:
                text = f"{self.scale}*{text if plain else f'({text})'}"
            elif not plain and self.modulus:
                text = f"({text})"
        return f"{text} % {self.modulus}" if self.modulus else text

    def mathematics(self) -> str:
        """The phase in mathematical notation."""
        x, twice = linear(self.i, self.j, "\N{MIDDLE DOT}"), int(2 * self.power)
        exponent = {1: "^(1/2)", 2: "", 3: "^(3/2)", 4: "²", 5: "^(5/2)", 6: "³"}[twice]
        scaled = f"{self.scale}\N{MIDDLE DOT}" if self.scale > 1 else ""
        inner = f"{scaled}{x if x in ('a', 'b') or not scaled else f'({x})'}{exponent}"
        whole = f"⌊{inner}⌋" if twice % 2 else f"({inner})" if self.modulus else inner
        return f"{whole} mod {self.modulus}" if self.modulus else whole
