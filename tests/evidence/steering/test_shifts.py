"""Shifts against a plain forward pass of the shifted stream."""

import pytest
import torch

from scrubjay.evidence.steering import STEERING
from scrubjay.evidence.steering.shifts import LENGTHS, Steering, random_units, steer
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.run import Run
from scrubjay.study import Study
from tests.planted import Planted, plant


@pytest.fixture(scope="module")
def made() -> Planted:
    return plant("AND", data=3, seed=6)


@pytest.fixture(scope="module")
def run(made: Planted) -> Run:
    return made.run()


def test_moves_cost_no_new_run_and_give_its_answers(small_run: Run) -> None:
    readout, resid_mid = small_run.readout, small_run.full.resid_mid
    n, rounding = len(resid_mid), 1 / len(resid_mid)
    along = random_units(3, 24, seed=0)
    draw = torch.Generator().manual_seed(1)
    own = torch.randn(n, 3, generator=draw, dtype=torch.float64)
    alike = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)

    def same(one: torch.Tensor, other: torch.Tensor) -> bool:
        return float((one != other).double().mean()) <= rounding

    moved = readout.moved_classes(resid_mid, [own, alike], along)
    for steps, classes in zip((own, alike), moved, strict=True):
        plain = readout.classes(resid_mid + (steps @ along).float())
        assert same(plain, classes) and not same(plain, small_run.full.classes)
        (alone,) = readout.moved_classes(resid_mid, [steps], along)
        assert same(plain, alone)
    donors = torch.randint(n, (n,), generator=draw)
    for steps in (own, alike):
        found = readout.moved_classes(resid_mid, [steps], along, donors)
        found += readout.moved_classes(resid_mid, [steps, own], along, donors)[:1]
        plain = readout.classes(resid_mid[donors] + (steps @ along).float())
        assert all(same(plain, classes) for classes in found)


def test_a_shift_is_a_hook_on_resid_mid(small_run: Run) -> None:
    network, domain = small_run.network, small_run.task.domain
    towards = random_units(2, 24, seed=3)
    never = Filters(towards[:1], torch.tensor([1e6]).double(), Gate.conjunction(1), 0.0)
    always = Filters(towards[:1], torch.tensor([-1e6]).double(), Gate.conjunction(1), 0.0)
    zeros, ones = (steer(filters, small_run.full.resid_mid, small_run.readout, towards) for filters in (never, always))
    tokens = domain.tokens(domain.inputs())
    for q, length in ((0, 0), (0, 4), (1, 7)):
        shift = (LENGTHS[length] * towards[q]).float()
        handle = network.resid_mid.register_forward_hook(lambda module, args, out, shift=shift: out + shift)
        share = float((network(tokens)[:, -1].argmax(-1) == 1).double().mean())
        handle.remove()
        assert float(ones.predicted[q, length]) == pytest.approx(share, abs=1 / len(tokens))
        assert float(zeros.predicted[q, length]) == pytest.approx(1 - share, abs=1 / len(tokens))


def test_planted_filters_predict_under_any_shift_along_themselves_and_at_random(made: Planted, run: Run) -> None:
    filters, resid_mid = made.filters, run.full.resid_mid
    output = made.network.W_U[:, 1]
    towards = random_units(4, 12, seed=0)
    towards = torch.nn.functional.normalize(towards - (towards @ output)[:, None] * output)
    for steering in (
        steer(filters, resid_mid, run.readout, torch.cat([filters.directions, -filters.directions])),
        steer(filters, resid_mid, run.readout, towards),
    ):
        assert float(steering.area.min()) > 0.999
        assert steering.reach is None
        assert steering.control < 0.9
        assert steering.predicted.shape == steering.unmoved.shape == (4, len(LENGTHS))
        assert torch.equal(steering.predicted[:, 0], steering.unmoved[:, 0])


def test_the_reach_is_the_first_length_below_nine_tenths(made: Planted, run: Run) -> None:
    blind = Filters(made.directions.flip(0), made.thresholds, made.gate, 1.0)
    steering = steer(blind, run.full.resid_mid, run.readout, made.directions)
    below = steering.predicted.mean(0) < 0.9
    assert steering.reach == LENGTHS[int(below.nonzero()[0])]


def test_the_area_is_the_mean_along_the_curve() -> None:
    curve = torch.linspace(1, 0.5, len(LENGTHS), dtype=torch.float64)[None]
    steering = Steering(LENGTHS, curve, torch.ones_like(curve))
    assert float(steering.area) == pytest.approx(0.75) and steering.control == 1


def test_claims_about_both_networks_and_both_kinds_of_shift(planted_study: Study) -> None:
    result = planted_study.found.of(STEERING)
    for name, tail in (("full", ""), ("frozen", ".frozen")):
        random, boundary = (planted_study.claim(f"steering.{kind}{tail}") for kind in ("random", "boundary"))
        assert random.value == pytest.approx(float(result.random[name].area.mean()))
        assert random.value is not None and random.interval is not None
        assert random.interval[0] < random.value < random.interval[1]
        assert boundary.value == pytest.approx(float(result.boundary[name].area.mean()))
        assert boundary.interval is None and boundary.verdict == "holds"
        assert random.control == pytest.approx(result.random[name].control)
