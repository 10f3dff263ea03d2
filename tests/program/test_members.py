"""Random members of the searched space are members of it, and no idle ones."""

from fractions import Fraction
from math import gcd

import numpy as np
import pytest

from scrubjay.program.curves import Curve
from scrubjay.program.expression import Program
from scrubjay.program.members import random_member
from scrubjay.program.periods import SUMS
from scrubjay.program.phases import POWERS

A, B = (axis.reshape(-1) for axis in np.indices((30, 30)))


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Program, np.ndarray]]:
    return [random_member(seed, side=30) for seed in range(150)]


@pytest.fixture(scope="module")
def programs(drawn: list[tuple[Program, np.ndarray]]) -> list[Program]:
    return [program for program, _ in drawn]


@pytest.fixture(scope="module")
def curves(programs: list[Program]) -> list[Curve]:
    return [curve for program in programs for curve in program.curves]


def test_labels_are_the_programs_and_follow_from_the_seed(
    drawn: list[tuple[Program, np.ndarray]], programs: list[Program]
) -> None:
    for seed, (program, labels) in enumerate(drawn[:20]):
        assert (program.labels(A, B).reshape(30, 30) == labels).all()
        assert random_member(seed, side=30)[0] == program
    assert len(set(programs)) == len(programs)


def test_curves_are_of_the_families_that_are_searched(programs: list[Program], curves: list[Curve]) -> None:
    powers = {(curve.i, curve.j) for curve in curves if curve.kind == "power"}
    lines = {(curve.i, curve.j) for curve in curves if curve.kind == "line"}
    assert {max(pair) for pair in powers} == {1, 2, 3, 4} and min(min(pair) for pair in powers) == 1
    assert {i for i, _ in lines} == set(range(6)) and {abs(j) for _, j in lines} == set(range(6))
    assert any(j < 0 for _, j in lines) and any(j > 0 for _, j in lines)
    assert all(gcd(*pair) == 1 for pair in powers | lines)
    assert {(curve.kind, curve.i, curve.j) for curve in curves if curve.kind in ("product", "circle")} == {
        ("product", 1, 1), ("circle", 2, 2)
    }  # fmt: skip
    assert {curve.relation for curve in curves} == {"<", "<=", ">", ">="}
    assert {len(program.curves) for program in programs} == {1, 2, 3}


def test_constants_have_two_digits_and_lie_inside(curves: list[Curve]) -> None:
    for curve in curves:
        if curve.kind == "power":
            size = curve.constant if curve.constant >= 1 else 1 / curve.constant
            assert Fraction(f"{float(size):.2g}") == size
        assert 0.1 < curve.truth(A, B).mean() < 0.9


def test_phases_are_of_the_kinds_that_are_searched(programs: list[Program]) -> None:
    phases = [program.phase for program in programs if program.phase is not None]
    assert 0.6 < len(phases) / len(programs) < 0.95  # drawn with 2/3, and seldom idle
    single = [phase for phase in phases if (phase.i, phase.j) in ((1, 0), (0, 1))]
    sums = [phase for phase in phases if phase not in single]
    assert {phase.power for phase in single} == set(POWERS)
    assert {(phase.i, phase.j) for phase in single} == {(1, 0), (0, 1)}
    assert sums and all((phase.i, phase.j) in SUMS and phase.power == 1 for phase in sums)
    assert all(5 <= phase.modulus <= 40 for phase in phases if phase.scale == 1)
    fine = [phase for phase in phases if phase.scale > 1]
    assert fine and all(phase.scale == 100 and 300 <= phase.modulus < 3000 for phase in fine)
    assert all(phase.power <= Fraction(3, 2) for phase in fine)


def test_sums_and_gates_are_drawn_with_their_sets(programs: list[Program]) -> None:
    summed = [program for program in programs if any(program.weights)]
    assert 0.25 < len(summed) / len(programs) < 0.6
    for program in programs:
        steps = 1 if program.phase is None else program.phase.span(A, B)
        assert program.span == steps + sum(program.weights)
        assert all(program.weights) or not any(program.weights)
        for arcs in program.sets:
            assert arcs is not None and len(arcs.cuts) in (0, 2, 4)
            gaps = np.diff([*arcs.cuts, arcs.cuts[0] + program.span]) if arcs.cuts else [program.span]
            assert min(gaps) >= program.span / 8
    weights = {weight for program in summed for weight in program.weights}
    assert min(weights) == 1 and 3 < max(weights) < 8
    assert {weight for program in summed if program.phase is None for weight in program.weights} == {1, 2}
    assert {arcs.first for program in programs for arcs in program.sets if arcs is not None} == {True, False}


@pytest.mark.parametrize("side", [30, 12])
def test_both_labels_are_frequent_and_no_curve_is_idle(side: int) -> None:
    a, b = (axis.reshape(-1) for axis in np.indices((side, side)))
    for seed in range(60):
        program, labels = random_member(seed, side=side)
        assert 0.1 <= labels.mean() <= 0.9
        for at in range(len(program.curves)):
            assert (turned(program, at).labels(a, b).reshape(side, side) != labels).mean() >= 0.01


def turned(program: Program, at: int) -> Program:
    curves: list[Curve] = list(program.curves)
    curves[at] = curves[at].opposite()
    return Program(tuple(curves), program.weights, program.phase, program.sets, program.span)
