"""The exact threshold against trying every threshold there is."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.fit.exact_steps import best_thresholds, deciding, refined
from scrubjay.fit.gate import Gate


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=25))
def test_the_best_threshold_is_the_best_of_all(points: list[tuple[int, bool]]) -> None:
    values = torch.tensor([float(x) for x, _ in points], dtype=torch.float64)
    wanted = torch.tensor([w for _, w in points])
    threshold, count = best_thresholds(values[None], wanted)
    everywhere = torch.arange(-5.5, 5.5)
    best = max(int(((values > t) == wanted).sum()) for t in everywhere)
    assert int(count[0]) == best == int(((values > threshold[0]) == wanted).sum())


def test_a_filter_matters_only_where_the_others_leave_the_gate_open() -> None:
    bits = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
    ones = torch.tensor([True, False, False, True])
    matters, wanted = deciding(bits, ones, Gate.conjunction(2), 0)
    assert matters.tolist() == [True, False, True, False]
    assert wanted.tolist() == [True, False]


def test_refinement_never_loses_and_recovers_a_turned_filter() -> None:
    draw = torch.Generator().manual_seed(0)
    points = torch.randn(3000, 2, generator=draw, dtype=torch.float64)
    ones = points[:, 0] > 0.2
    start = torch.tensor([[0.9, 0.3]], dtype=torch.float64)
    before = float(((points @ start[0] > 0) == ones).double().mean())
    weights, thresholds, agreement = refined(
        points, ones, Gate.conjunction(1), start.clone(), torch.zeros(1, dtype=torch.float64), draw
    )
    assert agreement > 0.99 > before
    assert agreement == float(((points @ weights[0] > thresholds[0]) == ones).double().mean())
