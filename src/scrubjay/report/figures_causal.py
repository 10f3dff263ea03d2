"""The figures of the second half of the post: attention, embeddings, MLP, shifts, scrubbing."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.evidence.steering import FALLS_BELOW, Steering
from scrubjay.geometry.gate import FILTER_NAMES
from scrubjay.report.drawing import CLASSES, INK, ONE, STRAY, ZERO, cloud, finish, named_image, new_figure
from scrubjay.study.records import Mechanism, Study

_POSITIONS = "ABDEFGHIJ"


def attention_figure(study: Study) -> Figure:
    """Mean patterns with their spread, heads frozen and patched alone, QK tables, and the way from mean to full."""
    heads, scaling = study.comparison.heads, study.comparison.scaling
    figure = new_figure(16, 4.6)
    names = _position_names(study)
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
    for at, position in enumerate(study.task.domain.varying):
        axes.plot(heads.scores[position].numpy(), color=(ZERO, ONE)[at % 2], linewidth=0.6, alpha=0.8)
        axes.plot([], color=(ZERO, ONE)[at % 2], label=f"token {names[position]}")
    axes.set(title="QK: attention score by token, a line a head", xlabel="token", ylabel="attn_scores")
    axes.legend(frameon=False)
    axes = figure.add_subplot(1, 4, 4)
    axes.plot(scaling.steps, scaling.agreement, "o-", color=ZERO)
    axes.set(
        title=f"{scaling.flips} answers flip on the way",
        xlabel="t: pattern = mean + t (pattern - mean)",
        ylabel="agreement with the full network",
    )
    finish(figure, study, classes=False)
    return figure


def embedding_figure(study: Study) -> Figure:
    """What each token adds to each filter's value through the frozen network."""
    images = study.comparison.images
    assert images is not None and study.full.gate is not None
    strips = study.comparison.embedding.parts.strips(study.full.gate.fit.filters.directions)
    rows = [(name, at, j) for j, name in enumerate(images.names) for at in range(len(strips))]
    names = _position_names(study)
    figure = new_figure(14, 1.1 * len(rows) + 1.2)
    for row, (name, at, j) in enumerate(rows):
        axes = figure.add_subplot(len(rows), 1, row + 1)
        values = strips[at][:, j].numpy()
        limit = float(np.abs(values - values.mean()).max()) or 1.0
        shown = axes.imshow((values - values.mean())[None], aspect="auto", cmap="PuOr_r", vmin=-limit, vmax=limit)
        position = names[study.comparison.embedding.parts.positions[at]]
        axes.set(yticks=[], ylabel=f"{name}, {position}")
        figure.colorbar(shown, ax=axes, pad=0.01)
        if row == len(rows) - 1:
            axes.set_xlabel("token")
    finish(figure, study, "; what a token adds to a filter's value (less its mean), attention frozen", classes=False)
    return figure


