"""The figures, in the post's order. Rows are A, columns are B."""

from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from scrubjay.files import write_whole
from scrubjay.study.records import Side, Study

ZERO, ONE, STRAY = "#0072B2", "#E69F00", "#000000"
"""Okabe and Ito's blue and orange, which all kinds of colour vision tell apart."""
_INK = "#333333"
_CLASSES = ListedColormap([STRAY, ZERO, ONE])


def write_figures(study: Study, folder: Path) -> list[Path]:
    """Draw every figure that the task has into a folder, as PNG.

    Raises:
        OutOfResources: the folder can't be written.
    """
    if not study.task.is_binary:
        return []
    drawn = {"components.png": components_figure(study), "filters.png": filters_figure(study)}
    if len(study.task.domain.shape) == 2:
        drawn = {"labels.png": labels_figure(study), **drawn}
    written = []
    for name, figure in drawn.items():
        write_whole(folder / name, _png(figure))
        written.append(folder / name)
    return written


def labels_figure(study: Study) -> Figure:
    """Ground truth beside the answers of the network, full and frozen."""
    panels = [
        ("network's answer", study.full.activations.classes),
        ("answer with attention frozen to its mean", study.frozen.activations.classes),
    ]
    if study.task.labels is not None:
        panels.insert(0, ("ground truth", study.task.labels))
    figure = Figure(figsize=(4.6 * len(panels), 5.3), layout="constrained")
    for at, (title, values) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), at + 1)
        axes.imshow(study.task.domain.image(values).numpy(), cmap=_CLASSES, vmin=-1, vmax=1, interpolation="nearest")
        axes.set(title=title, xlabel="B (second token)", ylabel="A (first token)")
    _finish(figure, study)
    return figure


def components_figure(study: Study) -> Figure:
    """Components 1-2 and 3-4 of resid_mid by network label and ground truth, full and frozen, with boundaries."""
    figure = Figure(figsize=(16, 8.2), layout="constrained")
    truth = study.task.labels
    for row, side in enumerate((study.full, study.frozen)):
        columns = [
            (0, "network label", side.activations.classes),
            (2, "network label", side.activations.classes),
        ]
        if truth is not None:
            columns[1:1] = [(0, "ground truth", truth)]
            columns += [(2, "ground truth", truth)]
        for column, (first, colour, classes) in enumerate(columns):
            if len(side.pca.mean) < first + 2:
                continue
            axes = figure.add_subplot(2, len(columns), row * len(columns) + column + 1)
            points = side.pca.scores(side.activations.resid_mid, first + 2)[:, first:].numpy()
            _cloud(axes, points, classes)
            _boundaries(axes, side, first)
            share = side.pca.explained[first : first + 2].tolist()
            axes.set(
                title=f"{side.name}, by {colour}",
                xlabel=f"component {first + 1} of resid_mid ({share[0]:.1%})",
                ylabel=f"component {first + 2} ({share[1]:.1%})",
            )
    _finish(figure, study, "; lines: the filters' boundaries with all other components at their mean")
    return figure


def filters_figure(study: Study) -> Figure:
    """The plane of the two filter values, with both thresholds."""
    figure = Figure(figsize=(11, 5.4), layout="constrained")
    for at, side in enumerate((study.full, study.frozen)):
        axes = figure.add_subplot(1, 2, at + 1)
        assert side.gate is not None
        filters = side.gate.fit.filters
        _cloud(axes, filters.values(side.activations.resid_mid).numpy(), side.activations.classes)
        axes.axvline(0, color=_INK, linewidth=1.2)
        axes.axhline(0, color=_INK, linewidth=1.2)
        axes.set(
            title=f"{side.name}: {filters.gate.name} gives {side.gate.fit.agreement:.1%} of the answers",
            xlabel="α: distance of resid_mid beyond its threshold",
            ylabel="β: distance beyond its threshold",
        )
    _finish(figure, study)
    return figure


def _cloud(axes: Axes, points: Shaped[np.ndarray, "n 2"], classes: Tensor) -> None:
    order = np.random.default_rng(0).permutation(len(points))
    colours = np.array([STRAY, ZERO, ONE])[classes.numpy() + 1]
    axes.scatter(points[order, 0], points[order, 1], s=1.5, c=colours[order], linewidths=0, rasterized=True)


def _boundaries(axes: Axes, side: Side, first: int) -> None:
    if side.gate is None:
        return
    filters = side.gate.fit.filters
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    for direction, threshold, style in zip(filters.directions, filters.thresholds, ("-", "--"), strict=False):
        slope_x, slope_y = (side.pca.components[first : first + 2] @ direction).tolist()
        offset = float(threshold - side.pca.mean @ direction)
        if abs(slope_y) > 1e-9:
            ends = [(offset - slope_x * x) / slope_y for x in (left, right)]
            axes.plot((left, right), ends, style, color=_INK, linewidth=1.2)
        elif abs(slope_x) > 1e-9:
            axes.axvline(offset / slope_x, linestyle=style, color=_INK, linewidth=1.2)
    axes.set(xlim=(left, right), ylim=(low, high))


def _finish(figure: Figure, study: Study, note: str = "") -> None:
    handles = [Patch(color=ZERO, label="class 0"), Patch(color=ONE, label="class 1")]
    if study.full.activations.strays or study.frozen.activations.strays:
        handles.append(Patch(color=STRAY, label="answer in no class"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(f"{study.title} on {study.task.name}{note}", fontsize=11)


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
