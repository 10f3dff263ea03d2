"""Run folders: what they contain, and that an interrupted run ends with the same weights as an uninterrupted one."""

import csv
import errno
import os
import re
import signal
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile, UsageError
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from scrubjay.nets.training import saved_state
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.training.run_folder import TrainingRun, train_all_into, train_into
from scrubjay.nets.training.saved_state import is_resumable, last_epoch
from scrubjay.nets.training.training_step import TrainingProgress
from scrubjay.tasks.named import named_task
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task
from tests.nets.files.test_layouts import assert_same_weights

LABELS = np.subtract.outer(np.arange(7), np.arange(7)) % 3
TASK = Task.from_arrays(LABELS, train=np.random.default_rng(0).random((7, 7)) < 0.5)
RECIPE = Recipe(d_model=8, n_heads=2, d_head=3, d_mlp=6, epochs=20, learning_rate=0.01, seed=1)
KEPT = {"network.safetensors", "state.safetensors", "history.csv", "epochs"}


def interrupt_at(epoch: int) -> Callable[[TrainingProgress], None]:
    def report(progress: TrainingProgress) -> None:
        if progress.epoch == epoch:
            raise KeyboardInterrupt

    return report


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train_into(folder, TASK, RECIPE, save_every=6, log_every=4)
    return folder


def assert_same_run(found: Path, expected: Path) -> None:
    assert_same_weights(load_network(found).network, load_network(expected).network)
    for name in ("history.csv", "state.safetensors", "network.safetensors", "epochs/00020.safetensors"):
        assert (found / name).read_bytes() == (expected / name).read_bytes(), name


def test_a_run_keeps_the_network_the_state_the_history_and_epochs_on_the_way(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} == KEPT
    assert sorted(path.stem for path in (whole / "epochs").iterdir()) == ["00006", "00012", "00018", "00020"]
    assert load_network(whole / "epochs" / "00012.safetensors").manifest["epoch"] == 12


def test_the_network_is_that_of_the_steps_taken_one_by_one(whole: Path) -> None:
    training = Ensemble([Trainee(TASK, RECIPE)])
    at = {}
    for _ in range(20):
        training.step()
        at[training.epoch] = training.state(0).weights
    for epoch in (6, 18, 20):
        kept = load_network(whole / "epochs" / f"{epoch:05d}.safetensors").network.weights
        assert all(torch.equal(kept[name], at[epoch][name]) for name in kept)
    saved = load_network(whole)
    assert_same_weights(saved.network, load_network(whole / "epochs" / "00020.safetensors").network)
    assert (saved.name, saved.task, saved.recipe) == ("whole", "own task", RECIPE)
    assert saved.manifest["training"].items() >= {"device": "cpu", "epoch": 20}.items()


def test_the_history_and_the_reports_are_the_progress_at_every_fourth_epoch(tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    train_into(tmp_path, TASK, replace(RECIPE, epochs=10), save_every=100, log_every=4, report=told.append)
    training, expected = Ensemble([Trainee(TASK, RECIPE)]), []
    for epoch in range(11):
        if epoch in (0, 4, 8, 10):
            expected.append(training.progress(0))
        training.step()
    assert told == expected
    with (tmp_path / "history.csv").open() as table:
        header, *lines = csv.reader(table)
    assert header == ["epoch", "train_loss", "test_loss", "train_accuracy", "test_accuracy"]
    assert [tuple(map(float, line)) for line in lines] == [astuple(line) for line in expected]


@pytest.mark.parametrize("epoch", [0, 4, 8, 12, 16, 20])
def test_an_interrupted_run_that_is_resumed_ends_with_the_same_bits(tmp_path: Path, whole: Path, epoch: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_into(tmp_path, TASK, RECIPE, save_every=6, log_every=4, report=interrupt_at(epoch))
    assert not (tmp_path / "network.safetensors").exists()
    told: list[TrainingProgress] = []
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4, report=told.append)
    assert [line.epoch for line in told] == list(range(epoch + 4, 21, 4))
    assert_same_run(tmp_path, whole)


def test_a_run_may_be_interrupted_again_and_again(tmp_path: Path, whole: Path) -> None:
    for epoch in (4, 12, 16):
        with pytest.raises(KeyboardInterrupt):
            train_into(tmp_path, TASK, RECIPE, resume=epoch > 4, save_every=6, log_every=4, report=interrupt_at(epoch))
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4)
    assert_same_run(tmp_path, whole)


class Killed(BaseException):
    """An exception that no handler expects."""


def test_a_killed_run_goes_on_from_its_last_saved_state(tmp_path: Path, whole: Path) -> None:
    def die(progress: TrainingProgress) -> None:
        if progress.epoch == 16:
            raise Killed

    with pytest.raises(Killed):
        train_into(tmp_path, TASK, RECIPE, save_every=6, log_every=4, report=die)
    told: list[TrainingProgress] = []
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4, report=told.append)
    assert [line.epoch for line in told] == [16, 20]
    assert_same_run(tmp_path, whole)


