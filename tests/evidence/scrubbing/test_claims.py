"""Verdicts of scrubbing: a stricter ablation never has a better one than a milder one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.claim import Claim
from scrubjay.core.stats import Score
from scrubjay.evidence.ablations import licensed, milder_rows, row_name
from scrubjay.evidence.scrubber import ScrubScores
from scrubjay.evidence.scrubbing import SCRUBBING
from scrubjay.evidence.scrubbing.claims import claims, control_of
from scrubjay.evidence.scrubbing.measure import Scrubbed, ScrubbingResult
from scrubjay.evidence.scrubbing.wrong_hypotheses import ScrubControl
from scrubjay.study import Study

RANK = {"fails": 0, "partly": 1, "holds": 2}
ROWS = licensed(2)


def assert_monotone(found: Sequence[Claim], side: str) -> None:
    verdicts = {claim.id: RANK[str(claim.verdict)] for claim in found}
    for row in ROWS:
        for milder in milder_rows(row, ROWS):
            assert verdicts[f"scrub.{side}.{row_name(row)}"] <= verdicts[f"scrub.{side}.{row_name(milder)}"]


@pytest.fixture(scope="module")
def scrubbed(planted_study: Study) -> ScrubbingResult:
    return planted_study.found.of(SCRUBBING)


def with_scores(result: ScrubbingResult, own: dict[str, Score], wrong: dict[str, Score]) -> ScrubbingResult:
    side = result.sides["full"]
    made: Scrubbed = replace(
        side,
        scores={row_name(row): ScrubScores(row, own[row_name(row)], own[row_name(row)], None) for row in ROWS},
        controls=(ScrubControl("wrong", wrong),),
    )
    return replace(result, sides={"full": made})


def test_on_whole_studies(planted_study: Study, quick_study: Study) -> None:
    for study in (planted_study, quick_study):
        for side in ("full", "frozen"):
            assert_monotone([claim for claim in study.claims if claim.section == "scrubbing"], side)


NAMES = [row_name(row) for row in ROWS]
drawn = st.lists(st.floats(0.3, 1), min_size=2, max_size=3)  # Score.over is left to the test: type checks use random


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[drawn for _ in ROWS]), st.tuples(*[drawn | st.none() for _ in ROWS]))
def test_whatever_is_drawn_and_whatever_the_controls_leave(
    scrubbed: ScrubbingResult, own: tuple[list[float], ...], wrong: tuple[list[float] | None, ...]
) -> None:
    scores = {name: Score.over(values) for name, values in zip(NAMES, own, strict=True)}
    left = {name: Score.over(values) for name, values in zip(NAMES, wrong, strict=True) if values is not None}
    assert_monotone(claims(with_scores(scrubbed, scores, left)), "full")


def exactly(value: float) -> Score:
    return Score(value, value, value, value, 5)


def test_a_strict_row_that_keeps_all_is_held_down_by_a_mild_one_that_does_not(scrubbed: ScrubbingResult) -> None:
    own = {row_name(row): exactly(1.0) for row in ROWS}
    own["1*"] = exactly(0.9)  # with a chance of about 0.5 an effect of 0.8
    found = claims(with_scores(scrubbed, own, {}))
    assert [claim.verdict for claim in found[: len(ROWS)]] == ["partly"] * len(ROWS)
    free = claims(with_scores(scrubbed, own | {"1*": exactly(1.0)}, {}))
    assert [claim.verdict for claim in free[: len(ROWS)]] == ["holds"] * len(ROWS)


def test_all_rows_share_their_chance_and_have_the_strongest_wrong_hypothesis_beside_them(
    scrubbed: ScrubbingResult,
) -> None:
    side = scrubbed.sides["full"]
    for claim in claims(scrubbed)[: len(ROWS)]:
        row = claim.id.removeprefix("scrub.full.")
        left = [control.left[row].mean for control in side.controls if row in control.left]
        assert claim.control == max([*left, side.resampled]) == control_of(side, row).mean
        assert claim.chance == side.resampled
        assert claim.facts["draws"] == side.scores[row].own.draws
    nothing = with_scores(scrubbed, dict.fromkeys(NAMES, exactly(1.0)), {}).sides["full"]
    assert control_of(nothing, "1") == replace(exactly(side.resampled), draws=0)


def test_the_first_row_says_where_the_filters_span_the_subspace(planted_study: Study, line_study: Study) -> None:
    for study, spans in ((planted_study, False), (line_study, True)):
        claim = study.claim("scrub.full.1")
        assert claim.facts["spans_subspace"] is spans
        assert ("[1*]" in claim.statement) is spans
        assert study.claim("scrub.full.1").value == pytest.approx(1, abs=0.01)


def test_the_table_has_a_row_for_each_ablation_and_ends_with_the_baselines(scrubbed: ScrubbingResult) -> None:
    for table, side in zip(SCRUBBING.tables(scrubbed), scrubbed.sides.values(), strict=True):
        cells = [row for row in table.rows if row]
        assert [row[0] for row in cells[: len(ROWS)]] == [f"[{row_name(row)}]" for row in ROWS]
        assert [row[0] for row in cells[len(ROWS) :]] == ["unablated", "majority class", "everything resampled"]
        assert all(len(one) == len(other) == len(table.columns) for one, other in pairwise(cells))
        assert cells[-1][1] == f"{side.resampled:.1%}"
        assert [row[1] for row in cells[: len(ROWS)]] == [f"{each.own.mean:.1%}" for each in side.scores.values()]
        assert cells[len(ROWS)][1] == "100.0%"


def test_a_row_is_said_in_words(scrubbed: ScrubbingResult) -> None:
    said = {claim.id: claim.statement.partition(" (")[0] for claim in claims(scrubbed)}
    start = "The full network keeps its answers under ablation"
    assert said["scrub.full.1"] == f"{start} [1]: everything but the variables comes from any input"
    assert said["scrub.full.1+3b"] == (
        f"{start} [1+3b]: [1], and variable 2 comes from any input wherever the others decide the gate"
    )
    assert said["scrub.full.1+2+3a+3b"] == f"{start} [1+2+3a+3b]: [1], [2], [3a] and [3b] together"
