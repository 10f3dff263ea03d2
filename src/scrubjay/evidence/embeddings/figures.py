"""Draw what each token adds to each filter, and the filters as images of the domain."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import INK, finish, is_binary_image, label_axes, named_image, new_figure
from scrubjay.evidence.embeddings.measure import EmbeddingsResult, FilterImages
from scrubjay.evidence.line import Picture
from scrubjay.fit.gate import FILTER_NAMES

_COLUMNS = 4
"""Images in a row."""
_CHANGED = ListedColormap(["#eeeeee", INK])
"""The colours of inputs whose answer stays, and of those whose answer changes."""


def figures(result: EmbeddingsResult) -> list[Picture]:
    """Make a figure of strips, and one of images if the domain has rows; none if no filters are known."""
    images = result.images
    if images is None:
        return []
    found = [
        Picture(
            "embedding.png",
            "Strips: what each token adds to each filter's value",
            "Orange tokens raise a filter's value, and purple tokens lower it, with attention frozen. Regular stripes "
            "mean that the filter reads a periodic function of the token. A smooth change from one colour to the "
            "other means that it compares the token with a threshold.",
            lambda: _strips(result, images),
        )
    ]
    if is_binary_image(result.run.task):
        found.append(
            Picture(
                "images.png",
                "Filter values over the domain, their images from the tokens alone, and masks beside answers",
                "Top: each filter's value in the full network, and beside it the value that the tokens alone would "
                "give. Where the two pictures differ, attention matters. Below: the filters' masks with attention "
                "frozen (orange where a filter lies beyond its threshold), their gate, the answers that the gate "
                "should give, and, dark, the inputs whose answer changes when attention is frozen.",
                lambda: _images(result, images),
            )
        )
    return found


def _strips(result: EmbeddingsResult, images: FilterImages) -> Figure:
    """Draw what each token adds to each filter's value in the frozen network."""
    strips = result.parts.strips(images.filters.directions)
    rows = [(name, at, j) for j, name in enumerate(images.names) for at in range(len(strips))]
    names = result.run.task.position_names
    figure = new_figure(10, 1.35 * len(rows) + 0.4)
    for row, (name, at, j) in enumerate(rows):
        axes = figure.add_subplot(len(rows), 1, row + 1)
        values = strips[at][:, j].numpy()
        limit = float(np.abs(values - values.mean()).max()) or 1.0
        shown = axes.imshow((values - values.mean())[None], aspect="auto", cmap="PuOr_r", vmin=-limit, vmax=limit)
        position = names[result.parts.positions[at]]
        axes.set(yticks=[], xlabel="token", ylabel=f"{name}, {position}")
        axes.locator_params("x", integer=True)
        figure.colorbar(shown, ax=axes, pad=0.01).ax.set_title("distance")
    finish(figure, result.run, classes=False)
    return figure


def _images(result: EmbeddingsResult, images: FilterImages) -> Figure:
    """Draw filter values and their images over the domain, and the frozen network's masks beside the answers."""
    run, masked = result.run, images.masked
    bits = masked.bits(run.frozen.resid_mid).long()
    masks = [(f"mask {FILTER_NAMES[j]}", bits[:, j]) for j in range(bits.shape[1])]
    masks.append((masked.gate.name, masked.predict(run.frozen.resid_mid).long()))
    masks += [("frozen answers", run.frozen.classes), ("full answers", run.full.classes)]
    if run.task.labels is not None:
        masks.append(("ground truth", run.task.labels))
    changed = run.task.domain.image((run.frozen.classes != run.full.classes).long()).numpy()
    values_drawn = 2 * len(images.names)
    rows = -(-(values_drawn + len(masks) + 1) // _COLUMNS)
    figure = new_figure(10, 0.8 + 2.3 * rows)
    for j, name in enumerate(images.names):
        panels = []
        for at, (what, values) in enumerate((("full", images.values), ("from tokens", images.images))):
            axes = figure.add_subplot(rows, _COLUMNS, 2 * j + at + 1)
            panels.append(axes)
            limit = max(float(each[:, j].abs().max()) for each in (images.values, images.images))
            picture = run.task.domain.image(values[:, j]).numpy()
            shown = axes.imshow(picture, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
            label_axes(axes, run.task, f"{name}, {what}")
        figure.colorbar(shown, ax=panels, shrink=0.8, label="distance beyond threshold")
    for at, (title, classes) in enumerate(masks):
        named_image(figure.add_subplot(rows, _COLUMNS, values_drawn + at + 1), run.task, classes, title)
    axes = figure.add_subplot(rows, _COLUMNS, values_drawn + len(masks) + 1)
    axes.imshow(changed, cmap=_CHANGED, vmin=0, vmax=1, interpolation="nearest")
    label_axes(axes, run.task, "frozen ≠ full")
    finish(figure, run)
    return figure
