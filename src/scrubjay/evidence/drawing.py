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

from scrubjay.core.files import write_whole
from scrubjay.run import Run
from scrubjay.tasks.task import Task

ZERO = "#0072B2"
"""Class 0: Okabe and Ito's blue, which all kinds of colour vision tell from the orange of class 1."""
ONE = "#E69F00"
"""Class 1."""
STRAY = "#000000"
"""An answer that lies in no class."""
INK = "#333333"
"""Lines and marks."""
CLASSES = ListedColormap([STRAY, ZERO, ONE])
"""The colours of an image of classes -1, 0 and 1."""
_DPI = 110


def new_figure(width: float, height: float) -> Figure:
    """A figure, in inches, that belongs to no global state."""
    return Figure(figsize=(width, height), layout="constrained")


def is_binary_image(task: Task) -> bool:
    """Whether a task's answers are an image in two colours: two classes, and two varying positions."""
    return task.is_binary and len(task.domain.shape) == 2


def cloud(axes: Axes, points: Shaped[np.ndarray, "n 2"], classes: Tensor) -> None:
    """All inputs as points by class, in an order that hides neither."""
    order = np.random.default_rng(0).permutation(len(points))
    colours = np.array([STRAY, ZERO, ONE])[classes.numpy() + 1]
    axes.scatter(points[order, 0], points[order, 1], s=1.5, c=colours[order], linewidths=0, rasterized=True)


def class_image(axes: Axes, task: Task, classes: Tensor) -> None:
    """A binary image of the domain, without labels."""
    axes.imshow(task.domain.image(classes).numpy(), cmap=CLASSES, vmin=-1, vmax=1, interpolation="nearest")


def named_image(axes: Axes, task: Task, classes: Tensor, title: str) -> None:
    """A binary image of the domain: rows are the first varying token, columns the second."""
    class_image(axes, task, classes)
    label_axes(axes, task, title)


def label_axes(axes: Axes, task: Task, title: str) -> None:
    """Title and axes of an image of the domain."""
    rows, columns = (task.position_names[at] for at in task.domain.varying)
    axes.set(title=title, xlabel=f"token {columns}", ylabel=f"token {rows}")


def finish(figure: Figure, run: Run, note: str = "", *, classes: bool = True) -> None:
    """Add the title with the network's name, and the legend of the classes."""
    if classes:
        handles = [Patch(color=ZERO, label="class 0"), Patch(color=ONE, label="class 1")]
        if run.full.strays or run.frozen.strays:
            handles.append(Patch(color=STRAY, label="answer in no class"))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    title = figure.suptitle(f"{run.name} on {run.task.name}{note}", fontsize=11)
    title.set_parse_math(False)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    write_whole(path, buffer.getvalue())
    return path
