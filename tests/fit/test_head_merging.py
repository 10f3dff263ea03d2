"""Heads that attend alike are put together, against formulas written out with NumPy and loops."""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from scrubjay.core.parallel import one_thread_each
from scrubjay.fit.head_merging import HeadMerger, HeadTables, MergedHead, Sensitivity

Array = NDArray[np.float64]
T = 6
"""The number of tokens at each of two positions before the last."""
R = 3
"""The number of coordinates of the stream."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The operations are so small that several threads would mostly wait for each other."""
    with one_thread_each():
        yield


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def tables_of(scores: Tensor, values: Tensor) -> HeadTables:
    """Tables from scores [2, t, h] and values [2, t, h, r] relative to the last token's, which are 0."""
    nothing = torch.zeros(1, scores.shape[2]).double()
    return HeadTables((*scores, nothing), (*values, torch.zeros(1, *values.shape[2:]).double()))


def random_tables(h: int, seed: int) -> HeadTables:
    draw = torch.Generator().manual_seed(seed)
    return tables_of(normal(draw, 2, T, h), normal(draw, 2, T, h, R))


def random_sensitivity(seed: int, *, margins: int = 1) -> Sensitivity:
    """All inputs of two positions, with random gradients and costs."""
    draw = torch.Generator().manual_seed(seed)
    choices = torch.cartesian_prod(torch.arange(T), torch.arange(T))
    choices = torch.cat([choices, torch.zeros(len(choices), 1, dtype=torch.int64)], 1)
    weights = torch.rand(len(choices), margins, generator=draw, dtype=torch.float64) + 0.1
    return Sensitivity(choices, normal(draw, len(choices), margins, R), weights / weights.sum())


def divided(sources: tuple[int, ...], seed: int) -> HeadTables:
    """Heads that are pieces of fewer heads: ``sources`` names the one that each is a piece of.

    Pieces attend alike. Their values are different, and only their sum is the value of the whole.
    """
    draw = torch.Generator().manual_seed(seed)
    whole = random_tables(max(sources) + 1, seed)
    owners = list(sources)
    scores = torch.stack(whole.scores[:-1])[:, :, owners]
    return tables_of(scores, normal(draw, 2, T, len(owners), R))


def partition_of(sources: tuple[int, ...]) -> set[tuple[int, ...]]:
    return {tuple(at for at, own in enumerate(sources) if own == each) for each in set(sources)}


# By loops and NumPy


def added_by_hand(tables: HeadTables, choices: Tensor) -> tuple[Array, Array]:
    """What each head adds [n, h, r], and its attention to tokens before the last [n, h], input by input."""
    scores, values = [[table.numpy() for table in each] for each in (tables.scores, tables.values)]
    n, h = len(choices), tables.h
    adds, attention = np.zeros((n, h, R)), np.zeros((n, h))
    for number, row in enumerate(choices.tolist()):
        for head in range(h):
            loud = [np.exp(table[token, head]) for table, token in zip(scores, row, strict=True)]
            for at, token in enumerate(row):
                adds[number, head] += loud[at] / sum(loud) * values[at][token, head]
            attention[number, head] = 1 - loud[-1] / sum(loud)
    return adds, attention


def in_margins(error: Array, sensitivity: Sensitivity) -> Array:
    """The errors of the margins, times the root of their costs, for an error in the stream [n, r]."""
    found: Array = np.einsum("nr,npr->np", error, sensitivity.gradients.numpy()) * sensitivity.weights.numpy() ** 0.5
    return found.ravel()


