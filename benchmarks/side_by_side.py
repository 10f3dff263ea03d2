"""scrubjay beside what a user would pick instead: the same work in the same environment, each in a fresh process.

    python benchmarks/side_by_side.py [--only analysis,draw] [--threads 2] [--rounds 3] [--write README.md]

Prints a table: seconds of the work (imports, loading the network and making the inputs apart), peak memory above the
imports, and how many times scrubjay's that is; beneath it each aim with what was measured. ``--write`` puts the table
between the page's markers ``<!-- side-by-side -->`` and ``<!-- end -->``. Contenders take turns; those that must find
the same numbers (accuracy, agreement of the frozen network, the loss after so many steps) are held against each other,
and the command fails where they differ. Needs the extra ``bench``. About eleven minutes on two idle cores.
"""

import argparse
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from peers.measure import Measured, in_rounds
from peers.page import write_table


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what, who: the work and the contender; seconds, peak_mb: measured; beside: the line that it is compared to.
    """

    what: str
    who: str
    seconds: float
    peak_mb: float | None = None
    beside: "Row | None" = None


@dataclass(frozen=True)
class Aim:
    """What a ratio should be: at least (or, with ``most``, at most) ``bound``."""

    what: str
    ratio: float
    bound: float
    most: bool = False

    @property
    def reached(self) -> bool:
        return self.ratio <= self.bound if self.most else self.ratio >= self.bound


Found = tuple[list[Row], list[Aim]]
Run = Callable[..., dict[str, Measured]]
"""Takes the names of contenders and gives what was measured of each."""


LENS = {
    "lens.analysis_used_well": "TransformerLens, used well",
    "lens.analysis_without_heads": "TransformerLens, the script's way without per-head results",
    "lens.analysis_as_the_script": "TransformerLens, the script's way",
    "lens.analysis_of_old": "TransformerLens, the script's way, per-head results as in its releases 2 and 3",
}


def analysis(run: Run) -> Found:
    what = "the post's analysis"
    found = run("ours.analysis", "ours.products", "ours.analysis_with_choices", *LENS)
    ours, floor, choosing = (found[f"ours.{name}"] for name in ("analysis", "products", "analysis_with_choices"))
    first = Row(what, "scrubjay", ours.seconds, ours.peak_mb)
    rows = [
        first,
        Row(what, "its bare matrix products", floor.seconds, floor.peak_mb, first),
        Row(what, "scrubjay, choosing subspace and gate too", choosing.seconds, choosing.peak_mb, first),
    ]
    for name, who in LENS.items():
        agree(ours, found[name], ("accuracy", "frozen agreement"), 1e-3)
        rows.append(Row(what, who, found[name].seconds, found[name].peak_mb, first))
    well, script = found["lens.analysis_used_well"], found["lens.analysis_of_old"]
    return rows, [
        Aim("analysis: the script's way takes so many times scrubjay's time", script.seconds / ours.seconds, 20),
        Aim("analysis: TransformerLens used well takes so many times scrubjay's time", well.seconds / ours.seconds, 6),
        Aim("analysis: the script's way takes so many times scrubjay's memory", script.peak_mb / ours.peak_mb, 20),
        Aim(
            "analysis: TransformerLens used well takes so many times scrubjay's memory", well.peak_mb / ours.peak_mb, 20
        ),
    ]


def draw(run: Run) -> Found:
    what = "one draw of [1]"
    found = run("ours.draw")["ours.draw"].figures
    first = Row(what, "scrubjay", found["draw"])
    floor = Row(what, "the product [n, d] x [d, m] in it", found["products"], beside=first)
    every = Row(what, "scrubjay, a draw of all eight ablations", found["table"], beside=first)
    return [first, floor, every], [
        Aim("one draw of [1], as so many times its one product", found["draw"] / found["products"], 1.5, most=True)
    ]


def training(run: Run) -> Found:
    what = "a training step"
    ours, theirs = run("ours.training", "lens.training").values()
    agree(ours, theirs, ("loss",), 1e-4)
    first = Row(what, "scrubjay", ours.figures["step"])
    floor = Row(what, "its bare matrix products", ours.figures["products"], beside=first)
    lens = Row(what, "TransformerLens", theirs.figures["step"], beside=first)
    return [first, floor, lens], [
        Aim("a training step, as so many times its bare products", first.seconds / floor.seconds, 1.5, most=True),
        Aim("a training step in TransformerLens takes so many times scrubjay's time", lens.seconds / first.seconds, 3),
    ]


def animation(run: Run) -> Found:
    ours, theirs = run("drawing.scrubjay_frames", "drawing.matplotlib_frames").values()
    what, drawn = f"{ours.figures['frames']:,} frames, neuron by neuron", theirs.figures["drawn"]
    first = Row(what, "scrubjay", ours.seconds, ours.peak_mb)
    scaled = theirs.seconds * ours.figures["frames"] / drawn
    second = Row(what, f"matplotlib and Pillow ({drawn} frames, scaled)", scaled, beside=first)
    return [first, second], [Aim("frames: matplotlib takes so many times scrubjay's time", scaled / ours.seconds, 10)]


def pca(run: Run) -> Found:
    what = "principal components"
    found = run("drawing.components")["drawing.components"].figures
    for name in ("ours apart", "closed apart"):
        if not found[name] < 1e-6:
            raise SystemExit(f"variances of scikit-learn's and of our components differ: {found}")
    first = Row(what, "scrubjay", found["scrubjay"])
    closed = Row(what, "scrubjay, frozen network, from its embeddings", found["closed form"], beside=first)
    return [first, closed, Row(what, "scikit-learn", found["scikit-learn"], beside=first)], []


WORK = {"analysis": analysis, "draw": draw, "training": training, "animation": animation, "pca": pca}


def agree(one: Measured, other: Measured, names: tuple[str, ...], tolerance: float) -> None:
    """Contenders that do the same work find the same numbers."""
    for name in names:
        if not abs(one.figures[name] - other.figures[name]) <= tolerance:
            raise SystemExit(f"not the same work: {name} is {one.figures[name]} here and {other.figures[name]} there")


def table(rows: list[Row]) -> str:
    lines = ["| work | by | seconds | peak MB | time, of scrubjay's |", "|---|---|---|---|---|"]
    for row in rows:
        memory = "" if row.peak_mb is None else f"{row.peak_mb:,.0f}"
        times = "1" if row.beside is None else f"{row.seconds / row.beside.seconds:.2g}"
        lines.append(f"| {row.what} | {row.who} | {row.seconds:.3g} | {memory} | {times} |")
    return "\n".join(lines) + "\n"


def aims_table(aims: list[Aim]) -> str:
    lines = ["| aim | asked | measured | |", "|---|---|---|---|"]
    for aim in aims:
        asked = f"at {'most' if aim.most else 'least'} {aim.bound:g}"
        lines.append(f"| {aim.what} | {asked} | {aim.ratio:.3g} | {'reached' if aim.reached else 'not reached'} |")
    return "\n".join(lines) + "\n"


def machine(threads: int) -> str:
    names = ("torch", "transformer-lens", "scikit-learn", "matplotlib")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{threads} threads of {os.cpu_count()} cores, {platform.machine()}; {versions}.\n"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", default=",".join(WORK), help="which work, by comma")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--rounds", type=int, default=3, help="in each, every contender once; the median counts")
    asked.add_argument("--write", type=Path, help="a page with the markers")
    words = asked.parse_args()
    rows: list[Row] = []
    aims: list[Aim] = []

    def run(*names: str) -> dict[str, Measured]:
        every = in_rounds(names, threads=words.threads, rounds=words.rounds)
        for name, found in every.items():
            told = f"{found.seconds:.3g} s ({found.cpu:.3g} s of CPU), {found.peak_mb:,.0f} MB"
            print(f"{name}: {told}; before it {found.prepared:.1f} s", flush=True)
        return every

    for name in words.only.split(","):
        more, further = WORK[name](run)
        rows, aims = rows + more, aims + further
    page = f"{table(rows)}\n{aims_table(aims)}\n{machine(words.threads)}"
    print(f"\n{page}")
    if words.write is not None:
        write_table(words.write, "side-by-side", page)


if __name__ == "__main__":
    main()
