"""Periods: the phase on which the labels of every region are a few arcs.

Within a region the labels are a function of one variable x. If they are arcs of x^q mod m, then sorting x by that phase
sorts the labels, so the right modulus leaves the fewest changes of label around the circle. The search scans a fine
grid of moduli for every power, narrows each promising one down to the interval of moduli that leave as few changes, and
takes the simplest number in that interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.phases import POWERS, Phase

SUMS = tuple((i, j) for i in range(1, 4) for j in (-3, -2, -1, 1, 2, 3) if gcd(i, j) == 1)
"""The sums i a + j b whose phase is searched, beside a and b themselves."""
_REAL_POWERS = (Fraction(1, 2), Fraction(1), Fraction(3, 2))
"""The powers whose moduli are searched as real numbers; those of the higher powers are searched as whole numbers."""
_FINEST = 0.55
"""The highest frequency of the grid, in turns for each unit of x^q: moduli down to 1.8 are searched."""
_LARGEST_WHOLE = 400
"""The largest modulus of the grid of whole numbers."""
_OVERSAMPLING = 8
"""How many frequencies the grid has in the interval within which x^q turns once more over its range."""
_MOST_FREQUENCIES = 200_000
"""The largest number of frequencies; those beyond, which belong to the smallest moduli, are left out."""
_MOST_VALUES = 600
"""The largest number of values of x in the scan of the grid; of more, a sample is scanned."""
_KEPT = 6
"""How many moduli of a grid are kept."""
_NARROWED = 257
"""The number of frequencies in the finer grid around a kept one."""
_SCALES = (1, 2, 4, 5, 10, 20, 100)
"""The units in which a modulus is offered."""
_COARSE_UNITS = 1e5
"""From this value of x^q on, a modulus is offered in its coarsest unit only."""
_CLEAR = 2
"""How many more labels of one kind than of the other make the label of a value of x clear."""
_BLOCK = 2**21
"""How many phases are held at a time: 16 MB."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Labels as functions of one variable x, a function for each region.

    Attributes:
        x: the values of x that occur, increasing.
        value: the more frequent label, for each region and value of x.
        sure: whether it is clearly more frequent.
    """

    x: Int[np.ndarray, "x"]
    value: Bool[np.ndarray, "regions x"]
    sure: Bool[np.ndarray, "regions x"]

    @classmethod
    def of(cls, variable: Int[np.ndarray, "n"], regions: Int[np.ndarray, "n"], y: Bool[np.ndarray, "n"]) -> "Columns":
        """Count the labels by region and by value of the variable."""
        x, at = np.unique(variable, return_inverse=True)
        region = np.unique(regions, return_inverse=True)[1].reshape(-1)
        shape = (int(region.max()) + 1, len(x))
        place = region * len(x) + at.reshape(-1)
        ones = np.bincount(place[y], minlength=shape[0] * shape[1]).reshape(shape)
        zeros = np.bincount(place[~y], minlength=shape[0] * shape[1]).reshape(shape)
        return cls(x, ones > zeros, np.abs(ones - zeros) >= _CLEAR)

    def changes(self, phases: Float64[np.ndarray, "moduli x"]) -> Int[np.ndarray, "moduli"]:
        """How often the label changes around the circle, in all regions together, for each of several phases."""
        total = np.zeros(len(phases), dtype=np.int64)
        for value, sure in zip(self.value, self.sure, strict=True):
            if sure.any():
                around = value[sure][np.argsort(phases[:, sure], axis=1, kind="stable")]
                total += (around != np.roll(around, 1, axis=1)).sum(axis=1)
        return total

    def changes_modulo(self, lifted: np.ndarray, moduli: np.ndarray) -> Int[np.ndarray, "moduli"]:
        """The changes for each modulus of x^q. However many moduli there are, little memory is used.

        Args:
            lifted: x^q for each value of x; whole numbers give exact phases.
            moduli: the moduli, shape [moduli].
        """
        blocks = np.array_split(moduli, -(-len(moduli) * len(lifted) // _BLOCK))
        return np.concatenate([self.changes((lifted % block[:, None]).astype(np.float64)) for block in blocks])

    def sample(self, most: int) -> tuple["Columns", Int[np.ndarray, "kept"]]:
        """The same for at most so many values of x, drawn at random with a fixed seed, and which values these are."""
        kept = np.arange(len(self.x))
        if len(kept) > most:
            kept = np.sort(np.random.default_rng(0).choice(len(kept), most, replace=False))
        return Columns(self.x[kept], self.value[:, kept], self.sure[:, kept]), kept


def find_phases(columns: Columns, i: int, j: int) -> list[Phase]:
    """Find phases of i a + j b that leave few changes of label.

    Args:
        columns: labels as functions of i a + j b.
        i: the coefficient of a in the variable.
        j: the coefficient of b.

    Returns:
        The phases by increasing number of changes, each in several units and none twice.
    """
    found: list[tuple[int, Phase]] = [
        (int(columns.changes(columns.x[None].astype(float))[0]), Phase(i, j, POWERS[1], 0))
    ]
    for power in POWERS if (i, j) in ((1, 0), (0, 1)) else POWERS[1:2]:
        lifted = columns.x.astype(np.float64) ** float(power)
        for modulus, changes in _promising(columns, lifted, power):
            found += [(changes, Phase(i, j, power, *units)) for units in _units(columns, lifted, modulus, changes)]
    found.sort(key=lambda each: each[0])
    return list(dict.fromkeys(phase for _, phase in found))


def _promising(
    columns: Columns, lifted: Float64[np.ndarray, "x"], power: Fraction
) -> Iterator[tuple[Fraction | float, int]]:
    """Moduli that leave few changes: whole ones of every power, and real ones of the lower powers."""
    whole = np.arange(2, _LARGEST_WHOLE + 1)
    changes = columns.changes_modulo(_exactly(columns.x, power) if power.denominator == 1 else lifted, whole)
    for at in np.argsort(changes, kind="stable")[:_KEPT]:
        yield Fraction(int(whole[at])), int(changes[at])
    if power in _REAL_POWERS:
        reach = float(lifted.max() - lifted.min()) or 1.0
        count = min(int(_OVERSAMPLING * reach * _FINEST) + 1, _MOST_FREQUENCIES)
        frequencies = np.arange(1, count + 1) / (_OVERSAMPLING * reach)
        scanned, kept = columns.sample(_MOST_VALUES)
        changes = scanned.changes_modulo(lifted[kept], 1 / frequencies)
        best = np.argsort(changes, kind="stable")[: 4 * _KEPT]
        apart: list[int] = []
        for at in best.tolist():
            if all(abs(at - other) > 2 for other in apart):
                apart.append(at)
                yield from _narrowed(columns, lifted, float(frequencies[at]), 1 / (_OVERSAMPLING * reach))
            if len(apart) == _KEPT:
                return


def _exactly(x: Int[np.ndarray, "x"], power: Fraction) -> np.ndarray:
    """A whole power of some whole numbers, in 64 bits if they hold it and in Python's own numbers otherwise."""
    values = np.array([int(each) ** power.numerator for each in x], dtype=object)
    return values.astype(np.int64) if max(abs(each) for each in values) < 2**62 else values


