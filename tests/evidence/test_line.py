"""Lines state what they need, and find what earlier lines found."""

from dataclasses import replace

import numpy as np
import pytest

from scrubjay.core.claim import Claim
from scrubjay.evidence.line import TWO_CLASSES, TWO_POSITIONS, VARYING_ANSWERS, Found, Line, NothingToFollow, found_by
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.study import explain
from scrubjay.tasks.task import Task
from tests.planted import one_direction


def counted(run: Run, settings: Settings, found: Found) -> int:
    return run.task.domain.size


def no_claims(result: int) -> list[Claim]:
    return []


FIRST = Line[int](name="first", title="The first line", question="?", measure=counted, claims=no_claims)
SECOND = replace(FIRST, name="second", needs=(found_by(FIRST), TWO_CLASSES, VARYING_ANSWERS, TWO_POSITIONS))


@pytest.fixture(scope="module")
def run() -> Run:
    return one_direction(tokens=5).run()


def test_a_result_is_found_by_its_line(run: Run) -> None:
    found = Found()
    assert FIRST not in found and found.get(FIRST) is None
    with pytest.raises(KeyError):
        found.of(FIRST)
    found.add(FIRST, 25)
    assert FIRST in found and found.of(FIRST) == found.get(FIRST) == 25 and SECOND not in found


def test_the_first_need_that_is_not_met_is_said(run: Run) -> None:
    found = Found()
    assert FIRST.lacks(run, found) is None
    assert SECOND.lacks(run, found) == "it builds on “The first line”, which was skipped"
    found.add(FIRST, 25)
    assert SECOND.lacks(run, found) is None
    constant = replace(run, full=replace(run.full, classes=run.full.classes * 0))
    assert SECOND.lacks(constant, found) == (
        "the network gives all 25 inputs the same answer, so there is nothing to explain"
    )


def test_classes_and_positions_are_counted() -> None:
    cube = Task.from_arrays(np.indices((3, 3, 3)).sum(0) % 3)
    network = Transformer.initialised(Config(4, 4, 4, 2, 2, 3), seed=0).requires_grad_(False)
    run = Run.of(network, cube)
    assert TWO_CLASSES.lacks(run, Found()) == "it needs a task of two classes, and this one has 3"
    assert TWO_POSITIONS.lacks(run, Found()) == "it needs two positions whose tokens vary, and this domain has 3"


def test_a_line_that_finds_nothing_to_measure_is_skipped_and_so_are_those_that_build_on_it() -> None:
    def nothing(run: Run, settings: Settings, found: Found) -> int:
        raise NothingToFollow("there is nothing to count")

    empty = replace(FIRST, measure=nothing)
    made = one_direction(tokens=5)
    study = explain(
        made.network, made.task, Settings(draws=2), lines=(empty, replace(SECOND, needs=(found_by(empty),)))
    )
    assert [(each.line, each.reason) for each in study.skipped] == [
        ("first", "there is nothing to count"),
        ("second", "it builds on “The first line”, which was skipped"),
    ]
    assert study.lines == () and study.claims == ()