def error_by_hand(tables: HeadTables, sensitivity: Sensitivity, group: tuple[int, ...]) -> Array:
    """The error of the margins, times the root of their costs, when one head of full rank stands for a group."""
    adds, _ = added_by_hand(tables, sensitivity.choices)
    gradients, weights = sensitivity.gradients.numpy(), sensitivity.weights.numpy()
    cost = np.einsum("npi,npj,np->ij", gradients, gradients, weights)
    size = np.array([sum(weights[n].sum() * (y @ cost @ y) for n, y in enumerate(adds[:, h])) for h in group]) ** 0.5
    share = torch.from_numpy(size / size.sum())
    one = tables_of(
        torch.stack([(table[:, list(group)] * share).sum(1, keepdim=True) for table in tables.scores[:-1]]),
        torch.stack([table[:, list(group)].sum(1, keepdim=True) for table in tables.values[:-1]]),
    )
    moved, attention = added_by_hand(one, sensitivity.choices)
    wanted = adds[:, list(group)].sum(1)
    features = np.concatenate([moved[:, 0], attention, np.ones((len(wanted), 1))], 1)
    root = weights.sum(1)[:, None] ** 0.5
    fitted = features @ np.linalg.lstsq(features * root, wanted * root, rcond=None)[0]
    return in_margins(wanted - fitted, sensitivity)


def held_by_hand(tables: HeadTables, sensitivity: Sensitivity, held: tuple[int, ...]) -> Array:
    """The error of the margins, times the root of their costs, when some heads are held at their mean."""
    adds = added_by_hand(tables, sensitivity.choices)[0][:, list(held)].sum(1)
    return in_margins(adds - np.average(adds, axis=0, weights=sensitivity.weights.numpy().sum(1)), sensitivity)


def partitions_by_hand(h: int) -> list[tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]]:
    """All ways to put some heads into groups and to hold the others, each once."""
    found = set()
    for labels in product(range(h + 1), repeat=h):
        groups = tuple(sorted(tuple(i for i in range(h) if labels[i] == at) for at in set(labels) if at))
        found.add((groups, tuple(i for i in range(h) if not labels[i])))
    return sorted(found)


# What heads do


def test_attention_and_what_is_moved_agree_with_loops() -> None:
    tables, choices = random_tables(3, 0), random_sensitivity(0).choices
    adds, attention = added_by_hand(tables, choices)
    moved = tables.moved(choices).numpy()
    assert np.allclose(moved[:, :, :-1], adds) and np.allclose(moved[:, :, -1], attention)
    assert np.allclose(tables.patterns(choices).sum(-1).numpy(), 1)


# Partitions


@pytest.mark.parametrize("margins", [1, 2])
def test_the_exhaustive_search_ranks_partitions_by_their_cost(margins: int) -> None:
    tables, sensitivity = random_tables(3, 1), random_sensitivity(1, margins=margins)
    costs = {}
    for groups, held in partitions_by_hand(3):
        error = held_by_hand(tables, sensitivity, held)
        for group in groups:
            error = error + error_by_hand(tables, sensitivity, group)
        costs[groups, held] = float((error**2).sum())
    merger = HeadMerger(tables, sensitivity)
    found = merger.partitions(100)
    assert sum(len(some) for some in found.values()) == len(costs) == 15  # Bell's number of 4
    for k, some in found.items():
        ordered = [(tuple(sorted(groups)), held) for groups, held in some]
        assert all(len(groups) == k for groups, _ in ordered)
        assert ordered == sorted(ordered, key=costs.__getitem__)
        for groups, held in ordered:
            assert merger.with_ranks(groups, held)[0].cost == pytest.approx(costs[groups, held], abs=1e-12)
    assert {k: some[:1] for k, some in merger.partitions(1).items()} == {k: some[:1] for k, some in found.items()}


def test_errors_of_different_groups_may_cancel() -> None:
    """Two heads that add the opposite of each other cost a lot if one of them is held, and nothing if both are."""
    draw = torch.Generator().manual_seed(2)
    values = normal(draw, 2, T, 1, R)
    tables = tables_of(normal(draw, 2, T, 1).expand(2, T, 2), torch.cat([values, -values], 2))
    merger = HeadMerger(tables, random_sensitivity(2))
    assert merger.with_ranks((), (0, 1))[0].cost < 1e-20
    assert merger.with_ranks(((0,),), (1,))[0].cost > 0.01


