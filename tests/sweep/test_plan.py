"""Sweeps: every member is what it would be alone, nothing is done twice, nothing is left half done."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile, UsageError
from scrubjay.core.locks import folder_lock
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.training.run_folder import train_into
from scrubjay.run import Settings
from scrubjay.study import explain
from scrubjay.sweep import plan as plan_module
from scrubjay.sweep.plan import Job, Member, Plan, Standing, jobs, members_of, run_sweep
from scrubjay.sweep.summary import read_summary
from scrubjay.sweep.workers import in_processes, one_after_another
from scrubjay.tasks.named import named_task
from scrubjay.tasks.recipe import Recipe
from tests.nets.files.test_layouts import assert_same_weights

TASK = "modular_addition:p=5,fraction=0.5"
RECIPE = Recipe(d_model=8, n_heads=2, d_head=3, d_mlp=6, epochs=12, learning_rate=0.01)


def plan_in(folder: Path, seeds: Sequence[int] = (0, 1), **changes: object) -> Plan:
    plan = Plan(folder, TASK, members_of(RECIPE, seeds, {}), draws=2, save_every=4, threads=1)
    return replace(plan, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A sweep of two networks, their saved epochs included."""
    plan = plan_in(tmp_path_factory.mktemp("sweeps") / "done", along_training=True)
    run_sweep(plan, one_after_another)
    return plan


def claims_of(plan: Plan) -> dict[str, object]:
    found, failed = run_sweep(plan, idle)
    assert not failed
    return {f"{member.name} {summary.epoch}": summary.claims for member, summary in found}


def idle(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
    assert not groups, "everything is done already"


def test_a_network_of_a_sweep_is_the_one_that_train_makes(done: Plan, tmp_path: Path) -> None:
    for member in done.members:
        alone = train_into(tmp_path / member.name, named_task(TASK), member.recipe, save_every=100)
        assert_same_weights(load_network(done.out / member.name).network, alone.network)


def test_what_is_kept_of_a_network_is_what_explain_finds(done: Plan) -> None:
    member = done.members[1]
    study = explain(load_network(done.out / member.name), named_task(TASK), Settings(draws=2))
    kept = read_summary(done.out / member.name / "study")
    assert kept.claims == study.claims and kept.paragraph == study.paragraph and kept.epoch == 12
    assert kept.skipped == study.skipped != ()
    assert kept.classes.equal(study.run.full.classes)
    assert kept.mean_pattern.equal(study.run.mean_pattern.float())


def test_epochs_on_the_way_are_explained_when_asked(done: Plan) -> None:
    found, failed = run_sweep(done, idle)
    assert not failed
    assert [(member.name, summary.epoch) for member, summary in found] == [
        (name, epoch) for name in ("seed-00", "seed-01") for epoch in (4, 8, 12)
    ]
    early = explain(
        load_network(done.out / "seed-00" / "epochs" / "00004.safetensors"), named_task(TASK), Settings(draws=2)
    )
    assert found[0][1].claims == early.claims


def test_processes_find_what_one_process_finds(done: Plan, tmp_path: Path) -> None:
    plan, told = plan_in(tmp_path / "two", along_training=True), list[Standing]()
    run_sweep(plan, in_processes(2), told.append)
    assert claims_of(plan) == claims_of(done)
    assert told[-1] == Standing(networks=2, trained=2.0, explained=2, failed=0)
    for member in plan.members:
        name = f"{member.name}/network.safetensors"
        assert (plan.out / name).read_bytes() == (done.out / name).read_bytes()


def die_once(job: Job, marker: Path, group: Sequence[Member]) -> None:
    """Train, and be killed before anything is explained; the second time, go on."""
    if not marker.exists():
        marker.touch()
        plan_module._train(job.args[0], group)  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGKILL)
    job(group)


def die_always(group: Sequence[Member]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_tried_again(done: Plan, tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "killed", seeds=[1])
    work = in_processes(2)
    run_sweep(plan, lambda job, groups, look: work(partial(die_once, job, tmp_path / "died"), groups, look))
    assert (tmp_path / "died").exists()
    assert claims_of(plan) == {"seed-01 12": claims_of(done)["seed-01 12"]}


def test_a_process_that_dies_each_time_ends_the_sweep_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutOfResources, match=r"worked on seed-00 was killed 2 times \(exit code -9\)"):
        in_processes(1)(die_always, [plan_in(tmp_path).members[:1]], lambda: None)


