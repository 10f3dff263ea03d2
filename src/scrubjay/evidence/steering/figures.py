"""Draw how often the filters predict the answer of a shifted stream."""

import numpy as np
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import INK, SERIES, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.steering.measure import SteeringResult
from scrubjay.evidence.steering.shifts import FALLS_BELOW


def figures(result: SteeringResult) -> list[Picture]:
    """Make the figure of this line."""
    return [
        Picture(
            "steering.png",
            "Share of answers that the filters predict, by length of the shift",
            "A mechanism should also predict the answers of residual streams that no input produces. The green curve, "
            "the prediction after the shift, should therefore stay high where the dashed curve, the prediction before "
            "the shift, falls. The grey line is the level below which a prediction counts as lost.",
            lambda: _draw(result),
        )
    ]


def _draw(result: SteeringResult) -> Figure:
    """Draw how often the filters predict the answer, when they read the stream after and before the shift."""
    figure = new_figure(10, 8)
    panels = [(side, kind) for side in result.random for kind in ("random", "boundary")]
    for at, (side, kind) in enumerate(panels):
        steering = result.random[side] if kind == "random" else result.boundary[side]
        axes = figure.add_subplot(len(result.random), 2, at + 1)
        low, high = np.quantile(steering.predicted.numpy(), [0.025, 0.975], axis=0)
        axes.fill_between(steering.lengths, low, high, color=SERIES[0], alpha=0.25, label="95% of the directions")
        axes.plot(
            steering.lengths, steering.predicted.mean(0).numpy(), "o-", color=SERIES[0], label="filters after the shift"
        )
        axes.plot(
            steering.lengths, steering.unmoved.mean(0).numpy(), "s--", color=INK, label="filters before the shift"
        )
        axes.axhline(FALLS_BELOW, color="grey", linewidth=0.6)
        along = "random directions" if kind == "random" else "the filters, both ways"
        axes.set(
            title=f"{side}, along {along}",
            xlabel="length of the shift (distance in the stream)",
            ylabel="share of answers predicted",
            ylim=(0, 1.02),
        )
        axes.legend(frameon=False, loc="lower left")
    finish(figure, result.run, classes=False)
    return figure