@pytest.mark.parametrize("sources", [(0, 1, 0), (0, 1, 1, 2, 0, 1)])
def test_pieces_of_a_head_are_put_together_again_at_no_cost(sources: tuple[int, ...]) -> None:
    tables, sensitivity = divided(sources, 3), random_sensitivity(3)
    merger = HeadMerger(tables, sensitivity)
    k = len(set(sources))
    (groups, held), *others = merger.partitions(2)[k]
    assert set(groups) == partition_of(sources) and held == ()
    whole = merger.with_ranks(groups, held)[0]
    assert whole.cost < 1e-20 < 1e-4 < merger.with_ranks(*others[0])[0].cost
    adds = added_by_hand(tables, sensitivity.choices)[0]
    for head in whole.heads:
        said = head.adds(head.merged(tables).moved(sensitivity.choices)[:, 0])
        assert np.allclose(said.numpy(), adds[:, list(head.members)].sum(1), atol=1e-9)
        assert float(head.shares.sum()) == pytest.approx(1)
    ((fewer, missing), *_) = merger.partitions(1)[k - 1]
    assert merger.with_ranks(fewer, missing)[0].cost > 1e-4


def test_more_than_eight_heads_are_merged_greedily_into_the_planted_groups() -> None:
    sources = (0, 1, 2, 0, 2, 1, 1, 0, 2)
    tables, sensitivity = divided(sources, 4), random_sensitivity(4)
    merger = HeadMerger(tables, sensitivity)
    found = merger.partitions(3)
    assert set(found) == set(range(10))
    groups, held = found[3][0]
    assert set(groups) == partition_of(sources) and held == ()
    assert merger.with_ranks(groups, held)[0].cost < 1e-20
    for k, some in found.items():
        assert some and all(len(each) == k for each, _ in some)
        costs = [merger.with_ranks(*each)[0].cost for each in some]
        assert all(low <= high + 1e-15 for low, high in pairwise(costs))
        assert all(sorted(sum(each, ()) + out) == list(range(9)) for each, out in some)


def test_a_head_that_does_nothing_is_held_at_no_cost() -> None:
    whole = random_tables(3, 5)
    values = torch.stack(whole.values[:-1])
    values[:, :, 1] = 0
    tables = tables_of(torch.stack(whole.scores[:-1]), values)
    merger = HeadMerger(tables, random_sensitivity(5))
    assert merger.partitions(1)[2] == [(((0,), (2,)), (1,))]
    assert merger.with_ranks(((0,), (2,)), (1,))[0].cost < 1e-20


def test_held_heads_add_their_weighted_mean() -> None:
    tables, sensitivity = random_tables(3, 6), random_sensitivity(6)
    held = HeadMerger(tables, sensitivity).with_ranks(((1,),), (0, 2))[0]
    adds = added_by_hand(tables, sensitivity.choices)[0][:, [0, 2]].sum(1)
    expected = np.average(adds, axis=0, weights=sensitivity.by_input.numpy())
    assert held.held == (0, 2) and np.allclose(held.offset.numpy(), expected)


# Ranks


def of_rank(rank: int, draw: torch.Generator) -> Tensor:
    """Values [2, t, 1, r] of a given rank, apart from a constant, which is moved wherever a head attends."""
    codes, writes = normal(draw, 2, T, rank), normal(draw, rank, R)
    return (codes @ writes + normal(draw, R))[:, :, None]


