"""Programs as they are written: Python for a machine, mathematics for a reader."""

from fractions import Fraction

import numpy as np
import pytest

from scrubjay.program.arcs import Arcs, roundest
from scrubjay.program.curves import Curve
from scrubjay.program.expression import Program
from scrubjay.program.phases import Phase

APART = "\N{NARROW NO-BREAK SPACE}"
POWER = Curve("power", 4, 1, "<", Fraction(40_000))
WHOLE = Fraction(1)


@pytest.mark.parametrize(
    ("curve", "python", "mathematics"),
    [
        (POWER, "a**4 < 40000*b", f"a⁴ < 40{APART}000·b"),
        (Curve("power", 1, 4, "<=", Fraction(1, 360_000)), "b**4 >= 360000*a", f"b⁴ ≥ 360{APART}000·a"),
        (Curve("power", 3, 2, ">", Fraction(7, 2)), "2*a**3 > 7*b**2", "2·a³ > 7·b²"),
        (Curve("power", 2, 1, "<=", WHOLE), "a**2 <= b", "a² ≤ b"),
        (Curve("line", 2, -3, ">=", Fraction(-9_999)), "2*a - 3*b >= -9999", "2·a - 3·b ≥ -9999"),
        (Curve("line", -1, 1, "<", Fraction(10_000)), "-a + b < 10000", f"-a + b < 10{APART}000"),
        (Curve("line", 0, 1, "<=", Fraction(-10_000)), "b <= -10000", f"b ≤ -10{APART}000"),
        (Curve("line", 3, 0, ">", Fraction(0)), "3*a > 0", "3·a > 0"),
        (Curve("product", 1, 1, "<", Fraction(300)), "a*b < 300", "a·b < 300"),
        (Curve("circle", 2, 2, ">=", Fraction(12_345)), "a**2 + b**2 >= 12345", f"a² + b² ≥ 12{APART}345"),
    ],
)
def test_a_curve(curve: Curve, python: str, mathematics: str) -> None:
    assert (curve.python(), curve.mathematics()) == (python, mathematics)


@pytest.mark.parametrize(
    ("phase", "python", "mathematics"),
    [
        (Phase(1, 0, Fraction(3, 2), 8), "isqrt(a**3) % 8", "⌊a^(3/2)⌋ mod 8"),
        (Phase(0, 1, Fraction(1, 2), 9, 10), "isqrt(100*b) % 9", "⌊10·b^(1/2)⌋ mod 9"),
        (Phase(0, 1, Fraction(5, 2), 0, 2), "isqrt(4*b**5)", "⌊2·b^(5/2)⌋"),
        (Phase(1, 0, Fraction(2), 29), "a**2 % 29", "(a²) mod 29"),
        (Phase(1, 0, Fraction(3), 0), "a**3", "a³"),
        (Phase(1, 0, WHOLE, 7), "a % 7", "(a) mod 7"),
        (Phase(1, 0, WHOLE, 7, 2), "2*a % 7", "(2·a) mod 7"),
        (Phase(0, 1, WHOLE, 0), "b", "b"),
        (Phase(1, -1, WHOLE, 43), "(a - b) % 43", "(a - b) mod 43"),
        (Phase(2, 3, WHOLE, 0), "2*a + 3*b", "2·a + 3·b"),
        (Phase(1, 1, WHOLE, 7, 2), "2*(a + b) % 7", "(2·(a + b)) mod 7"),
    ],
)
def test_a_phase(phase: Phase, python: str, mathematics: str) -> None:
    assert (phase.python(), phase.mathematics()) == (python, mathematics)


@pytest.mark.parametrize(
    ("arcs", "python", "mathematics"),
    [
        (Arcs(True), "True", "True"),
        (Arcs(False), "False", "False"),
        (Arcs(True, (3,)), "k < 3", "k < 3"),
        (Arcs(False, (3,)), "k >= 3", "k ≥ 3"),
        (Arcs(False, (2, 4)), "2 <= k < 4", "2 ≤ k < 4"),
        (Arcs(True, (1, 4, 5)), "k < 1 or k == 4", "k < 1 or k = 4"),
        (Arcs(True, (1, 4)), "k < 1 or k >= 4", "k < 1 or k ≥ 4"),
    ],
)
def test_a_set(arcs: Arcs, python: str, mathematics: str) -> None:
    assert (arcs.python("k"), arcs.mathematics("k")) == (python, mathematics)


