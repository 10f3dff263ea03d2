"""Extended embeddings exchanged between rows: in the frozen network that is another input, exactly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
import torch
from torch import Tensor

from scrubjay.core.stats import Stopping
from scrubjay.evidence.rivals.row_swaps import Swaps, nearest_rows, swap_rows, swapped_answers
from scrubjay.fit.row_patterns import patterns_of
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.run import Run
from scrubjay.tasks.task import Task

ROWS = 22


@dataclass(frozen=True, eq=False)
class Frozen:
    """The small trained network, its attention frozen, on every input."""

    run: Run

    @cached_property
    def table(self) -> Tensor:
        return ExtendedEmbedding.of(self.run.network, self.run.task.domain, self.run.mean_pattern).tables[0]

    @cached_property
    def answers(self) -> Tensor:
        return self.run.task.domain.image(self.run.frozen.classes)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        return patterns_of(self.answers.numpy())

    def exchanged(self, rows: Tensor, others: Tensor) -> Tensor:
        return swapped_answers(self.run.frozen.resid_mid, self.table, self.run.readout, rows, others)

    def swapped(self, own: Tensor, kinds: tuple[str, ...], draws: int, side: str = "frozen") -> Swaps:
        stream = self.run.sides[side].resid_mid
        return swap_rows(stream, self.table, self.run.readout, own, kinds, stopping=Stopping(draws), seed=0)


@pytest.fixture(scope="module")
def side(small_run: Run) -> Frozen:
    return Frozen(small_run)


def test_in_the_frozen_network_an_exchange_is_the_other_input_on_the_whole_domain(side: Frozen) -> None:
    rows = torch.arange(ROWS)
    for others in (rows.roll(1), rows.flip(0), torch.randperm(ROWS, generator=torch.Generator().manual_seed(0))):
        assert torch.equal(side.exchanged(rows, others), side.answers[others])
    few = torch.tensor([3, 20])
    assert torch.equal(side.exchanged(few, few.flip(0)), side.answers[few.flip(0)])


def test_hence_every_frozen_answer_is_carried_over_and_the_full_networks_are_not(side: Frozen) -> None:
    found = side.swapped(side.run.frozen.classes, side.kinds, 2)
    assert found.within is not None and found.across is not None
    for swapped in (found.within, found.across):
        assert swapped.carried.worst == 1 and swapped.kept == swapped.unswapped
        assert swapped.unswapped.mean < 0.95
    full = side.swapped(side.run.full.classes, side.kinds, 2, "full")
    assert full.across is not None
    assert full.across.unswapped.mean < full.across.carried.mean < 1


def test_a_row_is_never_exchanged_with_itself_and_only_with_rows_of_the_right_class(side: Frozen) -> None:
    constant = (torch.arange(ROWS) % 2)[:, None].expand(ROWS, ROWS).reshape(-1)
    alone = ("10", *("01" for _ in range(ROWS - 1)))
    found = side.swapped(constant, alone, 1)
    assert found.within is not None and found.across is not None
    assert (found.within.rows, found.across.rows) == (ROWS - 1, ROWS)
    odd = tuple("01" if row % 2 else "10" for row in range(ROWS))
    split = side.swapped(constant, odd, 3)
    assert split.within is not None and split.across is not None
    assert (split.within.unswapped.mean, split.across.unswapped.mean) == (1, 0)
    assert split.within.kept.draws == 3
    assert side.swapped(constant, ("0",) * ROWS, 1).across is None


def test_kinds_of_rows_are_those_of_the_answers(challenge: Task) -> None:
    assert challenge.labels is not None
    found = patterns_of(challenge.domain.image(challenge.labels).numpy())
    counted = {kind: found.count(kind) for kind in set(found)}
    assert counted == {"01": 36, "0": 32, "10": 14, "010": 11, "1": 11, "101": 9}


def test_the_nearest_row_is_the_nearest_and_any_other_is_all_of_them() -> None:
    draw = np.random.default_rng(0)
    table = torch.from_numpy(draw.normal(size=(9, 4)))
    answers = torch.from_numpy(draw.integers(0, 2, size=(9, 6)))
    patterns = tuple("01" if row % 3 else "10" for row in range(9))
    found = nearest_rows(table, answers, patterns)
    near, near_kind, any_row, any_kind = [], [], [], []
    for row in range(9):
        others = [other for other in range(9) if other != row]
        closest = min(others, key=lambda other: float((table[row] - table[other]).norm()))
        near.append(float((answers[row] == answers[closest]).double().mean()))
        near_kind.append(patterns[row] == patterns[closest])
        any_row += [float((answers[row] == answers[other]).double().mean()) for other in others]
        any_kind += [patterns[row] == patterns[other] for other in others]
    assert found.agreement == pytest.approx(np.mean(near)) and found.random == pytest.approx(np.mean(any_row))
    assert found.same_pattern == pytest.approx(np.mean(near_kind))
    assert found.random_pattern == pytest.approx(np.mean(any_kind))


def test_rows_that_lie_together_by_class_are_told_by_their_neighbours() -> None:
    kind = torch.arange(20) % 4
    table = 10 * torch.nn.functional.one_hot(kind).double() + 0.01 * torch.randn(20, 4, dtype=torch.float64)
    answers = (torch.arange(8) >= 2 * kind[:, None]).long()
    found = nearest_rows(table, answers, [str(each) for each in kind.tolist()])
    assert found.agreement == found.same_pattern == 1 and found.random < 0.7