@pytest.mark.parametrize("ranks", [(1, 1), (1, 3), (2, 1), (2, 2)])
def test_ranks_are_lowered_at_no_cost_down_to_those_of_the_values_and_no_further(ranks: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(7)
    tables = tables_of(normal(draw, 2, T, 2), torch.cat([of_rank(rank, draw) for rank in ranks], 2))
    found = HeadMerger(tables, random_sensitivity(7)).with_ranks(((0,), (1,)), ())
    steps = [tuple(head.rank for head in each.heads) for each in found]
    assert steps[0] == (R, R) and steps[-1] == (1, 1)
    assert all(sum(high) - sum(low) == 1 for high, low in pairwise(steps))
    free = steps.index(ranks)
    assert all(each.cost < 1e-18 for each in found[: free + 1])
    assert all(each.cost > 1e-4 for each in found[free + 1 :])


def test_directions_that_no_margin_reads_are_dropped_first() -> None:
    """Values vary most along the first coordinate, but the margins read the others."""
    draw = torch.Generator().manual_seed(8)
    tables = tables_of(normal(draw, 2, T, 1), normal(draw, 2, T, 1, R) * torch.tensor([100.0, 1, 1]).double())
    sensitivity = random_sensitivity(8)
    blind = Sensitivity(
        sensitivity.choices, sensitivity.gradients * torch.tensor([0.0, 1, 1]).double(), sensitivity.weights
    )
    full, two, one = HeadMerger(tables, blind).with_ranks(((0,),), ())
    assert [each.heads[0].rank for each in (full, two, one)] == [3, 2, 1]
    assert two.cost < 1e-18 < 1e-4 < one.cost
    assert np.allclose(two.heads[0].reads[0].numpy(), 0, atol=1e-9)


def test_what_a_head_adds_is_the_weighted_least_squares_fit_at_every_rank() -> None:
    tables, sensitivity = random_tables(2, 9), random_sensitivity(9)
    adds = added_by_hand(tables, sensitivity.choices)[0].sum(1)
    for each in HeadMerger(tables, sensitivity).with_ranks(((0, 1),), ()):
        (head,) = each.heads
        moved = head.merged(tables).moved(sensitivity.choices)[:, 0]
        left = adds - head.adds(moved).numpy()
        ones = np.ones((len(left), 1))
        features = np.concatenate([moved[:, :-1].numpy() @ head.reads.numpy(), moved[:, -1:].numpy(), ones], 1)
        assert np.allclose(features.T @ (left * sensitivity.by_input.numpy()[:, None]), 0, atol=1e-10)
        assert each.cost == pytest.approx(float((in_margins(left, sensitivity) ** 2).sum()))


def test_the_next_rank_is_lowered_where_it_costs_least() -> None:
    tables, sensitivity = random_tables(2, 10), random_sensitivity(10)
    found = HeadMerger(tables, sensitivity).with_ranks(((0,), (1,)), ())
    at = {tuple(head.rank for head in each.heads): each for each in found}
    alone = {(rank, h): _alone(tables, sensitivity, h, rank) for rank, h in product((1, 2, 3), (0, 1))}
    for high, low in pairwise(at):
        options = [
            tuple(rank - (h == lowered) for h, rank in enumerate(high)) for lowered in (0, 1) if high[lowered] > 1
        ]
        costs = {ranks: float(((alone[ranks[0], 0] + alone[ranks[1], 1]) ** 2).sum()) for ranks in options}
        assert low == min(costs, key=costs.__getitem__)
        assert at[low].cost == pytest.approx(costs[low])


def _alone(tables: HeadTables, sensitivity: Sensitivity, h: int, rank: int) -> Array:
    """The error of the margins when the values of one head are reduced to a rank and all else is kept."""
    by_rank = {each.heads[0].rank: each.heads[0] for each in HeadMerger(tables, sensitivity).with_ranks(((h,),), ())}
    head: MergedHead = by_rank[rank]
    said = head.adds(tables.moved(sensitivity.choices)[:, h]).numpy()
    return in_margins(added_by_hand(tables, sensitivity.choices)[0][:, h] - said, sensitivity)


def test_a_single_head_is_kept_as_it_is() -> None:
    tables, sensitivity = random_tables(1, 11), random_sensitivity(11)
    merger = HeadMerger(tables, sensitivity)
    assert merger.partitions(3) == {0: [((), (0,))], 1: [(((0,),), ())]}
    (full, *_) = merger.with_ranks(((0,),), ())
    assert full.cost < 1e-20 and full.heads[0].rank == R


def test_pairs_of_heads_that_attend_differently_are_never_free() -> None:
    merger = HeadMerger(random_tables(4, 12), random_sensitivity(12))
    for pair in combinations(range(4), 2):
        assert merger.with_ranks((pair,), ())[0].cost > 1e-3
