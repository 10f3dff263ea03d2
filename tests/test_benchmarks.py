"""The benchmarks measure what they say, and the contenders that they put side by side do the same work."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.evidence.scrubber import Hypothesis, Scrubber, scrub
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.planted import plant

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MEASURED = """
import json, time, torch
from peers.measure import measured

def prepare():
    kept = torch.ones(5_000_000)
    time.sleep(0.3)

    def work():
        time.sleep(0.1)
        return {"size": len(torch.ones(20_000_000)) + len(kept)}

    return work

print(json.dumps(vars(measured(prepare))))
"""
"""A piece of work in a process of its own, since other tests' threads take and give memory in this one."""
SIZES = Config(d_vocab=12, n_ctx=3, d_model=16, n_heads=2, d_head=8, d_mlp=32)


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[None]:
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def lens(benchmarks: None) -> ModuleType:
    pytest.importorskip("transformer_lens.model_bridge", reason="the extra transformer-lens is not installed")
    pytest.importorskip("scipy.optimize", reason="the extra bench is not installed")
    return module("peers.lens")


def test_only_the_work_is_timed_and_its_peak_is_what_it_takes() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURED], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["figures"] == {"size": 25_000_000}
    assert found["seconds"] >= 0.1 and found["prepared"] >= 0.3
    assert found["cpu"] < found["seconds"] + 1
    assert 75 < found["peak_mb"] < 110  # 80 MB, and not the 20 that were there before


def test_a_child_reports_its_stages_and_a_failing_one_what_it_wrote(benchmarks: None) -> None:
    measure = module("peers.measure")
    found = measure.in_a_child("stages.stages", 6, 2, 64, 1, threads=1)
    stages = found.figures["stages"]
    assert list(stages) == list(module("growth").STAGES)
    assert 0 < sum(stage["seconds"] for stage in stages.values()) <= found.seconds
    with pytest.raises(RuntimeError, match="no_such"):
        measure.in_a_child("measure.no_such", threads=1)


def test_the_floor_of_a_training_step_is_its_layers_products(benchmarks: None, challenge: Task) -> None:
    ours = module("peers.ours")
    assert challenge.recipe is not None and challenge.train is not None
    config = Config.for_recipe(challenge.recipe, challenge)
    operands = ours.step_products(OneLayerTransformer(config), challenge)
    n, d, m = int(challenge.train.sum()), config.d_model, config.d_mlp
    multiplied = sum(len(a) * a.shape[1] * b.shape[1] for a, b in operands.values())
    assert multiplied == 3 * n * (2 * d * m + 128 * d + d * config.d_vocab)
    small = {name: (a[:40, :40], b[:40]) for name, (a, b) in operands.items()}
    small = {name: (a, b[: a.shape[1]]) for name, (a, b) in small.items()}
    for work in ours._products(small, 7).values():
        work()


@pytest.mark.parametrize("way", ["WELL", "SCRIPT", "OLD"])
def test_both_ways_run_the_same_networks(lens: ModuleType, way: str) -> None:
    network = OneLayerTransformer.initialised(SIZES, seed=3).requires_grad_(False)
    for weight, scale in ((network.W_E, 4), (network.W_E[-1], 0.05), (network.W_pos, 0), (network.W_K, 10)):
        weight.mul_(scale)  # so that answers vary, and freezing attention changes some
    task = Task(name="random", domain=Domain.square(11, last=11), classes=((0,), (1,)))
    full = record(network, task)
    frozen = record(network, task, frozen_at=mean_pattern(full))
    theirs = lens.Lens(network, task, getattr(lens, way))
    side = theirs.side([])
    at_mean = theirs.frozen(side)
    assert torch.equal(side.answers, full.answers)
    assert torch.equal(at_mean.answers, frozen.answers)
    assert 0.2 < float((frozen.answers == full.answers).double().mean()) < 0.98
    assert torch.allclose(at_mean.resid_mid, frozen.resid_mid, atol=1e-5)
    if way != "WELL":
        summed = theirs.result[:, -1].sum(1) + theirs.cache["blocks.0.hook_resid_pre"][:, -1]
        assert torch.allclose(summed, at_mean.resid_mid, atol=1e-5)


