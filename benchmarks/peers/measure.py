"""Measure the time and the peak memory of a piece of work in a fresh process.

A contender is a function of this package and is named ``module.function``, for example ``ours.analysis``. It prepares
the work (imports, loads the network, makes the inputs) and returns it as a function without arguments. That function
returns the figures that it found. Only the work is timed, not the preparation.
"""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
Work = Callable[[], Figures]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MARK = "measured: "


@dataclass(frozen=True)
class Measured:
    """What was measured of one contender in a process of its own.

    Attributes:
        seconds: wall-clock seconds of the work alone.
        cpu: CPU seconds of the work, summed over its threads.
        prepared: wall-clock seconds of the imports and of the preparation.
        peak_mb: the peak of the resident memory during the work, minus what was resident when the work began, in MB.
        figures: the figures that the work found.
    """

    seconds: float
    cpu: float
    prepared: float
    peak_mb: float
    figures: Figures


def in_rounds(names: Sequence[str], *, threads: int, rounds: int, limit: float = 900) -> dict[str, Measured]:
    """Measure several contenders in turns, each time in a fresh process.

    Contenders take turns so that a change in the machine's speed affects all of them.

    Args:
        names: the contenders.
        threads: the number of threads of PyTorch and of the numerical libraries.
        rounds: how often each contender runs.
        limit: the largest number of seconds for one process.

    Returns:
        For each contender, the medians over the rounds. The figures are those of the last round.

    Raises:
        RuntimeError: a contender failed, or it took longer than ``limit`` seconds.
    """
    runs = [{name: in_a_child(name, threads=threads, limit=limit) for name in names} for _ in range(rounds)]
    return {name: _median([run[name] for run in runs]) for name in names}


def _median(runs: Sequence[Measured]) -> Measured:
    seconds, cpu, prepared, peak = (
        statistics.median(getattr(run, what) for run in runs) for what in ("seconds", "cpu", "prepared", "peak_mb")
    )
    return Measured(seconds, cpu, prepared, peak, runs[-1].figures)


def in_a_child(name: str, *arguments: object, threads: int, limit: float = 900) -> Measured:
    """Measure one contender in a fresh process. The arguments are passed to it as strings.

    Raises:
        RuntimeError: the contender failed, or it took longer than ``limit`` seconds.
    """
    home = str(Path(__file__).parents[1])
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | dict.fromkeys(_THREADS, str(threads)) | {"PYTHONPATH": path}
    command = [sys.executable, "-m", "peers.measure", name, *map(str, arguments)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{name} {arguments} took longer than {limit:g} s") from error
    found = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not found:
        raise RuntimeError(f"{name} {arguments} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return Measured(**json.loads(found[0].removeprefix(_MARK)))


def measured(prepare: Callable[..., Work], *arguments: str) -> Measured:
    """Prepare and measure a piece of work in this process."""
    began = time.perf_counter()
    work = prepare(*arguments)
    gc.collect()
    prepared = time.perf_counter() - began
    before = start_peak()
    began, used = time.perf_counter(), time.process_time()
    figures = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    return Measured(seconds, cpu, prepared, peak_mb(before), figures)


def start_peak() -> float:
    """Reset the peak of the resident memory, which only Linux can do, and return what is resident now, in MB."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")
    return resident_mb()


def resident_mb() -> float:
    """Return what is resident now, in MB. On systems other than Linux this is the peak since the process began."""
    return _status("VmRSS") if _STATUS.exists() else _max_rss()


def peak_mb(before: float) -> float:
    """Return the peak of the resident memory since ``start_peak``, minus what that call returned, in MB."""
    return max(0.0, (_status("VmHWM") if _STATUS.exists() else _max_rss()) - before)


def _status(key: str) -> float:
    (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith(f"{key}:")]
    return int(line.split()[1]) * 1024 / 1e6


def _max_rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def medians(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of several short pieces of work, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(repeats + 1):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if number:  # the first round warms up
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    began = time.perf_counter()
    name, *arguments = sys.argv[1:]
    module, function = name.rsplit(".", 1)
    import torch

    torch.set_num_threads(int(os.environ[_THREADS[0]]))
    prepare = getattr(import_module(f"peers.{module}"), function)
    imported = time.perf_counter() - began
    found = measured(prepare, *arguments)
    print(_MARK + json.dumps(vars(found) | {"prepared": found.prepared + imported}))


if __name__ == "__main__":
    main()