def test_a_run_killed_between_history_and_state_repeats_no_line(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*state: object) -> str:
        raise Killed

    def die_soon(progress: TrainingProgress) -> None:
        if progress.epoch == 16:
            monkeypatch.setattr(saved_state, "write_sealed", die)

    with pytest.raises(Killed):
        train_into(tmp_path, TASK, RECIPE, save_every=6, log_every=4, report=die_soon)
    monkeypatch.undo()
    assert (tmp_path / "history.csv").read_text().splitlines()[-1].startswith("16,")
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4)
    assert_same_run(tmp_path, whole)


def test_a_finished_run_can_be_trained_on(tmp_path: Path, whole: Path) -> None:
    train_into(tmp_path, TASK, replace(RECIPE, epochs=12), save_every=6, log_every=4)
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4)
    assert_same_run(tmp_path, whole)


def test_a_run_interrupted_inside_a_step_ends_with_the_same_bits(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = torch.optim.AdamW.step

    def interrupted(optimiser: torch.optim.AdamW) -> None:
        nonlocal steps
        step(optimiser)
        steps += 1
        if steps == 9:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_into(tmp_path, TASK, RECIPE, save_every=6, log_every=4)
    train_into(tmp_path, TASK, RECIPE, resume=True, save_every=6, log_every=4)
    assert_same_run(tmp_path, whole)


def test_a_folder_with_a_run_is_left_alone_unless_resumed(whole: Path) -> None:
    before = (whole / "state.safetensors").read_bytes()
    with pytest.raises(UsageError, match=re.escape(f"{whole} holds a training run already (state.safetensors, ")):
        train_into(whole, TASK, RECIPE)
    assert (whole / "state.safetensors").read_bytes() == before


def test_there_must_be_something_to_resume(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(f"nothing to resume in {tmp_path / 'new'}: it has no state.safe")):
        train_into(tmp_path / "new", TASK, RECIPE, resume=True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("change", [{"learning_rate": 0.02}, {"seed": 2}, {"betas": (0.9, 0.99)}, {"d_mlp": 7}])
def test_a_state_of_another_recipe_is_refused(whole: Path, change: dict[str, float]) -> None:
    with pytest.raises(
        BadInput,
        match=r"state\.safetensors was saved .*on task own task with Recipe\(.* on task own task",
    ):
        train_into(whole, TASK, replace(RECIPE, **change), resume=True)  # type: ignore[arg-type]


def test_a_state_of_another_task_is_refused(whole: Path) -> None:
    assert TASK.train is not None
    other = Task.from_arrays(LABELS, name="another", train=TASK.domain.image(TASK.train).numpy())
    with pytest.raises(BadInput, match=r"saved in training on task own task with .* cannot be resumed on task another"):
        train_into(whole, other, RECIPE, resume=True)


def test_a_state_of_other_labels_under_the_same_name_is_refused(whole: Path) -> None:
    assert TASK.train is not None
    other = Task.from_arrays((LABELS + 1) % 3, train=TASK.domain.image(TASK.train).numpy())
    with pytest.raises(BadInput):
        train_into(whole, other, RECIPE, resume=True)


def test_a_run_is_not_resumed_to_fewer_epochs_than_it_has(tmp_path: Path) -> None:
    train_into(tmp_path, TASK, RECIPE)
    with pytest.raises((BadInput, UsageError)):
        train_into(tmp_path, TASK, replace(RECIPE, epochs=5), resume=True)


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    train_into(tmp_path, TASK, replace(RECIPE, epochs=2))
    state = tmp_path / "state.safetensors"
    content = state.read_bytes()
    state.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RefusedFile, match="is damaged"):
        train_into(tmp_path, TASK, RECIPE, resume=True)


def test_a_missing_history_is_named(tmp_path: Path) -> None:
    train_into(tmp_path, TASK, replace(RECIPE, epochs=2))
    (tmp_path / "history.csv").unlink()
    with pytest.raises(BadInput, match=re.escape(f"cannot read {tmp_path / 'history.csv'}")):
        train_into(tmp_path, TASK, RECIPE, resume=True)


@pytest.mark.parametrize("content", [b"epoch,loss\n0,x\n", b"nothing\n1\n", b"\xff\xfe"])
def test_a_damaged_history_is_refused(tmp_path: Path, content: bytes) -> None:
    train_into(tmp_path, TASK, replace(RECIPE, epochs=2))
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises((RefusedFile, BadInput)):
        train_into(tmp_path, TASK, RECIPE, resume=True)


def test_a_folder_that_can_not_be_made_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file")
    told: list[TrainingProgress] = []
    with pytest.raises(
        OutOfResources, match=re.escape(f"cannot write into the folder {tmp_path / 'occupied' / 'run'}")
    ):
        train_into(tmp_path / "occupied" / "run", TASK, RECIPE, report=told.append)
    assert not told


def test_a_full_disk_leaves_the_state_saved_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill_the_disk(progress: TrainingProgress) -> None:
        if progress.epoch == 8:
            monkeypatch.setattr(os, "fsync", no_space)

    with pytest.raises(OutOfResources, match="No space left on device"):
        train_into(tmp_path, TASK, RECIPE, save_every=6, log_every=4, report=fill_the_disk)
    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == KEPT - {"network.safetensors"}
    assert [path.name for path in (tmp_path / "epochs").iterdir()] == ["00006.safetensors"]
    saved = train_into(tmp_path, TASK, RECIPE, resume=True)
    assert saved.manifest["training"]["epoch"] == 20


@pytest.mark.parametrize("name", ["save_every", "log_every"])
@pytest.mark.parametrize("value", [0, -3])
def test_a_number_of_epochs_between_saves_that_is_none_is_refused(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(BadInput, match=f"{name} is a number of epochs, at least 1, and is {value}"):
        train_into(tmp_path / "run", TASK, RECIPE, **{name: value})  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_a_folder_and_a_task_may_be_given_by_words(tmp_path: Path) -> None:
    recipe, words = replace(RECIPE, epochs=2), "modular_addition:p=5,fraction=0.5"
    train_into(str(tmp_path / "words"), words, recipe)
    train_into(tmp_path / "objects", named_task(words), recipe)
    assert (tmp_path / "words" / "network.safetensors").read_bytes() == (
        tmp_path / "objects" / "network.safetensors"
    ).read_bytes()
    run = TrainingRun(str(tmp_path / "words"), words, recipe)
    assert (run.folder, run.task.name, run.resume) == (tmp_path / "words", named_task(words).name, False)
    train_all_into([TrainingRun(str(tmp_path / "words"), words, replace(recipe, epochs=3), resume=True)])
    assert load_network(tmp_path / "words").manifest["training"]["epoch"] == 3


def test_a_network_trained_on_a_file_of_labels_names_its_task(tmp_path: Path) -> None:
    np.savez(tmp_path / "labels.npz", labels=LABELS, train=TASK.domain.image(TASK.train).numpy(), last=7)  # type: ignore[arg-type]
    saved = train_into(tmp_path / "run", str(tmp_path / "labels.npz"), replace(RECIPE, epochs=2))
    assert saved.task is not None
    again = named_task(saved.task)
    assert again.labels is not None and TASK.labels is not None and torch.equal(again.labels, TASK.labels)
    assert load_network(tmp_path / "run" / "epochs" / "00002.safetensors").task == saved.task
    resumed = train_into(tmp_path / "run", saved.task, replace(RECIPE, epochs=4), resume=True)
    assert resumed.manifest["training"]["epoch"] == 4


@pytest.mark.parametrize("entry", [{"epoch": "12"}, {"task": None}, {"answers": 3}, {"recipe": []}])
def test_a_state_with_other_entries_is_refused(tmp_path: Path, whole: Path, entry: dict[str, object]) -> None:
    tensors, manifest = read_sealed(whole / "state.safetensors", "training state")
    write_sealed(tmp_path / "state.safetensors", tensors, {**manifest, **entry})
    (tmp_path / "history.csv").write_bytes((whole / "history.csv").read_bytes())
    with pytest.raises(RefusedFile, match=rf"state\.safetensors does not state its {next(iter(entry))}"):
        train_into(tmp_path, TASK, RECIPE, resume=True)


def test_networks_trained_at_once_keep_what_each_keeps_alone(tmp_path: Path) -> None:
    recipes = [replace(RECIPE, epochs=6, seed=seed) for seed in (4, 5)]
    together = train_all_into(
        [TrainingRun(tmp_path / f"together-{recipe.seed}", TASK, recipe) for recipe in recipes], save_every=4
    )
    for recipe, saved in zip(recipes, together, strict=True):
        train_into(tmp_path / f"alone-{recipe.seed}", TASK, recipe, save_every=4)
        assert saved.name == f"together-{recipe.seed}"
        for name in ("network.safetensors", "state.safetensors", "history.csv", "epochs/00004.safetensors"):
            alone, found = (tmp_path / f"{kind}-{recipe.seed}" / name for kind in ("alone", "together"))
            assert found.read_bytes() == alone.read_bytes(), name


def test_networks_of_different_epochs_are_not_trained_at_once(tmp_path: Path) -> None:
    runs = [TrainingRun(tmp_path / str(epochs), TASK, replace(RECIPE, epochs=epochs)) for epochs in (2, 3)]
    with pytest.raises(BadInput, match=r"must have the same number of epochs; these have \[2, 3\]"):
        train_all_into(runs)
    assert list(tmp_path.iterdir()) == []


def test_what_a_folder_says_of_its_last_epoch(tmp_path: Path, whole: Path) -> None:
    assert (is_resumable(str(whole)), last_epoch(str(whole))) == (True, 20)
    assert (is_resumable(tmp_path), last_epoch(tmp_path)) == (False, 0)
    (tmp_path / "history.csv").write_text("epoch\nx,1\n")
    assert last_epoch(tmp_path) == 0
