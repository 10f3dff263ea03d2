"""The figures of the first half of the post, and the list of all. Rows are A, columns are B."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.report.drawing import INK, cloud, finish, named_image, new_figure, save
from scrubjay.report.figures_causal import (
    attention_figure,
    embedding_figure,
    images_figure,
    mlp_figure,
    scrubbing_figure,
    steering_figure,
)
from scrubjay.report.figures_program import errors_figure, readable_figure
from scrubjay.report.figures_rivals import rivals_figure
from scrubjay.study.records import Side, Study


def write_figures(study: Study, folder: Path) -> list[Path]:
    """Draw every figure that the study has into a folder, as PNG, in the post's order.

    Raises:
        OutOfResources: the folder can't be written.
    """
    return [save(draw(study), folder / name) for name, draw in figures_of(study).items()]


def figures_of(study: Study) -> dict[str, Callable[[Study], Figure]]:
    """The figures that a study has, by file name."""
    binary, square = study.task.is_binary, len(study.task.domain.shape) == 2
    chosen: dict[str, tuple[Callable[[Study], Figure], bool]] = {
        "labels.png": (labels_figure, binary and square),
        "attention.png": (attention_figure, True),
        "components.png": (components_figure, binary),
        "filters.png": (filters_figure, _two_filters(study)),
        "mlp.png": (mlp_figure, binary),
        "embedding.png": (embedding_figure, binary),
        "images.png": (images_figure, binary and square),
        "steering.png": (steering_figure, binary),
        "scrubbing.png": (scrubbing_figure, binary),
        "errors.png": (errors_figure, study.labelling is not None and study.labelling.errors is not None),
        "readable.png": (readable_figure, study.labelling is not None),
        "rivals.png": (rivals_figure, study.rivals is not None),
    }
    return {name: draw for name, (draw, wanted) in chosen.items() if wanted}


def _two_filters(study: Study) -> bool:
    return any(side.gate is not None and side.gate.fit.k > 1 for side in (study.full, study.frozen))


def labels_figure(study: Study) -> Figure:
    """Ground truth beside the answers of the network, full and frozen."""
    panels = [
        ("network's answer", study.full.activations.classes),
        ("answer with attention frozen to its mean", study.frozen.activations.classes),
    ]
    if study.task.labels is not None:
        panels.insert(0, ("ground truth", study.task.labels))
    figure = new_figure(4.6 * len(panels), 5.3)
    for at, (title, values) in enumerate(panels):
        named_image(figure.add_subplot(1, len(panels), at + 1), study, values, title)
    finish(figure, study)
    return figure


def components_figure(study: Study) -> Figure:
    """Components 1-2 and 3-4 of resid_mid by network label and ground truth, full and frozen, with boundaries."""
    figure = new_figure(16, 8.2)
    truth = study.task.labels
    for row, side in enumerate((study.full, study.frozen)):
        columns = [(0, "network label", side.activations.classes), (2, "network label", side.activations.classes)]
        if truth is not None:
            columns[1:1] = [(0, "ground truth", truth)]
            columns += [(2, "ground truth", truth)]
        for column, (first, colour, classes) in enumerate(columns):
            if len(side.pca.mean) < first + 2:
                continue
            axes = figure.add_subplot(2, len(columns), row * len(columns) + column + 1)
            points = side.pca.scores(side.activations.resid_mid, first + 2)[:, first:].numpy()
            cloud(axes, points, classes)
            _boundaries(axes, side, first)
            share = side.pca.explained[first : first + 2].tolist()
            axes.set(
                title=f"{side.name}, by {colour}",
                xlabel=f"component {first + 1} of resid_mid ({share[0]:.1%})",
                ylabel=f"component {first + 2} ({share[1]:.1%})",
            )
    finish(figure, study, "; lines: the filters' boundaries with all other components at their mean")
    return figure


def filters_figure(study: Study) -> Figure:
    """The plane of the two filter values, with both thresholds."""
    figure = new_figure(11, 5.4)
    sides = [side for side in (study.full, study.frozen) if side.gate is not None and side.gate.fit.k > 1]
    for at, side in enumerate(sides):
        axes = figure.add_subplot(1, len(sides), at + 1)
        assert side.gate is not None
        filters = side.gate.fit.filters
        cloud(axes, filters.values(side.activations.resid_mid)[:, :2].numpy(), side.activations.classes)
        axes.axvline(0, color=INK, linewidth=1.2)
        axes.axhline(0, color=INK, linewidth=1.2)
        axes.set(
            title=f"{side.name}: {filters.gate.name} gives {side.gate.fit.agreement:.1%} of the answers",
            xlabel="α: distance of resid_mid beyond its threshold",
            ylabel="β: distance beyond its threshold",
        )
    finish(figure, study)
    return figure


def _boundaries(axes: Axes, side: Side, first: int) -> None:
    if side.gate is None:
        return
    filters = side.gate.fit.filters
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    for direction, threshold, style in zip(filters.directions, filters.thresholds, ("-", "--", ":"), strict=False):
        slope_x, slope_y = (side.pca.components[first : first + 2] @ direction).tolist()
        offset = float(threshold - side.pca.mean @ direction)
        if abs(slope_y) > 1e-9:
            ends = [(offset - slope_x * x) / slope_y for x in (left, right)]
            axes.plot((left, right), ends, style, color=INK, linewidth=1.2)
        elif abs(slope_x) > 1e-9:
            axes.axvline(offset / slope_x, linestyle=style, color=INK, linewidth=1.2)
    axes.set(xlim=(left, right), ylim=(low, high))
