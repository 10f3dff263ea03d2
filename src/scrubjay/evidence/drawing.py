"""What the figures share: colours, clouds of inputs, titles, files."""

from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from PIL import Image
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
SERIES = ("#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#6A51A3", "#8C6D31")
"""Curves and bars that are no classes; the colours repeat if there are more."""
CONTROL = "#BBBBBB"
"""Bars of controls, and bands."""
CLASSES = ListedColormap([STRAY, ZERO, ONE])
"""The colours of an image of classes -1, 0 and 1."""
WIDEST = 11
"""The largest width of a figure in inches. A page shows figures 800 pixels wide, and its text has to stay readable."""
READABLE = 0.95
"""The smallest text in points, for each inch of the figure's width: 10.5 pixels high where the figure has 800."""
_POINTS = 10
"""The size of the text in points, where this is readable."""
_DPI = 110
"""Pixels per inch of a file."""
_COLOURS = 256
"""Colours of a file: as many as a PNG with a palette can have."""
_COMPRESSION = 6
"""The level of zlib's compression; 9 takes seven times as long for files that are 6% smaller."""


def new_figure(width: float | int, height: float | int) -> Figure:
    """Make an empty figure of a size in inches, which does not belong to pyplot's global state.

    Raises:
        ValueError: the figure is wider than ``WIDEST``. Its panels belong into more rows then.
    """
    if width > WIDEST:
        raise ValueError(
            f"a figure is at most {WIDEST} inches wide, so that its text can be read; this one is {width:g}"
        )
    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def columns_of(panels: int) -> int:
    """How many panels stand in a row: three, or two if there are four."""
    return 2 if panels == 4 else min(panels, 3)


def is_binary_image(task: Task) -> bool:
    """Whether a task's answers form an image in two colours: it has two classes and two varying positions."""
    return task.is_binary and len(task.domain.shape) == 2


def cloud(axes: Axes, points: Shaped[np.ndarray, "n 2"], classes: Tensor) -> None:
    """Draw every input of a task of two classes as a point in the colour of its class.

    The inputs are drawn in a random order, so that neither class covers the other. The points are squares,
    which matplotlib draws on whole pixels. The blended edges of circles would make the file twice as large.

    Args:
        axes: where to draw.
        points: the place of each input, shape [n, 2].
        classes: the class of each input, shape [n]: 0, 1, or -1 for an answer that belongs to no class.
    """
    order = np.random.default_rng(0).permutation(len(points))
    colours = np.array([STRAY, ZERO, ONE])[classes.numpy() + 1]
    axes.scatter(
        points[order, 0],
        points[order, 1],
        s=1.5,
        c=colours[order],
        marker="s",
        linewidths=0,
        rasterized=True,
    )


def class_image(axes: Axes, task: Task, classes: Tensor) -> None:
    """Draw the classes of all inputs as an image of the domain, without labels."""
    axes.imshow(task.domain.image(classes).numpy(), cmap=CLASSES, vmin=-1, vmax=1, interpolation="nearest")


def named_image(axes: Axes, task: Task, classes: Tensor, title: str) -> None:
    """Draw the same image with a title. Rows are the first varying token, columns the second."""
    class_image(axes, task, classes)
    label_axes(axes, task, title)


def label_axes(axes: Axes, task: Task, title: str) -> None:
    """Label an image of the domain: its title, and the names of the two varying positions."""
    rows, columns = (task.position_names[at] for at in task.domain.varying)
    axes.set(title=title, xlabel=f"token {columns}", ylabel=f"token {rows}")


def finish(figure: Figure, run: Run, *, classes: bool = True) -> None:
    """Add the title with the names of network and task, and a legend of the classes.

    Call it last, since it also gives everything that is in the figure by then the style of all figures.

    Args:
        figure: the figure with all of its panels.
        run: the run that it shows.
        classes: whether to add the legend.
    """
    if classes:
        class_legend(figure, stray=bool(run.full.strays or run.frozen.strays))
    figure.suptitle(f"{run.name} on {run.task.name}")
    house_style(figure)


def class_legend(figure: Figure, *, stray: bool) -> None:
    """Add a legend of the classes below a figure, with the answers that lie in no class if there are any."""
    handles = [Patch(color=ZERO, label="class 0"), Patch(color=ONE, label="class 1")]
    if stray:
        handles.append(Patch(color=STRAY, label="answer in no class"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)


def house_style(figure: Figure) -> None:
    """Give a figure the style of all figures: text of one size that can be read, and no frame around curves and points.

    Texts are shown as they are written. matplotlib otherwise reads text between two ``$`` as a formula.
    """
    size = max(_POINTS, READABLE * figure.get_figwidth())
    for axes in figure.axes:
        axes.tick_params(which="both", labelsize=size)
        if not axes.images:
            axes.spines[["top", "right"]].set_visible(False)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_fontsize(size)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as a PNG file of 256 colours, which pages embed as it is.

    Args:
        figure: the figure, made by ``new_figure``.
        path: the file to write.

    Raises:
        OutOfResources: the file cannot be written. Nothing is left of it then.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # draws once; savefig would draw everything twice
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    buffer = BytesIO()
    Image.fromarray(pixels).convert("RGB").quantize(_COLOURS).save(buffer, "PNG", compress_level=_COMPRESSION)
    write_whole(path, buffer.getvalue())
    return Path(path)
