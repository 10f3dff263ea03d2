"""Draw the stream after the MLP, what its parts contribute, and what it decides in the plane of the filters."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import CLASSES, INK, ONE, STRAY, ZERO, cloud, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.mlp.decisions import DecisionMap
from scrubjay.evidence.mlp.measure import MlpResult


def figures(result: MlpResult) -> list[Picture]:
    """Make the figure of this line."""
    return [
        Picture(
            "mlp.png",
            "The stream after the MLP; separability as the MLP is switched on; neurons; the decision map",
            "First: the MLP has pulled the colours apart. Second: how many answers one half-space gives as more of the "
            "MLP's output is added. Third: how few neurons do most of this. Fourth: what the network answers in the "
            "plane of the filters; if it computes their gate, its boundaries lie on the lines, which are the "
            "thresholds.",
            lambda: _draw(result),
        )
    ]


def _draw(result: MlpResult) -> Figure:
    """Draw the stream after the MLP, separability, neurons, and the decision map of both networks."""
    figure = new_figure(17, 8.6)
    for row, (name, mlp) in enumerate(result.sides.items()):
        axes = figure.add_subplot(2, 4, 4 * row + 1)
        cloud(axes, mlp.scores.numpy(), result.run.sides[name].classes)
        share = mlp.resid_post.explained[:2].tolist()
        axes.set(
            title=f"{name}: after the MLP",
            xlabel=f"component 1 of resid_post ({share[0]:.1%})",
            ylabel=f"component 2 ({share[1]:.1%})",
        )
        axes = figure.add_subplot(2, 4, 4 * row + 2)
        axes.plot(mlp.fractions, mlp.separability, "o-", color=ZERO)
        axes.set(title="one half-space gives", xlabel="share of mlp_out added", ylabel="agreement with the answers")
        axes = figure.add_subplot(2, 4, 4 * row + 3)
        if mlp.neurons is not None:
            axes.plot(mlp.neurons.by_contribution.numpy(), color=ZERO, label="largest contribution first")
            axes.plot(mlp.neurons.by_index.numpy(), color=ONE, label="by index")
            axes.plot(
                mlp.neurons.ablated.sort().values.numpy(), color=INK, linewidth=1, label="one neuron held (sorted)"
            )
            axes.legend(frameon=False, loc="lower right")
        axes.set(title="neurons; all others at their means", xlabel="neurons that vary", ylabel="answers kept")
        _decision_map(figure.add_subplot(2, 4, 4 * row + 4), mlp.decisions)
    finish(figure, result.run)
    return figure


def _decision_map(axes: Axes, decisions: DecisionMap) -> None:
    title = f"the MLP computes {decisions.reading.gate.name}"
    if decisions.image.numel():
        sides = decisions.sides
        extent = (float(sides[0, 0]), float(sides[0, -1]), float(sides[1, 0]), float(sides[1, -1]))
        image = decisions.image.T.numpy()
        axes.imshow(image, origin="lower", extent=extent, aspect="auto", cmap=CLASSES, vmin=-1, vmax=1)
        axes.axvline(0, color=STRAY, linewidth=1.2)
        axes.axhline(0, color=STRAY, linewidth=1.2)
    axes.set(title=f"{title}; rest at mean", xlabel="α beyond its threshold", ylabel="β beyond its threshold")
