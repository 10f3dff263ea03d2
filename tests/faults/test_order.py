"""Shuffled inputs, another number of threads, another solver: the same filters and the same masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.filters.measure import two_filters
from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.line import Line
from scrubjay.fit.filters import Filters
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.report.claims_json import claims_json
from scrubjay.run import Settings
from scrubjay.study import LINES, Study, explain
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.data.small_network import small_task
from tests.evidence.quick import short_fits
from tests.planted import Planted, one_direction, plant

TOKENS = 24


@dataclass(frozen=True, eq=False)
class Found:
    """What the analysis finds on a task, input by input in the task's own order."""

    filters: Filters
    bits: Tensor
    ones: Tensor
    resid_mid: Tensor
    scores: Tensor


def analysed(network: Transformer, task: Task) -> Found:
    act = record(network, task)
    pca, filters = two_filters(act, Readout.of(network, task, act), seed=0)
    assert filters is not None
    scores = (act.resid_mid.double() - pca.mean) @ pca.components[:3].T
    return Found(filters, filters.bits(act.resid_mid), act.classes == 1, act.resid_mid, scores)


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant("AND", tokens=TOKENS, data=3, seed=7)


@pytest.fixture(scope="module")
def found(planted: Planted) -> Found:
    return analysed(planted.network, planted.task)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def assert_same_filters(one: Filters, other: Filters) -> None:
    assert one.gate == other.gate
    assert (one.directions * other.directions).sum(1).min() > 0.999


def test_inputs_in_another_order_give_the_same_filters_and_masks(planted: Planted, found: Found) -> None:
    draw = torch.Generator().manual_seed(1)
    rows, columns = torch.randperm(TOKENS, generator=draw), torch.randperm(TOKENS, generator=draw)
    assert planted.task.labels is not None
    moved = (rows[:, None] * TOKENS + columns).reshape(-1)
    shuffled = Task(
        name="shuffled",
        domain=Domain((tuple(rows.tolist()), tuple(columns.tolist()), (TOKENS,))),
        classes=planted.task.classes,
        labels=planted.task.labels[moved],
    )
    other = analysed(planted.network, shuffled)
    assert torch.equal(other.resid_mid, found.resid_mid[moved])
    assert torch.equal(other.ones, found.ones[moved])
    assert_same_filters(found.filters, other.filters)
    assert (other.bits == found.bits[moved]).double().mean() > 0.995


def with_threads(count: int, network: Transformer, task: Task, lines: Sequence[Line[Any]]) -> Study:
    torch.set_num_threads(count)
    with short_fits():
        study = explain(network, task, Settings(draws=2), lines=lines)
    assert torch.get_num_threads() == study.provenance["threads"] == count
    return study


def assert_same_study(one: Study, two: Study) -> None:
    assert one.claims == two.claims
    assert one.paragraph == two.paragraph and one.skipped == two.skipped
    assert claims_json(one) == claims_json(two).replace('"threads": 2', '"threads": 1')


def test_two_threads_give_the_same_study(small: SavedNetwork, threads: None) -> None:
    """Every claim, to the last digit; PyTorch's number of threads is the caller's before and after."""
    # The labels' search takes seconds, and these answers have no named function.
    quick = tuple(line for line in LINES if line not in (LABELS, ALGORITHM))
    one, two = (with_threads(count, small.network, small_task(), quick) for count in (1, 2))
    assert len(one.claims) > 60 and not one.skipped
    assert_same_study(one, two)


def test_two_threads_give_the_same_program_and_errors(threads: None) -> None:
    made = one_direction(tokens=16)
    task = replace(made.task, labels=(made.task.domain.varying_tokens().sum(1) >= 18).long())
    one, two = (with_threads(count, made.network, task, (LABELS,)) for count in (1, 2))
    assert one.claim("errors.boundary").value is not None
    assert_same_study(one, two)


def pattern_search(points: Tensor, ones: Tensor, *, starts: int = 12, seed: int = 5) -> Tensor:
    """Two half-spaces [2, r + 1] for an AND, by steps along coordinates, without a gradient.

    Each start tries a step up and down along every coordinate, takes the best, and halves its step where none helps;
    what is least is the cross-entropy of the product of two sigmoids.
    """
    draw = torch.Generator().manual_seed(seed)
    columns = torch.cat([points, torch.ones(len(points), 1, dtype=points.dtype)], 1)
    size = 2 * columns.shape[1]
    steps = torch.cat([torch.eye(size), -torch.eye(size)]).double()
    at = torch.randn(starts, size, generator=draw, dtype=torch.float64)

    def losses(where: Tensor) -> Tensor:
        strengths = where.reshape(*where.shape[:-1], 2, -1) @ columns.T
        on = torch.nn.functional.logsigmoid(strengths).sum(-2)
        return -torch.where(ones, on, torch.log(-torch.expm1(on.clamp(max=-1e-12)))).mean(-1)

    scale, best = torch.full((starts,), 1.0, dtype=torch.float64), losses(at)
    for _ in range(400):
        tried = at[:, None] + scale[:, None, None] * steps
        loss, chosen = losses(tried).min(1)
        better = loss < best
        at = torch.where(better[:, None], tried[torch.arange(starts), chosen], at)
        best = torch.where(better, loss, best)
        scale = torch.where(better, 1.2 * scale, scale / 2).clamp(min=1e-3)
    return at[best.argmin()].reshape(2, -1)


def test_another_solver_gives_the_same_filters_and_masks(found: Found) -> None:
    spread = found.scores.std(0)
    half_spaces = pattern_search(found.scores / spread, found.ones)
    bits = (found.scores / spread) @ half_spaces[:, :-1].T > -half_spaces[:, -1]
    directions = torch.nn.functional.normalize(half_spaces[:, :-1] / spread, dim=1)
    ours = (
        found.filters.directions
        @ torch.linalg.lstsq(found.resid_mid.double() - found.resid_mid.double().mean(0), found.scores).solution
    )
    cosines = torch.nn.functional.normalize(ours, dim=1) @ directions.T
    order = cosines.argmax(1)
    assert sorted(order.tolist()) == [0, 1]
    assert cosines.max(1).values.min() > 0.99
    assert (bits[:, order] == found.bits).double().mean() > 0.98
    assert (bits.all(1) == found.ones).double().mean() > 0.98
