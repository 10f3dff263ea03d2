"""The steps of the search, each held against a count of its own: cuts, phases, constants, sums of thresholds."""

from fractions import Fraction
from itertools import pairwise
from math import gcd, lgamma, log

import numpy as np
import pytest

from scrubjay.program import periods
from scrubjay.program.arcs import Arcs
from scrubjay.program.assembly import _scores, assembled, cost_of, merged, misses, upright
from scrubjay.program.boundaries import Boundary, cut_plane, reconsidered
from scrubjay.program.constants import constants_between, polished, simplest_between
from scrubjay.program.curves import Curve, Relation
from scrubjay.program.expression import Program
from scrubjay.program.families import Family, Ordered, families
from scrubjay.program.observed import Observed
from scrubjay.program.periods import Columns, _promising, find_phases
from scrubjay.program.phases import Phase
from scrubjay.program.search import Candidate, pruned

A, B = np.indices((40, 40))
FLAT = A.reshape(-1), B.reshape(-1)
HALVES = (A + B < 41) ^ (A * B < 200)
DRAW = np.random.default_rng(0)


def seen_of(labels: np.ndarray) -> Observed:
    return Observed.of(labels.astype(np.int64))


def code_length(groups: np.ndarray, y: np.ndarray) -> float:
    """Bits of the labels, one after the other, each group predicting its next by its share so far."""
    bits, counts = 0.0, {int(group): [0.05, 0.05] for group in np.unique(groups)}
    for group, label in zip(groups.tolist(), y.tolist(), strict=True):
        shares = counts[group]
        bits -= log(shares[label] / sum(shares)) / log(2)
        shares[label] += 1
    return bits


def test_families_are_those_that_are_stated() -> None:
    seen = seen_of(HALVES)
    found = {(each.family.kind, each.family.i, each.family.j) for each in families(seen)}
    powers = {(i, j) for i in range(1, 5) for j in range(1, 5) if gcd(i, j) == 1}
    lines = {(i, j) for i in range(6) for j in range(-5, 6) if gcd(i, j) == 1} - {(0, -1)}
    assert found == {("product", 1, 1), ("circle", 2, 2)} | {("power", *p) for p in powers} | {
        ("line", *p) for p in lines
    }


def test_families_whose_order_is_not_exact_are_left_out() -> None:
    far = Observed.of(np.eye(3, dtype=np.int64), rows=np.array([1, 2, 2**17]), columns=np.array([1, 2, 3]))
    assert powers_of(far) == {(1, 1)}
    assert powers_of(seen_of(np.eye(64))) >= {(4, 3), (3, 4)}


def powers_of(seen: Observed) -> set[tuple[int, int]]:
    return {(each.family.i, each.family.j) for each in families(seen) if each.family.kind == "power"}


