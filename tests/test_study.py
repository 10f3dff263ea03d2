"""The whole study: pinned on the bundled network, planted where the answer is known, negative where it must be."""

import json
from pathlib import Path

import pytest
import torch

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.evidence.filters.gate_controls import gate_controls
from scrubjay.evidence.embeddings.input_scrubbing import scrub_inputs
from scrubjay.evidence.scrubbing.refinement import refine_causally
from scrubjay.evidence.scrubber import Basis, Hypothesis, Sampling, ScrubScores, licensed
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.core.claim import verdict
from scrubjay.study import explain
from scrubjay.study_old.records import Study
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task
from tests.planted import plant

GOLDEN = Path(__file__).parent / "golden" / "bundled_claims.json"


def saved(network: OneLayerTransformer) -> SavedNetwork:
    return SavedNetwork(network, "made here", None, None, {"sha256": "0" * 64})


def test_the_bundled_network_gives_the_pinned_claims(bundled_study: Study) -> None:
    pinned = {claim["id"]: claim for claim in json.loads(GOLDEN.read_text())["claims"]}
    assert [claim.id for claim in bundled_study.claims] == list(pinned)
    for claim in bundled_study.claims:
        tolerance = 1e-12 if claim.id.startswith(("accuracy", "frozen")) else 0.02
        assert claim.value == pytest.approx(pinned[claim.id]["value"], abs=tolerance), claim.id
        assert claim.verdict == pinned[claim.id]["verdict"], claim.id


def test_claims_of_this_kind_are_all_there(bundled_study: Study) -> None:
    assert {claim.id for claim in bundled_study.claims} >= {
        "accuracy.all", "accuracy.train", "accuracy.test", "frozen.agreement", "frozen.accuracy", "variance.components",
        "gate.full", "gate.frozen", "gate.full.2pc", "gate.frozen.2pc", "subspace.causal", "embedding.error",
        "mask.frozen",
        "mask.full", "mlp.separability", "mlp.gate", "steering.random", "steering.boundary", "line.alpha", "line.beta",
        "threshold.nearness", "attention.first_order",
        *(f"scrub.{side}.{row.name}" for side in ("full", "frozen") for row in licensed(2)),
        "scrub.inputs.alpha", "scrub.inputs.beta", "scrub.inputs.alpha+beta",
    }  # fmt: skip
    assert bundled_study.claim("accuracy.all").post == 0.986
    assert bundled_study.claim("gate.full.2pc").post == 0.974


def test_the_choice_of_complement_and_donors_reaches_everything_that_is_resampled() -> None:
    planted = plant("AND", tokens=9, seed=3)
    study = explain(saved(planted.network), planted.task, draws=2, basis="uncorrelated", sampling="permute")
    assert (study.provenance["basis"], study.provenance["sampling"]) == ("uncorrelated", "permute")
    assert {mechanism.hypothesis.basis for mechanism in study.mechanisms.values()} == {"uncorrelated"}
    gate, act, images = study.full.gate, study.full.activations, study.comparison.images
    assert gate is not None and images is not None
    filters, classes = gate.fit.filters, act.classes
    subspace, readout = study.full.pca.components[: gate.fit.r], Readout.of(planted.network, planted.task, act)

    def refined(basis: Basis, sampling: Sampling) -> dict[str, ScrubScores]:
        found = refine_causally(
            filters, act.resid_mid, subspace, readout, classes, draws=2, seed=0, basis=basis, sampling=sampling
        )
        return found.fitted_scores

    own = study.mechanisms["full"].refined.fitted_scores
    assert own == refined("uncorrelated", "permute") != refined("orthogonal", "permute")
    ways: list[tuple[Basis, Sampling]] = [
        ("uncorrelated", "permute"), ("uncorrelated", "independent"), ("orthogonal", "permute")
    ]  # fmt: skip
    for basis, sampling in ways:
        hypothesis = Hypothesis.of(filters, act.resid_mid, basis)
        again = scrub_inputs(
            hypothesis, act.resid_mid, images.images, readout, classes, images.names, draws=2, seed=0, sampling=sampling
        )
        assert (again == images.inputs) == ((basis, sampling) == ("uncorrelated", "permute"))


