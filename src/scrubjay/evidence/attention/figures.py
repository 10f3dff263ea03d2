"""Draw mean patterns, single heads, the QK circuit, and the way from the mean pattern to the full one."""

import numpy as np
from matplotlib.figure import Figure

from scrubjay.evidence.attention.heads import HeadStudy
from scrubjay.evidence.attention.measure import AttentionResult
from scrubjay.evidence.attention.scaling import Scaling
from scrubjay.evidence.drawing import INK, SERIES, finish, new_figure
from scrubjay.evidence.line import Picture

_NAMED = 24
"""The largest number of layers and heads that are named below a figure."""


def figures(result: AttentionResult) -> list[Picture]:
    """Make the figure of this line."""
    heads, scaling = result.heads, result.scaling
    if heads is None or scaling is None:
        return [
            Picture(
                "attention.png",
                "Answers kept as single layers and heads are frozen to their mean pattern",
                "A layer or head matters if its circle lies low: then answers change when only its attention is held "
                "at its mean. It suffices if its square lies high: then answers are kept although the attention of all "
                "others is held.",
                lambda: _draw_layers(result),
            )
        ]
    return [
        Picture(
            "attention.png",
            "Mean attention by head; answers kept as single heads are frozen; attention scores by token; "
            "agreement as attention goes from its mean to its full pattern",
            "First: how the last token attends on average, with a bar of one standard deviation for how much that "
            "varies between inputs. Second: a head matters if its circle, for this head alone frozen, lies low. "
            "Third: what each token adds to a head's attention score. Fourth: the steeper the curve, the more answers "
            "depend on how each input is attended to.",
            lambda: _draw(result, heads, scaling),
        )
    ]


def _draw_layers(result: AttentionResult) -> Figure:
    figure = new_figure(min(10.0, max(6.0, 0.5 * len(result.frozen))), 4.2)
    axes, places = figure.add_subplot(1, 1, 1), np.arange(len(result.frozen))
    axes.plot(places, [part.alone for part in result.frozen], "o", color=SERIES[0], label="only this part frozen")
    axes.plot(places, [part.others for part in result.frozen], "s", color=SERIES[1], label="everything else frozen")
    names = [f"layer {part.layer}" if part.head is None else f"{part.layer}.{part.head}" for part in result.frozen]
    step = -(-len(names) // _NAMED)
    axes.set_xticks(places[::step], names[::step], rotation=90)
    axes.set(xlabel="layer, or layer.head", ylabel="share of answers kept", ylim=(0, 1.02))
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    finish(figure, result.run, classes=False)
    return figure


def _draw(result: AttentionResult, heads: HeadStudy, scaling: Scaling) -> Figure:
    task = result.run.task
    figure = new_figure(10, 8.4)
    names = task.position_names
    n_heads, n_ctx = heads.mean.shape
    axes = figure.add_subplot(2, 2, 1)
    for at in range(n_ctx):
        beside = np.arange(n_heads) + 0.8 * (at / n_ctx - 0.5) + 0.4 / n_ctx
        shares, spread = heads.mean[:, at].numpy(), heads.spread[:, at].numpy()
        axes.bar(beside, shares, 0.8 / n_ctx, color=_colour(at), yerr=spread, label=names[at], ecolor=INK)
    axes.set(title="mean pattern", xlabel="head", ylabel="share of the last token's attention")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    axes.legend(frameon=False, loc="upper center", ncols=min(n_ctx, 4))
    axes = figure.add_subplot(2, 2, 2)
    places = np.arange(n_heads)
    axes.plot(places, heads.frozen_alone, "o", color=SERIES[0], label="this head frozen to its mean")
    axes.plot(places, heads.frozen_others, "s", color=SERIES[1], label="all others frozen")
    axes.plot(places, [score.mean for score in heads.patched], "^", color=INK, label="its result from another input")
    axes.set(title="one head at a time", xlabel="head", ylabel="share of answers kept", ylim=(0, 1.02))
    axes.legend(frameon=False, loc="lower right")
    axes = figure.add_subplot(2, 2, 3)
    for position in task.domain.varying:
        colour = _colour(position)
        axes.plot(heads.scores[position].numpy(), color=colour, linewidth=0.6, alpha=0.8)
        axes.plot([], color=colour, label=f"token {names[position]}")
    axes.set(title="attention score by token", xlabel="token", ylabel="attn_scores (a line for each head)")
    axes.legend(frameon=False)
    axes = figure.add_subplot(2, 2, 4)
    axes.plot(scaling.steps, scaling.agreement, "o-", color=INK)
    axes.set(
        title=f"{scaling.flips:,} answers flip on the way",
        xlabel="t: pattern = mean + t (pattern - mean)",
        ylabel="share of the full network's answers",
    )
    finish(figure, result.run, classes=False)
    return figure


def _colour(position: int) -> str:
    return SERIES[position % len(SERIES)]
