"""Draw the answers of a network that multiplies in a group, as they are numbered and sorted by cosets."""

import numpy as np
from jaxtyping import Int
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scrubjay.evidence.algorithm.cosets import sorted_by_cosets
from scrubjay.evidence.algorithm.group_measure import GroupResult
from scrubjay.evidence.drawing import finish, new_figure
from scrubjay.evidence.line import Picture

_SAME = 1e-6
"""Characters that differ by less than this are equal."""


def table_picture(result: GroupResult) -> Picture | None:
    """The picture of a group's table; None if the group is cyclic, or no subgroup suggests itself."""
    group = result.parts.law.group
    chosen = chosen_subgroup(result)
    if chosen is None or int(group.orders.max()) == group.n:
        return None
    members, on_left, why = chosen
    side, cosets = ("column", "gH") if on_left else ("row", "Hg")
    return Picture(
        "group-table.png",
        "The table of answers as the tokens are numbered, and with the tokens sorted by the cosets of a subgroup",
        "Left, the answers to all pairs of tokens, as these are numbered. Right, the same with both factors sorted by "
        f"the cosets {cosets} of a subgroup H of order {len(members)}, {why}. The colour is the coset of the answer. "
        f"It depends on the {side}'s element through its coset only. If H is normal, the cosets multiply among "
        "themselves, and the table falls into blocks of one colour.",
        lambda: _draw(result, members, on_left=on_left),
    )


def chosen_subgroup(result: GroupResult) -> tuple[Int[np.ndarray, "h"], bool, str] | None:
    """The subgroup that the table is sorted by, whether its left cosets count, and why it is this one.

    This is the subgroup on whose cosets most live neurons are constant, or else the kernel of a key representation.
    """
    fit = None if result.neurons is None else result.neurons.cosets
    if fit is not None and fit.subgroup:
        return np.array(fit.subgroup), fit.on_left, "on which more live neurons are constant than on any other's"
    neutral = int(np.flatnonzero(result.parts.law.group.orders == 1)[0])
    for variable in result.variables:
        character = result.parts.irreps[variable.members[0]].character
        kernel = np.flatnonzero(np.abs(character - character[neutral]) < _SAME)
        if len(kernel) > 1:
            return kernel, True, f"the kernel of the key representation {variable.name}"
    return None


def _draw(result: GroupResult, members: Int[np.ndarray, "h"], *, on_left: bool) -> Figure:
    law, n = result.parts.law, result.parts.n
    order, numbers = sorted_by_cosets(law.group, members, on_left=on_left)
    classes = result.parts.splicer.run.full.classes.view(n, n).numpy()
    answers = np.where(classes < 0, np.nan, numbers[law.elements_of_answers[classes.clip(0)]])
    first, second = np.argsort(law.left)[order], np.argsort(law.right)[order]
    figure = new_figure(10, 5.2)
    by_coset, count = np.bincount(numbers), len(members)
    colours = colormaps["viridis"].resampled(len(by_coset))
    by_cosets = f"sorted by {len(by_coset)} cosets of {count} elements"
    panels = (
        ("as the tokens are numbered", answers, "token"),
        (by_cosets, answers[np.ix_(first, second)], "place by cosets"),
    )
    for at, (title, table, axis) in enumerate(panels):
        axes = figure.add_subplot(1, 2, at + 1)
        image = axes.imshow(table, cmap=colours, vmin=-0.5, vmax=len(by_coset) - 0.5, interpolation="nearest")
        axes.set(title=title, xlabel=f"second factor ({axis})", ylabel=f"first factor ({axis})")
        if at and count > 1 and len(by_coset) <= 12:
            for edge in np.arange(1, len(by_coset)) * count - 0.5:
                axes.axhline(edge, color="white", linewidth=0.8)
                axes.axvline(edge, color="white", linewidth=0.8)
    whole = MaxNLocator(integer=True)
    figure.colorbar(image, ax=figure.axes, shrink=0.8, label="coset of the answer", ticks=whole)
    finish(figure, result.parts.splicer.run, classes=False)
    return figure
