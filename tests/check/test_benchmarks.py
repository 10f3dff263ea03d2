"""The benchmarks measure what they say, and the contenders that they compare do the same work."""

import importlib
import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from scrubjay.core.stats import WIDTH, Stopping, share_of
from scrubjay.evidence.ablations import licensed, row_name
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.fit.filters import Filters
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.data.small_network import PATH, small_task
from tests.planted import plant

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
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
"""A piece of work that is measured in a process of its own, since the threads of other tests use memory in this one."""
STUDY = """
import json, os, pathlib, sys, time

*words, _, folder, _, _ = sys.argv[1:]
began = time.process_time()
while time.process_time() - began < 0.2:
    pass
time.sleep(0.3)
if words == ["--number", "4"]:
    print("no such number", file=sys.stderr)
    sys.exit(3)
written = {"claims": [{"id": "words", "value": words}], "skipped": [os.environ["OMP_NUM_THREADS"]], "other": 1}
pathlib.Path(folder, "claims.json").write_text(json.dumps(written))
"""
"""A program in the place of ``scrubjay explain``: it works for 0.2 s, sleeps for 0.3 s, and writes what it was told."""
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


def test_only_the_work_is_timed_and_its_peak_is_what_it_allocates() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURED], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["figures"] == {"size": 25_000_000}
    assert found["seconds"] >= 0.1 and found["prepared"] >= 0.3
    assert found["cpu"] < found["seconds"] + 1
    assert 75 < found["peak_mb"] < 110  # the 80 MB of the work, without the 20 MB of the preparation


def test_a_child_process_reports_its_stages_and_an_error_shows_what_it_printed(benchmarks: None) -> None:
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
    operands = ours.step_products(Transformer(config), challenge)
    n, d, m = int(challenge.train.sum()), config.d_model, config.d_mlp
    multiplied = sum(len(a) * a.shape[1] * b.shape[1] for a, b in operands.values())
    assert multiplied == 3 * n * (2 * d * m + 128 * d + d * config.d_vocab)
    small = {name: (a[:40, :40], b[:40]) for name, (a, b) in operands.items()}
    small = {name: (a, b[: a.shape[1]]) for name, (a, b) in small.items()}
    for work in ours._products(small, 7).values():
        work()


@pytest.mark.parametrize("way", ["WELL", "SCRIPT", "OLD"])
def test_scrubjay_and_transformer_lens_run_the_same_networks(lens: ModuleType, way: str) -> None:
    network = Transformer.initialised(SIZES, seed=3).requires_grad_(False)
    for weight, scale in ((network.W_E, 4), (network.W_E[-1], 0.05), (network.W_pos, 0), (network.W_K, 10)):
        weight.mul_(scale)  # so that answers vary and frozen attention changes some
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


def test_scrubjay_and_transformer_lens_scrub_to_the_same_shares(lens: ModuleType) -> None:
    planted = plant("AND", tokens=17, data=4, seed=4)
    run = planted.run()
    act = run.full
    D = torch.nn.functional.normalize(planted.directions + 0.3)  # so wrong that every row of ablations loses answers
    kept = PCA.of(act.resid_mid).components[:2]
    hypothesis = Hypothesis.of(Filters(D, planted.thresholds, planted.gate, 1.0), act.resid_mid)
    scrubber = Scrubber.of(hypothesis, act.resid_mid, kept, "permute")
    scores = scrub(scrubber, run.readout, act.classes, stopping=Stopping(1), seed=5)
    theirs = lens.Lens(planted.network, planted.task, lens.WELL)
    left = lens.scrubbed(theirs, theirs.side([]), D, planted.thresholds, kept, seed=5)
    assert left == {row: pytest.approx(each.own.mean, abs=1e-12) for row, each in scores.items()}
    assert all(share < 0.95 for share in left.values()) and len(set(left.values())) > 4


def test_the_fit_from_a_start_set_by_hand_beats_the_most_frequent_class(lens: ModuleType) -> None:
    planted = plant("AND", tokens=17, data=2, seed=1)
    act = planted.run().full
    directions, thresholds = lens.boundary(act.resid_mid, act.answers)
    gate = lens.masks(act.resid_mid, directions, thresholds)[2]
    assert float((gate == (act.classes == 1)).double().mean()) > float((act.classes != 1).double().mean())


