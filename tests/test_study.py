"""The whole study: pinned on the bundled network, planted where the answer is known, negative where it must be."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from scrubjay.core.claim import Claim, share_claim
from scrubjay.core.errors import BadInput
from scrubjay.core.stats import Stopping
from scrubjay.evidence.ablations import licensed, row_name
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.gate_controls import gate_controls
from scrubjay.evidence.line import Line, NothingToFollow
from scrubjay.evidence.mlp import MLP
from scrubjay.evidence.scrubbing import SCRUBBING
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Settings
from scrubjay.study import LINES, Study, explain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task
from tests.data.small_network import small_task
from tests.planted import plant

GOLDEN = Path(__file__).parent / "golden" / "bundled_claims.json"
PINNED: dict[str, dict[str, Any]] = {claim["id"]: claim for claim in json.loads(GOLDEN.read_text())["claims"]}


@pytest.mark.parametrize("claim_id", PINNED)
def test_a_claim_about_the_bundled_network_is_the_pinned_one(claim_id: str, bundled_study: Study) -> None:
    claim, pinned = bundled_study.claim(claim_id), PINNED[claim_id]
    assert claim.value == pytest.approx(pinned["value"], rel=0, abs=pinned["tolerance"])
    assert claim.control == pytest.approx(pinned["control"], rel=0, abs=pinned["control_tolerance"])
    if pinned["chance"] is None:
        assert claim.chance is None
    else:
        assert claim.chance == pytest.approx(pinned["chance"], rel=0, abs=pinned["control_tolerance"])
    assert claim.verdict == pinned["verdict"]
    assert (claim.section, claim.kind, claim.headline) == (pinned["section"], pinned["kind"], pinned["headline"])


def test_pinned_values_are_held_tightly() -> None:
    for claim in PINNED.values():
        assert claim["tolerance"] <= 0.02, claim["id"]
        assert claim["kind"] != "error" or claim["tolerance"] <= claim["value"]
        assert claim["control_tolerance"] <= 0.02 or claim["kind"] == "count", claim["id"]


def test_the_bundled_network_has_no_other_claims(bundled_study: Study) -> None:
    assert [claim.id for claim in bundled_study.claims] == list(PINNED)
    assert not bundled_study.skipped
    assert bundled_study.claim("accuracy.all").published == 0.986
    assert 10 <= len(bundled_study.headlines) <= 15


def test_a_probe_that_is_no_mechanism_is_visible(bundled_study: Study) -> None:
    full = bundled_study.found.of(FILTERS).sides["full"]
    every = next(fit for fit in full.fits if fit.r == 128 and fit.k == 2)
    assert every.agreement > full.gate.fit.agreement
    assert every.scrubbed.mean < 0.6 < full.gate.fit.scrubbed.mean
    assert every.is_probe
    assert not full.gate.fit.is_probe


def test_draws_end_when_the_interval_is_narrow_and_the_record_says_how_many(bundled_study: Study) -> None:
    for side in bundled_study.found.of(SCRUBBING).sides.values():
        for scores in side.scores.values():
            assert 10 <= scores.own.draws <= 20
            assert scores.own.draws == 20 or scores.own.high - scores.own.low < 0.0025
    claim = bundled_study.claim("scrub.full.1*")
    assert claim.facts["draws"] == 10


PLANTED_TO_HOLD = (
    "accuracy.all", "frozen.agreement", "gate.full", "gate.frozen", "embedding.error", "mask.frozen", "mask.full",
    "line.alpha", "line.beta", "mlp.gate", "mlp.gate.frozen", "steering.boundary", "steering.boundary.frozen",
)  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "k", "d_model", "data", "seed"),
    [("XOR", 2, 12, 3, 23), ("AND", 3, 16, 4, 24)],
)
def test_every_claim_comes_out_as_planted(gate: str, k: int, d_model: int, data: int, seed: int) -> None:
    planted = plant(gate, k=k, d_model=d_model, data=data, tokens=60 if k == 3 else 40, seed=seed)
    lines = [line for line in LINES if line.name not in ("rivals", "labels", "inner")]
    found = explain(planted.network, planted.task, Settings(draws=4), lines=lines)
    name = planted.gate.name
    for side in found.found.of(FILTERS).sides.values():
        assert side.gate.reading.gate.name == name
    assert found.found.of(MLP).sides["full"].decisions.reading.gate.name == name
    for claim_id in PLANTED_TO_HOLD:
        assert found.claim(claim_id).verdict == "holds", found.claim(claim_id)
    for side_name in ("full", "frozen"):
        for row in licensed(k):
            claim = found.claim(f"scrub.{side_name}.{row_name(row)}")
            assert claim.value is not None and claim.value > 0.99, claim
            assert claim.verdict == "holds" or row_name(row) == "1*" or claim.facts["spans_subspace"], claim
    assert found.claim("attention.first_order").verdict == "not applicable"
    assert found.claim("threshold.nearness").value is None
    words = {"AND": "are both on", "OR": "are not both off"}.get(name, f"give {name}")
    assert f"linear filters of its post-attention residual stream {words}" in found.paragraph


def test_on_an_untrained_network_no_gate_is_declared(challenge: Task) -> None:
    untrained = Transformer.initialised(Config(25, 3, 32, 4, 8, 64), seed=77)
    assert challenge.labels is not None
    corner = challenge.domain.image(challenge.labels)[:24, 30:54]
    found = explain(untrained, Task.from_arrays(corner, name="a piece of the challenge", last=24), Settings(draws=10))
    holding = {claim.id for claim in found.claims if claim.verdict == "holds"}
    # True of any network: the frozen stream is a sum, and near-uniform attention leaves little else.
    assert holding <= {"embedding.error", "line.alpha", "line.beta"}
    assert all(claim.verdict == "fails" for claim in found.claims if claim.id.startswith(("accuracy", "gate", "scrub")))


def test_a_network_of_trigonometry_is_no_and_of_two_filters_in_three_components(real_checkpoint: Path) -> None:
    network = import_network(real_checkpoint).network
    task = modular_addition(113, below=57)
    act = record(network, task)
    assert task.labels is not None and torch.equal(act.classes, task.labels)
    untrained = record(Transformer.initialised(network.config, seed=1), task)
    for r in (2, 3, 14):
        pca = PCA.of(act.resid_mid)
        found = fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2)
        controls = gate_controls(found, act, pca, untrained, r=r, stopping=Stopping(10), seed=0)
        control, interval = controls.strongest
        claim = share_claim(
            "gate.x", "filters", "", found.agreement, chance=controls.majority, control=control,
            control_interval=interval,
        )  # fmt: skip
        assert claim.verdict == "fails"


def test_a_task_of_many_classes_has_no_gate_but_all_else() -> None:
    network = Transformer.initialised(Config(8, 3, 16, 2, 8, 32), seed=10)
    found = explain(network, modular_addition(7), Settings(draws=2))
    assert found.claim("accuracy.all").value == pytest.approx(1 / 7, abs=0.2)
    assert found.claim("subspace.causal").value is not None
    assert not any(claim.id.startswith(("gate", "scrub", "rival")) for claim in found.claims)
    reasons = {skipped.line: skipped.reason for skipped in found.skipped}
    assert reasons["filters"] == "it needs a task of two classes, and this one has 7"
    assert reasons["scrubbing"] == "it builds on “Filters and their gate”, which was skipped"
    assert set(reasons) == {"algorithm", "filters", "mlp", "steering", "scrubbing", "labels", "rivals"}


def test_a_network_and_a_task_may_be_given_by_name_or_as_objects(small: SavedNetwork, tmp_path: Path) -> None:
    answers = [line for line in LINES if line.name == "answers"]
    bare = explain(small.network, small_task(), lines=answers)
    assert (bare.title, bare.provenance["network_sha256"]) == ("network", None)
    assert explain(small, small_task(), lines=answers).claims == bare.claims
    by_name = explain("bundled", "challenge2", lines=answers)
    assert by_name.claims == explain("bundled", lines=answers).claims
    assert by_name.title == "challenge2-replica (replica)"
    with pytest.raises(BadInput, match="names no task"):
        explain(small.network)


def test_only_a_network_of_the_published_recipe_is_called_a_replica(bundled: SavedNetwork) -> None:
    assert bundled.recipe is not None
    answers = [line for line in LINES if line.name == "answers"]
    for changes in ({"epochs": 500}, {"d_mlp": 512}, {"weight_decay": 0.1}):
        other = replace(bundled, recipe=replace(bundled.recipe, **changes))
        assert "replica)" not in explain(other, lines=answers).title
    another_seed = replace(bundled, recipe=replace(bundled.recipe, seed=7))
    assert "replica)" in explain(another_seed, lines=answers).title


def test_a_line_that_finds_nothing_to_follow_is_skipped_with_its_sentence(small: SavedNetwork) -> None:
    def measure(*given: object) -> int:
        raise NothingToFollow("the moon was full")

    def no_claims(result: int) -> list[Claim]:
        return []

    line = Line[int]("moon", "The moon", "Is it full?", measure, no_claims)
    found = explain(small, small_task(), lines=[line])
    assert [(each.line, each.reason) for each in found.skipped] == [("moon", "the moon was full")]
    with pytest.raises(KeyError, match=r"no claim 'accuracy\.all'"):
        found.claim("accuracy.all")


def test_progress_rises_from_nothing_to_all(small: SavedNetwork) -> None:
    told: list[tuple[str, float]] = []
    lines = [line for line in LINES if line.name not in ("rivals", "inner", "scrubbing")]
    settings = Settings(draws=3, progress=lambda stage, share: told.append((stage, share)))
    explain(small, small_task(), settings, lines=lines)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == pytest.approx(1)
    assert len({stage for stage, _ in told}) >= len(lines)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"draws": 1}, "at least 2 draws"),
        ({"seed": -1}, "from 0 on"),
        ({"width": -0.1}, "0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Settings(**wrong)
