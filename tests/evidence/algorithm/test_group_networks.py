"""Networks that add with planted frequencies, and a network that looks the sums up."""

from dataclasses import replace
from functools import lru_cache

import pytest
import torch

import scrubjay
from scrubjay.core.claim import Claim
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.algorithm.group_claims import group_claims
from scrubjay.nets.config import Config
from scrubjay.study import Study
from tests.planted_algorithms import PlantedAlgorithm, by_frequencies, by_lookup

P = 23
FREQUENCIES = (2, 5, 7)


def study_of(planted: PlantedAlgorithm) -> Study:
    return scrubjay.explain(planted.network, planted.task, lines=[ALGORITHM])


def right_study_of(made: PlantedAlgorithm) -> Study:
    assert made.task.labels is not None
    assert torch.equal(scrubjay.Run.of(made.network, made.task).full.classes, made.task.labels)
    return study_of(made)


@lru_cache
def planted(renamed: bool = False) -> Study:
    order = torch.randperm(P, generator=torch.Generator().manual_seed(3)) if renamed else None
    made = by_frequencies(P, FREQUENCIES, rename=order)
    return right_study_of(made)


@lru_cache
def looked_up() -> Study:
    made = by_lookup(13)
    return right_study_of(made)


def keys(claim: Claim) -> list[str]:
    return [each["name"] for each in claim.facts["key"]]


def test_the_function_and_the_planted_frequencies_are_named() -> None:
    study = planted()
    assert f"(a + b) mod {P}" in study.claim("algorithm.function").statement
    claim = study.claim("algorithm.keys")
    assert sorted(keys(claim)) == [f"frequency {k}" for k in FREQUENCIES]
    assert all(each["power"] == pytest.approx(1 / 3) for each in claim.facts["key"])
    assert claim.facts["representations"] == (P - 1) // 2
    assert claim.verdict == "holds"


@pytest.mark.parametrize("renamed", [False, True])
def test_every_interchange_comes_out_as_planted(renamed: bool) -> None:
    study = planted(renamed)
    assert len(keys(study.claim("algorithm.keys"))) == len(FREQUENCIES)
    for claim_id in ("swap", "mosaic", "single"):
        claim = study.claim(f"algorithm.{claim_id}")
        assert claim.value == 1.0
        assert claim.control < 0.4
        assert claim.verdict == "holds"
    assert study.claim("algorithm.mosaic").facts["wrong_sources"] < 0.2
    assert study.claim("algorithm.mosaic").facts["renamed"] < 0.2


def test_renamed_tokens_make_a_group_and_no_sum_of_numbers() -> None:
    statement = planted(renamed=True).claim("algorithm.function").statement
    assert "renamed" in statement
    assert "C23" in statement or "cyclic" in statement


def test_each_neuron_reads_one_frequency_and_attention_only_adds() -> None:
    neurons, additive = (planted().claim(f"algorithm.{name}") for name in ("neurons", "additive"))
    assert neurons.value is not None
    assert neurons.value > 0.9 > 0.3 > neurons.control
    assert additive.value == additive.control == 1.0
    assert "The MLP multiplies" in " ".join(sentence for sentence in study_words(planted()))


def study_words(study: Study) -> list[str]:
    return list(ALGORITHM.words(study.found.of(ALGORITHM)))


def test_a_lookup_has_no_key_representations_and_no_tested_algorithm() -> None:
    study = looked_up()
    claim = study.claim("algorithm.keys")
    assert len(keys(claim)) == claim.facts["representations"] == 6  # every one matters
    for claim_id in ("keys", "swap", "mosaic", "single", "neurons"):
        assert study.claim(f"algorithm.{claim_id}").verdict == "fails"
    assert study.claim("algorithm.function").verdict == "holds"


def test_an_untrained_network_computes_nothing_that_has_a_name() -> None:
    made = by_frequencies(P, FREQUENCIES)
    config = Config(d_vocab=P + 1, n_ctx=3, d_model=32, n_heads=4, d_head=8, d_mlp=64)
    network = scrubjay.Transformer.initialised(config, seed=1)
    (skipped,) = scrubjay.explain(network, made.task, lines=[ALGORITHM]).skipped
    assert "has no name here" in skipped.reason


def test_another_seed_finds_the_same_variables() -> None:
    made = by_frequencies(P, FREQUENCIES)
    other = scrubjay.explain(made.network, made.task, lines=[ALGORITHM], settings=scrubjay.Settings(seed=7))
    assert sorted(keys(other.claim("algorithm.keys"))) == sorted(keys(planted().claim("algorithm.keys")))
    assert other.claim("algorithm.mosaic").value == 1.0


def test_where_the_answer_is_read_an_exchange_is_vacuous_and_gets_no_verdict() -> None:
    result = planted().found.of(ALGORITHM).tests
    run = result.parts.splicer.run
    config = replace(run.network.config, attn_only=True, d_mlp=0)
    without_mlp = replace(run, network=scrubjay.Transformer(config, dtype=torch.float64))
    parts = replace(result.parts, splicer=replace(result.parts.splicer, run=without_mlp))
    (claim,) = (each for each in group_claims(replace(result, parts=parts)) if each.id == "algorithm.single")
    assert claim.verdict is None
    assert "vacuous" in claim.statement
    assert planted().claim("algorithm.single").verdict == "holds"
