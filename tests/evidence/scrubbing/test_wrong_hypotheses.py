"""Wrong hypotheses lose answers, and count only where they break something."""

from dataclasses import replace

import pytest

from scrubjay.core.stats import Stopping
from scrubjay.evidence.ablations import BeyondSubspace, licensed, row_name
from scrubjay.evidence.scrubbing.wrong_hypotheses import RANDOM_SETS, ScrubControl, scrub_controls, strongest
from scrubjay.fit.gate import Gate
from scrubjay.run import Run, Sampling
from tests.planted import Planted, laid_over, one_direction, plant


def controls(planted: Planted, run: Run, sampling: Sampling = "independent") -> tuple[ScrubControl, ...]:
    scrubber = laid_over(planted, run.full.resid_mid, sampling=sampling)
    return scrub_controls(scrubber, run.readout, run.full.classes, stopping=Stopping(2), seed=0)


@pytest.mark.parametrize(("gate", "k"), [("AND", 2), ("OR", 2), ("AND", 3)])
def test_wrong_hypotheses_lose_answers_in_every_row(gate: str, k: int) -> None:
    planted = plant(gate, k=k, data=4, seed=1)
    found = controls(planted, planted.run())
    for row in licensed(k):
        if row != (BeyondSubspace(),):
            wrong = strongest(found, row_name(row))
            assert wrong is not None and 0 < wrong.mean < 0.93, row_name(row)
    assert strongest(found, "no such row") is None
    by_name = {control.name: control for control in found}
    assert set(by_name["random subspace"].left) == {"1*"} and "1*" not in by_name["random directions"].left
    assert by_name["random directions"].left["1"].draws == RANDOM_SETS
    assert {"random directions", "random subspace", "thresholds +1 sd", "thresholds -1 sd"} < set(by_name)
    assert by_name[f"gate {Gate.parity(k).name}"].left == {}, "XOR licenses nothing, so it can't be a control"


def test_controls_follow_from_their_seed_and_sample_as_the_hypothesis_does() -> None:
    planted = plant("AND", data=4, seed=1)
    run = planted.run()
    once = controls(planted, run)
    assert controls(planted, run) == once
    of_permuted = controls(planted, run, "permute")
    assert all(one != other for one, other in zip(once, of_permuted, strict=True) if one.left)


def test_under_a_wrong_gate_idle_variables_are_not_idle() -> None:
    planted = plant("AND", data=4, seed=1)
    by_name = {control.name: control for control in controls(planted, planted.run())}
    assert set(by_name["gate OR"].left) == {"1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b"}
    assert by_name["gate OR"].left["1+3a"].mean < 0.85


def test_one_filter_has_no_wrong_gate_and_its_random_directions_are_not_the_filter() -> None:
    """In one dimension every direction of the causal subspace is the filter, so they come from the whole stream."""
    planted = one_direction(others=0.3)
    run = planted.run()
    scrubber = laid_over(planted, run.full.resid_mid)
    scrubber = replace(scrubber, subspace=scrubber.subspace[:1])
    found = scrub_controls(scrubber, run.readout, run.full.classes, stopping=Stopping(2), seed=0)
    assert [control.name for control in found] == [
        "random directions", "random subspace", "thresholds -1 sd", "thresholds +1 sd"
    ]  # fmt: skip
    assert found[0].left["1"].high < 0.8


def test_moved_thresholds_count_only_where_they_license_too_much() -> None:
    """A lower threshold calls more inputs on; [1] does not look at thresholds, and breaks nothing."""
    planted = plant("AND", data=4, seed=1)
    for control in controls(planted, planted.run()):
        if control.name.startswith("thresholds"):
            assert "1" not in control.left and "1+2" in control.left
            assert control.left["1+2"].mean < 0.95