@pytest.mark.parametrize(
    "family", [Family("power", 3, 2), Family("line", 2, -3), Family("product", 1, 1), Family("circle", 2, 2)]
)
def test_a_familys_order_is_that_of_its_exact_values(family: Family) -> None:
    seen = seen_of(HALVES[:12, :12])
    ordered = Ordered.of(family, seen)
    exact = [family.exact(int(seen.a[at]), int(seen.b[at])) for at in ordered.order]
    known = [value for value in exact if value is not None]
    assert known == sorted(known) and exact[len(known) :] == [None] * (len(exact) - len(known))
    assert ordered.cuts.tolist() == [at for at in range(len(exact) - 1) if exact[at] != exact[at + 1]]
    cut = int(ordered.cuts[len(ordered.cuts) // 2])
    assert set(np.flatnonzero(ordered.below(cut))) == set(ordered.order[: cut + 1].tolist())


def test_a_cuttings_bits_are_those_of_a_code_read_label_by_label() -> None:
    seen = seen_of(HALVES)
    found = cut_plane(families(seen), np.zeros(seen.n, dtype=np.int64), seen.y)
    assert {each.ordered.family for each in found.boundaries} == {Family("line", 1, 1), Family("product", 1, 1)}
    regions = found.regions(seen.n)
    assert found.bits == pytest.approx(code_length(regions, seen.y))
    assert len(np.unique(regions)) == 4 and all(len(set(seen.y[regions == each])) == 1 for each in range(4))
    whole = cut_plane(families(seen), seen.a, seen.y, most=0)
    assert whole.boundaries == () and whole.bits == pytest.approx(code_length(seen.a, seen.y))


def test_the_first_boundary_is_the_best_of_all() -> None:
    flips = DRAW.random(HALVES.shape) < 0.05
    seen = seen_of(((A * B < 100) ^ flips)[:20, :20])
    ordered, row = families(seen), seen.a % 3
    found = cut_plane(ordered, row, seen.y, most=1, thorough=False)
    (boundary,) = found.boundaries
    assert found.bits == pytest.approx(code_length(2 * row + boundary.below, seen.y))
    others = [code_length(2 * row + each.below(int(cut)), seen.y) for each in ordered[::5] for cut in each.cuts[::3]]
    own = [code_length(2 * row + boundary.ordered.below(int(cut)), seen.y) for cut in boundary.ordered.cuts]
    assert found.bits == pytest.approx(min(own)) and found.bits <= min(others)


def test_boundaries_that_do_not_pay_are_taken_back() -> None:
    seen = seen_of(A + B < 41)
    ordered = families(seen)
    line = next(each for each in ordered if each.family == Family("line", 1, 1))
    other = next(each for each in ordered if each.family == Family("circle", 2, 2))
    idle, near = Boundary(other, int(other.cuts[300])), Boundary(line, int(line.cuts[38]))
    nothing = np.zeros(seen.n, dtype=np.int64)
    start = cut_plane(ordered, nothing, seen.y, start=(idle, near), most=2, thorough=False)
    assert start.boundaries == (idle, near)
    found = reconsidered(ordered, nothing, seen.y, start)
    assert len(found.boundaries) == 1 and (found.boundaries[0].below == seen.y).all()
    assert found.bits < start.bits


def test_columns_are_counted_by_region_and_variable() -> None:
    variable, regions = np.array([5, 5, 5, 9, 9, 5]), np.array([0, 0, 0, 0, 3, 3])
    found = Columns.of(variable, regions, np.array([True, True, False, True, False, False]))
    assert found.x.tolist() == [5, 9]
    assert found.value.tolist() == [[True, True], [False, False]]
    assert found.sure.tolist() == [[False, False], [False, False]]
    twice = Columns.of(np.tile(variable, 2), np.tile(regions, 2), np.tile([True, True, False, True, False, False], 2))
    assert twice.sure.all()


def test_changes_are_counted_around_the_circle() -> None:
    columns = Columns(np.arange(6), np.array([[1, 1, 0, 0, 1, 0]]) == 1, np.ones((1, 6), dtype=bool))
    phases = np.array([[0.0, 1, 2, 3, 4, 5], [0, 1, 3, 4, 2, 5]])
    assert columns.changes(phases).tolist() == [4, 2]
    columns.sure[0, 4] = False
    assert columns.changes(phases).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("phase", "arcs"),
    [
        (Phase(1, 0, Fraction(1), 23), Arcs(True, (3, 14))),
        (Phase(1, 0, Fraction(2), 31), Arcs(False, (5, 17))),
        (Phase(1, 0, Fraction(1, 2), 130, 100), Arcs(False, (40, 90))),
        (Phase(0, 1, Fraction(3, 2), 8), Arcs(False, (2, 5))),
        (Phase(2, 1, Fraction(1), 19), Arcs(False, (4, 12))),
    ],
)
def test_a_phase_that_was_put_there_is_found(phase: Phase, arcs: Arcs) -> None:
    a, b = (axis.reshape(-1) for axis in np.indices((90, 90)))
    y = arcs.holds(phase.values(a, b))
    columns = Columns.of(phase.i * a + phase.j * b, np.zeros(len(a), dtype=np.int64), y)
    found = find_phases(columns, phase.i, phase.j)
    wrong = []
    for each in found:
        program = assembled((), each, Observed(a, b, y), miss_bits=6.0)
        wrong.append(int(misses(program, Observed(a, b, y)).sum()))
        assert (each.i, each.j) == (phase.i, phase.j)
    assert 0 in wrong[:48] and len(found) == len(set(found))
    best = min((each for each, count in zip(found, wrong, strict=True) if not count), key=lambda each: each.bits)
    assert best.power == phase.power and best.bits <= phase.bits


def test_changes_are_the_same_however_few_moduli_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    columns = Columns(np.arange(50), draw.random((3, 50)) < 0.5, draw.random((3, 50)) < 0.9)
    moduli = draw.random(101) * 20 + 2
    whole = columns.changes(columns.x.astype(float) % moduli[:, None])
    for block in (2**21, 1000, 1):
        monkeypatch.setattr(periods, "_BLOCK", block)
        assert columns.changes_modulo(columns.x.astype(float), moduli).tolist() == whole.tolist()


@pytest.mark.parametrize("power", [Fraction(1), Fraction(3)])
def test_whole_powers_are_exact_beyond_64_bits(power: Fraction) -> None:
    x = np.array([3, 2**21, 2**22 + 1, 2**40 + 7])
    columns = Columns(x, np.array([[True, False, True, False]]), np.ones((1, 4), dtype=bool))
    moduli = np.array([7, 113, 399])
    exact = [[int(each) ** int(power) % int(modulus) for each in x] for modulus in moduli]
    found = columns.changes_modulo(periods._exactly(x, power), moduli)
    assert found.tolist() == columns.changes(np.array(exact, dtype=float)).tolist()
    assert periods._exactly(x[:2], power).dtype == np.dtype(np.int64 if power == 1 else object)


def test_a_phase_is_found_in_a_sample_of_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "_MOST_VALUES", 50)
    monkeypatch.setattr(periods, "_MOST_FREQUENCIES", 200)
    phase, arcs = Phase(1, 0, Fraction(1), 127, 10), Arcs(False, (40, 90))
    a, b = (axis.reshape(-1) for axis in np.indices((90, 4)))
    seen = Observed(a, b, arcs.holds(phase.values(a, b)))
    columns = Columns.of(a, np.zeros(len(a), dtype=np.int64), seen.y)
    assert len(columns.sample(50)[0].x) == 50 and columns.sample(90)[0].x.tolist() == columns.x.tolist()
    real = [modulus for modulus, _ in _promising(columns, a[::4].astype(float), Fraction(1)) if modulus != int(modulus)]
    assert min(abs(float(modulus) - 12.7) for modulus in real) < 0.05
    found = find_phases(columns, 1, 0)[:48]
    assert any(not misses(assembled((), each, seen, miss_bits=6.0), seen).any() for each in found)