def test_scrubjay_and_transformer_lens_train_the_same_network(lens: ModuleType) -> None:
    small = challenge2()
    assert small.recipe is not None and small.labels is not None and small.train is not None
    image = [small.domain.image(values)[:9, 40:49] for values in (small.labels, small.train)]
    task = Task.from_arrays(image[0], train=image[1].numpy(), last=11)
    recipe = replace(small.recipe, d_model=16, n_heads=2, d_head=8, d_mlp=32, learning_rate=1e-2)
    ours = Ensemble([Trainee(task, recipe)])
    theirs = lens.LensTraining(task, recipe, Transformer.initialised(ours.network(0).config, recipe.seed))
    before = theirs.loss().item()
    for _ in range(6):
        ours.step()
        theirs.step()
    assert theirs.loss().item() == pytest.approx(ours.progress(0).train_loss, abs=1e-5)
    assert theirs.loss().item() < 0.95 * before


def test_different_numbers_stop_the_command_and_aims_are_judged(benchmarks: None) -> None:
    side_by_side, measure = module("side_by_side"), module("peers.measure")
    one = measure.Measured(1.0, 1.0, 1.0, 10.0, {"accuracy": 0.5})
    side_by_side.agree(one, one, ("accuracy",), 0)
    with pytest.raises(SystemExit, match=r"accuracy is 0\.5 and 0\.6"):
        side_by_side.agree(one, replace(one, figures={"accuracy": 0.6}), ("accuracy",), 0.01)
    assert side_by_side.Aim("times", 3.0, 2).reached and not side_by_side.Aim("times", 3.0, 2, most=True).reached
    first = side_by_side.Row("work", "scrubjay", 2.0, 10.0)
    shown = side_by_side.table([first, side_by_side.Row("work", "other", 5.0, beside=first)])
    assert "| work | scrubjay | 2 | 10 | 1 |" in shown and "| work | other | 5 |  | 2.5 |" in shown
    assert "| work | slow | 1,234 |  | 617 |" in side_by_side.table(
        [first, side_by_side.Row("work", "slow", 1234.4, beside=first)]
    )


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


# The whole analysis, on the small network instead of the bundled one


def test_the_analysis_gives_all_figures_of_both_networks(benchmarks: None) -> None:
    run = Run.of(load_network(PATH).network, small_task())
    labels = run.task.labels
    assert labels is not None
    figures = module("peers.ours")._analysed(run.network, run.task, chosen=True)
    assert figures["accuracy"] == pytest.approx(share_of(run.full.classes == labels))
    assert figures["frozen agreement"] == pytest.approx(share_of(run.frozen.answers == run.full.answers))
    for name in run.sides:
        assert 0.5 < figures[f"{name} gate"] <= 1
        assert list(figures[f"{name} scrubbed"]) == [row_name(row) for row in licensed(2)]
        assert all(0 < share <= 1 for share in figures[f"{name} scrubbed"].values())


# Threads


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")


@needs_proc
def test_busy_processes_compute_until_they_are_ended(benchmarks: None) -> None:
    with module("threads").busy_processes(2) as processes:
        assert until(lambda: all(int(stat(process.pid)[11]) >= 5 for process in processes)), "one used no CPU time"
        assert all(process.poll() is None for process in processes)
    assert len(processes) == 2 and all(process.poll() is not None for process in processes)


