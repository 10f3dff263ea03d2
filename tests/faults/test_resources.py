"""With little memory, chunks are smaller and results stay the same; with too little, a command ends with a message."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from scrubjay.nets import chunks
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.config import Config
from scrubjay.nets.memory import free_memory
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from tests.faults.small import CONFIG, small_network, small_task

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
WIDE = Config(**{**vars(CONFIG), "d_mlp": 4096})
MiB = 2**20
LIMITED = """
import os, resource, sys
from pathlib import Path
import torch
from scrubjay.nets.recording import record
from scrubjay.cli import main
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.chunks import chunk_rows
from scrubjay.tasks.challenge2 import challenge2

torch.set_num_threads(1)
saved, task = load_network("bundled"), challenge2()

def limited(spare, work):
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + spare * 2**20,) * 2)
    try:
        work()
        code = 0
    except SystemExit as end:
        code = end.code
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)

def run():
    print("rows", chunk_rows(saved.network.config.d_mlp, saved.network.dtype, torch.device("cpu")))
    print("right", int((record(saved.network, task).classes == task.labels).sum()))

sys.argv = ["scrubjay", "explain", "--out", sys.argv[1]]
print("code", limited(20_000, run))
print("code", limited(90, run))
print("code", limited(12, main))
"""


def test_under_a_low_limit_chunks_shrink_and_below_it_there_is_a_sentence(tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(out)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    words = ran.stdout.split()
    assert words[::2] == ["rows", "right", "code", "rows", "right", "code", "code"], ran.stdout + ran.stderr
    many, right, ended, few, same, ended_too, refused = map(int, words[1::2])
    assert (ended, ended_too) == (0, 0)
    assert few < many == 2048
    assert same == right
    assert refused == 5
    assert ran.stderr.splitlines()[-1].startswith("scrubjay: there is not enough memory for this network and task: ")
    assert "Traceback" not in ran.stderr
    assert not out.exists() or list(out.iterdir()) == []


def test_a_limit_too_low_for_pytorch_is_a_sentence_at_once(tmp_path: Path) -> None:
    def low() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (300 * MiB, 300 * MiB))

    command = [sys.executable, "-m", "scrubjay", "explain", "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, preexec_fn=low, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 5
    (said,) = ran.stderr.splitlines()
    assert said.startswith("scrubjay: this process may take 300 MiB of address space (ulimit -v), and to load PyTorch")


def machine(folder: Path, available: int, groups: str, **files: str) -> tuple[Path, Path]:
    """Folders with what the kernel would report. A keyword argument ``a__b`` is the content of the file a/b."""
    proc, cgroups = folder / "proc", folder / "cgroup"
    told = {
        "proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {available // 1024} kB\n",
        "proc/self/cgroup": groups,
        **{"cgroup/" + name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()},
    }
    for name, text in told.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return proc, cgroups


def test_the_least_of_what_machine_and_containers_leave_counts(tmp_path: Path) -> None:
    assert free_memory(*machine(tmp_path / "bare", 700 * MiB, "0::/\n")) == 700 * MiB
    second = machine(
        tmp_path / "v2", 700 * MiB, "0::/a/b\n",
        a__b__memory_dot_max="max\n", a__b__memory_dot_current="1\n",
        a__memory_dot_max=f"{100 * MiB}", a__memory_dot_current=f"{80 * MiB}",
        a__memory_dot_stat=f"anon 5\ninactive_file {10 * MiB}\nactive_file {3 * MiB}\n",
    )  # fmt: skip
    assert free_memory(*second) == 33 * MiB
    first = machine(
        tmp_path / "v1", 700 * MiB, "5:cpu:/x\n4:memory:/not/here\n0::/\n",
        memory__memory_dot_limit_in_bytes=f"{50 * MiB}", memory__memory_dot_usage_in_bytes=f"{60 * MiB}",
        memory__memory_dot_stat=f"inactive_file 1\ntotal_inactive_file {20 * MiB}\n",
    )  # fmt: skip
    assert free_memory(*first) == 10 * MiB
    assert free_memory(tmp_path / "none", tmp_path / "none") is None


@pytest.mark.parametrize(("free", "rows"), [(None, 2048), (2**40, 2048), (128 * MiB, 2048), (64 * MiB, 1024), (0, 64)])
def test_only_scarce_memory_lowers_a_chunk(monkeypatch: pytest.MonkeyPatch, free: int | None, rows: int) -> None:
    monkeypatch.setattr(chunks, "_free_here", lambda second: free)
    assert chunk_rows(1024, torch.float32, CPU) == rows
    assert chunk_rows(10**9, torch.float32, CPU) == 1


def test_the_size_of_a_chunk_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    network, task, found = small_network(WIDE, seed=6), small_task(), []
    for free in (None, 0):
        monkeypatch.setattr(chunks, "_free_here", lambda second, free=free: free)
        act = record(network, task)
        found.append(
            (chunk_rows(WIDE.d_mlp, network.dtype, CPU), act, Readout.of(network, task, act).scores(act.resid_mid))
        )
    (many, first, scores), (few, second, again) = found
    assert few < task.domain.size < many
    assert torch.equal(first.answers, second.answers)
    torch.testing.assert_close(second.resid_mid, first.resid_mid)
    torch.testing.assert_close(again, scores)
