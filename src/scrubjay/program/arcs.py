"""Sets of whole numbers that consist of a few arcs, and the best such set for given counts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.program.code import whole_bits


@dataclass(frozen=True)
class Arcs:
    """A set of whole numbers, described by where it begins and ends.

    On a circle 0 ... m-1, an arc that crosses 0 needs no cut there: the set then holds both ends of the range.

    Example:
        >>> Arcs(first=False, cuts=(2, 4, 7)).python("k")
        '2 <= k < 4 or k >= 7'

    Attributes:
        first: whether the numbers below every cut are in the set.
        cuts: increasing numbers; at each of them membership changes.
    """

    first: bool
    cuts: tuple[int, ...] = ()

    def holds(self, k: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """Which of some numbers are in the set."""
        crossed = np.searchsorted(np.array(self.cuts, dtype=np.int64), k, side="right") % 2 == 1
        held: np.ndarray = crossed != self.first
        return held

    def bits(self, span: int) -> float:
        """The description length, where each cut may lie in one of ``span`` places."""
        return 1 + whole_bits(len(self.cuts)) + len(self.cuts) * float(np.log2(max(2, span)))

    def moved(self, by: int) -> "Arcs":
        """The set that holds ``k + by`` for each k of this one."""
        return Arcs(self.first, tuple(cut + by for cut in self.cuts))

    @property
    def pieces(self) -> list[tuple[int | None, int | None]]:
        """The set as half-open intervals (low, high); None where an interval has no end."""
        ends: list[int | None] = [*([None] if self.first else []), *self.cuts]
        ends += [None] if len(ends) % 2 else []
        return list(zip(ends[::2], ends[1::2], strict=True))

    def python(self, name: str) -> str:
        """The set as a Python condition on the number called ``name``; True or False where it holds all or none."""
        return self._written(name, "<=", ">=", "==")

    def mathematics(self, name: str) -> str:
        """The set as a condition in mathematical notation."""
        return self._written(name, "≤", "≥", "=")

    def _written(self, name: str, at_most: str, at_least: str, equals: str) -> str:
        def piece(low: int | None, high: int | None) -> str:
            if low is None or high is None:
                return f"{name} < {high}" if low is None else f"{name} {at_least} {low}"
            return f"{name} {equals} {low}" if high == low + 1 else f"{low} {at_most} {name} < {high}"

        return " or ".join(piece(low, high) for low, high in self.pieces) if self.cuts else str(self.first)


def best_arcs(
    k: Int[np.ndarray, "x"],
    zeros: Int[np.ndarray, "x"],
    ones: Int[np.ndarray, "x"],
    *,
    cut_bits: float,
    miss_bits: float,
    most: int,
) -> Arcs:
    """Find the arcs that cost the fewest bits, cuts and misses together, by dynamic programming over the numbers.

    Args:
        k: the distinct numbers that occur, increasing.
        zeros: how many inputs with each number have the label 0.
        ones: how many have the label 1.
        cut_bits: the price of a cut.
        miss_bits: the price of an input on the wrong side.
        most: the largest number of cuts.
    """
    costs = np.stack([ones, zeros]) * miss_bits  # of calling a number 0, and of calling it 1
    total = np.full((most + 1, 2), np.inf)
    total[0] = 0.0
    came = np.zeros((len(k), most + 1, 2), dtype=np.bool_)
    for at in range(len(k)):
        if at:
            crossed = np.full_like(total, np.inf)
            crossed[1:] = total[:-1, ::-1] + cut_bits
            came[at] = crossed < total
            total = np.where(came[at], crossed, total)
        total = total + costs[:, at]
    used, value = divmod(int(total.argmin()), 2)
    cuts: list[int] = []
    for at in range(len(k) - 1, 0, -1):
        if came[at, used, value]:
            cuts.append(roundest(int(k[at - 1]) + 1, int(k[at])))
            used, value = used - 1, 1 - value
    return Arcs(value == 1, tuple(reversed(cuts)))


def roundest(low: int, high: int) -> int:
    """The whole number from low to high that ends in the most zeros; the smallest of these."""
    step = 1
    while -(-low // (step * 10)) * step * 10 <= high:
        step *= 10
        if step > max(abs(low), abs(high)):
            break
    return -(-low // step) * step
