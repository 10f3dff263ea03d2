"""Draw the stream after the MLP, what its parts contribute, and what it decides in the plane of the filters."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.evidence.drawing import CLASSES, INK, SERIES, STRAY, cloud, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.mlp.decisions import DecisionMap
from scrubjay.evidence.mlp.measure import MlpResult


def figures(result: MlpResult) -> list[Picture]:
    """Make the figure of this line."""
    return [
        Picture(
            "mlp.png",
            "The stream after the MLP; separability as the MLP is switched on; neurons; the decision map",
            "First row: the MLP has pulled the colours apart. Second: how many answers one half-space gives as more "
            "of the MLP's output is added. Third: how few neurons do most of this, with all others at their means. "
            "Fourth: what the network answers in the plane of the filters, with the rest of the stream at its mean; "
            "if it computes their gate, its boundaries lie on the lines, which are the thresholds.",
            lambda: _draw(result),
        )
    ]


def _draw(result: MlpResult) -> Figure:
    """Draw the stream after the MLP, separability, neurons, and the decision map of both networks."""
    figure = new_figure(10, 13.2)
    panels = figure.subplots(4, len(result.sides), squeeze=False).T
    for (name, mlp), (after, halves, neurons, decided) in zip(result.sides.items(), panels, strict=True):
        cloud(after, mlp.scores.numpy(), result.run.sides[name].classes)
        share = mlp.resid_post.explained[:2].tolist()
        after.set(
            title=f"{name}: after the MLP",
            xlabel=f"component 1 of resid_post ({share[0]:.1%} of the variance)",
            ylabel=f"component 2 ({share[1]:.1%})",
        )
        halves.plot(mlp.fractions, mlp.separability, "o-", color=INK)
        halves.set(title=f"{name}: one half-space", xlabel="share of mlp_out added", ylabel="share of answers given")
        if mlp.neurons is not None:
            neurons.plot(mlp.neurons.by_contribution.numpy(), color=SERIES[0], label="largest contribution first")
            neurons.plot(mlp.neurons.by_index.numpy(), color=SERIES[1], label="by index")
            one_held = mlp.neurons.ablated.sort().values.numpy()
            neurons.plot(one_held, color=INK, linewidth=1, label="one neuron held (sorted)")
            neurons.legend(frameon=False, loc="lower right")
        neurons.set(title=f"{name}: neurons", xlabel="neurons that vary", ylabel="share of answers kept")
        _decision_map(decided, name, mlp.decisions)
    finish(figure, result.run)
    return figure


def _decision_map(axes: Axes, name: str, decisions: DecisionMap) -> None:
    if decisions.image.numel():
        sides = decisions.sides
        extent = (float(sides[0, 0]), float(sides[0, -1]), float(sides[1, 0]), float(sides[1, -1]))
        image = decisions.image.T.numpy()
        axes.imshow(image, origin="lower", extent=extent, aspect="auto", cmap=CLASSES, vmin=-1, vmax=1)
        axes.axvline(0, color=STRAY, linewidth=1.2)
        axes.axhline(0, color=STRAY, linewidth=1.2)
    axes.set(
        title=f"{name}: the MLP computes {decisions.reading.gate.name}",
        xlabel="α: distance beyond its threshold",
        ylabel="β: distance beyond its threshold",
    )
