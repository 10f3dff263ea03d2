"""A gate over filters: found where it was planted, and refuted where something else computes the answers."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

import scrubjay
from scrubjay.core.claim import Claim
from scrubjay.core.stats import agreement
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.algorithm.gate_tests import GateModel
from scrubjay.evidence.algorithm.gates_family import GATES, GateResult
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.study import LINES, Study
from scrubjay.tasks.domain import Domain, ListedDomain
from scrubjay.tasks.task import Task
from tests.evidence.quick import short_fits
from tests.nets.architectures import random_weights
from tests.planted import Planted, one_direction, plant

LINES_TO_HERE = (SUBSPACE, FILTERS, ALGORITHM)


def study_of(network: Transformer, task: Task) -> Study:
    with short_fits(by=4):
        return scrubjay.explain(network, task, scrubjay.Settings(draws=4), lines=LINES_TO_HERE)


@cache
def planted_and() -> Planted:
    return plant("AND", d_model=16, data=4, tokens=24)


def result_of(planted: Planted, hypothesis: Hypothesis | None = None) -> GateResult:
    """What the exchanges of the planted filters give, or those of another hypothesis, without a fit."""
    run = planted.run()
    made = Hypothesis.of(planted.filters, run.full.resid_mid) if hypothesis is None else hypothesis
    model = GateModel(run, made, PCA.of(run.full.resid_mid).components[:4])
    return GateResult(model, *model.tested(seed=0), at_best="holds")


def gate_claim(result: GateResult) -> Claim:
    return GATES.claims(result)[0]


def test_the_line_comes_after_the_filters_and_does_not_need_them() -> None:
    names = [line.name for line in LINES]
    assert names.index("algorithm") == names.index("filters") + 1
    assert not any("filters" in str(need) for need in ALGORITHM.needs)


def test_a_planted_gate_is_the_algorithm_although_its_function_has_no_name() -> None:
    study = study_of(planted_and().network, planted_and().task)
    claim = study.claim("algorithm.gate")
    assert claim.verdict == "holds" and claim.value is not None and claim.value > 0.95
    assert claim.facts["gate"] == "AND" and not claim.facts["vacuous"]
    assert "The AND of two filters is its algorithm" in study.paragraph
    assert all(claim.id != "algorithm.function" for claim in study.claims)


@pytest.mark.parametrize("gate", ["AND", "OR", "XOR"])
def test_the_exchange_of_a_planted_filter_always_moves_the_answer_as_predicted(gate: str) -> None:
    result = result_of(plant(gate, d_model=16, data=4, tokens=24))
    found = result.together.found
    assert found.changed is not None and found.changed.value == found.overall.value == 1.0
    assert sum(single.found.changed.n for single in result.singles if single.found.changed) == found.changed.n
    assert result.verdict == gate_claim(result).verdict == "holds"
    assert result.together.control is not None and result.together.control.high < 0.75


@pytest.mark.parametrize(("planted", "claimed"), [("XOR", Gate.conjunction(2)), ("AND", Gate.parity(2))])
def test_a_wrong_gate_over_the_right_filters_fails(planted: str, claimed: Gate) -> None:
    made = plant(planted, d_model=16, data=4, tokens=24)
    right = Hypothesis.of(made.filters, made.run().full.resid_mid)
    result = result_of(made, replace(right, gate=claimed))
    assert gate_claim(result).verdict == "fails"
    assert "is not its algorithm" in GATES.words(result)[0]


def test_thresholds_elsewhere_do_not_hold() -> None:
    made = planted_and()
    right = Hypothesis.of(made.filters, made.run().full.resid_mid)
    spread = (made.run().full.resid_mid @ right.directions.T).std(0)
    claim = gate_claim(result_of(made, replace(right, thresholds=right.thresholds + spread)))
    assert claim.verdict != "holds" and claim.value is not None and claim.value < 0.9


def test_a_random_network_is_no_gate_although_a_gate_gives_its_answers() -> None:
    """A gate of two filters gives more than 99% of this network's answers, but is not how they come about."""
    task = Task("random", Domain.square(24, last=24), (tuple(range(12)), tuple(range(12, 25))))
    study = study_of(random_weights(Config(25, 3, 16, 2, 8, 64), seed=2), task)
    assert study.claim("gate.full").verdict == "holds"
    claim = study.claim("algorithm.gate")
    assert claim.verdict == "fails"
    assert claim.value is not None and claim.value < 0.75
    assert claim.facts["vacuous"] and "A control does as well" in claim.statement


