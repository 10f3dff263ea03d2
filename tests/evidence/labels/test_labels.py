"""A network compared with the program of its labels: one that adds its tokens, asked for labels that it gets wrong."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.recovery import program_classes
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.task import Task
from tests.planted import one_direction

SIDE = 24


@pytest.fixture(scope="module")
def study() -> Study:
    """The network says 1 from a + b = 24 on, and the labels from a + b = 26 on; so it errs beside the boundary."""
    planted = one_direction(tokens=SIDE)
    a, b = np.indices((SIDE, SIDE))
    labels = torch.from_numpy((a + b >= SIDE + 2).astype(np.int64)).reshape(-1)
    task = replace(planted.task, labels=labels)
    return explain(planted.network, task, Settings(draws=2), lines=(LABELS,))


@pytest.fixture(scope="module")
def result(study: Study) -> LabelsResult:
    return study.found.of(LABELS)


def test_the_program_is_found_and_the_errors_are_the_networks(study: Study, result: LabelsResult) -> None:
    assert study.task.labels is not None
    assert torch.equal(program_classes(result.program, study.task), study.task.labels)
    wrong = study.run.full.classes.ne(study.task.labels)
    assert result.errors is not None and result.errors.errors == int(wrong.sum()) == 45
    assert torch.equal(torch.from_numpy(result.errors.wrong).reshape(-1), wrong)
    assert sum(part.errors for part in result.errors.patterns) == int(wrong.sum())
    program, table = LABELS.tables(result)
    assert "a + b" in program.rows[0][0] and "0 exceptions among 576" in program.title
    assert "Where the 45 errors lie" in table.title


def test_errors_beside_the_boundary_are_counted_and_thrown_at_random_for_the_control(study: Study) -> None:
    """Three of the errors stand in the first two rows, along which the label never changes."""
    boundary = study.claim("errors.boundary")
    assert boundary.value == 42 / 45 and boundary.verdict == "partly" and boundary.facts["errors"] == 45
    assert boundary.control_interval is not None and boundary.control_interval[1] < 0.6
    assert boundary.chance == boundary.control and boundary.headline
    assert study.claim("errors.rows").value == 42 / 45
    assert "it errs near the boundaries of the labels: 93.3% of its errors" in study.paragraph


def test_readouts_are_measurements_without_a_verdict(study: Study, result: LabelsResult) -> None:
    assert set(result.readable) == {"resid_mid"}, "no filters were fitted"
    (claim,) = (claim for claim in study.claims if claim.id.startswith("program."))
    assert claim.id == "program.readable.phase" and claim.facts["read_from"] == "resid_mid"
    assert claim.verdict is None and claim.chance is None
    assert claim.value == result.readable["resid_mid"][0].accuracy > 0.95 > claim.control


def test_a_network_without_errors_and_labels_without_a_program() -> None:
    planted = one_direction(tokens=SIDE)
    study = explain(planted.network, planted.task, Settings(draws=2), lines=(LABELS,))
    assert study.found.of(LABELS).errors is None
    assert {claim.id for claim in study.claims} == {"program.readable.phase"}
    assert len(LABELS.tables(study.found.of(LABELS))) == 1 and study.paragraph == ""
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 2, SIDE * SIDE))
    study = explain(planted.network, replace(planted.task, labels=noise), Settings(draws=2), lines=(LABELS,))
    (skipped,) = study.skipped
    assert (skipped.line, skipped.reason) == ("labels", "no short program was found behind the labels")


def test_what_the_line_needs_is_said() -> None:
    planted = one_direction(tokens=5)
    (skipped,) = explain(planted.network, replace(planted.task, labels=None), lines=(LABELS,)).skipped
    assert skipped.reason == "it needs labels, and task planted sum has none"


# On the bundled network


def test_the_bundled_networks_errors_lie_near_the_three_boundaries(bundled_study: Study, challenge: Task) -> None:
    found = bundled_study.found.of(LABELS)
    assert found.errors is not None and challenge.labels is not None
    assert torch.equal(program_classes(found.program, challenge), challenge.labels)
    wrong = bundled_study.run.full.classes != challenge.labels
    assert torch.equal(torch.from_numpy(found.errors.wrong).reshape(-1), wrong)
    assert {part.name: part.errors for part in found.errors.halves} == {
        "training half": 0, "test half": int(wrong.sum())
    }  # fmt: skip
    assert sum(part.errors for part in found.errors.patterns) == int(wrong.sum())
    changes = {part.name: part.changes for part in found.errors.boundaries}
    assert sorted(changes.values()) == [16, 37, 37]
    boundary, rows = (bundled_study.claim(f"errors.{name}") for name in ("boundary", "rows"))
    assert float(boundary.value or 0) > 4 * boundary.control and boundary.verdict != "fails"
    assert 0.55 < rows.control < 0.7 < float(rows.value or 0)
    assert "it errs near the boundaries" in bundled_study.paragraph


def test_every_part_of_the_challenge_is_read_from_both_places(bundled_study: Study) -> None:
    parts = ("curve1", "curve2", "curve3", "phase")
    assert {claim.id for claim in bundled_study.claims if claim.id.startswith("program.")} == {
        f"program.readable.{part}{tail}" for part in parts for tail in ("", ".filters")
    }
    for part in parts[:3]:
        assert float(bundled_study.claim(f"program.readable.{part}").value or 0) > 0.9
