"""Draw how many answers each licensed ablation leaves, beside wrong hypotheses."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import INK, SERIES, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.scrubbing.measure import ScrubbingResult


def figures(result: ScrubbingResult) -> list[Picture]:
    """Make the figure of this line."""
    return [
        Picture(
            "scrubbing.png",
            "Share of answers that each licensed ablation leaves, with intervals, beside wrong hypotheses",
            "[1] resamples everything but the filters, [1*] everything outside the causal subspace, [2] each filter "
            "within its side of the threshold, and [3a] and [3b] a filter wherever the other filters already decide "
            "the answer. Lines are 95% intervals over draws. If the hypothesis is right, its marks lie far to the "
            "right and those of wrong hypotheses far to the left. A wrong hypothesis that leaves as many answers is "
            "evidence against it.",
            lambda: _draw(result),
        )
    ]


def _draw(result: ScrubbingResult) -> Figure:
    figure = new_figure(10, 5.8)
    wrong = dict.fromkeys(control.name for side in result.sides.values() for control in side.controls)
    colours = {name: SERIES[at % len(SERIES)] for at, name in enumerate(wrong)}
    marks: dict[str, Artist] = {}
    for at, (name, side) in enumerate(result.sides.items()):
        axes = figure.add_subplot(1, len(result.sides), at + 1)
        rows = list(side.scores)
        places = np.arange(len(rows))
        own = [side.scores[row].own for row in rows]
        reach = [[score.mean - score.low for score in own], [score.high - score.mean for score in own]]
        refined = [side.refined.refined_scores[row].own.mean for row in rows]
        for control in side.controls:
            at_rows = [place for place, row in enumerate(rows) if row in control.left]
            left = [control.left[rows[place]].mean for place in at_rows]
            axes.plot(left, at_rows, "x", color=colours[control.name], markersize=6, label=f"wrong: {control.name}")
        axes.plot(
            refined, places, "D", color=INK, markerfacecolor="none", markersize=8, label="directions refined causally"
        )
        axes.errorbar([s.mean for s in own], places, xerr=reach, fmt="o", color=INK, capsize=3, label="this hypothesis")
        axes.axvline(side.resampled, color=INK, linewidth=0.8, linestyle=":", label="everything resampled")
        axes.set(yticks=places, yticklabels=[f"[{row}]" for row in rows], xlim=(0.3, 1.01))
        axes.set(title=f"{name} network", xlabel="share of its own answers left", ylabel="what is resampled")
        axes.invert_yaxis()
        handles, labels = axes.get_legend_handles_labels()
        marks |= {str(label): handle for label, handle in zip(labels, handles, strict=True)}
    figure.legend(list(marks.values()), list(marks), loc="outside lower center", ncols=3, frameon=False)
    finish(figure, result.run, classes=False)
    return figure