def test_a_single_direction_makes_the_exchange_vacuous() -> None:
    made = one_direction()
    study = study_of(made.network, made.task)
    claim = study.claim("algorithm.gate")
    assert claim.verdict is None and claim.facts["vacuous"]
    assert claim.value == claim.facts["at_random"] == 1.0  # the random direction is the filter
    assert study.claim("algorithm.function").verdict == "holds"  # the sum keeps its name
    assert "exchanges everything" in study.paragraph


def test_where_the_answer_is_read_the_exchange_of_a_filter_is_vacuous() -> None:
    result = result_of(planted_and())
    run = result.model.run
    config = replace(run.network.config, attn_only=True, d_mlp=0)
    without_mlp = replace(run, network=Transformer(config, dtype=torch.float64))
    claim = gate_claim(replace(result, model=replace(result.model, run=without_mlp)))
    assert claim.verdict is None and "read from this site" in claim.statement


def test_the_counts_are_those_of_a_loop_over_pairs() -> None:
    """One filter's value by hand: the stream of one input, with its coordinate along one filter from another."""
    made = planted_and()
    run, filters = made.run(), made.filters
    made_of = Hypothesis.of(filters, run.full.resid_mid)
    draw = torch.Generator().manual_seed(0)  # the pairs are the first numbers that a test draws
    inputs, sources = (torch.randint(run.task.domain.size, (8_000,), generator=draw) for _ in range(2))
    dual = torch.linalg.inv(filters.directions @ filters.directions.T) @ filters.directions
    moved = run.full.resid_mid[inputs].clone()
    for pair, (own, other) in enumerate(zip(run.full.resid_mid[inputs], run.full.resid_mid[sources], strict=True)):
        i = 0 if pair < 4_000 else 1
        moved[pair] = own + (filters.directions[i] @ (other - own)) * dual[i]
    wanted = filters.predict(moved)
    changes = wanted != filters.predict(run.full.resid_mid[inputs])
    said = run.readout.classes(moved)
    together, _, chance = GateModel(run, made_of, PCA.of(run.full.resid_mid).components[:4]).tested(seed=0)
    assert together.found.changed is not None
    assert together.found.changed.n == int(changes.sum())
    assert together.found.changed.value == agreement(wanted[changes], said[changes])
    ones = float((run.full.classes == 1).double().mean())
    share = float(wanted[changes].double().mean())
    assert chance == pytest.approx(share * ones + (1 - share) * (1 - ones))


def test_a_list_of_inputs_has_no_renaming() -> None:
    made = planted_and()
    tokens = made.task.domain.tokens(torch.arange(0, made.task.domain.size, 2))
    task = Task("listed", ListedDomain.of(tokens), made.task.classes)
    result = result_of(replace(made, task=task))
    assert result.together.renamed is None
    assert gate_claim(result).verdict == "holds"


def test_the_documentation_quotes_the_pinned_figures() -> None:
    root = Path(__file__).parents[3]
    page = " ".join((root / "docs" / "algorithm.md").read_text().split())
    pinned = json.loads((root / "tests" / "golden" / "bundled_claims.json").read_text())["claims"]
    gate, every = (claim for claim in pinned if claim["id"].startswith("algorithm.gate"))
    said = {"top": "the leading component gives", "wrong_sources": "wrong sources", "renamed": "renamed tokens"}
    for name, words in said.items():
        assert f"{words} {gate['facts'][name]:.1%}" in page
    assert f"as predicted in {gate['value']:.1%} > of cases" in page
    assert f"inside the same subspace: {gate['facts']['at_random']:.1%}" in page
    assert f"On all pairs it is {every['value']:.1%}" in page
