"""The calibration bench plants what it says, and its declared truth covers every claim with a verdict."""

import pytest
import torch
from benchmarks import declared_truth as truth
from benchmarks.calibration import cell, families, table
from benchmarks.disguise import D_MODEL

from scrubjay.core.claim import Claim
from scrubjay.evidence.scrubbing import SCRUBBING
from scrubjay.study import explain

FAMILIES = {family.name: family for family in families()}
QUICK = [*truth.GATES, *truth.ATTENDING, *truth.HALF, *truth.SUMS, *truth.FREQUENCIES, *truth.GROUPS, *truth.MAXIMUM]


@pytest.mark.parametrize("name", [*QUICK, *truth.LOOKED_UP, *truth.PARITY, *truth.RESIDUES, truth.RANDOM[0]])
def test_a_disguised_network_gives_the_planted_answers_on_every_input(name: str) -> None:
    planted = FAMILIES[name].make(5, 0.0)
    domain, labels = planted.task.domain, planted.task.labels
    said = planted.network(domain.tokens(domain.inputs()))[:, domain.read_at].argmax(1)
    assert planted.network.config.d_model == D_MODEL
    assert labels is not None and torch.equal(planted.task.class_of(said), labels)


def test_noise_changes_every_weight() -> None:
    quiet, noisy = (FAMILIES["AND"].make(5, noise).network.weights for noise in (0.0, 0.03))
    assert all(bool((quiet[name] != noisy[name]).all()) for name in quiet)


def test_declared_families_are_those_that_are_planted() -> None:
    named = {
        name for row in truth.ROWS for group in (row.true, row.other, row.shuffled, row.untrained) for name in group
    }
    assert named <= set(FAMILIES) and set(truth.TRAINED) <= set(FAMILIES)


def test_no_family_makes_a_claim_both_true_and_false() -> None:
    for row in truth.ROWS:
        assert not {*row.true} & {*row.other, *row.shuffled, *row.untrained}, row.name


def test_every_verdict_of_a_study_has_a_row() -> None:
    planted = FAMILIES["AND"].make(5, 0.0)
    claims = explain(planted.network, planted.task, lines=FAMILIES["AND"].lines).claims
    rows = [row.name.partition(" ")[0] for row in truth.ROWS]
    side_claims = (".frozen", ".2pc", "accuracy", "inner.mistakes", "line.")

    def covered(claim: Claim) -> bool:
        start = claim.id.removesuffix(".frozen")
        return any(start.startswith(row) for row in rows) or any(part in claim.id for part in side_claims)

    assert [claim.id for claim in claims if claim.verdict is not None and not covered(claim)] == []
    assert any(claim.section == SCRUBBING.name for claim in claims)


def test_the_table_counts_networks_by_noise_and_by_what_is_false() -> None:
    def network(family: str, noise: float, verdict: str) -> dict[str, object]:
        return {"family": family, "noise": noise, "verdicts": {"gate.full": verdict}, "values": {}}

    some = [network("AND", 0.0, "holds"), network("AND", 0.0, "partly"), network("untrained", 0.0, "holds")]
    line = next(line for line in table(some).splitlines() if line.startswith("| `gate.full` "))
    assert line.split("|")[2].strip().startswith("1/2") and line.split("|")[-2].strip().startswith("1/1")
    assert cell(0, 60) == "0/60 (0–6%)"  # Wilson's interval ends at 6.0%
