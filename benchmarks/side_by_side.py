"""Compare scrubjay with what a user could pick instead for the same work.

    python benchmarks/side_by_side.py [--only analysis,draw] [--threads 2] [--rounds 3] [--write [docs/speed.md]]

Every contender runs in a fresh process of the same environment, and contenders take turns. The command prints two
tables: the seconds and the peak memory of each contender's work, without imports, loading and the making of the inputs;
and what was measured for each aim. ``--write`` puts both into a page, between ``<!-- side-by-side -->`` and
``<!-- end -->``. Contenders must find the same numbers, such as the accuracy, the agreement of the frozen network, or
the loss after some steps; the command fails if they do not. It needs the extra ``bench``, and takes about eleven
minutes on two idle cores.
"""

import argparse
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from peers.measure import Measured, in_rounds
from peers.page import DOCS, write_table


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        what: the work.
        who: the contender.
        seconds: the wall-clock seconds of the work.
        peak_mb: the peak memory of the work in MB; None if it was not measured.
        beside: the row that the seconds are divided by; None for scrubjay's own row.
    """

    what: str
    who: str
    seconds: float
    peak_mb: float | None = None
    beside: "Row | None" = None


@dataclass(frozen=True)
class Aim:
    """A ratio and what it should be.

    Attributes:
        what: what the ratio is.
        ratio: the measured ratio.
        bound: what it should be at least, or at most.
        most: whether ``bound`` is the largest value that is allowed.
    """

    what: str
    ratio: float
    bound: float
    most: bool = False

    @property
    def reached(self) -> bool:
        return self.ratio <= self.bound if self.most else self.ratio >= self.bound


Found = tuple[list[Row], list[Aim]]
Run = Callable[..., dict[str, Measured]]
"""Takes the names of contenders and returns what was measured of each."""


LENS = {
    "lens.analysis_used_well": "TransformerLens, without gradients, caching only what is read",
    "lens.analysis_without_heads": "TransformerLens, as the post's script, but without per-head results",
    "lens.analysis_as_the_script": "TransformerLens, as the post's script",
    "lens.analysis_of_old": "TransformerLens, as the post's script, with the per-head results of its releases 2 and 3",
}
"""The contenders in TransformerLens, and what the table calls them."""


def analysis(run: Run) -> Found:
    what = "the post's analysis"
    found = run("ours.analysis", "ours.products", "ours.analysis_with_choices", *LENS)
    ours, floor, choosing = (found[f"ours.{name}"] for name in ("analysis", "products", "analysis_with_choices"))
    first = Row(what, "scrubjay", ours.seconds, ours.peak_mb)
    rows = [
        first,
        Row(what, "only its matrix products", floor.seconds, floor.peak_mb, first),
        Row(what, "scrubjay, which also chooses the subspace and the gate", choosing.seconds, choosing.peak_mb, first),
    ]
    for name, who in LENS.items():
        agree(ours, found[name], ("accuracy", "frozen agreement"), 1e-3)
        rows.append(Row(what, who, found[name].seconds, found[name].peak_mb, first))
    well, script = found["lens.analysis_used_well"], found["lens.analysis_of_old"]
    return rows, [
        Aim("analysis: time of the post's script, in multiples of scrubjay's", script.seconds / ours.seconds, 20),
        Aim(
            "analysis: time of TransformerLens at its best, in multiples of scrubjay's", well.seconds / ours.seconds, 6
        ),
        Aim("analysis: memory of the post's script, in multiples of scrubjay's", script.peak_mb / ours.peak_mb, 20),
        Aim(
            "analysis: memory of TransformerLens at its best, in multiples of scrubjay's",
            well.peak_mb / ours.peak_mb,
            20,
        ),
    ]


def draw(run: Run) -> Found:
    what = "one draw of [1]"
    found = run("ours.draw")["ours.draw"].figures
    first = Row(what, "scrubjay", found["draw"])
    floor = Row(what, "only its product [n, d] x [d, m]", found["products"], beside=first)
    every = Row(what, "scrubjay, one draw of all eight ablations", found["table"], beside=first)
    return [first, floor, every], [
        Aim(
            "one draw of [1]: time, in multiples of its matrix product's",
            found["draw"] / found["products"],
            1.5,
            most=True,
        )
    ]


def training(run: Run) -> Found:
    what = "a training step"
    ours, theirs = run("ours.training", "lens.training").values()
    agree(ours, theirs, ("loss",), 1e-4)
    first = Row(what, "scrubjay", ours.figures["step"])
    floor = Row(what, "only its matrix products", ours.figures["products"], beside=first)
    lens = Row(what, "TransformerLens", theirs.figures["step"], beside=first)
    return [first, floor, lens], [
        Aim(
            "a training step: time, in multiples of its matrix products'", first.seconds / floor.seconds, 1.5, most=True
        ),
        Aim("a training step: time of TransformerLens, in multiples of scrubjay's", lens.seconds / first.seconds, 3),
    ]


def animation(run: Run) -> Found:
    ours, theirs = run("drawing.scrubjay_frames", "drawing.matplotlib_frames").values()
    what, drawn = f"{ours.figures['frames']:,} frames of an animation", theirs.figures["drawn"]
    first = Row(what, "scrubjay", ours.seconds, ours.peak_mb)
    scaled = theirs.seconds * ours.figures["frames"] / drawn
    second = Row(what, f"matplotlib and Pillow (extrapolated from {drawn} frames)", scaled, beside=first)
    return [first, second], [Aim("frames: time of matplotlib, in multiples of scrubjay's", scaled / ours.seconds, 10)]


def pca(run: Run) -> Found:
    what = "principal components of the frozen network"
    found = run("drawing.components")["drawing.components"].figures
    for name in ("ours apart", "closed apart"):
        if not found[name] < 1e-6:
            raise SystemExit(f"the variances of the components differ between scikit-learn and scrubjay: {found}")
    first = Row(what, "scrubjay", found["scrubjay"])
    closed = Row(what, "scrubjay, from the extended embeddings", found["closed form"], beside=first)
    return [first, closed, Row(what, "scikit-learn", found["scikit-learn"], beside=first)], []


WORK = {"analysis": analysis, "draw": draw, "training": training, "animation": animation, "pca": pca}


def agree(one: Measured, other: Measured, names: tuple[str, ...], tolerance: float) -> None:
    """Check that two contenders found the same numbers, up to ``tolerance``.

    Raises:
        SystemExit: they did not.
    """
    for name in names:
        if not abs(one.figures[name] - other.figures[name]) <= tolerance:
            raise SystemExit(
                f"contenders did not do the same work: {name} is {one.figures[name]} and {other.figures[name]}"
            )


def table(rows: list[Row]) -> str:
    lines = ["| work | by | seconds | peak MB | time in multiples of scrubjay's |", "|---|---|---|---|---|"]
    for row in rows:
        memory = "" if row.peak_mb is None else f"{row.peak_mb:,.0f}"
        times = "1" if row.beside is None else _rounded(row.seconds / row.beside.seconds, 2)
        lines.append(f"| {row.what} | {row.who} | {_rounded(row.seconds, 3)} | {memory} | {times} |")
    return "\n".join(lines) + "\n"


def _rounded(value: float, digits: int) -> str:
    """A number with some significant digits, or as a whole number if it has more digits than that."""
    return f"{value:.{digits}g}" if value < 10**digits - 0.5 else f"{value:,.0f}"


def aims_table(aims: list[Aim]) -> str:
    lines = ["| aim | wanted | measured | |", "|---|---|---|---|"]
    for aim in aims:
        asked = f"at {'most' if aim.most else 'least'} {aim.bound:g}"
        lines.append(
            f"| {aim.what} | {asked} | {_rounded(aim.ratio, 3)} | {'reached' if aim.reached else 'not reached'} |"
        )
    return "\n".join(lines) + "\n"


def machine(threads: int) -> str:
    names = ("torch", "transformer-lens", "scikit-learn", "matplotlib")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    used = f"{threads} thread{'s' * (threads != 1)}"
    return f"Measured with {used} on {os.cpu_count()} cores ({platform.machine()}), with {versions}.\n"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", default=",".join(WORK), help="the work to compare, separated by commas")
    asked.add_argument("--threads", type=int, default=2, help="the number of threads of each contender")
    asked.add_argument("--rounds", type=int, default=3, help="how often each contender runs; the median counts")
    asked.add_argument(
        "--write", type=Path, nargs="?", const=DOCS / "speed.md", help="a page to write the tables into; docs/speed.md"
    )
    words = asked.parse_args()
    rows: list[Row] = []
    aims: list[Aim] = []

    def run(*names: str) -> dict[str, Measured]:
        every = in_rounds(names, threads=words.threads, rounds=words.rounds)
        for name, found in every.items():
            told = f"{found.seconds:.3g} s ({found.cpu:.3g} s of CPU time), {found.peak_mb:,.0f} MB"
            print(f"{name}: {told}, after {found.prepared:.1f} s of preparation", flush=True)
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