def _narrowed(
    columns: Columns, lifted: Float64[np.ndarray, "x"], frequency: float, step: float
) -> Iterator[tuple[float, int]]:
    """The modulus in the middle of the longest interval around a frequency that leaves the fewest changes."""
    near = frequency + step * np.linspace(-2, 2, _NARROWED)
    near = near[near > 0]
    changes = columns.changes_modulo(lifted, 1 / near)
    least = np.flatnonzero(changes == changes.min())
    runs = np.split(least, np.flatnonzero(np.diff(least) > 1) + 1)
    longest = max(runs, key=len)
    yield float(1 / near[longest[len(longest) // 2]]), int(changes.min())


def _units(
    columns: Columns, lifted: Float64[np.ndarray, "x"], modulus: Fraction | float, changes: int
) -> Iterator[tuple[int, int]]:
    """The simplest modulus that leaves as few changes, as whole numbers (modulus, scale) in several units."""
    simplest = modulus if isinstance(modulus, Fraction) else _simplest(columns, lifted, modulus, changes)
    for scale in _SCALES if lifted.max() < _COARSE_UNITS else _SCALES[:1]:
        units = simplest.denominator * scale
        yield int(simplest * units), units


def _simplest(columns: Columns, lifted: Float64[np.ndarray, "x"], modulus: float, changes: int) -> Fraction:
    """The number with the fewest decimals that leaves no more changes than a modulus does."""
    for digits in range(7):
        tried = Fraction(round(modulus * 10**digits), 10**digits)
        if tried > 0 and int(columns.changes((lifted % float(tried))[None])[0]) <= changes:
            return tried
    return Fraction(modulus).limit_denominator(10**7)
