"""Rivals are ranked and never judged; where there is nothing to rank, the line is skipped with a sentence."""

from dataclasses import replace

import pytest
import torch

from scrubjay.core.claim import Claim
from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.rivals import RIVALS
from scrubjay.evidence.rivals.claims import FEW, MISTAKES, UNSEEN
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from tests.evidence.quick import short_fits
from tests.planted import plant

LINES = (SUBSPACE, EMBEDDINGS, RIVALS)


@pytest.fixture(scope="module")
def study() -> Study:
    """A planted network whose labels differ from its answers on every fifth input."""
    planted = plant("AND", tokens=16, seed=3)
    assert planted.task.labels is not None
    labels = planted.task.labels.clone()
    labels[::5] ^= 1
    with short_fits():
        return explain(planted.network, replace(planted.task, labels=labels), Settings(draws=3), lines=LINES)


def rivals(study: Study, ranking: str) -> list[Claim]:
    return [claim for claim in study.claims if claim.facts.get("ranking") == ranking]


def test_measurements_have_a_control_and_no_verdict(study: Study) -> None:
    scored = {rival.name: rival for rival in study.found.of(RIVALS).scored}
    assert len(rivals(study, UNSEEN)) == len(rivals(study, MISTAKES)) == len(scored) > 10
    for claim in rivals(study, UNSEEN):
        rival = scored[claim.facts["rival"]]
        assert claim.id == f"rival.{rival.name}" and claim.verdict is None and claim.chance is None
        assert (claim.value, claim.interval) == (rival.scores.unseen.value, rival.scores.unseen.interval)
        assert (claim.control, claim.control_interval) == (rival.control.unseen.mean, rival.control.unseen.interval)
        assert claim.facts["bits"] == rival.length.total
    for claim in rivals(study, MISTAKES):
        rival = scored[claim.facts["rival"]]
        assert claim.id == f"rival.{rival.name}.mistakes" and claim.verdict is None
        assert rival.scores.mistakes is not None and rival.scores.mistakes.n >= FEW
        assert (claim.value, claim.control) == (rival.scores.mistakes.value, rival.scores.departures)


def test_few_mistakes_are_not_ranked(study: Study) -> None:
    result = study.found.of(RIVALS)
    few = [
        replace(rival, scores=replace(rival.scores, mistakes=replace(rival.scores.mistakes, n=FEW - 1)))
        for rival in result.scored
        if rival.scores.mistakes is not None
    ]
    claims = RIVALS.claims(replace(result, scored=tuple(few)))
    assert len(few) > 10 and not any(claim.id.endswith(".mistakes") for claim in claims)


def test_rows_are_judged_by_what_is_left_when_all_is_resampled(study: Study) -> None:
    within, across, nearest = (study.claim(name) for name in ("swap.within", "swap.across", "rows.embedding"))
    ones = float(study.run.full.classes.double().mean())
    assert within.chance == pytest.approx(ones**2 + (1 - ones) ** 2)
    assert across.value == 1 and across.verdict == "holds", "where attention is uniform a swap is another input"
    assert across.chance == across.control < 0.9
    assert nearest.chance == nearest.control
    rivals_table, rows_table = RIVALS.tables(study.found.of(RIVALS))
    assert len(rivals_table.rows) == len(study.found.of(RIVALS).scored)
    assert all(len(row) == len(rivals_table.columns) for row in rivals_table.rows)
    assert "if right" in rivals_table.columns and len(rows_table.rows) == 4


def test_a_network_of_constant_answers_has_no_rivals() -> None:
    planted = plant("AND", tokens=9, seed=3)
    with torch.no_grad():
        planted.network.b_out.copy_(1e9 * planted.network.W_U[:, 1])
    study = explain(planted.network, planted.task, Settings(draws=2))
    assert study.run.is_constant
    assert not any(claim.id.startswith("rival.") for claim in study.claims)
    assert not any(claim.verdict == "holds" for claim in study.claims)
    reasons = {skipped.line: skipped.reason for skipped in study.skipped}
    assert set(reasons) >= {"attention", "subspace", "filters", "embeddings", "mlp", "steering", "scrubbing", "rivals"}
    assert "gives all 81 inputs the same answer, so there is nothing to explain" in reasons["rivals"]
    assert "builds on “Few dimensions”, which was skipped" in reasons["filters"]
    assert "an answer that never changes has no mechanism" in study.paragraph


def test_a_domain_that_is_too_small_or_too_large_is_skipped_with_its_size() -> None:
    planted = plant("AND", tokens=2, data=2, d_model=8, seed=3)
    study = explain(planted.network, planted.task, Settings(draws=2), lines=(SUBSPACE, RIVALS))
    (skipped,) = (each for each in study.skipped if each.line == "rivals")
    assert "8 to 40,000 inputs" in skipped.reason and "this domain has 4" in skipped.reason
