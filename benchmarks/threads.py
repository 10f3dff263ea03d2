"""Measure what a second thread costs or saves ``scrubjay explain``, on an idle machine and beside other work.

    python benchmarks/threads.py [--network NETWORK] [--task TASK] [--threads 1,2] [--beside idle,busy] [--rounds 1]

Runs ``scrubjay explain`` with OMP_NUM_THREADS set to each number of threads: once while the machine has nothing else to
do, and once while a busy process runs on each core. The command starts and ends these processes itself. It prints the
wall-clock seconds and the CPU seconds of each run as a table, and fails if the runs do not find the same claims. With
the bundled network it takes about five minutes on two cores.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OTHER_WORK = {"idle": "none", "busy": "a busy process on each core"}
"""What else the machine does, and what the table calls it."""
_BUSY = """
import os, sys

while os.getppid() == int(sys.argv[1]):
    sum(range(1_000_000))
"""
"""A program that computes until it is ended, or until the process that started it, whose id it is given, has ended."""
_COMMAND = [sys.executable, "-m", "scrubjay", "explain"]
"""The command that is measured."""
_SETTLING = 1.0
"""Seconds that the busy processes get to start before anything is measured."""


@dataclass(frozen=True)
class Explained:
    """One run of ``scrubjay explain``.

    Attributes:
        seconds: wall-clock seconds.
        cpu: CPU seconds, summed over all threads.
        claims: the claims that it wrote, and the lines of evidence that it skipped.
    """

    seconds: float
    cpu: float
    claims: Any


@contextmanager
def busy_processes(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep ``count`` cores busy."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY, str(os.getpid())]) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def explained(words: Sequence[str], threads: int) -> Explained:
    """Run ``scrubjay explain`` with some words and a number of threads, in a process of its own.

    Raises:
        RuntimeError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "stderr").open("w+") as told:
        command = [*_COMMAND, *words, "--out", folder, "--device", "cpu"]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}:\n{told.read()[-2000:]}")
        written = json.loads((Path(folder) / "claims.json").read_text(encoding="utf-8"))
    return Explained(seconds, used.ru_utime + used.ru_stime, {key: written[key] for key in ("claims", "skipped")})


def check_same_claims(runs: Sequence[Explained]) -> None:
    """Check that all runs found the same claims.

    Raises:
        SystemExit: they did not; the message names the first claim that differs.
    """
    first = runs[0].claims
    for other in (run.claims for run in runs[1:]):
        for one, two in zip(first["claims"], other["claims"], strict=False):
            if one != two:
                raise SystemExit(f"two runs differ in the claim {one['id']}:\n{one}\n{two}")
        if first != other:
            raise SystemExit("two runs differ in which claims they made or which lines of evidence they skipped")


def table(runs: dict[tuple[str, int], list[Explained]]) -> str:
    """A row for each number of threads beside each kind of other work; medians over the rounds."""
    lines = ["| other work on the machine | threads | seconds | CPU seconds |", "|---|---|---|---|"]
    for (beside, threads), rounds in runs.items():
        seconds, cpu = (statistics.median(getattr(run, what) for run in rounds) for what in ("seconds", "cpu"))
        lines.append(f"| {OTHER_WORK[beside]} | {threads} | {seconds:.1f} | {cpu:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--network", help="the network to explain, as `scrubjay explain` takes it; the bundled one")
    asked.add_argument("--task", help="the task, as `scrubjay explain --task` takes it; the one that the network names")
    asked.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    asked.add_argument("--beside", default=",".join(OTHER_WORK), help="idle, busy, or both, separated by a comma")
    asked.add_argument("--rounds", type=int, default=1, help="how often each case runs; the median counts")
    words = asked.parse_args()
    cores = os.cpu_count() or 1
    passed = [
        *([] if words.network is None else [words.network]),
        *([] if words.task is None else ["--task", words.task]),
    ]
    cases = [(beside, int(threads)) for beside in words.beside.split(",") for threads in words.threads.split(",")]
    runs: dict[tuple[str, int], list[Explained]] = {case: [] for case in cases}
    for _ in range(words.rounds):
        for beside, threads in cases:
            with busy_processes(cores if beside == "busy" else 0) as processes:
                time.sleep(_SETTLING if processes else 0)
                run = explained(passed, threads)
            runs[beside, threads].append(run)
            print(f"{beside}, threads: {threads}: {run.seconds:.1f} s, {run.cpu:.1f} s of CPU time", flush=True)
    every = [run for rounds in runs.values() for run in rounds]
    check_same_claims(every)
    print(
        f"\n{table(runs)}\nMeasured on {cores} cores. All runs found the same {len(every[0].claims['claims'])} claims."
    )


if __name__ == "__main__":
    main()
