"""The network held against the program of its labels, in the whole study."""

import torch

from scrubjay.study_old.records import Study
from scrubjay.recovery import program_classes
from scrubjay.tasks.task import Task


def test_the_program_of_the_labels_is_found_and_the_errors_are_the_networks(
    bundled_study: Study, challenge: Task
) -> None:
    labelling = bundled_study.labelling
    assert labelling is not None and labelling.errors is not None and challenge.labels is not None
    assert torch.equal(program_classes(labelling.program, challenge), challenge.labels)
    wrong = bundled_study.full.activations.classes != challenge.labels
    assert torch.equal(torch.from_numpy(labelling.errors.wrong).reshape(-1), wrong)
    assert {part.name: part.errors for part in labelling.errors.halves} == {
        "training half": 0, "test half": int(wrong.sum())
    }  # fmt: skip
    assert sum(part.errors for part in labelling.errors.patterns) == int(wrong.sum())
    changes = {part.name: part.changes for part in labelling.errors.boundaries}
    assert sorted(changes.values()) == [16, 37, 37]


def test_claims_about_errors_have_a_control_that_fails(bundled_study: Study) -> None:
    boundary, rows = (bundled_study.claim(f"errors.{name}") for name in ("boundary", "rows"))
    assert boundary.value > 4 * boundary.control and boundary.verdict != "fails"
    assert 0.55 < rows.control < 0.7 < rows.value
    assert "it errs near the boundaries" in bundled_study.paragraph


def test_every_part_is_read_from_both_places(bundled_study: Study) -> None:
    assert bundled_study.labelling is not None
    parts = ("curve1", "curve2", "curve3", "phase")
    assert {claim.id for claim in bundled_study.claims if claim.id.startswith("program.")} == {
        f"program.readable.{part}{tail}" for part in parts for tail in ("", ".filters")
    }
    for part in parts[:3]:
        assert bundled_study.claim(f"program.readable.{part}").value > 0.9
