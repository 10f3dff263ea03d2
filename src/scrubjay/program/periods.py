"""Periods: the phase on which every region's labels are a few arcs.

Within a region the labels are a function of one variable x. Were they arcs of x^q mod m, then sorting x by that phase
would sort the labels: the right modulus leaves the fewest changes of label around the circle. A fine grid of moduli
for every power, then the interval of moduli that leave as few, then the simplest number in that interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.phases import POWERS, Phase

_REAL_POWERS = (Fraction(1, 2), Fraction(1), Fraction(3, 2))
"""Powers whose moduli are searched as real numbers; those of the steeper ones as whole numbers."""
_FINEST, _LARGEST_WHOLE, _OVERSAMPLING, _KEPT = 0.55, 400, 8, 6
_SCALES = (1, 2, 4, 5, 10, 20, 100)
_CLEAR = 2

SUMS = tuple((i, j) for i in range(1, 4) for j in (-3, -2, -1, 1, 2, 3) if gcd(i, j) == 1)
"""The sums i a + j b whose phase is searched, beside a and b themselves."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Labels as functions of one variable, a function for each region.

    Attributes:
        x: the variable's values that occur, increasing.
        value, sure: for each region and x, the more frequent label, and whether it is clearly so.
    """

    x: Int[np.ndarray, "x"]
    value: Bool[np.ndarray, "regions x"]
    sure: Bool[np.ndarray, "regions x"]

    @classmethod
    def of(cls, variable: Int[np.ndarray, "n"], regions: Int[np.ndarray, "n"], y: Bool[np.ndarray, "n"]) -> "Columns":
        """Count labels by region and variable."""
        x, at = np.unique(variable, return_inverse=True)
        region = np.unique(regions, return_inverse=True)[1].reshape(-1)
        shape = (int(region.max()) + 1, len(x))
        place = region * len(x) + at.reshape(-1)
        ones = np.bincount(place[y], minlength=shape[0] * shape[1]).reshape(shape)
        zeros = np.bincount(place[~y], minlength=shape[0] * shape[1]).reshape(shape)
        return cls(x, ones > zeros, np.abs(ones - zeros) >= _CLEAR)

    def changes(self, phases: Float64[np.ndarray, "moduli x"]) -> Int[np.ndarray, "moduli"]:
        """How often the label changes around the circle, all regions together, for each of many phases."""
        total = np.zeros(len(phases), dtype=np.int64)
        for value, sure in zip(self.value, self.sure, strict=True):
            if sure.any():
                around = value[sure][np.argsort(phases[:, sure], axis=1, kind="stable")]
                total += (around != np.roll(around, 1, axis=1)).sum(axis=1)
        return total


def find_phases(columns: Columns, i: int, j: int) -> list[Phase]:
    """Phases of i a + j b that leave few changes of label, the fewest first; each in several units.

    Args:
        columns: labels as functions of i a + j b.
        i: the factor of a in the variable.
        j: the factor of b.
    """
    found: list[tuple[int, Phase]] = [
        (int(columns.changes(columns.x[None].astype(float))[0]), Phase(i, j, POWERS[1], 0))
    ]
    for power in POWERS if (i, j) in ((1, 0), (0, 1)) else POWERS[1:2]:
        lifted = columns.x.astype(np.float64) ** float(power)
        for modulus, changes in _promising(columns, lifted, power):
            found += [(changes, Phase(i, j, power, *units)) for units in _units(columns, lifted, modulus, changes)]
    found.sort(key=lambda each: each[0])
    return [phase for _, phase in found]


def _promising(
    columns: Columns, lifted: Float64[np.ndarray, "x"], power: Fraction
) -> Iterator[tuple[Fraction | float, int]]:
    """Moduli with few changes: whole ones of every power, real ones of the flatter."""
    whole = np.arange(2, _LARGEST_WHOLE + 1)
    if power.denominator == 1:
        exact = np.array([int(x) ** power.numerator for x in columns.x], dtype=object)
        residues = np.array([[int(x % int(m)) for x in exact] for m in whole], dtype=np.float64)
    else:
        residues = lifted % whole[:, None]
    changes = columns.changes(residues)
    for at in np.argsort(changes, kind="stable")[:_KEPT]:
        yield Fraction(int(whole[at])), int(changes[at])
    if power in _REAL_POWERS:
        reach = float(lifted.max() - lifted.min()) or 1.0
        frequencies = np.arange(1, int(_OVERSAMPLING * reach * _FINEST) + 2) / (_OVERSAMPLING * reach)
        changes = columns.changes(lifted % (1 / frequencies)[:, None])
        best = np.argsort(changes, kind="stable")[: 4 * _KEPT]
        apart: list[int] = []
        for at in best.tolist():
            if all(abs(at - other) > 2 for other in apart):
                apart.append(at)
                yield from _narrowed(columns, lifted, float(frequencies[at]), 1 / (_OVERSAMPLING * reach))
            if len(apart) == _KEPT:
                return


def _narrowed(
    columns: Columns, lifted: Float64[np.ndarray, "x"], frequency: float, step: float
) -> Iterator[tuple[float, int]]:
    near = frequency + step * np.linspace(-2, 2, 257)
    near = near[near > 0]
    changes = columns.changes(lifted % (1 / near)[:, None])
    least = np.flatnonzero(changes == changes.min())
    runs = np.split(least, np.flatnonzero(np.diff(least) > 1) + 1)
    longest = max(runs, key=len)
    yield float(1 / near[longest[len(longest) // 2]]), int(changes.min())


def _units(
    columns: Columns, lifted: Float64[np.ndarray, "x"], modulus: Fraction | float, changes: int
) -> Iterator[tuple[int, int]]:
    """The modulus as whole numbers (modulus, scale): the simplest that leaves as few changes, in several units."""
    simplest = modulus if isinstance(modulus, Fraction) else _simplest(columns, lifted, modulus, changes)
    for scale in _SCALES if lifted.max() < 1e5 else _SCALES[:1]:
        units = simplest.denominator * scale
        yield int(simplest * units), units


def _simplest(columns: Columns, lifted: Float64[np.ndarray, "x"], modulus: float, changes: int) -> Fraction:
    for digits in range(7):
        tried = Fraction(round(modulus * 10**digits), 10**digits)
        if tried > 0 and int(columns.changes((lifted % float(tried))[None])[0]) <= changes:
            return tried
    return Fraction(modulus).limit_denominator(10**7)
