"""Training that is repeatedly killed at random moments ends with the weights of an uninterrupted run."""

import subprocess
import sys
from pathlib import Path

import pytest

from scrubjay.core.files import clear_partial
from scrubjay.nets.files.hub import load_network
from tests.nets.files.test_layouts import assert_same_weights

ROOT = Path(__file__).parents[2]
KILLED = """
import os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
import torch
from scrubjay.core.errors import UsageError
from scrubjay.nets.training.run_folder import train_into
from scrubjay.tasks.recipe import Recipe
from tests.faults.small import small_task

torch.set_num_threads(1)
TASK, RECIPE = small_task(), Recipe(d_model=8, n_heads=2, d_head=4, d_mlp=16, epochs=60, learning_rate=0.01, seed=3)
here, kills = Path(sys.argv[1]), int(sys.argv[2])
# PyTorch imports some modules late; this imports them before the forks
train_into(here / "warm", TASK, replace(RECIPE, epochs=1))

def start(folder):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resume = (folder / "state.safetensors").exists()
            train_into(folder, TASK, RECIPE, resume=resume, save_every=4, log_every=2)
            code = 0
        finally:
            os._exit(code)
    return child

began = time.monotonic()
assert os.waitpid(start(here / "whole"), 0)[1] == 0
took, moments, done = time.monotonic() - began, random.Random(int(sys.argv[3])), 0
while done < kills:
    child = start(here / "killed")
    time.sleep(moments.uniform(0, took / 4))
    os.kill(child, signal.SIGKILL)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        break
    done += 1
while os.waitpid(start(here / "killed"), 0)[1]:
    raise SystemExit("a run that was not killed failed")
print(done)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are POSIX's")
def test_killed_at_random_moments_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), "7", "4"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 4, "too few kills to show anything"
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert_same_weights(load_network(killed).network, load_network(whole).network)
    names = {path.name for path in whole.iterdir()}
    for name in ("state.safetensors", "history.csv", "network.safetensors"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert {path.name for path in killed.iterdir()} == names, "something was left behind"
    assert {path.name for path in (killed / "epochs").iterdir()} == {path.name for path in (whole / "epochs").iterdir()}


def test_only_what_a_killed_write_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "epochs").mkdir()
    kept = [tmp_path / ".keep", tmp_path / "a.scrubjay-partial", tmp_path / "epochs" / "00001.safetensors"]
    for path in (*kept, tmp_path / "epochs" / ".x.abc.scrubjay-partial", tmp_path / ".y.abc.scrubjay-partial"):
        path.touch()
    clear_partial(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