@needs_proc
def test_busy_processes_end_with_the_process_that_started_them(benchmarks: None) -> None:
    starter = """
import os, subprocess, sys
from threads import _BUSY

quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
print(subprocess.Popen([sys.executable, "-c", _BUSY, str(os.getpid())], **quiet).pid)
"""
    done = subprocess.run([sys.executable, "-c", starter], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    assert until(lambda: stat(int(done.stdout))[0] == "Z"), "it still runs"


def test_a_study_is_timed_by_the_clock_and_by_its_cpu_time(benchmarks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = module("threads")
    monkeypatch.setattr(threads, "_COMMAND", [sys.executable, "-c", STUDY])
    run = threads.explained(["--number", "3"], threads=7)
    assert run.claims == {"claims": [{"id": "words", "value": ["--number", "3"]}], "skipped": ["7"]}
    assert run.seconds >= 0.5 and 0.2 <= run.cpu < run.seconds + 1
    with pytest.raises(RuntimeError, match=r"exit code 3:\s+no such number"):
        threads.explained(["--number", "4"], threads=1)


def test_runs_that_differ_are_named_by_the_claim(benchmarks: None) -> None:
    threads = module("threads")
    one, two = ({"claims": [{"id": "a", "value": 1}, {"id": "b", "value": value}], "skipped": []} for value in (1, 2))
    runs = [threads.Explained(2.0, 3.0, claims) for claims in (one, dict(one), two)]
    threads.check_same_claims(runs[:2])
    with pytest.raises(SystemExit, match="claim b"):
        threads.check_same_claims(runs)
    with pytest.raises(SystemExit, match="which claims"):
        threads.check_same_claims([runs[0], threads.Explained(1.0, 1.0, one | {"claims": one["claims"][:1]})])
    shown = threads.table({("idle", 1): runs[:1], ("busy", 2): runs[1:]})
    assert "| none | 1 | 2.0 | 3.0 |" in shown and "| a busy process on each core | 2 | 2.0 | 3.0 |" in shown


# Intervals


def test_students_intervals_hold_the_mean_and_the_old_rule_did_not(benchmarks: None) -> None:
    intervals = module("intervals")
    five, needed = (intervals.coverage(n, repeats=400, seed=1, inputs=12769, keeps=0.83) for n in (5, None))
    assert five.draws == 5 and 10 < needed.draws < 100
    assert five.student == pytest.approx(0.95, abs=0.035)  # three standard errors of a share of 400
    assert needed.student == pytest.approx(0.93, abs=0.04)
    assert five.old_next < 0.75 and needed.old > 0.99
    assert needed.student_width < WIDTH < needed.old_width
    shown = intervals.table({5: five, None: needed})
    assert f"| 5 | {five.old:.1%} | {five.old_next:.1%} | {five.student:.1%} |" in shown
    assert f"| as needed ({needed.draws:.0f} on average) |" in shown


# Mutants


def test_each_room_has_files_and_tests_and_a_copy_is_set_up_for_it(benchmarks: None, tmp_path: Path) -> None:
    survivors = module("survivors")
    for room in survivors.ROOMS.values():
        for pattern in room.files:
            assert list((ROOT / "src" / "scrubjay").glob(pattern)), pattern
        for tests in room.tests:
            assert (ROOT / tests).exists(), tests
    copy = survivors.prepare(tmp_path, "fit")
    with (copy / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["tool"]
    assert settings["mutmut"]["only_mutate"] == ["src/scrubjay/fit/*"]
    assert settings["mutmut"]["pytest_add_cli_args_test_selection"] == ["tests/fit"]
    assert "-W error" not in settings["pytest"]["ini_options"]["addopts"]
    assert (copy / "src/scrubjay/fit/gate.py").read_bytes() == (ROOT / "src/scrubjay/fit/gate.py").read_bytes()


def test_mutants_are_counted_by_how_they_ended(benchmarks: None) -> None:
    ended = {"core": {"a": "killed", "b": "survived", "c": "timeout", "d": "no tests"}, "fit": {"e": "killed"}}
    lines = module("survivors").table({"core": 1234, "fit": 5}, ended).splitlines()
    assert lines[2:] == [
        "| core | 1,234 | 4 | 1 | 1 | 1 | 1 | 0 | 50.0% |",
        "| fit | 5 | 1 | 1 | 0 | 0 | 0 | 0 | 0.0% |",
        "| all | 1,239 | 5 | 2 | 1 | 1 | 1 | 0 | 40.0% |",
    ]


def until(has_happened: Callable[[], bool]) -> bool:
    """Wait until something has happened; whether it did within 20 seconds."""
    began = time.perf_counter()
    while not has_happened():
        if time.perf_counter() - began > 20:
            return False
        time.sleep(0.02)
    return True


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the state, and, at index 11, the user CPU time in ticks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has ended and nobody waits for it
        return ["Z"]


def test_a_network_whose_neurons_are_split_keeps_its_answers(benchmarks: None) -> None:
    grown, task = module("peers.condensing").grown, challenge2()
    bundled = record(load_network("bundled").network, task).classes
    with torch.no_grad():
        network, same = grown(113, 2)
        small, few = grown(28, 1)
    assert network.config.d_mlp == 2048
    assert share_of(record(network, same).classes == bundled) > 0.999, "equal but for rounding in float32"
    assert share_of(record(small, few).classes == task.domain.image(bundled)[:28, :28].flatten()) > 0.99
