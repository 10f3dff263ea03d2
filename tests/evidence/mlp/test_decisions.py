"""The gate that the network computes when nothing but the filters is left of each input."""

import pytest

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.mlp import MLP
from scrubjay.evidence.mlp.decisions import map_decisions
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.run import Settings
from scrubjay.study import explain
from tests.evidence.quick import short_fits
from tests.planted import one_direction, plant


@pytest.mark.parametrize("gate", ["AND", "OR", "XOR"])
def test_the_decision_map_names_the_planted_gate(gate: str) -> None:
    planted = plant(gate, data=4, seed=2)
    run = planted.run()
    resid_mid = run.full.resid_mid
    decisions = map_decisions(Hypothesis.of(planted.filters, resid_mid), resid_mid, run.readout)
    assert decisions.reading.gate.name == gate
    assert decisions.reading.agreement > 0.999
    assert decisions.other < 0.97
    a, b = (side > 0 for side in decisions.sides)
    expected = {"AND": a[:, None] & b, "OR": a[:, None] | b, "XOR": a[:, None] ^ b}[gate]
    assert float((decisions.image.bool() == expected).double().mean()) > 0.99


def test_one_filter_has_no_map_and_its_gate_is_itself() -> None:
    planted = one_direction()
    run = planted.run()
    resid_mid = run.full.resid_mid
    decisions = map_decisions(Hypothesis.of(planted.filters, resid_mid), resid_mid, run.readout)
    assert decisions.reading.gate.name == "α" and decisions.reading.agreement == 1
    assert decisions.image.numel() == 0 and decisions.other < 0.6


def test_the_mlp_makes_an_xor_separable() -> None:
    planted = plant("XOR", data=3, tokens=16, seed=2)
    with short_fits(by=4):
        study = explain(planted.network, planted.task, Settings(draws=2), lines=(SUBSPACE, FILTERS, MLP))
    for name, side in study.found.of(MLP).sides.items():
        assert side.separability[0] < 0.75
        assert side.separability[-1] > 0.97
        assert len(side.fractions) == len(side.separability) and side.scores.shape == (256, 2)
        tail = "" if name == "full" else ".frozen"
        claim = study.claim(f"mlp.separability{tail}")
        assert (claim.value, claim.control) == (side.separability[-1], side.separability[0])
        assert claim.verdict == "holds"
        gate = study.claim(f"mlp.gate{tail}")
        assert gate.facts["gate"] in ("XOR", "XNOR"), "a filter may be turned round"
        assert gate.verdict == "holds"
        assert gate.control == side.decisions.other
