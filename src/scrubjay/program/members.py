"""Random programs from a seeded generator, to measure how often the search finds a program that is there."""

from fractions import Fraction
from math import gcd

import numpy as np

from scrubjay.program.arcs import Arcs
from scrubjay.program.curves import Curve, Kind, Relation
from scrubjay.program.expression import Program
from scrubjay.program.families import MOST_COEFFICIENT, MOST_EXPONENT, Family
from scrubjay.program.periods import SUMS
from scrubjay.program.phases import POWERS, Phase

_MOST_CURVES = 3
"""The largest number of curves in a random program."""
_RELATIONS: tuple[Relation, ...] = ("<", "<=", ">", ">=")
_KINDS: tuple[Kind, ...] = ("power", "line", "product", "circle")
_LEAST_SHARE = 0.1
"""The least share of either label."""
_LEAST_EFFECT = 0.01
"""The least share of labels that each curve must decide."""


def random_member(seed: int, side: int = 113) -> tuple[Program, np.ndarray]:
    """Draw a program from the searched space, with its labels on a square of pairs.

    The program has one to three curves of any family. With probability 2/3 it has a phase: a power of a or b, or a sum
    of both, with a whole or a real modulus. Each region has a constant label or one or two arcs, or the curves form one
    sum of thresholds. Programs are drawn until both labels make up at least 10% and each curve decides at least 1% of
    the labels.

    Args:
        seed: seed for the draw.
        side: how many numbers a and b may be, from 0.

    Returns:
        The program, and its labels as an integer matrix of shape [side, side] with a row for each a.
    """
    draw = np.random.default_rng(seed)
    a, b = (axis.reshape(-1) for axis in np.indices((side, side)))
    while True:
        curves = tuple(_curve(draw, a, b) for _ in range(draw.integers(1, _MOST_CURVES + 1)))
        program = _program(draw, curves, _phase(draw) if draw.random() < 2 / 3 else None, a, b)
        labels = program.labels(a, b)
        effects = [_effect(program, at, a, b) for at in range(len(curves))]
        if min(labels.mean(), 1 - labels.mean()) >= _LEAST_SHARE and min(effects) >= _LEAST_EFFECT:
            return program, labels.reshape(side, side).astype(np.int64)


def _curve(draw: np.random.Generator, a: np.ndarray, b: np.ndarray) -> Curve:
    kind = _KINDS[draw.integers(4)]
    i, j = {"product": (1, 1), "circle": (2, 2)}.get(kind, (0, 0))
    while gcd(i, j) != 1 and kind in ("power", "line"):
        if kind == "power":
            i, j = (int(x) for x in draw.integers(1, MOST_EXPONENT + 1, 2))
        else:
            i, j = (
                int(draw.integers(0, MOST_COEFFICIENT + 1)),
                int(draw.integers(-MOST_COEFFICIENT, MOST_COEFFICIENT + 1)),
            )
    values = Family(kind, i, j).value(a, b)
    value = float(np.quantile(values[np.isfinite(values)], draw.uniform(0.15, 0.85)))
    constant = Fraction(f"{value:.2g}") if kind == "power" else Fraction(round(value))
    if kind == "power" and value < 1:
        constant = 1 / Fraction(f"{1 / value:.2g}")
    return Curve(kind, i, j, _RELATIONS[draw.integers(4)], constant)


def _phase(draw: np.random.Generator) -> Phase:
    if draw.random() < 0.25:
        (i, j), power = SUMS[draw.integers(len(SUMS))], Fraction(1)
    else:
        (i, j), power = ((1, 0), (0, 1))[draw.integers(2)], POWERS[draw.integers(len(POWERS))]
    if power > Fraction(3, 2) or draw.random() < 0.5:
        return Phase(i, j, power, int(draw.integers(5, 41)))
    return Phase(i, j, power, int(draw.integers(300, 3000)), 100)


def _program(
    draw: np.random.Generator, curves: tuple[Curve, ...], phase: Phase | None, a: np.ndarray, b: np.ndarray
) -> Program:
    summed = draw.random() < 0.5 and (phase is None or phase.scale == 1)
    weights = tuple(int(x) for x in draw.integers(1, 8 if phase else 3, len(curves))) if summed else (0,) * len(curves)
    span = (1 if phase is None else phase.span(a, b)) + sum(weights)
    sets = tuple(_arcs(draw, span, few=span < 8 and not summed) for _ in range(1 if summed else 2 ** len(curves)))
    return Program(curves, weights, phase, sets, span)


def _arcs(draw: np.random.Generator, span: int, *, few: bool) -> Arcs:
    """A constant, or one or two arcs; no arc and no gap between arcs is shorter than an eighth of the circle."""
    first = bool(draw.integers(2))
    if few or draw.random() < 0.3 or span < 3:  # two values have no room for an arc and a gap around the circle
        return Arcs(first)
    while True:
        cuts = sorted(int(x) for x in draw.integers(1, span, 2 * int(draw.integers(1, 3))))
        around = np.diff([*cuts, cuts[0] + span])
        if min(around) >= max(1, span / 8):
            return Arcs(first, tuple(cuts))


def _effect(program: Program, at: int, a: np.ndarray, b: np.ndarray) -> float:
    """The share of labels that change when the truth of a curve is reversed."""
    curves = (*program.curves[:at], program.curves[at].opposite(), *program.curves[at + 1 :])
    other = Program(curves, program.weights, program.phase, program.sets, program.span)
    return float((other.labels(a, b) != program.labels(a, b)).mean())
