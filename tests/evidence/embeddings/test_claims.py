"""From tokens to filters: exact where attention is fixed, measured where it is not."""

import pytest
import torch

from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.filters import FILTERS
from scrubjay.study import Study


def test_where_attention_is_uniform_the_tokens_alone_give_the_filters(planted_study: Study) -> None:
    error = planted_study.claim("embedding.error")
    assert error.value is not None and error.value < 1e-12 < 1 < error.control
    assert error.verdict == planted_study.claim("mask.frozen").verdict == planted_study.claim("mask.full").verdict
    for name in ("alpha", "beta"):
        line = planted_study.claim(f"line.{name}")
        assert line.value is not None and 1 - 1e-9 < line.value <= 1
        assert line.verdict == "holds" and line.control < 0.05
    for name in ("alpha", "beta", "alpha+beta"):
        inputs = planted_study.claim(f"scrub.inputs.{name}")
        assert inputs.verdict == "holds" and inputs.facts["draws"] == 4


def test_where_the_frozen_network_never_disagrees_nearness_is_not_tested(
    planted_study: Study, quick_study: Study
) -> None:
    claim = planted_study.claim("threshold.nearness")
    assert (claim.value, claim.verdict, claim.chance) == (None, "not applicable", None)
    tested = quick_study.claim("threshold.nearness")
    assert tested.value is not None and tested.value > 0.6 and tested.verdict != "not applicable"


def test_masks_are_compared_with_both_networks(quick_study: Study) -> None:
    run, filters = quick_study.run, quick_study.found.of(FILTERS).sides["frozen"].gate.fit.filters
    said = filters.predict(run.frozen.resid_mid).long()
    for name, classes in (("frozen", run.frozen.classes), ("full", run.full.classes)):
        claim = quick_study.claim(f"mask.{name}")
        assert claim.value == pytest.approx(float((said == classes).double().mean()))
    (table,) = EMBEDDINGS.tables(quick_study.found.of(EMBEDDINGS))
    assert [row[0] for row in table.rows][-4:] == ["gate", "frozen labels", "full labels", "ground truth"]
    assert all(row[at + 1] == "100.0%" for at, row in enumerate(table.rows))


def test_the_error_is_that_of_the_plain_sum_over_tokens(quick_study: Study) -> None:
    """By hand: each token's value vectors, weighted by the mean pattern, and what the last position holds anyway."""
    run = quick_study.run
    network, tokens = run.network, run.task.domain.tokens(run.task.domain.inputs())
    resid_pre = network.W_E[tokens] + network.W_pos
    v = torch.einsum("nsd,hde->nhse", resid_pre, network.W_V)
    by_hand = resid_pre[:, -1] + torch.einsum("hs,nhse,hed->nd", run.mean_pattern.to(v), v, network.W_O)
    assert torch.allclose(by_hand, run.frozen.resid_mid, atol=1e-4)
    error = quick_study.claim("embedding.error")
    assert error.value is not None and error.value < 1e-4 < error.control and not error.headline
