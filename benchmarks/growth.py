"""Measure how time and memory grow with the numbers of inputs, varying positions, neurons and draws.

    python benchmarks/growth.py [--quick] [--threads 2] [--page docs/growth.md] [--picture docs/images/growth.png]

Each case runs in a fresh process, on a network with random weights and the post's sizes (128 dimensions, 8 heads of
16). The command prints three tables: time and memory of each stage in each case; how they grow with the number of
inputs, as exponents that are fitted by least squares to the logarithms; and what follows from that for 10^8 inputs. It
also writes the tables into the page and draws the picture, unless ``--quick`` is given. It takes about a quarter of an
hour on two idle cores.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from peers.measure import Figures, in_a_child
from peers.page import DOCS, write_table

STAGES = ("record", "components", "subspace", "filters", "scrubbing")
FREE = 2000.0
"""The peak memory, in MB, that the largest square domain should stay below."""
NAMED = {"record": "record", "components": "principal components", "subspace": "causal subspace",
         "filters": "two filters in three components", "scrubbing": "eight ablations"}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A domain and the sizes of the work.

    Attributes:
        tokens: the number of tokens at each varying position.
        varying: the number of varying positions, 2 or 3.
        d_mlp: the number of neurons.
        draws: the number of draws of each ablation.
    """

    tokens: int
    varying: int = 2
    d_mlp: int = 1024
    draws: int = 10

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return int(self.tokens**self.varying)

    @property
    def name(self) -> str:
        """The domain as a power, such as 113²."""
        return f"{self.tokens:,}{'²³'[self.varying - 2]}"


SQUARES = (Case(113), Case(509), Case(1009, draws=3))
CUBES = (Case(24, 3), Case(64, 3), Case(100, 3, draws=3))
WIDE = (Case(113, d_mlp=4096), Case(113, d_mlp=8192))
LONG = (Case(113, draws=100), Case(113, draws=1000))
QUICK = (Case(12, draws=2), Case(24, draws=2), Case(8, 3, draws=2), Case(12, d_mlp=2048, draws=2), Case(12, draws=20))


def measured(case: Case, threads: int, limit: float) -> dict[str, Figures]:
    """Seconds, peak memory and kept memory of each stage of one case."""
    found = in_a_child("stages.stages", case.tokens, case.varying, case.d_mlp, case.draws, threads=threads, limit=limit)
    return found.figures["stages"]  # type: ignore[no-any-return]


def each_time(at: Figures) -> float:
    """Seconds of a stage, or seconds of one draw for a stage that makes several."""
    return float(at["seconds"] / at.get("times", 1))


def exponent(inputs: list[int], values: list[float]) -> float:
    """The slope of log(value) over log(inputs), by least squares."""
    x, y = [math.log(each) for each in inputs], [math.log(max(each, 1e-9)) for each in values]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - mean_x) ** 2 for a in x)


def report(found: dict[Case, dict[str, Figures]], squares: tuple[Case, ...]) -> str:
    """All tables, as Markdown."""
    lines = ["| inputs | neurons | stage | draws | seconds | peak MB | kept MB |", "|---|---|---|---|---|---|---|"]
    for case, stages in found.items():
        for stage in STAGES:
            at = stages[stage]
            shown = f"{at['seconds']:.3g} | {at['peak_mb']:,.0f} | {at['kept_mb']:,.0f}"
            lines.append(
                f"| {case.name} = {case.inputs:,} | {case.d_mlp:,} | {NAMED[stage]} | {at.get('times', '')} | {shown} |"
            )
    lines += [
        "",
        "| stage | exponent of the time | of the two largest | exponent of the peak memory | of the two largest |",
    ]
    lines += ["|---|---|---|---|---|"]
    inputs = [case.inputs for case in squares]
    for stage in STAGES:
        times = [each_time(found[c][stage]) for c in squares]
        memory = [found[c][stage]["peak_mb"] for c in squares]
        shown = " | ".join(f"{exponent(inputs[s:], y[s:]):.2f}" for y in (times, memory) for s in (0, -2))
        lines.append(f"| {NAMED[stage]} | {shown} |")
    return "\n".join(lines) + "\n\n" + far(found, squares)


def far(found: dict[Case, dict[str, Figures]], squares: tuple[Case, ...]) -> str:
    """What follows for 10^8 inputs from the two largest square domains, and whether the largest of them fits."""
    small, large = squares[-2:]
    more, target = large.inputs - small.inputs, 10**8
    lines = []
    for stage in STAGES:
        one, two = found[small][stage], found[large][stage]
        each = (two["peak_mb"] - one["peak_mb"]) * 1e6 / more
        seconds = each_time(two) / large.inputs
        lines.append(
            f"| {NAMED[stage]} | {each:,.0f} | {each * target / 1e9:,.0f} | {1e6 * seconds:,.1f} | "
            f"{seconds * target / 3600:,.2f} |"
        )
    head = (
        "| stage | bytes for each further input | GB for 10^8 inputs | microseconds for each input | hours for 10^8 |"
    )
    most = max(found[large][stage]["peak_mb"] for stage in STAGES)
    compared = "below" if most < FREE else "above"
    fits = (
        f"For {large.name} inputs the largest peak is {most:,.0f} MB, which is {compared} {FREE:,.0f} MB. "
        "Where a stage makes several draws, the times are those of one draw."
    )
    return "\n".join([head, "|---|---|---|---|---|", *lines, "", fits]) + "\n"


def draw(found: dict[Case, dict[str, Figures]], picture: Path) -> None:
    """Plot the time and the peak memory of each stage over the number of inputs."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for number, stage in enumerate(STAGES):
        for cases, style in ((SQUARES, "o-"), (CUBES, "s--")):
            label = NAMED[stage] if cases is SQUARES else None
            for panel, key in zip(panels, ("seconds", "peak_mb"), strict=True):
                values = [each_time(found[c][stage]) if key == "seconds" else found[c][stage][key] for c in cases]
                panel.plot([c.inputs for c in cases], values, style, color=f"C{number}", label=label, markersize=4)
    for panel, title in zip(
        panels, ("seconds (of one draw, if there are several)", "peak memory beyond the imports [MB]"), strict=True
    ):
        panel.set(
            xscale="log", yscale="log", xlabel="inputs (circles: two varying positions; squares: three)", title=title
        )
        panel.grid(alpha=0.3)
    panels[1].axhline(FREE, color="black", linewidth=0.8, linestyle=":")
    panels[0].legend(fontsize=8)
    figure.savefig(picture, dpi=120)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="run small cases only, and write nothing")
    asked.add_argument("--threads", type=int, default=2, help="the number of threads")
    asked.add_argument("--limit", type=float, default=900, help="the largest number of seconds for one case")
    asked.add_argument("--page", type=Path, default=DOCS / "growth.md", help="the page with the tables")
    asked.add_argument("--picture", type=Path, default=DOCS / "images" / "growth.png", help="the picture")
    words = asked.parse_args()
    squares = QUICK[:2] if words.quick else SQUARES
    found = {}
    for case in QUICK if words.quick else (*SQUARES, *CUBES, *WIDE, *LONG):
        found[case] = measured(case, words.threads, words.limit)
        print(case, {stage: round(at["seconds"], 3) for stage, at in found[case].items()}, flush=True)
    page = report(found, squares)
    print(f"\n{page}")
    if not words.quick:
        draw(found, words.picture)
        shown = f"![Time and peak memory of each stage against the inputs](images/{words.picture.name})"
        write_table(words.page, "growth", f"{shown}\n\n{page}")


if __name__ == "__main__":
    main()
