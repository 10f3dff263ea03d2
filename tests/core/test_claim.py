"""Claims: how the verdict follows from value, chance and control, and what each constructor keeps."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay.core.claim import (
    Claim,
    Verdict,
    as_shown,
    count_claim,
    effect,
    error_claim,
    judged,
    measurement,
    of_sample,
    share_claim,
    untested,
    worse_of,
)
from scrubjay.core.stats import Share

RANK = {"fails": 0, "partly": 1, "holds": 2}
SHARES = st.floats(0, 1)


def share(value: float, **more: Any) -> Claim:
    return share_claim("a.b", "a", "words", value, **{"chance": 0.5, "control": 0.5, **more})


# The verdict


@pytest.mark.parametrize(
    ("value", "chance", "expected"),
    [(0.9601, 0.6, "holds"), (0.9599, 0.6, "partly"), (0.8001, 0.6, "partly"), (0.7999, 0.6, "fails"),
     (0.5, 0.6, "fails"), (1.0, 1.0, "fails"), (1.0, 0.0, "holds"), (0.9, 0.0, "holds"), (0.5, 0.0, "partly")],
)  # fmt: skip
def test_the_verdict_depends_on_the_way_from_chance_to_perfection(value: float, chance: float, expected: str) -> None:
    assert judged(value, value, chance, control_high=0.0) == expected
    assert share(value, chance=chance, control=0.0).verdict == expected


def test_the_effect_is_zero_at_chance_and_one_at_perfection() -> None:
    assert effect(0.7, 0.7) == 0
    assert effect(1.0, 0.7) == pytest.approx(1)
    assert effect(0.4, 0.7) == pytest.approx(-1)
    assert effect(1.0, 1.0) == 0


@given(SHARES, SHARES, SHARES, SHARES)
def test_a_larger_value_never_gets_a_worse_verdict(one: float, other: float, chance: float, control: float) -> None:
    worse, better = sorted((one, other))
    for claims in (
        [share(value, chance=chance, control=control) for value in (worse, better)],
        [count_claim("c", "a", "few", 100 - int(100 * value), of=100, control=int(100 * control))
         for value in (worse, better)],
        [error_claim("e", "a", "small", 1 - value, control=control) for value in (worse, better)],
    ):  # fmt: skip
        first, second = (RANK[str(claim.verdict)] for claim in claims)
        assert first <= second


@given(SHARES, st.floats(0, 0.5), st.floats(0, 0.5), SHARES, SHARES)
def test_a_wider_interval_never_gets_a_better_verdict(
    value: float, near: float, further: float, chance: float, control: float
) -> None:
    narrow = share(value, chance=chance, control=control, interval=(value - near, value + near))
    wide = share(value, chance=chance, control=control, interval=(value - near - further, value + near))
    assert RANK[str(wide.verdict)] <= RANK[str(narrow.verdict)] <= RANK[str(share(value, chance=chance,
                                                                                 control=control).verdict)]  # fmt: skip


@given(SHARES, st.floats(0, 0.3), SHARES, SHARES, st.floats(0, 0.3))
def test_nothing_is_better_than_fails_unless_the_interval_lies_beyond_the_controls(
    value: float, half: float, chance: float, control: float, control_half: float
) -> None:
    claim = share(
        value,
        chance=chance,
        control=control,
        interval=(value - half, value + half),
        control_interval=(control - control_half, control + control_half),
    )
    if value - half <= control + control_half:
        assert claim.verdict == "fails"
    elif claim.verdict != "fails":
        assert effect(value - half, chance) >= 0.5


def test_an_interval_that_touches_the_controls_fails_and_one_beyond_it_does_not() -> None:
    reached = {"interval": (0.97, 0.99), "chance": 0.5, "control": 0.6}
    assert share(0.98, **reached, control_interval=(0.5, 0.97)).verdict == "fails"
    assert share(0.98, **reached, control_interval=(0.5, 0.9699)).verdict == "holds"
    assert share(0.98, chance=0.5, control=0.98).verdict == "fails"


def test_a_verdict_rests_on_the_lower_end_of_the_interval() -> None:
    assert share(0.96, chance=0.5, interval=(0.9501, 0.97)).verdict == "holds"
    assert share(0.96, chance=0.5, interval=(0.9499, 0.97)).verdict == "partly"


@given(SHARES, SHARES)
def test_where_chance_is_perfect_nothing_holds(value: float, control: float) -> None:
    assert share(value, chance=1.0, control=control).verdict == "fails"


def test_what_is_no_number_fails() -> None:
    assert share(float("nan")).verdict == "fails"
    assert share(0.99, control=float("nan")).verdict == "holds"  # a control that was not measured refutes nothing
    assert error_claim("e", "a", "small", float("nan"), control=1.0).verdict == "fails"


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [(["holds", "fails", "partly"], "fails"), (["holds", "partly"], "partly"), (["holds"], "holds"), ([], "holds"),
     (["not applicable", "partly"], "partly"), (["not applicable"], "holds")],
)  # fmt: skip
def test_the_worst_of_some_verdicts(verdicts: list[Verdict], worst: Verdict) -> None:
    assert worse_of(verdicts) == worst


def test_a_cap_lowers_a_verdict_and_never_raises_one() -> None:
    assert share(0.99, at_best="partly").verdict == "partly"
    assert share(0.8, at_best="fails").verdict == "fails"
    assert share(0.6, at_best="holds").verdict == "fails"


# The constructors


def test_a_share_claim_keeps_what_it_was_given() -> None:
    claim = share(
        0.97, interval=(0.96, 0.98), control_interval=(0.4, 0.6), headline=True, topic="answers kept",
        facts={"gate": "AND"}, published=0.9,
    )  # fmt: skip
    assert claim == Claim(
        id="a.b", section="a", statement="words", kind="share", value=0.97, interval=(0.96, 0.98), chance=0.5,
        control=0.5, control_interval=(0.4, 0.6), verdict="holds", headline=True, topic="answers kept",
        facts={"gate": "AND"}, published=0.9,
    )  # fmt: skip


def test_a_count_is_judged_by_what_is_not_needed() -> None:
    def few(count: int, **more: Any) -> Claim:
        return count_claim("c", "a", "few", count, of=128, control=65, **more)

    assert [few(count).verdict for count in (3, 12, 13, 32, 33, 65, 128)] == [
        "holds", "holds", "partly", "partly", "fails", "fails", "fails"
    ]  # fmt: skip
    assert few(64).value == 64 and few(64).kind == "count" and (few(64).chance, few(64).control) == (128, 65)
    assert few(12, interval=(12, 13)).verdict == "partly"
    assert few(32, interval=(31, 33)).verdict == "fails", "more than half as many as the control's"
    assert count_claim("c", "a", "few", 64, of=128, control=64).verdict == "fails"
    assert count_claim("c", "a", "one", 1, of=1, control=1).verdict == "fails"


def test_an_error_is_judged_by_how_much_smaller_it_is_than_the_controls() -> None:
    verdicts = [
        error_claim("e", "a", "small", value, control=2.0).verdict for value in (0.0, 0.2, 0.21, 1.0, 1.01, 2.0, 5.0)
    ]
    assert verdicts == ["holds", "holds", "partly", "partly", "fails", "fails", "fails"]
    assert error_claim("e", "a", "small", 0.0, control=0.0).verdict == "fails"  # the control shows nothing either
    claim = error_claim("e", "a", "small", 4.5e-07, control=2.0, headline=True)
    assert (claim.kind, claim.value, claim.interval, claim.control, claim.chance) == ("error", 4.5e-07, None, 2.0, 2.0)
    assert claim.headline


def test_a_measurement_has_no_verdict_and_no_chance() -> None:
    claim = measurement("m", "a", "words", 0.3, control=0.2, interval=(0.2, 0.4), control_interval=(0.1, 0.3))
    assert (claim.verdict, claim.chance, claim.kind) == (None, None, "share")
    assert (claim.value, claim.interval, claim.control, claim.control_interval) == (0.3, (0.2, 0.4), 0.2, (0.1, 0.3))


def test_what_was_not_tested_has_no_value_and_is_not_applicable() -> None:
    claim = untested("u", "a", "words", control=0.2, topic="answers flipped")
    assert (claim.value, claim.interval, claim.chance, claim.verdict) == (None, None, None, "not applicable")
    assert (claim.shown, claim.shown_interval, claim.control, claim.topic) == ("", "", 0.2, "answers flipped")


# As text


@pytest.mark.parametrize(
    ("claim", "shown", "interval"),
    [
        (lambda: share(0.98765, interval=(0.9, 1.0)), "98.8%", " (90.0% to 100.0%)"),
        (lambda: share(1.0), "100.0%", ""),
        (lambda: count_claim("c", "a", "few", 3, of=9, control=5, interval=(2, 4)), "3", " (2 to 4)"),
        (lambda: count_claim("c", "a", "few", 12_345_678, of=99_999_999, control=1), "12,345,678", ""),
        (lambda: error_claim("e", "a", "small", 4.5e-07, control=1.0), "4.5e-07", ""),
    ],
)
def test_figures_as_a_reader_wants_them(claim: Callable[[], Claim], shown: str, interval: str) -> None:
    assert (claim().shown, claim().shown_interval) == (shown, interval)


def test_a_count_between_two_is_shown_with_its_fraction() -> None:
    assert as_shown(2.5, "count") == "2.5"


def test_a_share_of_a_sample_joins_both_sources_of_chance() -> None:
    plain = share_claim("id", "section", "It holds", 0.9, chance=0.5, control=0.5, interval=(0.88, 0.92))
    found = of_sample(plain, 400, "a sample of 400 inputs")
    low, high = Share.counted(360, 400).interval
    assert found.statement == "It holds (of a sample of 400 inputs)"
    assert found.interval is not None and found.control_interval is not None
    assert found.interval[0] == pytest.approx(0.9 - ((0.9 - low) ** 2 + 0.02**2) ** 0.5)
    assert found.interval[1] == pytest.approx(0.9 + ((high - 0.9) ** 2 + 0.02**2) ** 0.5)
    assert found.control_interval == pytest.approx(Share.counted(200, 400).interval)
    assert of_sample(plain, 10**8, "it").interval == pytest.approx(plain.interval, abs=1e-4)


def test_a_verdict_on_a_sample_is_no_better_than_its_interval() -> None:
    plain = share_claim("id", "section", "It holds", 1.0, chance=0.5, control=0.9)
    assert plain.verdict == "holds"
    assert of_sample(plain, 10, "a sample").verdict == "fails"
    assert of_sample(plain, 100_000, "a sample").verdict == "holds"


def test_a_share_of_a_part_of_a_sample_has_the_part_s_interval() -> None:
    plain = share_claim("id", "section", "It holds", 0.5, chance=0.1, control=0.1, facts={"inputs": 20})
    assert of_sample(plain, 1000, "a sample").interval == pytest.approx(Share.counted(10, 20).interval)


def test_counts_of_a_sample_keep_their_interval_and_say_that_it_is_one() -> None:
    plain = count_claim("id", "section", "Few", 3, of=10, control=9)
    assert of_sample(plain, 50, "a sample of 50 inputs").interval is None
    assert of_sample(plain, 50, "a sample of 50 inputs").statement == "Few (of a sample of 50 inputs)"
