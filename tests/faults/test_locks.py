"""Two runs in one folder: the second one is refused and names the first. What a killed run has left is replaced."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scrubjay.core.errors import OutOfResources, UsageError
from scrubjay.core.locks import LOCK_FILE, Holder, folder_lock
from scrubjay.nets.training.run_folder import train_into
from scrubjay.tasks.recipe import Recipe
from tests.faults.small import small_task

RECIPE = Recipe(d_model=2, n_heads=1, d_head=2, d_mlp=4, epochs=4, learning_rate=0.01)
HOLD = """
import sys, time
from pathlib import Path
from scrubjay.core.locks import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def another_run(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLD, str(folder), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def leave(folder: Path, holder: Holder) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / LOCK_FILE).write_text(json.dumps(asdict(holder)))
    return folder


def test_the_second_run_refuses_and_names_the_first(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with another_run(run) as first:
        before = (run / LOCK_FILE).read_bytes()
        since = json.loads(before)["since"]
        says = rf"{re.escape(str(run))} is in use: process {first.pid} \(-c .*\) has been writing there since {since};"
        for _ in range(2):
            with pytest.raises(UsageError, match=says):
                train_into(run, small_task(), RECIPE)
        assert (run / LOCK_FILE).read_bytes() == before
        assert [path.name for path in run.iterdir()] == [LOCK_FILE]


def test_a_killed_runs_lock_is_taken_over_at_once_and_nothing_is_left(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with another_run(run) as first:
        first.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried
        assert (run / LOCK_FILE).exists()
        train_into(run, small_task(), RECIPE)
    assert not (run / LOCK_FILE).exists()
    train_into(run, small_task(), replace(RECIPE, epochs=6), resume=True)


def test_a_lock_whose_number_went_to_another_process_is_stale(tmp_path: Path) -> None:
    mine = Holder.me()
    assert mine.born is not None
    with folder_lock(leave(tmp_path, replace(mine, born=str(int(mine.born) - 1)))):
        assert json.loads((tmp_path / LOCK_FILE).read_text()) == asdict(Holder.me()) | {
            "since": json.loads((tmp_path / LOCK_FILE).read_text())["since"]
        }
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_run_on_another_machine_is_believed_and_the_way_out_is_named(tmp_path: Path) -> None:
    run = leave(tmp_path, replace(Holder.me(), host="elsewhere", pid=3, command="scrubjay train x"))
    with (
        pytest.raises(UsageError, match=rf"process 3 on elsewhere \(scrubjay train x\).*delete .*{LOCK_FILE}"),
        folder_lock(run),
    ):
        raise AssertionError("the folder was given away")
    assert (run / LOCK_FILE).exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "{}", '{"pid": 1}', "[" * 100_000, "\x00",
     '{"pid": -1, "host": "", "born": null, "since": "", "command": ""}',
     '{"pid": true, "host": "", "born": null, "since": "", "command": ""}'],
)  # fmt: skip
def test_a_lock_that_names_nobody_is_taken_over(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK_FILE).write_text(content)
    with folder_lock(tmp_path):
        assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_lock_goes_with_the_run_however_it_ends(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        with pytest.raises(error), folder_lock(tmp_path / name):
            assert (tmp_path / name / LOCK_FILE).exists()
            raise error
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_of_many_threads_that_want_a_folder_one_gets_it(tmp_path: Path) -> None:
    leave(tmp_path, replace(Holder.me(), born="1"))
    ready, got, refused, over = threading.Barrier(8), [], [], threading.Event()

    def want() -> None:
        ready.wait()
        try:
            with folder_lock(tmp_path):
                got.append(1)
                over.wait(20)
        except UsageError:
            refused.append(1)
            if len(refused) == 7:
                over.set()

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutOfResources, match="cannot write into the folder"), folder_lock(tmp_path / "file"):
        pass
