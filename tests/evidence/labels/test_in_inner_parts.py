"""Which inputs depend on which part of a program, and what the margins say of the errors; counted again one by one."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from scrubjay.evidence.inner import INNER
from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.labels.in_inner_parts import SMALLEST, ProgramInParts, dependent_inputs, program_in_parts
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.program.arcs import Arcs
from scrubjay.program.curves import Curve
from scrubjay.program.error_map import error_map
from scrubjay.program.expression import Program
from scrubjay.program.phases import Phase
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.task import Task
from tests.planted import one_direction

SIDE = 40
CURVES = Curve("line", 0, 1, "<", Fraction(10)), Curve("product", 1, 1, ">", Fraction(600))
PHASE = Phase(1, 0, Fraction(1), 4)
GATES = Program(CURVES, (0, 0), PHASE, (Arcs(False, (2,)), Arcs(True), Arcs(True, (2,)), None), 4)
"""Two gates: stripes below and above the second value of the phase, a region of ones, and one that never occurs."""
SUM = Program(CURVES, (1, 2), PHASE, (Arcs(False, (2,)),), 8)
"""Both curves are added to the phase. From 2 on the label is 1, whatever the phase."""
MIXED = Program(
    (*CURVES, Curve("line", 1, 1, "<", Fraction(50))), (3, 0, 0), PHASE, (Arcs(True),) * 3 + (Arcs(False, (3,)),), 8
)
"""One curve is added to the phase, and two are gates."""
PLAIN = Program(CURVES[:1], (0,), None, (Arcs(False), Arcs(True)), 1)
"""One curve without a phase."""


def label(program: Program, truths: list[bool], phase: int) -> bool:
    """The label of one input, from where it lies and the value of the phase."""
    gates = [truth for truth, weight in zip(truths, program.weights, strict=True) if not weight]
    arcs = program.sets[int("".join("01"[gate] for gate in gates) or "0", 2)]
    k = phase + sum(weight * truth for truth, weight in zip(truths, program.weights, strict=True))
    return False if arcs is None else bool(arcs.holds(np.array([k]))[0])


@pytest.mark.parametrize("program", [GATES, SUM, MIXED, PLAIN])
def test_an_input_depends_on_what_would_change_its_label(program: Program) -> None:
    a, b = (each.reshape(-1) for each in np.indices((SIDE, SIDE)))
    found = dependent_inputs(program, a, b)
    truths = np.stack([curve.truth(a, b) for curve in program.curves], 1).tolist()
    phases = np.zeros_like(a) if program.phase is None else program.phase.values(a, b)
    wanted: dict[str, list[bool]] = {f"curve{number + 1}": [] for number in range(len(program.curves))}
    wanted["stripes"] = []
    for own, phase in zip(truths, phases.tolist(), strict=True):
        here = label(program, own, phase)
        for number in range(len(own)):
            other = [truth != (at == number) for at, truth in enumerate(own)]
            wanted[f"curve{number + 1}"].append(label(program, other, phase) != here)
        wanted["stripes"].append(any(label(program, own, each) != here for each in set(phases.tolist())))
    assert [label(program, own, phase) for own, phase in zip(truths, phases.tolist(), strict=True)] == (
        program.labels(a, b).tolist()
    )
    assert set(found) == {name for name, depends in wanted.items() if any(depends)}
    for name, depends in found.items():
        assert depends.tolist() == wanted[name]
    assert len(found) > (program is not PLAIN)


def test_parts_on_which_nothing_depends_are_left_out() -> None:
    a, b = (each.reshape(-1) for each in np.indices((SIDE, SIDE)))
    assert list(dependent_inputs(PLAIN, a, b)) == ["curve1"]
    useless = replace(PLAIN, sets=(Arcs(True), Arcs(True)))
    assert dependent_inputs(useless, a, b) == {}


# In a study


@pytest.fixture(scope="module")
def study() -> Study:
    """A network that says 1 from a + b = 24 on, asked for labels that are 1 from a + b = 26 on."""
    planted = one_direction(tokens=24, others=0.3)
    a, b = np.indices((24, 24))
    labels = torch.from_numpy((a + b >= 26).astype(np.int64)).reshape(-1)
    task = replace(planted.task, labels=labels)
    return explain(planted.network, task, Settings(draws=2), lines=(INNER, LABELS))


@pytest.fixture(scope="module")
def parts(study: Study) -> ProgramInParts:
    found = study.found.of(LABELS).in_parts
    assert found is not None
    return found


def labels_of(study: Study) -> LabelsResult:
    return study.found.of(LABELS)


def test_the_share_of_changed_answers_is_counted_on_the_inputs_that_depend(study: Study, parts: ProgramInParts) -> None:
    inner, program = study.found.of(INNER), labels_of(study).program
    tokens = study.task.domain.varying_tokens().numpy()
    depends = dependent_inputs(program, tokens[:, 0], tokens[:, 1])
    assert parts.curves == tuple(depends) and parts.depend == tuple(int(each.sum()) for each in depends.values())
    tests = {"hinge": inner.hinges, "head": inner.heads}
    names = [f"{kind} {at}" for kind, test in tests.items() if test is not None for at in range(len(test.sizes))]
    assert [name for name, _, _ in parts.rows] == names and names
    for name, everywhere, shares in parts.rows:
        kind, at = name.split()
        test = tests[kind]
        assert test is not None and len(shares) == len(depends)
        changed = dict(zip(test.held_inputs.tolist(), test.held_changes[int(at)].tolist(), strict=True))
        assert everywhere == pytest.approx(sum(changed.values()) / len(changed)) == pytest.approx(test.held[int(at)][0])
        for share, depend in zip(shares, depends.values(), strict=True):
            here = [changed[each] for each in np.flatnonzero(depend).tolist()]
            assert share == pytest.approx(sum(here) / len(here))


def test_the_steps_hold_every_input_once(study: Study, parts: ProgramInParts) -> None:
    errors = labels_of(study).errors
    assert errors is not None and study.task.labels is not None
    distance = errors.distance.reshape(-1)
    wrong = (study.run.full.classes != study.task.labels).numpy()
    assert sum(step.inputs for step in parts.steps) == study.task.domain.size
    for step in parts.steps:
        low, _, high = step.name.partition(" to ")
        ends = (0, 0) if step.name == "none" else (int(low), int(high or low))
        here = (distance >= ends[0]) & (distance <= ends[1])
        assert step.inputs == here.sum() and step.errors == pytest.approx(wrong[here].mean())
    assert sum(step.inputs * step.errors for step in parts.steps) == pytest.approx(errors.errors)
    assert [step.name for step in parts.steps][:4] == ["1", "2", "3", "4 to 5"]


def test_the_margins_of_the_steps_are_those_of_the_inner_hinges(study: Study, parts: ProgramInParts) -> None:
    errors, meaning = labels_of(study).errors, study.found.of(INNER).meaning
    assert errors is not None and meaning is not None and study.task.labels is not None
    quantities = meaning.quantities
    margin = quantities.linear[:, 0] + (quantities.hinges.abs() * quantities.outputs[:, 0]).sum(1) / 2
    says = (margin > 0).long()
    assert float((says == study.run.full.classes).double().mean()) >= 0.99
    size, distance = margin.abs().numpy(), errors.distance.reshape(-1)
    for step, here in ((parts.steps[0], distance == 1), (parts.steps[-1], distance == 0)):
        # torch's median of an even number of values is the lower one of the two in the middle
        assert step.margin == pytest.approx(
            np.sort(size[here])[(here.sum() - 1) // 2] / np.sort(size)[(len(size) - 1) // 2]
        )
        assert step.inner_errors == pytest.approx((says != study.task.labels).numpy()[here].mean())
    assert parts.steps[0].margin < 0.5 * parts.steps[4].margin, "beside a change the margin is small"


def test_errors_of_the_inner_hinges_are_their_own(study: Study) -> None:
    """With their linear path shifted, the hinges err elsewhere than the network does."""
    inner, found = study.found.of(INNER), labels_of(study)
    assert inner.meaning is not None and found.errors is not None and study.task.labels is not None
    quantities = inner.meaning.quantities
    shifted = replace(quantities, linear=quantities.linear - 1.5 * quantities.linear.std())
    other = replace(inner, meaning=replace(inner.meaning, quantities=shifted))
    steps = program_in_parts(found.program, study.task, other, found.errors).steps
    wrong = (shifted.linear[:, 0] > 0).long() != study.task.labels
    assert not len(quantities.outputs), "the linear path alone decides"
    assert sum(step.inputs * step.inner_errors for step in steps) == pytest.approx(int(wrong.sum()))
    assert sum(step.inputs * step.errors for step in steps) == pytest.approx(found.errors.errors) != int(wrong.sum())


def test_errors_are_counted_among_the_smallest_margins(study: Study, parts: ProgramInParts) -> None:
    meaning = study.found.of(INNER).meaning
    assert meaning is not None and study.task.labels is not None and parts.small_margins is not None
    scores = meaning.quantities.scores(meaning.quantities.all)[:, 0].abs().numpy()
    wrong = (study.run.full.classes != study.task.labels).numpy()
    smallest = scores < np.quantile(scores, SMALLEST)
    assert parts.small_margins.n == wrong.sum() and parts.small_margins.count == (smallest & wrong).sum()
    claim = study.claim("errors.margin")
    assert (claim.value, claim.chance, claim.control) == (parts.small_margins.value, SMALLEST, SMALLEST)
    if claim.verdict != "fails":
        assert f"{claim.shown} of the errors lie in the tenth of the inputs" in study.paragraph


def test_the_tables_show_every_part_and_every_step(study: Study, parts: ProgramInParts) -> None:
    where, steps = LABELS.tables(labels_of(study))[-2:]
    assert where.columns == ("part", "all inputs", *(f"on {name}" for name in parts.curves))
    assert len(where.rows) == len(parts.rows) and len(steps.rows) == len(parts.steps)
    assert all(len(row) == len(where.columns) for row in where.rows)


def test_a_network_that_does_not_err_has_no_steps(study: Study) -> None:
    inner, program = study.found.of(INNER), labels_of(study).program
    found = program_in_parts(program, study.task, inner, None)
    assert found.steps == () and found.small_margins is None and found.rows
    errors = labels_of(study).errors
    without = program_in_parts(program, study.task, replace(inner, meaning=None), errors)
    assert without.steps == () and without.small_margins is None


def test_without_the_inner_line_nothing_is_compared() -> None:
    planted = one_direction(tokens=24)
    study = explain(planted.network, planted.task, Settings(draws=2), lines=(LABELS,))
    assert labels_of(study).in_parts is None
    assert "errors.margin" not in {claim.id for claim in study.claims}


def test_distances_farther_than_the_last_step_have_a_step_of_their_own() -> None:
    """Rows change at b = 2, so that cells are up to 37 away."""
    planted = one_direction(tokens=SIDE)
    program = Program((Curve("line", 0, 1, "<", Fraction(2)),), (0,), None, (Arcs(False), Arcs(True)), 1)
    b = planted.task.domain.varying_tokens()[:, 1]
    task: Task = replace(planted.task, labels=(b < 2).long())
    inner = explain(planted.network, task, Settings(draws=2), lines=(INNER,)).found.of(INNER)
    errors = error_map(program, task, inner.run.full.classes)
    found = program_in_parts(program, task, inner, errors)
    assert errors is not None and int(errors.distance.max()) == 38
    assert found.steps[-1].name == "21 to 38" and sum(step.inputs for step in found.steps) == SIDE**2
