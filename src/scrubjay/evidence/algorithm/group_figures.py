"""Draw the tokens in each key representation, and what the interchange tests gave."""

import torch
from matplotlib.figure import Figure

from scrubjay.evidence.algorithm.group_measure import GroupResult
from scrubjay.evidence.algorithm.group_table import table_picture
from scrubjay.evidence.algorithm.group_variables import Variable
from scrubjay.evidence.drawing import CONTROL, INK, columns_of, finish, new_figure
from scrubjay.evidence.line import Picture

_DRAWN = 6
"""The largest number of variables that are drawn."""


def group_figures(result: GroupResult) -> list[Picture]:
    """Make a figure of the tokens on their circles and the interchange tests, and one of a non-cyclic group's table."""
    table = table_picture(result)
    return [
        Picture(
            "algorithm.png",
            "The tokens of the first factor in the leading plane of each key representation, and the interchange tests",
            "Each point is a token of the first factor, at the place where its embedding lies in one key "
            "representation. Percentages are shares of the representation's variance. In a cyclic group the tokens "
            "lie on a circle, in the order in which the frequency visits them. The bars are shares of answers as "
            "predicted; grey bars are controls.",
            lambda: _circles(result),
        ),
        *([] if table is None else [table]),
    ]


def _circles(result: GroupResult) -> Figure:
    shown = result.variables[:_DRAWN]
    columns = columns_of(len(shown) + 1)
    rows = -(-(len(shown) + 1) // columns)
    figure = new_figure(10, 0.6 + 3.2 * rows)
    for at, variable in enumerate(shown):
        axes = figure.add_subplot(rows, columns, at + 1)
        plane, shares = _plane(result, variable)
        side = torch.from_numpy(result.parts.law.standard[result.parts.law.left])
        points = axes.scatter(plane[:, 0], plane[:, 1], c=side.numpy(), cmap="twilight", s=14, linewidths=0)
        axes.set(
            title=variable.name,
            xlabel=f"direction 1 ({shares[0]:.0%})",
            ylabel=f"direction 2 ({shares[1] if len(shares) > 1 else 0:.0%})",
        )
        axes.set_aspect("equal", "datalim")
    if shown:
        figure.colorbar(points, ax=figure.axes, shrink=0.6, label="number of the element")
    axes = figure.add_subplot(rows, columns, len(shown) + 1)
    mosaic, swap = result.mosaic, result.swap
    bars = [
        ("all keys", swap.found.value, INK),
        ("other parts", swap.others.value, CONTROL),
        ("random parts", swap.at_random.value, CONTROL),
        ("mosaic", mosaic.found.right.value, INK),
        ("wrong sources", mosaic.wrong_sources.right.value, CONTROL),
        ("renamed", mosaic.renamed.right.value, CONTROL),
        *([] if mosaic.mixed is None else [("mixed", mosaic.mixed.right.value, CONTROL)]),
    ]
    names, values, colours = zip(*reversed(bars), strict=True)
    axes.barh(names, [100 * value for value in values], color=colours)
    axes.set(title="answers as predicted", xlabel="% of inputs", ylabel="test", xlim=(0, 102))
    finish(figure, result.parts.splicer.run, classes=False)
    return figure


def _plane(result: GroupResult, variable: Variable) -> tuple[torch.Tensor, list[float]]:
    """The tokens' coordinates on the two leading directions of a variable, and these directions' share of it."""
    part = result.parts.tokens[0].part(variable.members[:1])
    span = torch.linalg.svd(part, full_matrices=False)
    shares = (span.S.square() / span.S.square().sum())[:2]
    plane = span.U[:, :2] * span.S[:2]
    if float(shares[1]) < 1e-9:
        plane = torch.stack([plane[:, 0], torch.zeros(len(plane), dtype=plane.dtype)], 1)
        shares = shares[:1]
    return plane, shares.tolist()
