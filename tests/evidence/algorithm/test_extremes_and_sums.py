"""Networks that find the largest token by attention, and networks that add up contributions."""

import pytest
import torch

import scrubjay
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.study import Study
from tests.planted_algorithms import PlantedAlgorithm, by_attention, by_contributions


def study_of(planted: PlantedAlgorithm) -> Study:
    return scrubjay.explain(planted.network, planted.task, lines=[ALGORITHM])


def test_the_planted_maximum_is_named_and_found_by_attention() -> None:
    study = study_of(by_attention(5, 4))
    assert "the largest of 4 tokens" in study.claim("algorithm.function").statement
    for name in ("hidden", "only_extreme", "extreme_hidden"):
        claim = study.claim(f"algorithm.{name}")
        assert claim.value == 1.0
        assert claim.verdict == "holds"
    assert study.claim("algorithm.keys_alone").facts["values_that_copy"] == 1.0


def test_a_token_in_the_keys_alone_or_in_the_values_alone_moves_some_answers() -> None:
    """Steep attention sees the largest token only.

    So an exchange in the keys gives attention to the position with the new token, but copies what stands there; and an
    exchange in the values is seen if it happens where attention is.
    """
    study = study_of(by_attention(5, 4))
    keys, values = study.claim("algorithm.keys_alone"), study.claim("algorithm.values_alone")
    assert keys.control == values.value
    assert keys.value is not None
    assert 0 < keys.value < 1


def test_a_copy_of_one_position_fails_the_tests_of_a_maximum() -> None:
    """With flat attention the answer is the most frequent token, which is no maximum and gets another name or none."""
    study = study_of(by_attention(5, 4, steep=0.0))
    assert not any(claim.id == "algorithm.hidden" and claim.verdict == "holds" for claim in study.claims)


def test_the_planted_sum_is_named_and_its_direction_carries_the_answer() -> None:
    study = study_of(by_contributions((-2, -1, 0, 1, 3), 4))
    function, claim = study.claim("algorithm.function"), study.claim("algorithm.contributions")
    assert function.verdict == "holds"
    assert function.facts["kind"] == "sum"
    assert claim.value == 1.0
    assert claim.verdict == "holds"
    assert claim.control < 0.2
    assert not claim.facts["vacuous"]


def test_embeddings_that_hold_the_contribution_only_make_the_test_vacuous() -> None:
    claim = study_of(by_contributions((-2, -1, 0, 1, 3), 4, others=0.0)).claim("algorithm.contributions")
    assert claim.facts["vacuous"]
    assert claim.verdict is None
    assert "vacuous" in claim.statement


@pytest.mark.parametrize("scale", [-1.0, 3.0])
def test_the_contributions_do_not_depend_on_the_scale_of_the_embedding(scale: float) -> None:
    planted = by_contributions((-2, -1, 0, 1, 3), 4)
    network = planted.network
    with torch.no_grad():
        network.weights["W_E"][:5, 0] *= scale
        network.weights["W_V"] /= scale
    claim = study_of(planted).claim("algorithm.contributions")
    assert claim.value == 1.0
