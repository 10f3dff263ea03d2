"""The command line when something is wrong: an exit code, a sentence that names the thing, nothing left behind."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import bundled_network, save_network
from tests.cli.in_process import Ran, scrubjay
from tests.nets.files.test_layouts import challenge_state
from tests.nets.test_transformer import random_network

NETWORK = random_network(Config(d_vocab=8, n_ctx=3, d_model=4, n_heads=2, d_head=2, d_mlp=4))


@dataclass(frozen=True)
class Case:
    """A command, and what must come of it; ``{out}`` stands for a place that is still free."""

    words: str
    code: int
    says: str


CASES = {
    "wrong path": Case("explain missing.safetensors --out {out}", 3, "cannot read missing.safetensors: No such file"),
    "truncated network": Case("explain truncated.safetensors --out {out}", 4, "truncated.safetensors is damaged"),
    "foreign network": Case(
        "explain foreign.safetensors --out {out}",
        4,
        "foreign.safetensors is not a scrubjay network.*`scrubjay import",
    ),
    "malicious pickle": Case("import malicious.pth --out {out}", 4, r"malicious\.pth"),
    "unknown task": Case("explain --task mnist --out {out}", 3, "no task called 'mnist'"),
    "task that does not fit": Case(
        "explain --task modular_addition:p=150 --out {out}", 3, "the token 150, .* 0 to 113"
    ),
    "one class": Case("explain --task one_class.npz --out {out}", 3, "labels of task one_class are class 1"),
    "NaN weights": Case("import nan.pth --out {out}", 3, r"nan\.pth has NaN or infinity in W_in"),
    "output below a file": Case("explain --out occupied/report", 5, "cannot write into the folder occupied/report"),
    "unknown option": Case("explain --drawz 3 --out {out}", 2, "No such option: --drawz"),
    "no task": Case("explain taskless.safetensors --out {out}", 2, "names no task; give one with --task: challenge2"),
}


class MakesAFolder:
    """Makes the folder ``marker`` as soon as it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("marker",)


def in_a_process(folder: Path, *words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "scrubjay", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run, with every file that they need."""
    here = tmp_path_factory.mktemp("cli")
    whole = bundled_network().read_bytes()
    (here / "truncated.safetensors").write_bytes(whole[: len(whole) // 2])
    foreign = {key: weight.contiguous() for key, weight in challenge_state(NETWORK).items()}
    safetensors.torch.save_file(foreign, here / "foreign.safetensors")
    torch.save({"model": challenge_state(NETWORK), "config": MakesAFolder()}, here / "malicious.pth")
    np.savez(here / "one_class.npz", labels=np.ones((113, 113), dtype=np.uint8))
    broken = challenge_state(NETWORK)
    broken["blocks.0.mlp.W_in"][0, 0] = torch.nan
    torch.save(broken, here / "nan.pth")
    (here / "occupied").write_text("a file")
    save_network(here / "taskless.safetensors", NETWORK)
    return here


@pytest.fixture(scope="module")
def before(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def ran(folder: Path, before: set[str]) -> Mapping[str, Ran]:
    """Every command, run once."""
    return {
        name: scrubjay(folder, *case.words.format(out=f"out-{name.replace(' ', '-')}").split())
        for name, case in CASES.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_an_error_is_a_code_and_a_sentence(name: str, ran: Mapping[str, Ran]) -> None:
    found, case = ran[name], CASES[name]
    assert found.code == case.code, found.stderr
    assert re.search(case.says, found.stderr), found.stderr
    assert "Traceback" not in found.stderr and found.stdout == ""


def test_a_process_of_its_own_leaves_with_the_same_code_and_sentence(folder: Path, ran: Mapping[str, Ran]) -> None:
    found = in_a_process(folder, *CASES["unknown task"].words.format(out="out-unknown-task").split())
    assert Ran(found.returncode, found.stdout, found.stderr) == ran["unknown task"]


def test_no_error_leaves_a_file_and_nothing_was_run(folder: Path, before: set[str], ran: Mapping[str, Ran]) -> None:
    assert len(ran) == len(CASES)
    assert {path.name for path in folder.rglob("*")} == before
    assert (folder / "occupied").read_text() == "a file"


def test_the_malicious_pickle_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    torch.load(folder / "malicious.pth", weights_only=False)
    assert (tmp_path / "marker").exists()


def test_help_names_the_commands_and_imports_no_heavy_library(tmp_path: Path) -> None:
    found = in_a_process(tmp_path, "--help", python=("-X", "importtime"))
    assert found.returncode == 0
    commands = ("explain", "condense", "train", "import", "info")
    assert all(re.search(rf"\b{command}\b", found.stdout) for command in commands)
    imported = {line.split("|")[-1].strip().split(".")[0] for line in found.stderr.splitlines()}
    assert {"scrubjay", "typer"} <= imported
    assert not imported & {
        "torch",
        "numpy",
        "matplotlib",
        "safetensors",
        "huggingface_hub",
        "transformer_lens",
        "nnsight",
    }
