"""What is said of filters: how many there are, and what their gate is worth."""

from dataclasses import replace

import pytest

from scrubjay.core.stats import Score
from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.measure import FiltersResult, Fit
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from tests.evidence.quick import short_fits
from tests.planted import Planted, one_direction, plant

LINES = (ANSWERS, SUBSPACE, FILTERS)


def explained(planted: Planted) -> Study:
    with short_fits(by=4, numbers=(1, 2, 3)):
        return explain(planted.network, planted.task, Settings(draws=4), lines=LINES)


def result(study: Study) -> FiltersResult:
    return study.found.of(FILTERS)


def test_the_planted_gate_is_found(planted_study: Study) -> None:
    for side in ("full", "frozen"):
        claim = planted_study.claim(f"gate.{side}")
        assert claim.verdict == "holds" and claim.headline == (side == "full")
        assert (claim.facts["gate"], claim.facts["filters"]) == ("AND", 2)
        assert claim.value is not None and claim.value > 0.99
        assert claim.chance == pytest.approx(planted_study.run.full.classes.double().mean())
    assert "answers 1 where two linear filters of its post-attention residual stream are both on" in (
        planted_study.paragraph
    )


@pytest.mark.parametrize("others", [0.0, 0.3])
def test_a_mechanism_of_one_direction_holds_with_one_filter(others: float) -> None:
    """a + b > 10 without an effect of the MLP; its control was once the filter itself, so that it never passed."""
    study = explained(one_direction(others=others))
    for side in ("full", "frozen"):
        for suffix in ("", ".2pc"):
            claim = study.claim(f"gate.{side}{suffix}")
            assert claim.facts["filters"] == 1, "where one filter suffices, no second one is named"
            assert "two filters" not in claim.statement and claim.facts["gate"] == "α"
            assert claim.value == 1 and claim.control < 0.85
            assert claim.verdict == "holds"
    assert study.claim("gate.full").facts["components"] == 1
    assert "answers 1 where one linear filter of its post-attention residual stream is on" in study.paragraph


def test_as_many_filters_as_dimensions_are_marked() -> None:
    """Three filters in three dimensions: resampling the rest resamples nothing of the subspace."""
    study = explained(plant("AND", k=3, data=3, tokens=16, seed=5))
    gate = study.claim("gate.full")
    assert (gate.facts["filters"], gate.facts["components"], gate.facts["spans_subspace"]) == (3, 3, True)
    assert "as many filters as dimensions" in gate.statement
    (table,) = FILTERS.tables(result(study))
    reading = {(row[0], row[1].split()[0], row[2]): row[6] for row in table.rows}
    assert reading["full", "3", "3"] == reading["full", "2", "2"] == "trivial"
    assert reading["full", "3", "1"] == reading["full", "3", "2"] == ""


def test_fewer_filters_than_dimensions_are_not_marked(planted_study: Study) -> None:
    gate = planted_study.claim("gate.full")
    assert gate.facts["components"] == 3 and not gate.facts["spans_subspace"]
    assert "as many filters" not in gate.statement
    assert planted_study.claim("gate.full.2pc").facts["components"] == 2


def test_filters_whose_directions_are_not_used_are_a_probe(planted_study: Study) -> None:
    fit = result(planted_study).sides["full"].gate.fit
    assert not fit.is_probe

    def with_left(agreement: float, left: float) -> Fit:
        return replace(fit, agreement=agreement, scrubbed=Score(left, left, left, left, 5), resampled=0.5)

    assert with_left(1.0, 0.62).is_probe and not with_left(1.0, 0.63).is_probe  # effects of 0.24 and 0.26
    assert with_left(0.76, 0.5).is_probe
    assert not with_left(0.74, 0.5).is_probe, "what does not tell the answers is no probe either"


def test_an_additional_filter_must_be_worth_half_a_point(planted_study: Study) -> None:
    from scrubjay.evidence.filters.choice import simplest  # the rule itself; a study shows only its outcome

    fit = result(planted_study).sides["full"].gate.fit
    shares = {1: 0.9, 2: 0.97, 3: 0.974}
    fits = [replace(fit, k=k, agreement=share) for k, share in shares.items()]
    assert simplest(fits).k == 2
    assert simplest([replace(each, agreement=each.agreement + 0.01 * (each.k == 3)) for each in fits]).k == 3
    assert simplest([replace(each, agreement=0.9) for each in fits]).k == 1
