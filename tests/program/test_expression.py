"""Programs: exact truth on any whole numbers, Python that runs, bits by the stated code."""

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput
from scrubjay.program.arcs import Arcs, best_arcs
from scrubjay.program.code import choice_bits, constant_bits, whole_bits
from scrubjay.program.curves import Curve
from scrubjay.program.expression import Program
from scrubjay.program.members import random_member
from scrubjay.program.phases import POWERS, Phase
from scrubjay.tasks.challenge2 import label as challenge_label
from scrubjay.tasks.task import Task

CHALLENGE = Program(
    (
        Curve("power", 4, 1, "<", Fraction(40_000)),
        Curve("power", 1, 4, "<=", Fraction(1, 360_000)),
        Curve("line", 1, 1, "<", Fraction(133)),
    ),
    (3, 2, 0),
    Phase(1, 0, Fraction(3, 2), 8),
    (Arcs(False, (7,)), Arcs(False, (2, 4, 7))),
    span=13,
)
HOLDS = {"<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y}
KINDS = st.sampled_from(["power", "line", "product", "circle"])
RELATIONS = st.sampled_from(list(HOLDS))


def pairs(*them: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.array(them, dtype=np.int64).T
    return a, b


def running(program: Program) -> Any:
    names: dict[str, Any] = {}
    exec(program.python(), names)
    return names["label"]


def test_the_challenges_program_is_its_formula(challenge: Task) -> None:
    tokens = challenge.domain.tokens(challenge.domain.inputs())
    found = CHALLENGE.labels(tokens[:, 0].numpy(), tokens[:, 1].numpy())
    assert challenge.labels is not None and (found == challenge.labels.numpy().astype(bool)).all()
    assert CHALLENGE.python() == (
        "from math import isqrt\n\n\n"
        "def label(a, b):\n"
        "    k = isqrt(a**3) % 8 + 3*(a**4 < 40000*b) + 2*(b**4 >= 360000*a)\n"
        "    if a + b < 133:\n"
        "        return int(2 <= k < 4 or k >= 7)\n"
        "    return int(k >= 7)\n"
    )
    assert CHALLENGE.mathematics().splitlines()[1:] == [
        "label = 1 iff 2 ≤ k < 4 or k ≥ 7, where a + b < 133",
        "label = 1 iff k ≥ 7, elsewhere",
    ]


def test_it_is_exact_beyond_the_challenges_tokens() -> None:
    import torch

    a, b = (axis.reshape(-1) for axis in np.indices((150, 150)))
    truth = challenge_label(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    assert (CHALLENGE.labels(a, b) == truth.astype(bool)).all()


@settings(max_examples=60, deadline=None)
@given(KINDS, st.integers(1, 6), st.integers(1, 6), RELATIONS, st.fractions(), st.data())
def test_a_curves_truth_is_that_of_pythons_own_numbers(
    kind: Any, i: int, j: int, relation: Any, constant: Fraction, data: st.DataObject
) -> None:
    constant = abs(constant) + Fraction(1, 7) if kind == "power" else Fraction(int(constant))
    a, b = (data.draw(st.integers(0, 10**6)) for _ in range(2))
    left, right = {
        "power": (Fraction(a**i), constant * b**j),
        "line": (Fraction(i * a + j * b), constant),
        "product": (Fraction(a * b), constant),
        "circle": (Fraction(a * a + b * b), constant),
    }[kind]
    curve = Curve(kind, i, j, relation, constant)
    assert curve.truth(*pairs((a, b)))[0] == HOLDS[relation](left, right)
    assert curve.opposite().truth(*pairs((a, b)))[0] != HOLDS[relation](left, right)
    assert eval(curve.python(), {"a": a, "b": b}) == HOLDS[relation](left, right)


def test_no_power_overflows() -> None:
    huge = 2**40
    curve = Curve("power", 4, 3, "<", Fraction(huge, 3))
    assert curve.truth(*pairs((huge, huge), (huge + 1, huge)))[0] == (3 * huge**4 < huge * huge**3)
    assert curve.truth(*pairs((3, 2**55)))[0] == (huge * (2**55) ** 3 > 3 * 3**4)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("scale", [1, 7])
def test_a_phase_is_the_floor_of_the_real_power(power: Fraction, scale: int) -> None:
    a = np.arange(400)
    found = Phase(1, 0, power, 0, scale).values(a, a)
    for x, k in zip(a.tolist(), found.tolist(), strict=True):  # k <= scale x^power < k + 1, squared
        assert k**2 <= scale**2 * x ** int(2 * power) < (k + 1) ** 2
    assert (Phase(0, 1, power, 29, scale).values(a[::-1], a) == found % 29).all()


def test_a_phase_of_a_difference_counts_below_zero() -> None:
    a, b = pairs((3, 10), (10, 3))
    assert Phase(1, -2, Fraction(1), 5).values(a, b).tolist() == [(3 - 20) % 5, 4]
    with pytest.raises(BadInput, match="negative number -3"):
        Phase(1, 0, Fraction(1, 2), 5).values(*pairs((-3, 0)))


@pytest.mark.parametrize("seed", range(12))
def test_the_printed_python_runs_and_gives_the_labels(seed: int) -> None:
    program, labels = random_member(seed, side=25)
    runs = running(program)
    assert [[runs(a, b) for b in range(25)] for a in range(25)] == labels.tolist()


def test_a_constant_program_prints_and_runs() -> None:
    always = Program((), (), None, (Arcs(True),), 1)
    assert running(always)(3, 4) == 1 and always.mathematics() == "label = 1"


def test_the_code_counts_bits_as_stated() -> None:
    assert [whole_bits(n) for n in (0, 1, 2, 3, 7, 133)] == [1, 3, 3, 5, 7, 15]
    assert constant_bits(Fraction(40_000)) == 1 + whole_bits(4) + whole_bits(4)
    assert constant_bits(Fraction(1, 360_000)) == 1 + whole_bits(36) + whole_bits(4)
    assert constant_bits(Fraction(12_345)) == 1 + whole_bits(12_345) + 1
    assert choice_bits(10, 3) == pytest.approx(math.log2(11) + math.log2(120))
    assert 130 < CHALLENGE.bits < 150


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=7), st.integers(0, 3))
def test_arcs_are_the_cheapest_of_all(counts: list[tuple[int, int]], most: int) -> None:
    zeros, ones = np.array(counts, dtype=np.int64).T
    k = np.arange(len(counts))
    found = best_arcs(k, zeros, ones, cut_bits=1.5, miss_bits=1.0, most=most)

    def cost(inside: np.ndarray, cuts: int) -> float:
        return float(np.where(inside, zeros, ones).sum() + 1.5 * cuts)

    tables = (np.array(table) for table in product((False, True), repeat=len(counts)))
    costs = [cost(t, int((t[1:] != t[:-1]).sum())) for t in tables if (t[1:] != t[:-1]).sum() <= most]
    assert len(found.cuts) <= most
    assert cost(found.holds(k), len(found.cuts)) == pytest.approx(min(costs))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Curve("power", 0, 1, "<", Fraction(1)), "exponents of at least 1 .* i = 0, j = 1, c = 1"),
        (lambda: Curve("power", 1, 0, "<", Fraction(1)), "exponents of at least 1 .* i = 1, j = 0, c = 1"),
        (lambda: Curve("power", 1, 1, "<", Fraction(0)), "a positive constant, .* c = 0"),
        (lambda: Curve("line", 0, 0, "<", Fraction(1)), "a coefficient that is not 0"),
        (lambda: Curve("circle", 2, 2, "<", Fraction(1, 2)), "a circle has whole values, .* fraction 1/2"),
        (lambda: Phase(1, 1, Fraction(3, 2), 5), r"not \(1a \+ 1b\)\^3/2"),
        (lambda: Phase(1, 0, Fraction(7, 2), 5), r"not \(1a \+ 0b\)\^7/2"),
        (lambda: Phase(0, 0, Fraction(1), 5), "a variable, .* i = 0, j = 0, modulus 5, scale 1"),
        (lambda: Phase(1, 0, Fraction(1), -1), "a modulus of at least 0 .* modulus -1"),
        (lambda: Phase(1, 0, Fraction(1), 5, 0), "a scale of at least 1; .* scale 0"),
        (lambda: Program((), (1,), None, (Arcs(True),), 1), "0 curves needs as many weights, and 1 sets .* 1 and 1"),
        (lambda: Program((), (), None, (), 1), "0 curves needs as many weights, and 1 sets .* 0 and 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        make()
