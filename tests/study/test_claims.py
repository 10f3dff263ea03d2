"""From value and control to the verdict."""

import pytest

from scrubjay.study.claims import count_claim, effect, share_claim, verdict


@pytest.mark.parametrize(
    ("value", "control", "expected"),
    [(0.9601, 0.6, "holds"), (0.9599, 0.6, "partly"), (0.8001, 0.6, "partly"), (0.7999, 0.6, "fails"),
     (0.5, 0.6, "fails"), (1.0, 1.0, "fails"), (1.0, 0.0, "holds")],
)  # fmt: skip
def test_the_verdict_is_the_way_from_control_to_perfection(value: float, control: float, expected: str) -> None:
    assert verdict(value, control) == expected


def test_effects_are_zero_at_the_control_and_one_at_perfection() -> None:
    assert effect(0.7, 0.7) == 0
    assert effect(1.0, 0.7) == pytest.approx(1)
    assert effect(1.0, 1.0) == 0


def test_a_count_is_judged_by_what_is_not_needed() -> None:
    assert count_claim("c", "few", 3, 65, 128).verdict == "holds"
    assert count_claim("c", "few", 14, 65, 128).verdict == "partly"
    assert count_claim("c", "few", 60, 65, 128).verdict == "fails"


def test_a_share_claim_keeps_what_it_was_given() -> None:
    claim = share_claim("a.b", "words", 0.9, 0.97, 0.5, (0.96, 0.98))
    assert (claim.post, claim.value, claim.interval, claim.control, claim.verdict) == (
        0.9,
        0.97,
        (0.96, 0.98),
        0.5,
        "holds",
    )
