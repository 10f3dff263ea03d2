"""The sweep from the command line; training with attention held; every weight printed."""

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay.cli import main
from scrubjay.nets.files.hub import load_network
from scrubjay.sweep.plan import Plan
from scrubjay.tasks.named import named_task
from scrubjay.tasks.recipe import DEFAULT_RECIPE

TASK = "modular_addition:p=5,fraction=0.5"


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["scrubjay", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, complaint = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), out, complaint


def test_a_sweep_writes_its_table_and_page_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    words = ["sweep", TASK, "--seeds", "0:2", "--epochs", "4", "--draws", "2", "--device", "cpu", "--out", "sweep"]
    command = [sys.executable, "-m", "scrubjay", *words, "--grid", "weight_decay=0.5", "--grid", "d_mlp=8"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "2 networks were trained" in done.stdout and "population.html" in done.stdout
    with (tmp_path / "sweep" / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["seed"], row["weight_decay"], row["d_mlp"], row["epoch"]) for row in rows} == {
        (seed, "0.5", "8", "4") for seed in "01"
    }
    networks = {name: (tmp_path / "sweep" / name / "network.safetensors") for name in {row["network"] for row in rows}}
    before = {name: file.stat().st_mtime_ns for name, file in networks.items()}
    (tmp_path / "sweep" / "table.csv").unlink()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0 and again.stdout == done.stdout
    assert {name: file.stat().st_mtime_ns for name, file in networks.items()} == before
    assert (tmp_path / "sweep" / "table.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "3:1"], "names no seeds"),
        (["--seeds", "a:b"], "--seeds is FIRST:END"),
        (["--seeds", "-1,2"], "names no seeds from 0"),
        (["--grid", "weight_decay"], "--grid is NAME=VALUE,VALUE"),
        (["--grid", "d_mlp=2", "--grid", "d_mlp=3"], "each name once"),
        (["--grid", "d_mlp=inf"], "--grid is NAME=VALUE,VALUE of finite numbers"),
        (["--grid", "weight_decay=nan"], "--grid is NAME=VALUE,VALUE of finite numbers"),
        (["--grid", "weight_decay=-1"], "weight_decay must be 0 or more and finite, and is -1"),
        (["--fraction", "0.5"], "--fraction is for a task without a split"),
        (["--grid", "colour=1"], "it cannot vary 'colour'"),
        (["--freeze-attention", "/no/such/network"], "cannot read /no/such/network"),
    ],
)
def test_words_that_make_no_sweep_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    code, out, complaint = run(
        capsys, monkeypatch, "sweep", TASK, "--out", str(tmp_path / "s"), "--device", "cpu", *words
    )
    assert code in (2, 3) and message in complaint and not out
    assert not (tmp_path / "s").exists()


def test_attention_can_be_held_and_sizes_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", TASK, "--epochs", "2", "--device", "cpu", "--size", "d_mlp=3", "--size", "n_heads=2"]
    code, *_ = run(capsys, monkeypatch, *words, "--freeze-attention", "uniform", "--out", str(tmp_path / "uniform"))
    assert code == 0
    uniform = load_network(tmp_path / "uniform").network
    assert uniform.frozen_pattern == ((1 / 3,) * 3,) * 2 and uniform.config.d_mlp == 3
    code, *_ = run(capsys, monkeypatch, *words, "--out", str(tmp_path / "free"))
    free = str(tmp_path / "free")
    code, *_ = run(capsys, monkeypatch, *words, "--freeze-attention", free, "--out", str(tmp_path / "mean"))
    held = load_network(tmp_path / "mean").network.frozen_pattern
    assert held is not None
    torch.testing.assert_close(torch.tensor(held).sum(-1), torch.ones(2))
    code, _, complaint = run(
        capsys, monkeypatch, *words[:-1], "n_heads=4", "--freeze-attention", free, "--out", str(tmp_path / "x")
    )
    assert code == 2 and "attends with 2 heads" in complaint
    code, _, complaint = run(capsys, monkeypatch, *words[:6], "--size", "depth=2", "--out", str(tmp_path / "x"))
    assert code == 2 and "--size is d_model" in complaint


def test_every_weight_of_a_small_network_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--size", "d_model=2", "--size", "d_mlp=3", "--size", "n_heads=1", "--size", "d_head=2"]
    run(capsys, monkeypatch, "train", TASK, "--epochs", "2", "--device", "cpu", *words, "--out", str(tmp_path / "tiny"))
    code, text, _ = run(capsys, monkeypatch, "info", str(tmp_path / "tiny"), "--weights")
    network = load_network(tmp_path / "tiny").network
    assert code == 0 and "W_in [d m] 2 x 3" in text
    printed = [
        float(word) for line in text.splitlines() if line.startswith("  ") for word in line.split() if word[0] != "["
    ]
    expected = torch.cat([weight.flatten() for weight in network.weights.values()])
    torch.testing.assert_close(torch.tensor(printed), expected, rtol=1e-3, atol=1e-6)


def test_a_file_of_labels_is_swept_over_by_the_default_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    def interrupted(plan: Plan, *others: object) -> None:
        plans.append(plan)
        raise KeyboardInterrupt

    monkeypatch.setattr("scrubjay.sweep.plan.run_sweep", interrupted)
    monkeypatch.chdir(tmp_path)
    np.savez("labels.npz", labels=np.indices((6, 6)).sum(0) % 2)
    words = ["sweep", "labels.npz", "--out", "sweep", "--device", "cpu", "--seeds", "0:2", "--grid", "d_mlp=5,6"]
    code, _, complaint = run(capsys, monkeypatch, *words, "--size", "d_model=8", "--fraction", "0.25")
    assert code == 130 and "the same command continues" in complaint
    assert "no recipe of its own. Training with d_model=8" in complaint
    (plan,) = plans
    task = named_task(plan.task)
    assert plan.task.startswith(f"{tmp_path.resolve() / 'labels.npz'}:") and task.train is not None
    assert int(task.train.sum()) == 9
    expected = [replace(DEFAULT_RECIPE, d_model=8, d_mlp=neurons, seed=seed) for neurons in (5, 6) for seed in (0, 1)]
    assert [member.recipe for member in plan.members] == expected


def test_a_sweep_over_a_built_in_task_without_a_split_names_the_words_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, complaint = run(capsys, monkeypatch, "sweep", "modular_addition:p=13", "--out", str(tmp_path / "s"))
    assert code == 2 and "modular_addition:p=13,fraction=0.3, or add --fraction 0.3" in complaint
