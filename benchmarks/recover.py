"""How often the search for a program finds one that is there, and how often it finds one that is not.

    python benchmarks/recover.py [members] [negatives]    # a table of both, on labels of 113 x 113
    python benchmarks/recover.py large [side]             # time and memory on large matrices, by default 1,000 x 1,000
    python benchmarks/recover.py networks RUN...          # what it finds behind the answers of the challenge's networks

Members are drawn from the searched space by a seeded generator (`scrubjay.program.members`). The negatives are labels
without a program. A search takes about three seconds on one core. RUN is a run folder of the challenge. If there is no
such folder, a network is trained into it for 500 epochs, with the number at the end of its name as the seed
(`out/seed-101`); that takes about 90 seconds on an idle core.
"""

import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from scrubjay import load_network, recover_program, train_into
from scrubjay.core.axes import Mask
from scrubjay.core.stats import share_of
from scrubjay.nets.recording import record
from scrubjay.program.expression import Program
from scrubjay.program.families import Family
from scrubjay.program.members import random_member
from scrubjay.program.observed import Observed
from scrubjay.program.recovered import recover
from scrubjay.program.search import Candidate, best_program
from scrubjay.recovery import program_classes
from scrubjay.tasks.challenge2 import RECIPE, challenge2

SIDE = 113
EPOCHS = 500
"""How long the networks are trained; the challenge's recipe takes 5,000 epochs."""


def main() -> None:
    if sys.argv[1:2] == ["large"]:
        large(int((sys.argv[2:] or ["1000"])[0]))
    elif sys.argv[1:2] == ["networks"]:
        networks([Path(word) for word in sys.argv[2:]])
    else:
        quality()


