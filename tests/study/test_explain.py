"""The whole study: pinned on the bundled network, planted where the answer is known, negative where it must be."""

import json
from pathlib import Path

import pytest
import torch

from scrubjay.activations.record import record
from scrubjay.evidence.controls import gate_controls
from scrubjay.geometry.filters import fit_filters
from scrubjay.geometry.pca import PCA
from scrubjay.model.checkpoint import SavedNetwork, import_network
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.study.claims import verdict
from scrubjay.study.explain import explain
from scrubjay.study.records import Study
from scrubjay.task.modular import modular_addition
from scrubjay.task.task import Task
from tests.planted import plant

GOLDEN = Path(__file__).parents[1] / "golden" / "bundled_claims.json"


def saved(network: OneLayerTransformer) -> SavedNetwork:
    return SavedNetwork(network, "made here", None, None, {"sha256": "0" * 64})


def test_the_bundled_network_gives_the_pinned_claims(bundled_study: Study) -> None:
    pinned = {claim["id"]: claim for claim in json.loads(GOLDEN.read_text())["claims"]}
    assert [claim.id for claim in bundled_study.claims] == list(pinned)
    for claim in bundled_study.claims:
        tolerance = 1e-12 if claim.id.startswith(("accuracy", "frozen")) else 0.004
        assert claim.value == pytest.approx(pinned[claim.id]["value"], abs=tolerance), claim.id
        assert claim.verdict == pinned[claim.id]["verdict"], claim.id


def test_claims_of_this_kind_are_all_there(bundled_study: Study) -> None:
    assert {claim.id for claim in bundled_study.claims} >= {
        "accuracy.all", "accuracy.train", "accuracy.test", "frozen.agreement", "frozen.accuracy", "variance.components",
        "gate.full", "gate.frozen", "gate.full.2pc", "gate.frozen.2pc", "subspace.causal",
    }  # fmt: skip
    assert bundled_study.claim("accuracy.all").post == 0.986
    assert bundled_study.claim("gate.full.2pc").post == 0.974


def test_a_probe_that_is_no_mechanism_is_visible(bundled_study: Study) -> None:
    every = next(fit for fit in bundled_study.full.grid if fit.r == 128 and fit.k == 2)
    causal = bundled_study.full.gate
    assert causal is not None
    assert every.agreement > causal.fit.agreement
    assert every.scrubbed.mean < 0.6 < causal.fit.scrubbed.mean
    assert every.is_probe
    assert not causal.fit.is_probe


@pytest.mark.parametrize(("gate", "seed"), [("AND", 11), ("OR", 12)])
def test_a_planted_gate_is_named_and_holds(gate: str, seed: int) -> None:
    planted = plant(gate, data=3, d_model=16, tokens=60, seed=seed)
    found = explain(saved(planted.network), planted.task, draws=5)
    assert found.full.gate is not None
    assert found.full.gate.reading.gate.name == gate
    assert found.claim("gate.full").verdict == "holds"
    assert found.claim("frozen.agreement").value == 1.0
    assert (
        f"two linear filters of its post-attention residual stream are {'both on' if gate == 'AND' else 'not both off'}"
        in (found.paragraph)
    )


def test_on_a_planted_xor_no_and_is_declared() -> None:
    planted = plant("XOR", data=3, d_model=16, tokens=60, seed=13)
    found = explain(saved(planted.network), planted.task, draws=5)
    assert found.claim("gate.full").verdict != "holds"


def test_on_an_untrained_network_no_gate_is_declared(bundled: SavedNetwork, challenge: Task) -> None:
    untrained = OneLayerTransformer.initialised(bundled.network.config, seed=77)
    found = explain(saved(untrained), challenge, draws=3)
    for claim in found.claims:
        if claim.id.startswith(("accuracy", "gate", "variance", "subspace")):
            assert claim.verdict == "fails", claim


def test_a_network_of_trigonometry_is_no_and_of_two_filters_in_three_components(real_checkpoint: Path) -> None:
    network, _ = import_network(real_checkpoint)
    task = modular_addition(113, below=57)
    act = record(network, task)
    assert torch.equal(act.classes, task.labels)
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
