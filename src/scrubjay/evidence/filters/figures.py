"""Draw principal components with the filters' boundaries, and the plane of the filters."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import INK, cloud, finish, new_figure
from scrubjay.evidence.filters.measure import FiltersResult, SideFilters
from scrubjay.evidence.line import Picture


def figures(result: FiltersResult) -> list[Picture]:
    """Make a figure of the components, and one of the filters' plane if there are at least two filters."""
    found = [
        Picture(
            "components.png",
            "All inputs in the plane of components 1 and 2 and of components 3 and 4, full and frozen network",
            "Each point is an input. Look for colours that one or two lines separate. Colours that mix in one plane "
            "may be apart in the next. The lines are the filters' boundaries, with all other components at their "
            "mean: solid for α, dashed for β and dotted for γ.",
            lambda: _components(result),
        )
    ]
    if any(side.gate.fit.k > 1 for side in result.sides.values()):
        found.append(
            Picture(
                "filters.png",
                "All inputs in the plane of the filters' values, thresholds as lines",
                "If the gate is AND, all orange points should lie in the upper right quarter. A point of the wrong "
                "colour is an answer that the gate gets wrong.",
                lambda: _planes(result),
            )
        )
    return found


def _components(result: FiltersResult) -> Figure:
    """Draw components 1-2 and 3-4 of both networks, by answer and by ground truth, with the filters' boundaries."""
    run = result.run
    panels = [
        (name, side, first, colour, classes)
        for name, side in result.sides.items()
        for first in (0, 2)
        if len(side.pca.mean) >= first + 2
        for colour, classes in (("the network's answer", run.sides[name].classes), ("ground truth", run.task.labels))
        if classes is not None
    ]
    rows = -(-len(panels) // 2)
    figure = new_figure(10, 0.8 + 3.2 * rows)
    for at, (name, side, first, colour, classes) in enumerate(panels):
        axes = figure.add_subplot(rows, 2, at + 1)
        cloud(axes, side.pca.scores(run.sides[name].resid_mid, first + 2)[:, first:].numpy(), classes)
        _boundaries(axes, side, first)
        share = side.pca.explained[first : first + 2].tolist()
        axes.set(
            title=f"{name}, by {colour}",
            xlabel=f"component {first + 1} of resid_mid ({share[0]:.1%} of the variance)",
            ylabel=f"component {first + 2} ({share[1]:.1%})",
        )
    finish(figure, run)
    return figure


def _planes(result: FiltersResult) -> Figure:
    """Draw the values of the first two filters, with both thresholds."""
    figure = new_figure(10, 5.4)
    sides = {name: side for name, side in result.sides.items() if side.gate.fit.k > 1}
    for at, (name, side) in enumerate(sides.items()):
        axes = figure.add_subplot(1, len(sides), at + 1)
        act, filters = result.run.sides[name], side.gate.fit.filters
        cloud(axes, filters.values(act.resid_mid)[:, :2].numpy(), act.classes)
        axes.axvline(0, color=INK, linewidth=1.2)
        axes.axhline(0, color=INK, linewidth=1.2)
        axes.set(
            title=f"{name}: {filters.gate.name} gives {side.gate.fit.agreement:.1%} of answers",
            xlabel="α: distance of resid_mid beyond its threshold",
            ylabel="β: distance beyond its threshold",
        )
    finish(figure, result.run)
    return figure


def _boundaries(axes: Axes, side: SideFilters, first: int) -> None:
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
