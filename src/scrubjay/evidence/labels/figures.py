"""Draw where the network errs relative to the program of its labels, and what can be read of the program."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scrubjay.evidence.drawing import CONTROL, INK, ONE, SERIES, ZERO, finish, label_axes, new_figure
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.evidence.line import Picture
from scrubjay.program.error_map import FARTHEST, ErrorMap
from scrubjay.run import Run

_PALE_ZERO = "#cfe3f0"
_PALE_ONE = "#f7e3bf"
_RESID, _FILTERS = SERIES[:2]


def figures(result: LabelsResult) -> list[Picture]:
    """Make a figure of the errors if there are any, and one of the readouts."""
    errors, found = result.errors, []
    if errors is not None:
        found.append(
            Picture(
                "errors.png",
                "The network's errors over the domain with the program's curves; errors by boundary, by distance and "
                "by kind of row",
                "Errors along a curve show a boundary that the network has learnt only roughly; dark lines are the "
                "program's curves. Top right: compare the distances of the errors with those of errors at random "
                "places of the same rows (grey). Below, compare the boundaries: which one causes the most errors for "
                "each change of label?",
                lambda: _errors(result, errors),
            )
        )
    found.append(
        Picture(
            "readable.png",
            "How well each part of the program can be read linearly from resid_mid and from the filters",
            "A part that can be read from the stream but not from the filters is known to the network and missing from "
            "the explanation. The black lines are the control, which is the same part with tokens renamed at random.",
            lambda: _readable(result),
        )
    )
    return found


def _errors(result: LabelsResult, errors: ErrorMap) -> Figure:
    """Draw the errors over the labels, their distance from a change of label, and their number at each boundary."""
    figure = new_figure(10, 6.4)
    image, near, bars = figure.subplot_mosaic([["image", "near"], ["image", "bars"]]).values()
    _over_labels(image, result.run, errors)
    _by_distance(near, errors)
    _by_boundary(bars, errors)
    finish(figure, result.run, classes=False)
    return figure


def _readable(result: LabelsResult) -> Figure:
    """Draw how well each part of the program is read from resid_mid and from the filters, beside the control."""
    figure = new_figure(10, 5)
    axes = figure.add_subplot()
    places = result.readable
    for offset, (place, colour) in enumerate(zip(places, (_RESID, _FILTERS), strict=False)):
        for at, part in enumerate(places[place]):
            height = at + 0.38 * (offset - (len(places) - 1) / 2)
            axes.barh(height, part.accuracy, 0.34, color=colour, label=_label(place) if at == 0 else None)
            level = (height - 0.17, height + 0.17)
            label = "tokens renamed" if not at + offset else None
            axes.plot((part.control,) * 2, level, color=INK, linewidth=2, label=label)
    parts = places["resid_mid"]
    axes.set_yticks(range(len(parts)), [part.what for part in parts], parse_math=False)
    axes.set(xlim=(0.5, 1), xlabel="held-out accuracy of a linear readout (share)")
    axes.set(ylabel="part of the program", ylim=(len(parts) - 0.5, -0.5))
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    finish(figure, result.run, classes=False)
    return figure


def _label(place: str) -> str:
    return "from resid_mid" if place == "resid_mid" else "from the filters' values"


def _over_labels(axes: Axes, run: Run, errors: ErrorMap) -> None:
    labels = run.task.labels
    assert labels is not None
    axes.imshow(
        run.task.domain.image(labels).numpy(), cmap=ListedColormap([_PALE_ZERO, _PALE_ONE]), interpolation="nearest"
    )
    for side in errors.sides:
        axes.contour(side, levels=[0.5], colors=[INK], linewidths=0.7)
    rows, columns = np.nonzero(errors.wrong)
    answers = run.task.domain.image(run.full.classes).numpy()[errors.wrong]
    for value, colour in ((0, ZERO), (1, ONE), (-1, INK)):
        axes.scatter(columns[answers == value], rows[answers == value], s=9, color=colour, linewidths=0)
    label_axes(axes, run.task, f"{errors.errors} errors over the labels")
    handles = [Patch(color=_PALE_ZERO, label="label 0"), Patch(color=_PALE_ONE, label="label 1")]
    handles += [Patch(color=ZERO, label="wrongly 0"), Patch(color=ONE, label="wrongly 1")]
    if (answers == -1).any():
        handles.append(Patch(color=INK, label="in no class"))
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)


def _by_distance(axes: Axes, errors: ErrorMap) -> None:
    cells = np.arange(1, FARTHEST + 1)
    low, mean, high = (np.array(values) / errors.errors for values in zip(*errors.within_null, strict=True))
    axes.fill_between(cells, low, high, color=CONTROL, linewidth=0, label="at random, 95%")
    axes.plot(cells, mean, color=INK, linewidth=1, label="at random, mean")
    axes.plot(cells, np.array(errors.within) / errors.errors, "o-", color=_RESID, label="the network's errors")
    axes.set(
        title="errors near a change of label",
        xlabel=f"distance (cells of the {errors.along}), at most",
        ylabel="share of the errors",
        ylim=(0, 1.5),
        yticks=np.linspace(0, 1, 6),
    )
    axes.set_xticks(range(0, FARTHEST + 1, 5))
    axes.legend(frameon=False, loc="upper left")


def _by_boundary(axes: Axes, errors: ErrorMap) -> None:
    parts = errors.boundaries
    rates = [part.errors / part.changes for part in parts]
    axes.barh(range(len(parts)), rates, color=_RESID)
    for at, part in enumerate(parts):
        axes.annotate(f" {part.errors} / {part.changes}", (rates[at], at), va="center")
    axes.set_yticks(range(len(parts)), [part.name for part in parts], parse_math=False)
    axes.set(title="errors by the nearest boundary", xlabel="errors per change of label", ylabel="boundary")
    axes.set(xlim=(0, 1.35 * max(rates, default=1) or 1), ylim=(len(parts) - 0.5, -0.5))
