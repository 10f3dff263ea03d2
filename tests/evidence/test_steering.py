"""Shifts against a plain forward pass of the shifted stream."""

import torch

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.evidence.steering.measure import LENGTHS, random_units, steer
from scrubjay.fit.filters import Filters
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.tasks.task import Task
from tests.planted import plant


def test_moves_cost_no_new_run_and_give_its_answers(bundled: SavedNetwork, challenge: Task, full: Activations) -> None:
    readout = Readout.of(bundled.network, challenge, full)
    along = random_units(3, 128, seed=0)
    draw = torch.Generator().manual_seed(1)
    own = torch.randn(len(full.resid_mid), 3, generator=draw, dtype=torch.float64)
    alike = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    moved = readout.moved_classes(full.resid_mid, [own, alike], along)
    for steps, classes in zip((own, alike), moved, strict=True):
        plain = readout.classes(full.resid_mid + (steps @ along).float())
        assert float((plain == classes).double().mean()) > 0.9995
        (alone,) = readout.moved_classes(full.resid_mid, [steps], along)
        assert float((plain == alone).double().mean()) > 0.9995
    donors = torch.randint(len(own), (len(own),), generator=draw)
    for steps in (own, alike):
        found = readout.moved_classes(full.resid_mid, [steps], along, donors)
        found += readout.moved_classes(full.resid_mid, [steps, own], along, donors)[:1]
        plain = readout.classes(full.resid_mid[donors] + (steps @ along).float())
        assert all(float((plain == classes).double().mean()) > 0.9995 for classes in found)


def test_planted_filters_predict_under_any_shift_along_themselves_and_at_random() -> None:
    planted = plant("AND", data=3, seed=6)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    output = planted.network.W_U[:, 1]
    towards = random_units(4, 12, seed=0)
    towards = torch.nn.functional.normalize(towards - (towards @ output)[:, None] * output)
    for steering in (
        steer(filters, act.resid_mid, readout, torch.cat([filters.directions, -filters.directions])),
        steer(filters, act.resid_mid, readout, towards),
    ):
        assert float(steering.area.min()) > 0.999
        assert steering.reach is None
        assert steering.control < 0.9
        assert steering.predicted.shape == steering.unmoved.shape == (4, len(LENGTHS))
        assert torch.equal(steering.predicted[:, 0], steering.unmoved[:, 0])


def test_the_reach_is_the_first_length_below_nine_tenths() -> None:
    planted = plant("AND", data=3, seed=6)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    blind = Filters(planted.directions.flip(0), planted.thresholds, planted.gate, 1.0)
    steering = steer(blind, act.resid_mid, readout, planted.directions)
    below = steering.predicted.mean(0) < 0.9
    assert steering.reach == LENGTHS[int(below.nonzero()[0])]
