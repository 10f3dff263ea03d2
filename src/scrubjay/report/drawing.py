"""What the figures share: colours, clouds of inputs, titles, files."""

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
from scrubjay.study.records import Study
from scrubjay.task.task import Task

ZERO, ONE, STRAY, INK = "#0072B2", "#E69F00", "#000000", "#333333"
"""Okabe and Ito's blue and orange, which all kinds of colour vision tell apart; answers in no class; lines."""
CLASSES = ListedColormap([STRAY, ZERO, ONE])


def new_figure(width: float, height: float) -> Figure:
    """A figure that belongs to no global state."""
    return Figure(figsize=(width, height), layout="constrained")


def cloud(axes: Axes, points: Shaped[np.ndarray, "n 2"], classes: Tensor) -> None:
    """All inputs as points by class, in an order that hides neither."""
    order = np.random.default_rng(0).permutation(len(points))
    colours = np.array([STRAY, ZERO, ONE])[classes.numpy() + 1]
    axes.scatter(points[order, 0], points[order, 1], s=1.5, c=colours[order], linewidths=0, rasterized=True)


def class_image(axes: Axes, task: Task, classes: Tensor) -> None:
    """A binary image of the domain, bare."""
    axes.imshow(task.domain.image(classes).numpy(), cmap=CLASSES, vmin=-1, vmax=1, interpolation="nearest")


def named_image(axes: Axes, study: Study, classes: Tensor, title: str) -> None:
    """A binary image of the domain: rows A, columns B."""
    class_image(axes, study.task, classes)
    axes.set(title=title, xlabel="B (second token)", ylabel="A (first token)")


def finish(figure: Figure, study: Study, note: str = "", *, classes: bool = True) -> None:
    """Title with the network's name, and the legend of the classes."""
    if classes:
        handles = [Patch(color=ZERO, label="class 0"), Patch(color=ONE, label="class 1")]
        if study.full.activations.strays or study.frozen.activations.strays:
            handles.append(Patch(color=STRAY, label="answer in no class"))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(f"{study.title} on {study.task.name}{note}", fontsize=11)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    write_whole(path, buffer.getvalue())
    return path
