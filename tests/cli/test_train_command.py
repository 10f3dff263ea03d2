"""Training from the command line: interrupted and resumed, on files of labels, with sizes and a split to choose."""

import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from scrubjay.nets.files.hub import load_network
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.named import named_task
from scrubjay.tasks.recipe import DEFAULT_RECIPE
from scrubjay.tasks.task import Task
from tests.cli.in_process import Ran, scrubjay

TASK = "modular_addition:p=5,fraction=0.5"
SIDE = 6
LABELS = np.indices((SIDE, SIDE)).sum(0) % 2
SMALL = "--epochs 2 --device cpu --size d_model=4 --size n_heads=1 --size d_head=4 --size d_mlp=8"


def test_ctrl_c_leaves_a_resumable_state_and_130(tmp_path: Path) -> None:
    # where the tests run in the background, a shell has made them, and so their children, deaf to Ctrl-C
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from scrubjay.cli import main; main()"
    )
    command = [sys.executable, "-c", start, "train", TASK, "--out", str(tmp_path / "run"), "--device", "cpu"]
    with subprocess.Popen([*command, "--save-every", "5"], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "run" / "state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        try:
            _, complaint = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "--resume" in complaint and "Traceback" not in complaint
    assert not (tmp_path / "run" / "network.safetensors").exists()
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()
    reached = int(lines[-1].split(",")[0])
    epochs = str(reached + 200)
    done = subprocess.run(
        [*command, "--resume", "--epochs", epochs, "--save-every", "1000"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "next: scrubjay explain" in done.stdout
    after = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert after[: len(lines)] == lines
    assert after[-1].startswith(f"{epochs},")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of labels with and without a split, with more classes than tokens, and as text."""
    np.savez(tmp_path / "labels.npz", labels=LABELS)
    np.savez(tmp_path / "split.npz", labels=LABELS, train=np.arange(SIDE**2).reshape(SIDE, SIDE) % 3 > 0)
    np.savez(tmp_path / "many.npz", labels=np.arange(9).reshape(3, 3))
    np.savetxt(tmp_path / "labels.csv", LABELS, fmt="%d", delimiter=",")
    return tmp_path


def train(folder: Path, words: str, more: str = SMALL) -> Ran:
    return scrubjay(folder, "train", *words.split(), *more.split(), "--out", "run")


def test_a_file_of_labels_is_trained_on_with_what_is_not_stated_printed(folder: Path) -> None:
    ran = train(folder, "labels.npz")
    assert ran.code == 0, ran.stderr
    assert "Task labels has no split. Training on a share of 0.5 of its inputs (--fraction)" in ran.stderr
    assert "Task labels has no recipe of its own. Training with d_model=4, n_heads=1, d_head=4, d_mlp=8" in ran.stderr
    assert "2 epochs (--epochs), learning rate 0.001 (--learning-rate) and weight decay 1 (--weight-de" in ran.stderr
    saved = load_network(folder / "run")
    assert saved.recipe == replace(DEFAULT_RECIPE, d_model=4, n_heads=1, d_head=4, d_mlp=8, epochs=2)
    assert saved.network.config.d_vocab == SIDE + 1


def test_every_default_can_be_set(folder: Path) -> None:
    ran = train(folder, "labels.npz", f"{SMALL} --learning-rate 0.5 --weight-decay 0 --fraction 0.25 --seed 3")
    assert ran.code == 0, ran.stderr
    assert "learning rate 0.5 (--learning-rate) and weight decay 0" in ran.stderr and "no split" not in ran.stderr
    saved = load_network(folder / "run")
    assert saved.recipe is not None and saved.task is not None
    assert (saved.recipe.learning_rate, saved.recipe.weight_decay, saved.recipe.seed) == (0.5, 0.0, 3)
    task = named_task(saved.task)
    assert task.train is not None and int(task.train.sum()) == SIDE**2 // 4


@pytest.mark.parametrize(
    ("file", "trained"), [("labels.npz", 18), ("split.npz", 24), ("many.npz", 4), ("labels.csv", 18)]
)
def test_a_run_remembers_the_file_that_it_was_trained_on(folder: Path, file: str, trained: int) -> None:
    ran = train(folder, file)
    assert ran.code == 0, ran.stderr
    saved = load_network(folder / "run")
    assert saved.task is not None and saved.task.startswith(f"{folder.resolve() / file}:last=")
    task = named_task(saved.task)
    task.check_fits(saved.network.config)
    assert task.train is not None and int(task.train.sum()) == trained


def test_an_interrupted_run_from_a_file_is_resumed(folder: Path) -> None:
    assert train(folder, "labels.npz").code == 0
    more = SMALL.replace("--epochs 2", "--epochs 4 --resume")
    assert train(folder, "labels.npz", more).code == 0
    assert load_network(folder / "run").recipe == replace(
        DEFAULT_RECIPE, d_model=4, n_heads=1, d_head=4, d_mlp=8, epochs=4
    )
    np.savez(folder / "labels.npz", labels=1 - LABELS)
    refused = train(folder, "labels.npz", more.replace("--epochs 4", "--epochs 6"))
    assert refused.code == 3 and "other labels" in refused.stderr


def test_explain_finds_the_file_of_a_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Task] = []

    def interrupted(network: object, task: Task, *others: object, **options: object) -> NoReturn:
        given.append(task)
        raise KeyboardInterrupt

    monkeypatch.setattr("scrubjay.study.explain", interrupted)
    assert train(folder, "labels.npz").code == 0
    (folder / "elsewhere").mkdir()
    ran = scrubjay(folder / "elsewhere", "explain", str(folder / "run"), "--device", "cpu")
    assert ran.code == 130, ran.stderr
    (task,) = given
    assert task.labels is not None and task.labels.tolist() == LABELS.reshape(-1).tolist()
    assert task.train is not None and int(task.train.sum()) == SIDE**2 // 2


def test_a_file_that_is_gone_or_changed_is_said_by_explain(folder: Path) -> None:
    assert train(folder, "labels.npz").code == 0
    (folder / "labels.npz").rename(folder / "moved.npz")
    gone = scrubjay(folder, "explain", "run", "--out", "out")
    assert gone.code == 3 and "labels.npz, which holds the stored task, is gone" in gone.stderr
    assert "Traceback" not in gone.stderr and gone.stderr.count("scrubjay: ") == 1
    np.savez(folder / "labels.npz", labels=1 - LABELS)
    changed = scrubjay(folder, "explain", "run", "--out", "out")
    assert changed.code == 3 and "have changed: their SHA-256 begins with" in changed.stderr
    assert not (folder / "out").exists()


def test_a_built_in_task_without_a_split_is_refused_with_the_words_to_type(folder: Path) -> None:
    refused = train(folder, "modular_addition:p=13", "--epochs 2")
    assert refused.code == 2 and refused.stdout == ""
    words = re.search(r"name the task (\S+), or add --fraction 0\.3", refused.stderr)
    assert words is not None and words[1] == "modular_addition:p=13,fraction=0.3"
    for typed in (words[1], "modular_addition:p=13 --fraction 0.3"):
        ran = scrubjay(folder, "train", *typed.split(), *SMALL.split(), "--out", f"run-{len(typed)}")
        assert ran.code == 0 and "no recipe" not in ran.stderr, ran.stderr
        assert load_network(folder / f"run-{len(typed)}").task == modular_addition(13, fraction=0.3).name


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("labels.npz --learning-rate -1", 3, "learning_rate must be positive and finite, and is -1"),
        ("labels.npz --learning-rate nan", 3, "learning_rate must be positive and finite, and is nan"),
        ("labels.npz --weight-decay -1", 3, "weight_decay must be 0 or more and finite, and is -1"),
        ("labels.npz --fraction 2", 3, r"fraction of 2\.0 leaves one part of the 36 inputs empty"),
        ("split.npz --fraction 0.5", 2, "--fraction is for a task without a split, and task split has one"),
        ("challenge2 --fraction 0.5", 2, "--fraction is for a task without a split, and task challenge2 has one"),
        ("labels.npz --size d_mlp=5 --size d_mlp=6", 2, "--size d_mlp is given twice: 5 and 6"),
        ("labels.npz --size n_heads=0", 3, "n_heads must be a positive whole number, and is 0"),
        ("missing.npz", 3, "cannot read missing.npz: No such file"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(folder: Path, words: str, code: int, says: str) -> None:
    ran = scrubjay(folder, "train", *words.split(), "--epochs", "2", "--device", "cpu", "--out", "run")
    assert ran.code == code and re.search(says, ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr and ran.stdout == "" and not (folder / "run").exists()
