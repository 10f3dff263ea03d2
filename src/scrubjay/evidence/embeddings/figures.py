"""Draw what each token adds to each filter, and the filters as images of the domain."""

import numpy as np
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import finish, is_binary_image, label_axes, named_image, new_figure
from scrubjay.evidence.embeddings.measure import EmbeddingsResult, FilterImages
from scrubjay.evidence.line import Picture
from scrubjay.fit.gate import FILTER_NAMES


def figures(result: EmbeddingsResult) -> list[Picture]:
    """Make a figure of strips, and one of images if the domain has rows; none if no filters are known."""
    images = result.images
    if images is None:
        return []
    found = [
        Picture(
            "embedding.png",
            "Strips: what each token adds to each filter's value",
            "Orange tokens raise a filter's value, and purple tokens lower it. Regular stripes mean that the filter "
            "reads a periodic function of the token. A smooth change from one colour to the other means that it "
            "compares the token with a threshold.",
            lambda: _strips(result, images),
        )
    ]
    if is_binary_image(result.run.task):
        found.append(
            Picture(
                "images.png",
                "Filter values over the domain, their images from the tokens alone, and masks beside answers",
                "Top: each filter's value in the full network, and beside it the value that the tokens alone would "
                "give. Where the two pictures differ, attention matters. Bottom: the filters' masks, their gate, and "
                "the answers that the gate should give.",
                lambda: _images(result, images),
            )
        )
    return found


def _strips(result: EmbeddingsResult, images: FilterImages) -> Figure:
    """Draw what each token adds to each filter's value in the frozen network."""
    strips = result.parts.strips(images.filters.directions)
    rows = [(name, at, j) for j, name in enumerate(images.names) for at in range(len(strips))]
    names = result.run.task.position_names
    figure = new_figure(14, 1.1 * len(rows) + 1.2)
    for row, (name, at, j) in enumerate(rows):
        axes = figure.add_subplot(len(rows), 1, row + 1)
        values = strips[at][:, j].numpy()
        limit = float(np.abs(values - values.mean()).max()) or 1.0
        shown = axes.imshow((values - values.mean())[None], aspect="auto", cmap="PuOr_r", vmin=-limit, vmax=limit)
        position = names[result.parts.positions[at]]
        axes.set(yticks=[], ylabel=f"{name}, {position}")
        figure.colorbar(shown, ax=axes, pad=0.01)
        if row == len(rows) - 1:
            axes.set_xlabel("token")
    finish(
        figure, result.run, "; what a token adds to a filter's value (less its mean), attention frozen", classes=False
    )
    return figure


def _images(result: EmbeddingsResult, images: FilterImages) -> Figure:
    """Draw filter values and their images over the domain, and the frozen network's masks beside the answers."""
    run, masked = result.run, images.masked
    bits = masked.bits(run.frozen.resid_mid).long()
    masks = [(f"frozen mask {FILTER_NAMES[j]}", bits[:, j]) for j in range(bits.shape[1])]
    masks.append((f"frozen {masked.gate.name}", masked.predict(run.frozen.resid_mid).long()))
    masks += [("frozen labels", run.frozen.classes), ("full labels", run.full.classes)]
    if run.task.labels is not None:
        masks.append(("ground truth", run.task.labels))
    masks.append(("frozen ≠ full (orange)", (run.frozen.classes != run.full.classes).long()))
    columns = max(len(masks), 2 * len(images.names))
    figure = new_figure(2.9 * columns, 6.4)
    for j, name in enumerate(images.names):
        for at, (what, values) in enumerate((("full", images.values), ("from tokens alone", images.images))):
            axes = figure.add_subplot(2, columns, 2 * j + at + 1)
            limit = float(values[:, j].abs().max())
            picture = run.task.domain.image(values[:, j]).numpy()
            shown = axes.imshow(picture, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
            label_axes(axes, run.task, f"{name}, {what}")
            figure.colorbar(shown, ax=axes, shrink=0.6)
    for at, (title, classes) in enumerate(masks):
        named_image(figure.add_subplot(2, columns, columns + at + 1), run.task, classes, title)
    finish(figure, run)
    return figure
