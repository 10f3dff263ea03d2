"""Constants: the interval that the labels allow a curve's constant, and the simplest number in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from scrubjay.program.assembly import cost_of
from scrubjay.program.code import constant_bits
from scrubjay.program.curves import Curve, Relation
from scrubjay.program.expression import Program
from scrubjay.program.families import Ordered
from scrubjay.program.observed import Observed

_INTERVALS = 12
"""How many thresholds of each family are considered in the place of a curve."""
_SLACK_BITS = 40.0
"""A threshold is considered if its misses cost at most this many bits more than those of the best."""
_TRIED = 12
"""How many of the curves that promise to be cheapest are tried in the program."""
_SIDES: tuple[Relation, Relation] = ("<", "<=")


def polished(program: Program, ordered: Sequence[Ordered], seen: Observed, *, miss_bits: float) -> Program:
    """Replace each curve in turn by the one that costs the fewest bits, until none changes.

    While the other parts of the program are held, the label of a pair is known on either side of the curve, so two
    running counts give the misses at every threshold of every family.

    Args:
        program: the program to improve.
        ordered: the families that curves are taken from, over the known pairs.
        seen: the known labels.
        miss_bits: the price of an exception.
    """
    best, cost = program, cost_of(program, seen)
    at = settled = 0
    while program.curves and settled < len(program.curves):
        changed = False
        for curve in _better(best, at, ordered, seen, miss_bits):
            tried = replace(best, curves=(*best.curves[:at], curve, *best.curves[at + 1 :]))
            tried_cost = cost_of(tried, seen)
            if tried_cost < cost - 1e-9:
                best, cost, changed = tried, tried_cost, True
        settled = 0 if changed else settled + 1
        at = (at + 1) % len(program.curves)
    return best


def constants_between(ordered: Ordered, cut: int, seen: Observed) -> Iterator[tuple[Fraction, Relation]]:
    """The simplest constants that put a family's threshold after one of its ordered pairs.

    Each comes with the relation that holds below the threshold: ``<``, or ``<=`` where the constant equals the largest
    value below it.
    """
    family = ordered.family
    last, first = (int(ordered.order[at]) for at in (cut, cut + 1))
    low = family.exact(int(seen.a[last]), int(seen.b[last]))
    high = family.exact(int(seen.a[first]), int(seen.b[first]))
    if low is None:
        return
    if family.kind != "power":
        assert high is not None
        yield Fraction(_shortest_whole(int(low) + 1, int(high))), "<"
        yield Fraction(_shortest_whole(int(low), int(high) - 1)), "<="
        return
    for constant in simplest_between(low, high):
        if constant > 0:  # strictness counts at 0, 0 too, where every power ties
            yield from ((constant, side) for side in _SIDES if constant != (high if side == "<=" else low))


def simplest_between(low: Fraction, high: Fraction | None) -> set[Fraction]:
    """Short numbers from low to high, both included: round numbers, reciprocals of round numbers, and the simplest
    fraction. Without an upper end, numbers up to 2 low + 1 are considered."""
    top = high if high is not None else low * 2 + 1
    found = {_simplest_fraction(low, top)}
    found.update(Fraction(number) for number in _round(low, top))
    if low > 0:
        found.update(Fraction(1, number) for number in _round(1 / top, 1 / low) if number)
    return found


def _better(program: Program, at: int, ordered: Sequence[Ordered], seen: Observed, miss_bits: float) -> list[Curve]:
    """The curves that promise to cost the fewest bits in the place of one curve."""
    wrong = []
    for truth in (False, True):
        fixed = _fixed(program, at, seen, truth)
        wrong.append((fixed != seen.y).astype(np.int64))
    found = []
    for each in ordered:
        for below, relation in ((1, "<"), (0, ">=")):
            inside, outside = wrong[below][each.order], wrong[1 - below][each.order]
            misses = (np.cumsum(inside) + outside.sum() - np.cumsum(outside))[each.cuts]
            few = np.argsort(misses, kind="stable")[:_INTERVALS]
            found += [(int(misses[k]), each, int(each.cuts[k]), relation) for k in few]
    least, costs = min(one[0] for one in found), {}
    for misses_here, each, cut, relation in found:
        if (misses_here - least) * miss_bits <= _SLACK_BITS:
            for constant, side in constants_between(each, cut, seen):
                curve = each.family.curve(constant, side)
                costs[curve if relation == "<" else curve.opposite()] = misses_here * miss_bits + curve.bits
    return sorted(costs, key=lambda curve: costs[curve])[:_TRIED]


def _fixed(program: Program, at: int, seen: Observed, truth: bool) -> np.ndarray:
    """The labels that the program would give if one curve were always true, or never."""
    truths = [
        np.full(seen.n, truth) if number == at else curve.truth(seen.a, seen.b)
        for number, curve in enumerate(program.curves)
    ]
    return program.decided(truths, program.phase_values(seen.a, seen.b))


def _shortest_whole(low: int, high: int) -> int:
    return min(_round(Fraction(low), Fraction(high)), key=lambda number: (constant_bits(Fraction(number)), number))


def _round(low: Fraction, high: Fraction) -> list[int]:
    """The whole numbers from low to high that are round: the first two multiples of each power of ten."""
    # In whole numbers, because fractions are slow.
    least, most = -(-low.numerator // low.denominator), high.numerator // high.denominator
    found, step = [], 1
    while True:
        first = -(-least // step) * step
        here = [number for number in (first, first + step) if number <= most]
        found += here
        if not here or step > max(abs(low), abs(high)):
            return found
        step *= 10


def _simplest_fraction(low: Fraction, high: Fraction) -> Fraction:
    """The fraction from low to high with the smallest denominator, by the tree of Stern and Brocot."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = low.numerator // low.denominator
    return floor + 1 / _simplest_fraction(1 / (high - floor), 1 / (low - floor))
