"""The AUC counts pairs, and nearness is the AUC of small distances."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.evidence.embeddings.nearness import auc, nearness
from tests.planted import Planted


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
def test_auc_counts_pairs(points: list[tuple[int, bool]]) -> None:
    ups = [score for score, up in points if up]
    downs = [score for score, up in points if not up]
    pairs = [(u > d) + 0.5 * (u == d) for u in ups for d in downs]
    expected = sum(pairs) / len(pairs) if pairs else 0.5
    scores = torch.tensor([float(score) for score, _ in points], dtype=torch.float64)
    assert auc(scores, torch.tensor([up for _, up in points])) == pytest.approx(expected, abs=1e-12)


def test_answers_that_change_near_a_threshold_are_told_by_their_distance(planted: Planted) -> None:
    run, filters = planted.run(), planted.filters
    values = filters.values(run.full.resid_mid)
    distance = (values.abs() / values.std(0)).min(1).values
    order = distance.argsort()
    for changed, expected in ((order[:40], 1.0), (order[-40:], 0.0), (order[::2], 0.5)):
        classes = run.full.classes.clone()
        classes[changed] = 1 - classes[changed]
        found = nearness(filters, run.full, replace(run.frozen, classes=classes))
        assert found == pytest.approx(expected, abs=0.02)
