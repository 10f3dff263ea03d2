"""Draw the kinds of row, single rows, the front, the hinges in the stream, and the inner heads."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from scrubjay.core.stats import majority_share
from scrubjay.evidence.drawing import CLASSES, INK, ONE, SERIES, ZERO, cloud, columns_of, finish, new_figure
from scrubjay.evidence.inner.measure import InnerResult, Meaning
from scrubjay.evidence.inner.naming import FEW, counted, given_scales, quantity_names
from scrubjay.evidence.line import Picture

KIND_COLOURS = {"always": ONE, "small": SERIES[0], "large": SERIES[1], "never": ZERO}
"""The colour of each kind of row: yellow and blue as the classes are, green and pink in between."""
_ROWS = 4
"""How many single rows are drawn."""


def figures(result: InnerResult) -> list[Picture]:
    """Make the figures of this line: the mechanism where two tokens vary, then its size and its parts."""
    found = []
    meaning = result.meaning
    if meaning is not None and meaning.kinds is not None and len(meaning.quantities.outputs) >= 1:
        found += [
            Picture(
                "inner-rows.png",
                "Rows as points in the numbers of their token, coloured by kind; beside them the curves of the second "
                "token",
                "Left: each point is a row, placed by its token's numbers; rows of one kind lie together. Right: what "
                "the second token adds to the same quantities. At each input the two add up.",
                lambda: _draw_rows(result, meaning),
            ),
            Picture(
                "inner-single-rows.png",
                "For one row of each kind: the linear path against the hinges along the second token, with the answers "
                "below",
                "The network answers 1 where the first line lies above the second. The strip below each panel shows "
                "its answers, and under them the labels where they are known.",
                lambda: _draw_single_rows(result, meaning),
            ),
        ]
    front = (
        "Size against agreement of the smaller networks",
        "Each point is the smallest network with that agreement. Lines mark the most frequent answer and random groups "
        "of neurons, and a square an untrained network.",
    )
    if _has_plane(result):
        front = (
            f"{front[0]}; inputs along the two most decisive directions",
            f"Left: {front[1][0].lower()}{front[1][1:]} Right: where the hinges bend, seen along the two most decisive "
            f"directions; a hinge is a plane, and its line is where the plane meets the mean of the others.",
        )
    found.append(Picture("inner-front.png", *front, lambda: _draw_front(result)))
    if result.inner.parts.ranks:
        found.append(
            Picture(
                "inner-heads.png",
                "For each head of the inner network: how loud each token is, and the values that it moves",
                "Top: the score of each token, which says how much the head attends to it. Below: the values that the "
                "head moves, each in a colour of its own. A token that is loud and has a large value moves the stream "
                "far.",
                lambda: _draw_heads(result),
            )
        )
    given = given_scales(result)
    return [replace(each, caption=f"{each.caption} Here {given}.") for each in found] if given else found


def _colour(name: str) -> str:
    return next(colour for word, colour in KIND_COLOURS.items() if word in name)


def _draw_rows(result: InnerResult, meaning: Meaning) -> Figure:
    kinds, additive, names = meaning.kinds, meaning.additive, quantity_names(meaning)
    assert kinds is not None
    task = result.run.task
    first, second = (task.position_names[at] for at in task.domain.varying)
    across, up = (0, 1) if len(meaning.quantities.outputs) > 1 else (0, len(names) - 1)
    figure = new_figure(10, 5.4)
    axes = figure.add_subplot(1, 2, 1)
    rows = (additive.mean + additive.tables[0]).numpy()
    for name, members in zip(kinds.names, kinds.members, strict=True):
        points = rows[members.numpy()]
        axes.scatter(points[:, across], points[:, up], color=_colour(name), label=f"{name} ({len(members)})")
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set(
        title=f"rows by the numbers of token {first}",
        xlabel=f"{names[across]} (logits), mean over {second}",
        ylabel=f"{names[up]} (logits), mean over {second}",
    )
    axes.legend(title="class 1", frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    axes = figure.add_subplot(1, 2, 2)
    tokens = task.domain.positions[task.domain.varying[1]]
    for quantity, name in enumerate(names):
        style = "--" if quantity == len(names) - 1 else "-"
        colour = INK if quantity == len(names) - 1 else SERIES[quantity % len(SERIES)]
        axes.plot(tokens, additive.tables[1][:, quantity].numpy(), style, color=colour, label=name)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(title=f"what token {second} adds", xlabel=f"token {second}", ylabel="added to the quantity (logits)")
    if len(names) - 1 <= FEW:
        axes.legend(frameon=False)
    finish(figure, result.run, classes=False)
    return figure


def _draw_single_rows(result: InnerResult, meaning: Meaning) -> Figure:
    kinds, quantities, task = meaning.kinds, meaning.quantities, result.run.task
    assert kinds is not None
    first, second = (task.position_names[at] for at in task.domain.varying)
    linear = task.domain.image(quantities.linear[:, 0]).numpy()
    hinges = task.domain.image(quantities.hinges.abs() @ quantities.outputs[:, 0] / 2).numpy()
    answers = task.domain.image(result.run.full.classes).numpy()
    labels = None if task.labels is None else task.domain.image(task.labels).numpy()
    columns = task.domain.positions[task.domain.varying[1]]
    names = quantity_names(meaning)[:-1]
    terms = sorted((float(sign) > 0, name) for (sign,), name in zip(quantities.outputs, names, strict=True))
    below = " ".join(f"{'-' if is_added else '+'} ½|{name}|" for is_added, name in terms).removeprefix("+ ")
    below = below if len(names) <= FEW else "what the hinges take away"
    figure = new_figure(10, 7.4)
    count = min(_ROWS, len(kinds.names))
    grid = figure.add_gridspec(4, 2, height_ratios=(4, 1, 4, 1))
    for at in range(count):
        # The row in the middle of its kind, by the linear path's mean.
        members = kinds.members[at].numpy()
        row = int(members[linear[members].mean(1).argsort()[len(members) // 2]])
        axes = figure.add_subplot(grid[2 * (at // 2), at % 2])
        axes.plot(columns, linear[row], color=ONE, label="l")
        axes.plot(columns, -hinges[row], color=INK, label=below)
        token = task.domain.positions[task.domain.varying[0]][row]
        axes.set(title=f"{first} = {token}: {kinds.names[at]}", xlim=(columns[0], columns[-1]), ylabel="logits")
        axes.tick_params(labelbottom=False)
        if at == 0:
            axes.legend(frameon=False)
        strip = figure.add_subplot(grid[2 * (at // 2) + 1, at % 2], sharex=axes)
        _strip(strip, columns, [answers[row], *([] if labels is None else [labels[row]])])
        strip.set(xlabel=f"token {second}", ylabel="class")
    finish(figure, result.run)
    return figure


def _strip(axes: Axes, columns: tuple[int, ...], rows: list[np.ndarray]) -> None:
    axes.imshow(
        np.stack(rows),
        cmap=CLASSES,
        vmin=-1,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(columns[0] - 0.5, columns[-1] + 0.5, len(rows) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(rows)), ["answer", "label"][: len(rows)])


def _has_plane(result: InnerResult) -> bool:
    """Whether the inputs can be drawn along two directions, in the colours of two classes."""
    return result.run.task.is_binary and result.found.few_hinges.anatomy.coordinates.r > 1


def _draw_front(result: InnerResult) -> Figure:
    run, parts, binary = result.run, result.inner.parts, _has_plane(result)
    figure = new_figure(10 if binary else 6.5, 5.4)
    axes = figure.add_subplot(1, 2 if binary else 1, 1)
    front = [each for each in result.found.front if each.agreement > 0]
    axes.plot(
        [each.parts.numbers for each in front],
        [each.agreement for each in front],
        "o-",
        color=SERIES[0],
        markersize=3,
        label="smaller networks",
    )
    axes.plot([parts.numbers], [result.inner.agreement], "o", color=INK, label="tested below")
    axes.axhline(
        majority_share(run.full.classes), color=INK, linewidth=0.8, linestyle=":", label="most frequent answer"
    )
    if result.random_groups is not None:
        random, label = result.random_groups[0], "random groups of neurons"
        axes.axhline(random, color=SERIES[1], linewidth=0.8, linestyle="--", label=label)
    untrained = result.untrained
    if untrained is not None:
        axes.plot([untrained.numbers], [untrained.agreement], "s", color=SERIES[2], label="untrained network")
    axes.set(title="size against agreement", xlabel="numbers in the network (log scale)", xscale="log")
    axes.set(ylabel="share of the answers given")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    if binary:
        _draw_hinges(figure.add_subplot(1, 2, 2), result)
    finish(figure, run, classes=binary)
    return figure


def _draw_hinges(axes: Axes, result: InnerResult) -> None:
    hinges = result.found.few_hinges
    points = hinges.anatomy.coordinates.of(hinges.anatomy.read.rows)[:, :2].numpy()
    cloud(axes, points, result.run.full.classes)
    box = (*np.quantile(points[:, 0], (0, 1)), *np.quantile(points[:, 1], (0, 1)))
    for plane in hinges.layer.planes.numpy():
        across, up, bias = plane[0], plane[1], plane[-1]
        ends = np.array(box[:2])
        if abs(up) > abs(across):
            axes.plot(ends, -(across * ends + bias) / up, color=INK, linewidth=1.2)
        else:
            ends = np.array(box[2:])
            axes.plot(-(up * ends + bias) / across, ends, color=INK, linewidth=1.2)
    axes.set(
        title=f"inputs and {counted(len(hinges.layer.planes), 'hinge')}",
        xlabel="most decisive direction (standard deviations)",
        ylabel="second direction (standard deviations)",
        xlim=box[:2],
        ylim=box[2:],
    )


def _draw_heads(result: InnerResult) -> Figure:
    parts, domain = result.inner.parts, result.run.task.domain
    tables = [head.merged(parts.anatomy.heads) for head in parts.heads.heads]
    at = domain.varying[0]
    tokens = domain.positions[at]
    count = len(tables)
    beside = columns_of(count)
    rows = -(-count // beside)
    figure = new_figure(10 if beside > 1 else 6, 0.4 + 4.6 * rows)
    grid = figure.add_gridspec(2 * rows, beside)
    for number, (head, table) in enumerate(zip(parts.heads.heads, tables, strict=True)):
        row, column = 2 * (number // beside), number % beside
        axes = figure.add_subplot(grid[row, column])
        scores = table.scores[at].view(table.q, len(tokens)).mean(0)  # over all tokens that may be read
        axes.plot(tokens, scores.numpy(), ".", color=INK, markersize=3)
        members = f"head{'s' * (len(head.members) > 1)} {', '.join(map(str, head.members))}"
        axes.set(title=f"inner head {number}: {members}", ylabel="attention score")
        axes.tick_params(labelbottom=False)
        axes = figure.add_subplot(grid[row + 1, column], sharex=axes)
        values = (table.values[at][:, 0] @ head.reads).numpy()
        for rank in range(head.rank):
            shown, colour = values[:, rank] - values[:, rank].mean(), SERIES[rank % len(SERIES)]
            axes.plot(tokens, shown, ".", color=colour, markersize=3, label=f"value {rank}")
        axes.set(xlabel=f"token {result.run.task.position_names[at]}", ylabel="values less mean (own unit)")
        if number == 0 and head.rank <= FEW:
            axes.legend(frameon=False, markerscale=3)
    finish(figure, result.run, classes=False)
    return figure