def images_figure(study: Study) -> Figure:
    """Filter values over the domain, their images from the tokens alone, and the frozen masks beside the answers."""
    images, frozen = study.comparison.images, study.frozen.gate
    assert images is not None and frozen is not None
    bits = frozen.fit.filters.bits(study.frozen.activations.resid_mid).long()
    masks = [(f"frozen mask {FILTER_NAMES[j]}", bits[:, j]) for j in range(bits.shape[1])]
    masks.append(
        (
            f"frozen {frozen.fit.filters.gate.name}",
            frozen.fit.filters.predict(study.frozen.activations.resid_mid).long(),
        )
    )
    masks += [("frozen labels", study.frozen.activations.classes), ("full labels", study.full.activations.classes)]
    if study.task.labels is not None:
        masks.append(("ground truth", study.task.labels))
    masks.append(
        ("frozen ≠ full (orange)", (study.frozen.activations.classes != study.full.activations.classes).long())
    )
    columns = max(len(masks), 2 * len(images.names))
    figure = new_figure(2.9 * columns, 6.4)
    for j, name in enumerate(images.names):
        for at, (what, values) in enumerate((("full", images.values), ("from tokens alone", images.images))):
            axes = figure.add_subplot(2, columns, 2 * j + at + 1)
            limit = float(values[:, j].abs().max())
            picture = study.task.domain.image(values[:, j]).numpy()
            shown = axes.imshow(picture, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
            axes.set(title=f"{name}, {what}", xlabel="B (second token)", ylabel="A (first token)")
            figure.colorbar(shown, ax=axes, shrink=0.6)
    for at, (title, classes) in enumerate(masks):
        named_image(figure.add_subplot(2, columns, columns + at + 1), study, classes, title)
    finish(figure, study)
    return figure


def mlp_figure(study: Study) -> Figure:
    """The stream after the MLP, separability on the way, neurons, and the decision map, full and frozen."""
    figure = new_figure(17, 8.6)
    sides = (study.full, study.frozen)
    for row, side in enumerate(sides):
        mechanism = study.mechanisms[side.name]
        mlp = mechanism.mlp
        axes = figure.add_subplot(2, 4, 4 * row + 1)
        cloud(axes, mlp.scores.numpy(), side.activations.classes)
        share = mlp.resid_post.explained[:2].tolist()
        axes.set(
            title=f"{side.name}: after the MLP",
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
        _decision_map(figure.add_subplot(2, 4, 4 * row + 4), mechanism)
    finish(figure, study)
    return figure


def steering_figure(study: Study) -> Figure:
    """How often the filters predict the answer of a shifted network, against predictions that don't follow."""
    figure = new_figure(15, 4.4)
    panels = [(side, kind) for side in ("full", "frozen") for kind in ("random", "boundary")]
    for at, (side, kind) in enumerate(panels):
        mechanism = study.mechanisms[side]
        steering: Steering = mechanism.steering_random if kind == "random" else mechanism.steering_boundary
        axes = figure.add_subplot(1, 4, at + 1)
        low, high = np.quantile(steering.predicted.numpy(), [0.025, 0.975], axis=0)
        axes.fill_between(steering.lengths, low, high, color=ZERO, alpha=0.25, label="95% of the directions")
        axes.plot(
            steering.lengths, steering.predicted.mean(0).numpy(), "o-", color=ZERO, label="filters after the shift"
        )
        axes.plot(
            steering.lengths, steering.unmoved.mean(0).numpy(), "s--", color=INK, label="filters before the shift"
        )
        axes.axhline(FALLS_BELOW, color=INK, linewidth=0.6)
        along = "random directions" if kind == "random" else "the filters, both ways"
        axes.set(
            title=f"{side}, along {along}", xlabel="length of the shift", ylabel="answers predicted", ylim=(0, 1.02)
        )
        axes.legend(frameon=False, loc="lower left")
    finish(figure, study, classes=False)
    return figure


def scrubbing_figure(study: Study) -> Figure:
    """What each licensed ablation leaves, with its interval, beside refined directions and wrong hypotheses."""
    figure = new_figure(13, 5)
    for at, (name, mechanism) in enumerate(study.mechanisms.items()):
        axes = figure.add_subplot(1, len(study.mechanisms), at + 1)
        rows = list(mechanism.scores)
        places = np.arange(len(rows))
        own = [mechanism.scores[row].own for row in rows]
        reach = [[score.mean - score.low for score in own], [score.high - score.mean for score in own]]
        refined = [mechanism.refined.refined_scores[row].own.mean for row in rows]
        for control in mechanism.controls:
            at_rows = [place for place, row in enumerate(rows) if row in control.left]
            left = [control.left[rows[place]].mean for place in at_rows]
            axes.plot(left, at_rows, "x", markersize=6, label=f"wrong: {control.name}")
        axes.plot(refined, places, "D", color=ONE, markersize=5, label="directions refined causally")
        axes.errorbar(
            [s.mean for s in own], places, xerr=reach, fmt="o", color=ZERO, capsize=3, label="this hypothesis"
        )
        axes.axvline(mechanism.resampled, color=INK, linewidth=0.8, linestyle=":", label="everything resampled")
        axes.set(yticks=places, yticklabels=[f"[{row}]" for row in rows], xlim=(0.3, 1.01))
        axes.set(title=f"{name} network", xlabel="share of its own answers left")
        axes.invert_yaxis()
        if at == 0:
            figure.legend(loc="outside lower center", ncols=4, frameon=False)
    finish(figure, study, "; causal scrubbing, 95% intervals over draws", classes=False)
    return figure


def _decision_map(axes: Axes, mechanism: Mechanism) -> None:
    decisions = mechanism.mlp.decisions
    title = f"the MLP computes {decisions.reading.gate.name}"
    if decisions.image.numel():
        sides = decisions.sides
        extent = (float(sides[0, 0]), float(sides[0, -1]), float(sides[1, 0]), float(sides[1, -1]))
        image = decisions.image.T.numpy()
        axes.imshow(image, origin="lower", extent=extent, aspect="auto", cmap=CLASSES, vmin=-1, vmax=1)
        axes.axvline(0, color=STRAY, linewidth=1.2)
        axes.axhline(0, color=STRAY, linewidth=1.2)
    axes.set(title=f"{title}; rest at mean", xlabel="α beyond its threshold", ylabel="β beyond its threshold")


def _position_names(study: Study) -> list[str]:
    varying = study.task.domain.varying
    last = study.task.domain.n_ctx - 1
    return [_POSITIONS[varying.index(at)] if at in varying else "C" if at == last else "·" for at in range(last + 1)]
