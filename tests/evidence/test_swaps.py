"""Extended embeddings exchanged between rows: in the frozen network that is another input, exactly."""

import numpy as np
import pytest
import torch

from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations
from scrubjay.evidence.rivals.row_swaps import nearest_rows, swap_rows, swapped_answers
from scrubjay.fit.row_patterns import patterns_of
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.tasks.task import Task


class Frozen:
    """The bundled network, its attention frozen, on every input."""

    def __init__(self, bundled: SavedNetwork, task: Task, full: Activations, frozen: Activations) -> None:
        self.act, self.full = frozen, full
        self.readout = Readout.of(bundled.network, task, full)
        self.table = ExtendedEmbedding.of(bundled.network, task.domain, mean_pattern(full)).tables[0]
        self.answers = task.domain.image(frozen.classes)
        self.kinds = patterns_of(task.domain.image(frozen.classes).numpy())


@pytest.fixture(scope="module")
def side(bundled: SavedNetwork, challenge: Task, full: Activations, frozen: Activations) -> Frozen:
    return Frozen(bundled, challenge, full, frozen)


def test_in_the_frozen_network_an_exchange_is_the_other_input_on_the_whole_domain(side: Frozen) -> None:
    rows = torch.arange(113)
    for others in (rows.roll(1), rows.flip(0), torch.randperm(113, generator=torch.Generator().manual_seed(0))):
        found = swapped_answers(side.act.resid_mid, side.table, side.readout, rows, others)
        assert torch.equal(found, side.answers[others])
    few = torch.tensor([3, 100])
    found = swapped_answers(side.act.resid_mid, side.table, side.readout, few, few.flip(0))
    assert torch.equal(found, side.answers[few.flip(0)])


def test_hence_every_frozen_answer_is_carried_over_and_the_full_networks_are_not(side: Frozen) -> None:
    found = swap_rows(side.act.resid_mid, side.table, side.readout, side.act.classes, side.kinds, draws=2, seed=0)
    assert found.within is not None and found.across is not None
    for swapped in (found.within, found.across):
        assert swapped.carried.worst == 1 and swapped.kept == swapped.unswapped
        assert swapped.unswapped.mean < 0.9
    full = swap_rows(side.full.resid_mid, side.table, side.readout, side.full.classes, side.kinds, draws=2, seed=0)
    assert full.across is not None
    assert full.across.unswapped.mean < full.across.carried.mean < 1


def test_a_row_is_never_exchanged_with_itself_and_only_with_rows_of_the_right_class(side: Frozen) -> None:
    domain = side.readout.task.domain
    constant = torch.where(torch.arange(113) % 2 == 0, 0, 1)[:, None].expand(113, 113).reshape(-1)
    alone = ("10", *("01" for _ in range(112)))
    found = swap_rows(side.act.resid_mid, side.table, side.readout, constant, alone, draws=1, seed=0)
    assert found.within is not None and found.across is not None
    assert (found.within.rows, found.across.rows) == (112, 113)
    odd = tuple("01" if row % 2 else "10" for row in range(113))
    split = swap_rows(side.act.resid_mid, side.table, side.readout, constant, odd, draws=3, seed=0)
    assert split.within is not None and split.across is not None
    assert (split.within.unswapped.mean, split.across.unswapped.mean) == (1, 0)
    same = swap_rows(side.act.resid_mid, side.table, side.readout, constant, ("0",) * 113, draws=1, seed=0)
    assert same.across is None and domain.size == 113**2


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