def test_a_sum_has_its_weights_and_signs() -> None:
    curves = (POWER, Curve("line", 1, 0, "<", Fraction(3)), Curve("line", 0, 1, "<", Fraction(4)))
    program = Program(curves, (3, 1, -2), Phase(1, 0, Fraction(3, 2), 8), (Arcs(False, (2,)),), 14)
    assert program.python() == (
        "from math import isqrt\n\n\n"
        "def label(a, b):\n"
        "    k = isqrt(a**3) % 8 + 3*(a**4 < 40000*b) + (a < 3) - 2*(b < 4)\n"
        "    return int(k >= 2)\n"
    )
    assert program.mathematics().splitlines() == [
        f"k = ⌊a^(3/2)⌋ mod 8 + 3·[a⁴ < 40{APART}000·b] + [a < 3] - 2·[b < 4]",
        "label = 1 iff k ≥ 2",
    ]


def test_gates_are_read_in_order_and_the_commonest_set_comes_last() -> None:
    gates = (Curve("line", 1, 0, "<", Fraction(3)), Curve("line", 0, 1, "<", Fraction(4)))
    whole = Program(gates, (0, 0), Phase(1, 0, Fraction(1, 2), 8), (Arcs(False), Arcs(True), Arcs(True), None), 8)
    assert whole.python() == "def label(a, b):\n    if a >= 3 and b >= 4:\n        return 0\n    return 1\n"
    assert whole.mathematics() == "label = 0 where a ≥ 3 and b ≥ 4\nlabel = 1 elsewhere"
    split = Program(gates[:1], (0,), None, (Arcs(True), Arcs(False)), 1)
    assert split.python() == "def label(a, b):\n    if a < 3:\n        return 0\n    return 1\n"


def test_all_truths_of_the_curves_are_listed_with_what_they_add() -> None:
    gates = (Curve("line", 1, 0, "<", Fraction(3)), POWER, Curve("line", 0, 1, "<", Fraction(4)))
    one, other = Arcs(False, (2,)), Arcs(True)
    program = Program(gates, (0, 5, 0), None, (one, other, None, one), 6)
    assert program.arcs_by_region() == [(0, one), (0, other), (5, one), (5, other), (0, one), (5, one)]


def test_where_no_set_was_met_the_label_is_0() -> None:
    nowhere = Program((), (), None, (None,), 1)
    assert nowhere.python() == "def label(a, b):\n    return 0\n" and nowhere.mathematics() == "label = 0"
    assert not nowhere.labels(np.arange(3), np.arange(3)).any()


def test_a_set_that_repeats_costs_little() -> None:
    gates = (Curve("line", 1, 0, "<", Fraction(3)), Curve("line", 0, 1, "<", Fraction(4)))
    one, other = Arcs(False, (2,)), Arcs(True)
    lengths = [
        Program(gates, (0, 0), None, sets, 16).bits
        for sets in ((one, None, None, None), (one, one, None, None), (one, other, None, None), (one, other, one, None))
    ]
    # one cut of 16 places takes 1 + 3 + 4 bits, none 1 + 1; naming one of two takes 1, of three log2(3)
    assert [length - lengths[0] for length in lengths] == pytest.approx([0, 1, 1 + 2, 1 + 2 + 1.584963])
    curves = sum(gate.bits for gate in gates) + 3 + 2
    assert lengths[0] == curves + 1 + (1 + 3 + 4)


@pytest.mark.parametrize(
    ("low", "high", "best"), [(1, 9, 1), (7, 10, 10), (7, 13, 10), (95, 210, 100), (101, 109, 101), (-3, 4, 0)]
)
def test_the_roundest_number(low: int, high: int, best: int) -> None:
    assert roundest(low, high) == best