def quality() -> None:
    members, negatives = (int(word) for word in (sys.argv[1:] + ["30", "20"][len(sys.argv) - 1 :])[:2])
    print("| labels | searches | found | exact | the rest | seconds, mean (most) |\n|---|---|---|---|---|---|")
    for name, labels in named().items():
        row(name, range(1), lambda seed, matrix=labels: matrix, lambda seed, matrix=labels: matrix)  # type: ignore[misc]
    row("random members", range(members), member, member)
    row("random members, 3% flipped", range(members // 3), lambda seed: flipped(member(seed), seed), member)
    row("random labels", range(negatives), lambda seed: noise(seed).integers(0, 2, (SIDE, SIDE)))
    row(
        "challenge's density, random",
        range(negatives),
        lambda seed: noise(seed).permutation(matrix().reshape(-1)).reshape(SIDE, SIDE),
    )
    row("challenge's rows shuffled", range(negatives), lambda seed: noise(seed).permutation(matrix(), axis=0))
    row("rows XOR columns, random", range(negatives), xor)
    for cells in (2, 3, 4, 8):
        row(f"Perlin noise, {cells} cells a side", range(negatives // 2), lambda seed, n=cells: perlin(seed, n))  # type: ignore[misc]


def member(seed: int) -> np.ndarray:
    return random_member(1000 + seed)[1]


def named() -> dict[str, np.ndarray]:
    """Functions that come to mind first."""
    a, b = np.indices((SIDE, SIDE))
    square = a**2 + b**2
    return {
        "(a + b) mod 113 < 57": (a + b) % 113 < 57,
        "a b < 3000": a * b < 3000,
        "three lines": ((a + 2 * b < 150) ^ (2 * a - b < 60)) | (a + b >= 190),
        "two circles": (square < 90**2) & (square >= 50**2),
        "a² mod 29 < 12 beyond a³ < 4000 b": (a**2 % 29 < 12) & (a**3 >= 4000 * b),
    }


def row(
    name: str,
    seeds: range,
    labels: Callable[[int], np.ndarray],
    truth: Callable[[int], np.ndarray] | None = None,
) -> None:
    """Print one line of the table; "exact" means on all labels before any were flipped."""
    if not len(seeds):
        return
    found, exact, times, rest = 0, 0, [], []
    for seed in seeds:
        start = time.perf_counter()
        best = best_program(Observed.of(labels(seed).astype(np.int64)))
        times.append(time.perf_counter() - start)
        found += best is not None
        if truth is not None:
            wrong = disagreement(best, truth(seed))
            exact += wrong == 0
            if wrong != 0:
                rest.append(f"seed {seed}: {'nothing' if wrong is None else f'{wrong} wrong'}")
    print(
        f"| {name} | {len(seeds)} | {found} | {'' if truth is None else exact} | {'; '.join(rest)} "
        f"| {np.mean(times):.0f} ({max(times):.0f}) |",
        flush=True,
    )


def disagreement(found: Candidate | None, labels: np.ndarray) -> int | None:
    if found is None:
        return None
    a, b = (axis.reshape(-1) for axis in np.indices(labels.shape))
    return int((found.program.labels(a, b) != labels.reshape(-1).astype(bool)).sum())


def noise(seed: int) -> np.random.Generator:
    return np.random.default_rng(10_000 + seed)


def matrix() -> np.ndarray:
    labels = challenge2().labels
    assert labels is not None
    return labels.reshape(SIDE, SIDE).numpy()


def flipped(labels: np.ndarray, seed: int) -> np.ndarray:
    return labels ^ (noise(seed).random(labels.shape) < 0.03)


def xor(seed: int) -> np.ndarray:
    rows, columns = noise(seed).random((2, SIDE)) < 0.5
    return rows[:, None] ^ columns[None]


def perlin(seed: int, cells: int, side: int = SIDE) -> np.ndarray:
    """Where Perlin's gradient noise on a grid of cells is positive."""
    angle = noise(seed).uniform(0, 2 * np.pi, (cells + 1, cells + 1))
    gradient = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    at = (np.arange(side) + 0.5) / side * cells
    cell = np.minimum(at.astype(int), cells - 1)
    inside = np.stack(np.meshgrid(at - cell, at - cell, indexing="ij"), axis=-1)
    row, column = np.meshgrid(cell, cell, indexing="ij")
    weight = inside**3 * (inside * (6 * inside - 15) + 10)

    def corner(down: int, right: int) -> np.ndarray:
        return (gradient[row + down, column + right] * (inside - np.array([down, right]))).sum(-1)

    upper = corner(0, 0) * (1 - weight[..., 1]) + corner(0, 1) * weight[..., 1]
    lower = corner(1, 0) * (1 - weight[..., 1]) + corner(1, 1) * weight[..., 1]
    return upper * (1 - weight[..., 0]) + lower * weight[..., 0] > 0


def large(side: int) -> None:
    """Print what `recover` (a search and its two controls) takes on large matrices, each in a process of its own."""
    print(f"| {side:,} x {side:,} labels | found | exceptions | seconds | peak memory |\n|---|---|---|---|---|")
    for name in ("product", "phase and curve", "noise", "smooth"):
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as process:
            found, exceptions, seconds, megabytes = process.submit(measured, name, side).result()
        print(f"| {name} | {found} | {exceptions} | {seconds:.0f} | {megabytes:,} MB |", flush=True)


def measured(name: str, side: int) -> tuple[str, str, float, int]:
    """Whether a program is found, its exceptions, the seconds, and the largest memory of this process in megabytes."""
    a, b = np.indices((side, side))
    labels = {
        "product": lambda: a * b < side * side // 4,
        "phase and curve": lambda: (a**2 > side * b // 7) & (np.floor(a**1.5) % 8 < 4),
        "noise": lambda: noise(0).random((side, side)) < 0.4,
        "smooth": lambda: perlin(0, 4, side),
    }[name]()
    start = time.perf_counter()
    found = recover(Observed.of(labels.astype(np.int64)))
    seconds = time.perf_counter() - start
    exceptions = "" if found.length is None else f"{found.length.exceptions:,}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return "no" if found.program is None else "yes", exceptions, seconds, peak


def networks(folders: Sequence[Path]) -> None:
    """Print what `recover --network` finds for each run folder; "other curves" are those of no family of the labels."""
    task = challenge2()
    assert task.labels is not None and task.train is not None
    right = best_program(Observed.of(matrix()))
    assert right is not None and right.length.exceptions == 0
    print("| network | network right: all, unseen | program right: all, unseen | curves | other curves | seconds |")
    print("|---|---|---|---|---|---|")
    for folder in folders:
        if not folder.exists():
            train_into(folder, task, replace(RECIPE, epochs=EPOCHS, seed=int(folder.name.rpartition("-")[2])))
        saved = load_network(folder)
        answers = record(saved.network, task).classes
        start = time.perf_counter()
        found = recover_program(task, saved).recovered.program
        seconds = time.perf_counter() - start
        if found is None:
            program, curves, others = "nothing found", "", ""
        else:
            program = shares(program_classes(found, task) == task.labels, ~task.train)
            curves, others = str(len(found.curves)), str((families_of(found) - families_of(right.program)).total())
        network = shares(answers == task.labels, ~task.train)
        print(f"| {folder.name} | {network} | {program} | {curves} | {others} | {seconds:.0f} |", flush=True)


def shares(correct: Mask, unseen: Mask) -> str:
    return f"{share_of(correct):.2%}, {share_of(correct[unseen]):.2%}"


def families_of(program: Program) -> Counter[Family]:
    return Counter(Family(curve.kind, curve.i, curve.j) for curve in program.curves)


if __name__ == "__main__":
    main()