@pytest.mark.parametrize("power", [Fraction(1, 2), Fraction(1), Fraction(2)])
def test_moduli_are_told_with_the_changes_that_they_leave(power: Fraction) -> None:
    x, twice = np.arange(90), np.arange(180) // 2
    columns = Columns.of(twice, np.zeros(180, dtype=np.int64), Phase(1, 0, power, 130, 40).values(twice, twice) < 60)
    lifted = x ** float(power)
    found = list(_promising(columns, lifted, power))
    assert len(found) == (12 if power <= 1 else 6)
    for modulus, changes in found:
        around = sorted(range(90), key=lambda at: lifted[at] % float(modulus))
        labels = columns.value[0][around]
        assert changes == int((labels != np.roll(labels, 1)).sum())


def test_the_bits_of_merged_sums_are_about_counted() -> None:
    draw = np.random.default_rng(2)
    gate, sums = draw.integers(0, 3, 60), draw.integers(-4, 9, (5, 60))
    ones, zeros = draw.integers(0, 4, (2, 60))
    found = _scores(gate, sums, ones, zeros, 7.0)
    for row, bits in zip(sums.tolist(), found.tolist(), strict=True):
        met: dict[tuple[int, int], list[int]] = {}
        for place, one, zero in zip(zip(gate.tolist(), row, strict=True), ones.tolist(), zeros.tolist(), strict=True):
            counts = met.setdefault(place, [0, 0])
            counts[0] += one
            counts[1] += zero
        told = [(place[0], one > zero) for place, (one, zero) in sorted(met.items()) if one + zero]
        cuts = sum(a[0] == b[0] and a[1] != b[1] for a, b in pairwise(told))
        misses_here = sum(min(counts) for counts in met.values())
        price = np.log2(max(row) - min(row) + 2) + 1
        assert bits == pytest.approx(misses_here * 7 + cuts * price + 2 * 3)