def test_both_ways_scrub_the_same_figures(lens: ModuleType) -> None:
    planted = plant("AND", tokens=17, data=4, seed=4)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    D = torch.nn.functional.normalize(planted.directions + 0.3)  # wrong enough for every row to lose answers
    kept = PCA.of(act.resid_mid).components[:2]
    hypothesis = Hypothesis.of(Filters(D, planted.thresholds, planted.gate, 1.0), act.resid_mid)
    scrubber = Scrubber.of(hypothesis, act.resid_mid, kept, "permute")
    scores = scrub(scrubber, readout, act.classes, draws=1, seed=5)
    theirs = lens.Lens(planted.network, planted.task, lens.WELL)
    left = lens.scrubbed(theirs, theirs.side([]), D, planted.thresholds, kept, seed=5)
    assert left == {row: pytest.approx(each.own.mean, abs=1e-12) for row, each in scores.items()}
    assert all(share < 0.95 for share in left.values()) and len(set(left.values())) > 4


def test_the_hand_started_fit_gives_what_its_filters_reach(lens: ModuleType) -> None:
    planted = plant("AND", tokens=17, data=2, seed=1)
    act = record(planted.network, planted.task)
    directions, thresholds = lens.boundary(act.resid_mid, act.answers)
    gate = lens.masks(act.resid_mid, directions, thresholds)[2]
    assert float((gate == (act.classes == 1)).double().mean()) > float((act.classes != 1).double().mean())


def test_both_ways_train_the_same_network(lens: ModuleType) -> None:
    small = challenge2()
    assert small.recipe is not None and small.labels is not None and small.train is not None
    image = [small.domain.image(values)[:9, 40:49] for values in (small.labels, small.train)]
    task = Task.from_arrays(image[0], train=image[1].numpy(), last=11)
    recipe = replace(small.recipe, d_model=16, n_heads=2, d_head=8, d_mlp=32, learning_rate=1e-2)
    ours = Ensemble([Trainee(task, recipe)])
    theirs = lens.LensTraining(task, recipe, OneLayerTransformer.initialised(ours.network(0).config, recipe.seed))
    before = theirs.loss().item()
    for _ in range(6):
        ours.step()
        theirs.step()
    assert theirs.loss().item() == pytest.approx(ours.progress(0).train_loss, abs=1e-5)
    assert theirs.loss().item() < 0.95 * before


def test_other_numbers_stop_the_command_and_aims_are_judged(benchmarks: None) -> None:
    side_by_side, measure = module("side_by_side"), module("peers.measure")
    one = measure.Measured(1.0, 1.0, 1.0, 10.0, {"accuracy": 0.5})
    side_by_side.agree(one, one, ("accuracy",), 0)
    with pytest.raises(SystemExit, match="accuracy"):
        side_by_side.agree(one, replace(one, figures={"accuracy": 0.6}), ("accuracy",), 0.01)
    assert side_by_side.Aim("times", 3.0, 2).reached and not side_by_side.Aim("times", 3.0, 2, most=True).reached
    first = side_by_side.Row("work", "scrubjay", 2.0, 10.0)
    shown = side_by_side.table([first, side_by_side.Row("work", "other", 5.0, beside=first)])
    assert "| work | scrubjay | 2 | 10 | 1 |" in shown and "| work | other | 5 |  | 2.5 |" in shown


def test_a_table_goes_between_its_markers(benchmarks: None, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- claims: x -->\nkept\n<!-- end -->\n<!-- growth -->\nold\n<!-- end -->\nb\n")
    module("peers.page").write_table(page, "growth", "new\n")
    assert page.read_text() == "a\n<!-- claims: x -->\nkept\n<!-- end -->\n<!-- growth -->\nnew\n<!-- end -->\nb\n"
    with pytest.raises(ValueError, match="side-by-side"):
        module("peers.page").write_table(page, "side-by-side", "new\n")


def test_an_exponent_is_the_slope_in_logarithms(benchmarks: None) -> None:
    growth = module("growth")
    assert growth.exponent([10, 100, 1000], [3.0, 3 * 10**1.5, 3 * 10**3]) == pytest.approx(1.5)
