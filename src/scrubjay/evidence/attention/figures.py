"""Mean patterns, heads one at a time, the QK circuit, and the way from mean to full attention."""

import numpy as np
from matplotlib.figure import Figure

from scrubjay.evidence.attention.measure import AttentionResult
from scrubjay.evidence.drawing import INK, ONE, ZERO, finish, new_figure
from scrubjay.evidence.line import Picture

_COLOURS = (ZERO, ONE, "#009E73", "#CC79A7")
"""One for each varying position, again from the first where there are more."""


def figures(result: AttentionResult) -> list[Picture]:
    """The figure of this line."""
    return [
        Picture(
            "attention.png",
            "Mean attention by head; answers kept as single heads are frozen; attention scores by token; "
            "agreement as attention goes from its mean to its full pattern",
            "Left: how the last token attends on average, and by how much that varies (bars). Second: a head whose "
            "circle lies low matters when it is frozen alone. Third: what a token adds to a head's score. Right: the "
            "steeper the curve, the more answers depend on how each input is attended to.",
            lambda: _draw(result),
        )
    ]


def _draw(result: AttentionResult) -> Figure:
    heads, scaling, task = result.heads, result.scaling, result.run.task
    figure = new_figure(16, 4.6)
    names = task.position_names
    n_heads, n_ctx = heads.mean.shape
    axes = figure.add_subplot(1, 4, 1)
    for at in range(n_ctx):
        beside = np.arange(n_heads) + 0.8 * (at / n_ctx - 0.5) + 0.4 / n_ctx
        shares, spread = heads.mean[:, at].numpy(), heads.spread[:, at].numpy()
        axes.bar(beside, shares, 0.8 / n_ctx, yerr=spread, label=names[at], ecolor=INK)
    axes.set(title="mean pattern; bars: standard deviation", xlabel="head", ylabel="attention from the last token")
    axes.legend(frameon=False)
    axes = figure.add_subplot(1, 4, 2)
    places = np.arange(n_heads)
    axes.plot(places, heads.frozen_alone, "o", color=ZERO, label="this head frozen to its mean")
    axes.plot(places, heads.frozen_others, "s", color=ONE, label="all others frozen")
    axes.plot(places, [score.mean for score in heads.patched], "^", color=INK, label="its result from another input")
    axes.set(title="one head at a time", xlabel="head", ylabel="share of answers kept", ylim=(0, 1.02))
    axes.legend(frameon=False, loc="lower right")
    axes = figure.add_subplot(1, 4, 3)
    for at, position in enumerate(task.domain.varying):
        colour = _COLOURS[at % len(_COLOURS)]
        axes.plot(heads.scores[position].numpy(), color=colour, linewidth=0.6, alpha=0.8)
        axes.plot([], color=colour, label=f"token {names[position]}")
    axes.set(title="QK: attention score by token, a line a head", xlabel="token", ylabel="attn_scores")
    axes.legend(frameon=False)
    axes = figure.add_subplot(1, 4, 4)
    axes.plot(scaling.steps, scaling.agreement, "o-", color=ZERO)
    axes.set(
        title=f"{scaling.flips} answers flip on the way",
        xlabel="t: pattern = mean + t (pattern - mean)",
        ylabel="agreement with the full network",
    )
    finish(figure, result.run, classes=False)
    return figure
