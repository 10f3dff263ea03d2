"""Networks that fall into published pitfalls, and what the report says of each."""

import numpy as np
import pytest
from benchmarks.mechanisms import gated
from benchmarks.pitfalls import (
    SETTINGS,
    best_function,
    best_of_many,
    between_components,
    between_inputs,
    flexible_map,
    high_metric,
    two_functions,
    two_gates,
)

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.study import explain


def test_accuracy_survives_a_false_hypothesis_and_own_answers_do_not() -> None:
    pit = between_inputs()
    assert pit.numbers["after"] >= pit.numbers["before"] - 0.02
    assert pit.numbers["own"] < 0.7
    assert pit.verdicts == {"the hypothesis": "fails"}


def test_two_neurons_that_cancel_are_not_seen_by_claims_about_the_stream() -> None:
    """This pitfall is open: the claims are true of the stream, and say nothing of the two neurons."""
    pit = between_components()
    assert pit.numbers["changed"] > 0.2
    assert pit.verdicts == {"gate.full": "holds", "scrub.full.1": "holds", "inner.scrub": "holds"}


def test_a_random_network_passes_with_any_map_and_fails_with_the_reports_own() -> None:
    pit = flexible_map()
    assert pit.numbers == {"accuracy": 1.0, "right": 1.0}
    assert pit.verdicts.pop("algorithm.function") == "holds"
    assert set(pit.verdicts.values()) == {"fails"}


def test_components_of_large_variance_do_not_keep_the_answers() -> None:
    pit = high_metric()
    assert pit.numbers["kept"] < 0.7
    assert pit.numbers["needed"] == pit.numbers["components"] + 3  # the dimensions in which the filters were planted
    assert pit.verdicts["gate.full.2pc"] == "fails" and pit.verdicts["gate.full"] == "holds"


@pytest.mark.parametrize("seed", [0, 1])
def test_the_best_gate_of_random_labels_does_not_hold(seed: int) -> None:
    pit = best_of_many(seed)
    assert pit.numbers["agreement"] > 0.9
    assert pit.verdicts["gate.full"] == "fails"


def test_functions_that_fit_by_chance_are_not_named() -> None:
    pit = best_function(60)
    assert pit.numbers["fitting"] > 5 and pit.numbers["named"] == 0


def test_a_majority_is_named_as_a_median_and_as_a_sum() -> None:
    pit = two_functions()
    bits = np.indices((2,) * 7)
    assert np.array_equal(np.median(bits, axis=0), bits.sum(0) >= 4)
    assert "the median of 7 tokens, or equally 0 if the sum of the tokens is at most 3" in pit.said


def test_gates_that_differ_only_where_no_input_lies_are_both_named() -> None:
    pit = two_gates()
    assert "AND and XNOR" in pit.said and "XNOR of the same filters gives the same answers as AND" in pit.said
    assert pit.verdicts == {"gate.full": "holds"}


def test_a_gate_whose_every_row_has_inputs_has_no_equal() -> None:
    planted = gated("AND", 0)
    study = explain(planted.network, planted.task, SETTINGS, lines=(SUBSPACE, FILTERS))
    assert study.claim("gate.full").facts["gate"] == "AND"
    assert study.claim("gate.full").facts["also"] == []
    assert "the same filters" not in study.paragraph