@pytest.mark.parametrize(
    "family", [Family("power", 3, 2), Family("power", 1, 1), Family("line", 1, -2), Family("product", 1, 1)]
)
def test_constants_put_the_threshold_where_the_cut_is(family: Family) -> None:
    seen = seen_of(HALVES[:20, :20])
    ordered = Ordered.of(family, seen)
    for cut in ordered.cuts[::7].tolist():
        found = list(constants_between(ordered, cut, seen))
        low = family.exact(int(seen.a[ordered.order[cut]]), int(seen.b[ordered.order[cut]]))
        assert found or (family.kind == "power" and low == 0)  # a = 0 alone is no power's region
        assert {relation for _, relation in found} <= {"<", "<="}
        for constant, relation in found:
            truth = family.curve(constant, relation).truth(seen.a, seen.b)
            ties = (seen.a == 0) & (seen.b == 0) if family.kind == "power" else np.zeros(seen.n, dtype=bool)
            assert (truth == ordered.below(cut))[~ties].all()


def test_round_numbers_and_their_reciprocals_are_offered() -> None:
    assert {Fraction(40), Fraction(38)} <= simplest_between(Fraction(75, 2), Fraction(83, 2))
    assert Fraction(1, 300) in simplest_between(Fraction(1, 333), Fraction(1, 299))
    assert Fraction(2, 5) in simplest_between(Fraction(39, 100), Fraction(41, 100))
    assert simplest_between(Fraction(7), None) == {Fraction(number) for number in (7, 8, 10)}  # up to twice and 1


def polishing(curve: Curve, truth: Curve) -> Curve:
    a, b = FLAT
    seen = Observed(a, b, truth.truth(a, b))
    start = Program((curve,), (0,), None, (Arcs(False), Arcs(True)), 1)
    found = polished(start, families(seen), seen, miss_bits=6.0)
    assert not misses(found, seen).any() and cost_of(found, seen) <= cost_of(start, seen)
    return found.curves[0]