def test_a_probe_that_is_no_mechanism_is_visible(bundled_study: Study) -> None:
    every = next(fit for fit in bundled_study.full.grid if fit.r == 128 and fit.k == 2)
    causal = bundled_study.full.gate
    assert causal is not None
    assert every.agreement > causal.fit.agreement
    assert every.scrubbed.mean < 0.6 < causal.fit.scrubbed.mean
    assert every.is_probe
    assert not causal.fit.is_probe


PLANTED_TO_HOLD = (
    "accuracy.all", "frozen.agreement", "gate.full", "gate.frozen", "embedding.error", "mask.frozen", "mask.full",
    "line.alpha", "line.beta", "mlp.gate", "mlp.gate.frozen", "steering.boundary", "steering.boundary.frozen",
)  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "k", "d_model", "data", "seed"),
    [("AND", 2, 16, 3, 21), ("OR", 2, 24, 4, 22), ("XOR", 2, 12, 3, 23), ("AND", 3, 16, 4, 24)],
)
def test_every_claim_comes_out_as_planted(gate: str, k: int, d_model: int, data: int, seed: int) -> None:
    planted = plant(gate, k=k, d_model=d_model, data=data, tokens=60 if k == 3 else 40, seed=seed)
    found = explain(saved(planted.network), planted.task, draws=4)
    name = planted.gate.name
    assert found.full.gate is not None and found.frozen.gate is not None
    assert found.full.gate.reading.gate.name == found.frozen.gate.reading.gate.name == name
    assert found.mechanisms["full"].mlp.decisions.reading.gate.name == name
    for claim_id in PLANTED_TO_HOLD:
        assert found.claim(claim_id).verdict == "holds", found.claim(claim_id)
    for side in ("full", "frozen"):
        for row in licensed(k):
            claim = found.claim(f"scrub.{side}.{row.name}")
            assert claim.value > 0.99, claim
            assert claim.verdict == "holds" or row.name == "1*", claim
    assert found.claim("attention.first_order").value == 0
    assert found.claim("threshold.nearness").value == 0.5
    words = {"AND": "are both on", "OR": "are not both off"}.get(name, f"give {name}")
    assert f"linear filters of its post-attention residual stream {words}" in found.paragraph


def test_on_an_untrained_network_no_gate_is_declared(challenge: Task) -> None:
    untrained = OneLayerTransformer.initialised(Config(37, 3, 64, 4, 16, 256), seed=77)
    assert challenge.labels is not None
    corner = challenge.domain.image(challenge.labels)[:36, :36]
    found = explain(saved(untrained), Task.from_arrays(corner, name="a corner of the challenge"), draws=3)
    holding = {claim.id for claim in found.claims if claim.verdict == "holds"}
    # True of any network: the frozen stream is a sum, and near-uniform attention leaves little else.
    assert holding <= {"embedding.error", "line.alpha", "line.beta"}
    assert all(claim.verdict == "fails" for claim in found.claims if claim.id.startswith(("accuracy", "gate", "scrub")))


def test_a_network_of_trigonometry_is_no_and_of_two_filters_in_three_components(real_checkpoint: Path) -> None:
    network, _ = import_network(real_checkpoint)
    task = modular_addition(113, below=57)
    act = record(network, task)
    assert task.labels is not None and torch.equal(act.classes, task.labels)
    untrained = record(OneLayerTransformer.initialised(network.config, seed=1), task)
    for r in (2, 3, 14):
        pca = PCA.of(act.resid_mid)
        found = fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2)
        controls = gate_controls(found, act, pca, untrained, r=r, draws=10, seed=0)
        assert verdict(found.agreement, controls.strongest) == "fails"


def test_a_task_of_many_classes_has_no_gate_but_all_else(real_checkpoint: Path) -> None:
    network, _ = import_network(real_checkpoint)
    found = explain(saved(network), modular_addition(113), draws=2)
    assert found.claim("accuracy.all").value == 1.0
    assert found.full.gate is None
    assert not any(claim.id.startswith("gate") for claim in found.claims)
    assert "113 classes" in found.paragraph
