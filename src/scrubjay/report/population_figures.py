"""Small panels, one for each network of a population: its answers, the plane of its filters, and its attention."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from scrubjay.evidence.drawing import (
    INK,
    SERIES,
    class_image,
    class_legend,
    cloud,
    columns_of,
    house_style,
    label_axes,
    new_figure,
    save,
)
from scrubjay.evidence.line import Picture
from scrubjay.sweep.population import Network, Population
from scrubjay.tasks.task import Task

MOST = 36
"""The largest number of panels; of a larger population the first networks are shown."""
_COLUMNS = 4
"""Panels in a row."""
_FOLLOWED = 6
"""The largest number of headline claims that are followed along training."""


def population_figures(population: Population, task: Task, folder: Path) -> list[Picture]:
    """Draw the figures of a population into a folder, as PNG files.

    Args:
        population: what a sweep found.
        task: the task of its networks. Some figures need two classes, or two varying positions.
        folder: the folder to write into.

    Returns:
        The pictures that were drawn.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    binary = task.is_binary
    chosen = [
        (binary and len(task.domain.shape) == 2, _labels_picture(population, task)),
        (binary, _planes_picture(population)),
        (True, _patterns_picture(population, task)),
        (bool(population.along and _followed(population)), _along_picture(population)),
    ]
    found = [picture for wanted, picture in chosen if wanted and population.networks]
    for picture in found:
        save(picture.draw(), folder / picture.file)
    return found


def _labels_picture(population: Population, task: Task) -> Picture:
    return Picture(
        "population-labels.png",
        "Ground truth, and beside it the answers of each network to all inputs",
        "Each image shows one network's answers to all inputs. Rows are the first token, columns the second. Look for "
        "shapes that all networks have in common, and for edges where single networks differ.",
        lambda: _labels(population, task),
    )


def _planes_picture(population: Population) -> Picture:
    return Picture(
        "population-planes.png",
        "All inputs in the plane of each network's two filters, coloured by its answer",
        "Each panel shows one network. Its axes are the values of the network's first two filters, in standard "
        "deviations from their thresholds. If a network needs only one filter, its panel shows the first two principal "
        "components instead. Points are inputs, coloured by the network's own answer. If the network computes an AND, "
        "the orange points fill one quadrant.",
        lambda: _planes(population),
    )


def _patterns_picture(population: Population, task: Task) -> Picture:
    return Picture(
        "population-patterns.png",
        "Mean attention pattern of each network, heads by positions",
        "Each panel shows one network, with a row for each head and a column for each position. The darker a cell, the "
        "more the last token attends to that position on average. The order of the heads means nothing. Look for how "
        "many heads attend to one position only.",
        lambda: _patterns(population, task),
    )


def _along_picture(population: Population) -> Picture:
    return Picture(
        "population-along.png",
        "Claims along training, a line for each network",
        "Each panel shows one headline claim at the saved epochs of training, with a line for each network. The dashed "
        "lines are controls.",
        lambda: _along(population),
    )


def _grid(networks: Sequence[Network], height: float, first: int = 0) -> tuple[Figure, list[Axes]]:
    count = len(networks) + first
    columns = min(_COLUMNS, count)
    figure = new_figure(max(5, 2.5 * columns), height * ceil(count / columns) + 0.7)
    axes = figure.subplots(ceil(count / columns), columns, squeeze=False).flatten().tolist()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, axes[:count]


def _labels(population: Population, task: Task) -> Figure:
    networks = population.networks[:MOST]
    truth = [] if task.labels is None else [("ground truth", task.labels)]
    figure, panels = _grid(networks, 2.6, first=len(truth))
    images = [*truth, *((network.member.name, network.summary.classes) for network in networks)]
    for axes, (title, classes) in zip(panels, images, strict=True):
        class_image(axes, task, classes)
        label_axes(axes, task, title)
        axes.set(xticks=[], yticks=[])
    class_legend(figure, stray=any(bool((classes < 0).any()) for _, classes in images))
    house_style(figure)
    return figure


def _planes(population: Population) -> Figure:
    networks = population.networks[:MOST]
    figure, panels = _grid(networks, 2.7)
    for axes, network in zip(panels, networks, strict=True):
        plane = network.summary.plane
        cloud(axes, plane.points.numpy(), network.summary.classes)
        if plane.is_gated:
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.axvline(0, color=INK, linewidth=0.8)
        axes.set(title=network.member.name, xlabel=plane.axes[0], ylabel=plane.axes[1])
    class_legend(figure, stray=any(bool((network.summary.classes < 0).any()) for network in networks))
    house_style(figure)
    return figure


def _patterns(population: Population, task: Task) -> Figure:
    networks = population.networks[:MOST]
    figure, panels = _grid(networks, 2.5)
    for axes, network in zip(panels, networks, strict=True):
        pattern = network.summary.mean_pattern.numpy()
        shown = axes.imshow(pattern, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set(title=network.member.name, xlabel="position", ylabel="head")
        axes.set_xticks(range(pattern.shape[1]), task.position_names)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.colorbar(shown, ax=panels, shrink=0.6, label="mean share of the last token's attention")
    house_style(figure)
    return figure


def _followed(population: Population) -> list[str]:
    return [spread.id for spread in population.spreads if spread.headline and spread.kind == "share"][:_FOLLOWED]


def _along(population: Population) -> Figure:
    ids = _followed(population)
    columns = columns_of(len(ids))
    rows = ceil(len(ids) / columns)
    figure = new_figure(max(5, 3.3 * columns), 3 * rows + 0.8)
    for at, claim_id in enumerate(ids):
        axes = figure.add_subplot(rows, columns, at + 1)
        for number, name in enumerate(dict.fromkeys(network.member.name for network in population.along)):
            way = sorted(
                (network.summary.epoch, claim.value, claim.control)
                for network in (*population.along, *population.networks)
                if network.member.name == name
                for claim in network.summary.claims
                if claim.id == claim_id and claim.value is not None
            )
            if not way:
                continue
            epochs, values, controls = (np.array(column) for column in zip(*way, strict=True))
            colour = SERIES[number % len(SERIES)]
            axes.plot(epochs, values, marker=".", linewidth=1, color=colour)
            axes.plot(epochs, controls, linestyle="--", linewidth=0.8, color=colour)
        axes.set(title=claim_id, xlabel="epoch (log scale)", ylabel="share of inputs", ylim=(0, 1.02), xscale="log")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    handles = [
        Line2D([], [], color=INK, marker=".", label="networks"),
        Line2D([], [], color=INK, linestyle="--", label="controls"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    house_style(figure)
    return figure