@pytest.mark.parametrize(
    "truth",
    [
        Curve("power", 3, 1, "<", Fraction(400)),
        Curve("line", 2, -1, ">=", Fraction(10)),
        Curve("product", 1, 1, "<=", Fraction(300)),
    ],
)
def test_a_curve_near_the_truth_becomes_the_shortest_that_is_true(truth: Curve) -> None:
    near: Relation = "<" if truth.relation in ("<", "<=") else ">="
    found = polishing(Curve(truth.kind, truth.i, truth.j, near, Fraction(truth.constant * 9 // 10 + 1)), truth)
    assert found.bits <= truth.bits
    a, b = FLAT
    assert (found.truth(a, b) == truth.truth(a, b)).all()


def test_thresholds_are_merged_into_the_sum_that_made_them() -> None:
    curves = (Curve("line", 1, 0, "<", Fraction(13)), Curve("product", 1, 1, ">=", Fraction(300)))
    made = Program(curves, (2, 3), Phase(0, 1, Fraction(1), 11), (Arcs(False, (3, 7, 9)),), 16)
    a, b = FLAT
    seen = Observed(a, b, made.labels(a, b))
    gates = assembled(curves, made.phase, seen, miss_bits=8.0)
    assert gates.weights == (0, 0) and not misses(gates, seen).any() and len(gates.sets) == 4
    found = merged(gates, seen, miss_bits=8.0)
    assert not misses(found, seen).any() and found.bits <= made.bits < gates.bits
    assert all(weight >= 0 for weight in found.weights) and any(found.weights)


def test_no_weight_is_negative_and_no_label_moves() -> None:
    curves = (Curve("line", 1, 0, "<", Fraction(13)), Curve("product", 1, 1, ">=", Fraction(300)))
    a, b = FLAT
    for weights in ((-2, 3), (2, -3), (-1, -4), (0, -2), (1, 2)):
        sets = (Arcs(False, (3, 7)), Arcs(True, (2,)))[: 2 ** weights.count(0)]
        program = Program(curves, weights, Phase(0, 1, Fraction(1), 11), sets, 16)
        found = upright(program)
        assert min(found.weights) >= 0 and found.weights == tuple(map(abs, weights))
        assert (found.labels(a, b) == program.labels(a, b)).all()


def test_the_prior_of_a_group_expects_it_to_be_pure() -> None:
    seen = Observed(np.zeros(6, dtype=np.int64), np.arange(6), np.array([True, True, False, False, False, False]))
    found = cut_plane(families(seen), seen.a, seen.y, most=0)
    half, full = lgamma(0.05), lgamma(0.1)
    nats = lgamma(6.1) - full - (lgamma(2.05) - half) - (lgamma(4.05) - half)
    assert found.bits == pytest.approx(nats / log(2))


def test_curves_that_hardly_pay_are_left_out_one_after_the_other() -> None:
    a, b = FLAT
    phase, line = Phase(1, 0, Fraction(1), 7), Curve("line", 1, 1, "<", Fraction(41))
    made = Program((line,), (0,), phase, (Arcs(False, (2, 5)), Arcs(True)), 7)
    labels = made.labels(a, b)
    labels[[77, 900]] ^= True  # two labels that a circle around them would buy
    seen = Observed(a, b, labels)
    idle = (Curve("product", 1, 1, "<", Fraction(9)), Curve("circle", 2, 2, "<", Fraction(1_300)))
    start = Candidate.of(assembled((idle[0], line, idle[1]), phase, seen, miss_bits=8.0), seen)
    found = pruned(start, start.program.curves, seen)
    assert found.program.curves == (line,) and found.program.phase == phase
    assert found.length.exceptions == 2 and found.length.total < start.length.total
    assert pruned(found, found.program.curves, seen) is found


def test_a_program_is_found_if_it_is_short_and_its_exceptions_are_few_and_scattered() -> None:
    a, b = FLAT
    program = Program((Curve("line", 1, 1, "<", Fraction(41)),), (0,), None, (Arcs(False), Arcs(True)), 1)
    clean = program.labels(a, b)

    def is_found(*wrong: tuple[int, int]) -> bool:
        labels = clean.copy()
        for row, column in wrong:
            labels[row * 40 + column] ^= True
        seen = Observed(a, b, labels)
        return Candidate.of(program, seen).is_found(seen)

    apart = [(row, column) for row in range(1, 39, 4) for column in range(1, 39, 4)]
    assert is_found() and is_found(*apart[:64]) and not is_found(*apart[:65])  # 4% of 1,600
    square = [(row, column) for row in range(8) for column in range(8)]
    assert is_found(*square[:8]) and not is_found(*square)
    few = Observed(a[:24], b[:24], (a + b)[:24] < 12)
    assert not Candidate.of(program, few).is_found(few)  # no shorter than its table