def test_a_failure_is_written_down_and_stops_no_other(
    done: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(saved: object, *task: object, **options: object) -> object:
        if "seed-00" in str(options["command"]):
            raise ZeroDivisionError("of zero")
        return explain(saved, *task, **options)  # type: ignore[arg-type]

    plan = plan_in(tmp_path / "fragile")
    monkeypatch.setattr(plan_module, "explain", fragile)
    found, failed = run_sweep(plan, one_after_another)
    assert failed == {"seed-00": "explaining: ZeroDivisionError: of zero"}
    assert [member.name for member, _ in found] == ["seed-01"]
    monkeypatch.undo()
    found, failed = run_sweep(plan, one_after_another)
    assert not failed and len(found) == 2
    assert found[0][1].claims == claims_of(done)["seed-00 12"]


def test_a_study_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_in(tmp_path / "halved", seeds=[0])

    def killed(folder: Path, summary: object) -> None:
        folder.mkdir()
        (folder / "summary.json").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(plan_module, "write_summary", killed)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, one_after_another)
    assert not (plan.out / "seed-00" / "study").exists()
    monkeypatch.undo()
    (plan.out / "seed-00" / ".study-left").mkdir()
    found, _ = run_sweep(plan, one_after_another)
    assert len(found) == 1 and not list(plan.out.rglob(".study-*"))


def test_a_sweep_in_a_folder_where_one_is_at_work_is_refused(tmp_path: Path) -> None:
    with folder_lock(tmp_path), pytest.raises(UsageError, match="is in use"):
        run_sweep(plan_in(tmp_path), one_after_another)


def test_networks_of_another_recipe_are_not_taken_for_ours(done: Plan) -> None:
    other = replace(done, members=members_of(replace(RECIPE, weight_decay=0.5), (0, 1), {}))
    with pytest.raises(BadInput, match="holds a network of another recipe"):
        run_sweep(other, one_after_another)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": ()}, "at least one network"),
        ({"members": members_of(RECIPE, (0,), {}) + members_of(replace(RECIPE, epochs=13), (1,), {})}, "12, 13"),
        ({"task": "modular_addition:p=5"}, "has no split.*as in modular_addition:p=5,fraction=0.5"),
        ({"task": "no such task"}, "no task called 'no such task'"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_before_any_work(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        run_sweep(plan_in(tmp_path, **changes), idle)  # type: ignore[arg-type]


def test_a_damaged_summary_is_named(done: Plan, tmp_path: Path) -> None:
    folder = done.out / "seed-00" / "study"
    (tmp_path / "summary.json").write_text((folder / "summary.json").read_text()[:-30])
    (tmp_path / "pictures.npz").write_bytes((folder / "pictures.npz").read_bytes())
    with pytest.raises(RefusedFile, match="delete it, and the same command makes it again"):
        read_summary(tmp_path)


def test_a_grid_combines_its_settings_with_every_seed() -> None:
    members = members_of(RECIPE, (0, 3), {"weight_decay": (0.1, 1.0), "d_mlp": (4.0,)})
    assert [member.name for member in members] == [
        f"weight_decay-{decay}_d_mlp-4_seed-{seed}" for decay in ("0.1", "1") for seed in ("00", "03")
    ]
    assert members[1].recipe == replace(RECIPE, weight_decay=0.1, d_mlp=4, seed=3)
    assert members[1].settings == {"weight_decay": 0.1, "d_mlp": 4}


@pytest.mark.parametrize(
    ("seeds", "grid", "message"),
    [
        ((), {}, "at least one seed"),
        ((1, 1), {}, r"each seed only once; the seeds are \[1, 1\]"),
        ((0,), {"epochs": (3.0,)}, "a grid can vary weight_decay.*it cannot vary 'epochs'"),
        ((0,), {"d_mlp": (2.5,)}, "d_mlp must be a whole number, and is 2.5"),
        ((0,), {"d_mlp": (float("inf"),)}, "d_mlp must be a whole number, and is inf"),
    ],
)
def test_members_that_make_no_sense_are_refused(
    seeds: Sequence[int], grid: dict[str, Sequence[float]], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        members_of(RECIPE, seeds, grid)


def test_networks_of_one_architecture_are_trained_at_once(tmp_path: Path) -> None:
    members = members_of(RECIPE, (0, 1, 2), {"d_mlp": (4.0, 6.0), "weight_decay": (0.1, 1.0)})
    groups = list(jobs(plan_in(tmp_path, members=members, at_once=4)))
    assert [len(group) for group in groups] == [4, 2, 4, 2]
    assert all(len({member.recipe.d_mlp for member in group}) == 1 for group in groups)
