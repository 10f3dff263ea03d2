"""Motions: every input's place and answer as the network is changed, a frame a step.

Scaling attention around its mean, scaling the MLP, adding its neurons one by one, and shifting ``resid_mid`` are all
linear in the residual stream, so a frame is an interpolation, never a new run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.errors import BadInput
from scrubjay.evidence.filters.measure import two_filters
from scrubjay.evidence.mlp.neurons import mlp_out_of, study_neurons
from scrubjay.evidence.steering.shifts import random_units
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.task import Task

Extent = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Frame:
    """Where every input is, what it is answered, and what the step is called."""

    points: Float64[Tensor, "n 2"]
    classes: Classes
    caption: str


@dataclass(frozen=True, eq=False)
class Motion:
    """An animation before it is drawn.

    Attributes:
        title: what moves, of which network; axes: what the plane is.
        inputs: how many points there are.
        extent: the plane's range along each axis, the same for all frames.
        thresholds: whether the axes' zeros are thresholds to be drawn.
        count: how many frames there are; frames: each of them, made when it is asked for.
    """

    title: str
    axes: tuple[str, str]
    inputs: int
    extent: Extent
    thresholds: bool
    count: int
    frames: Iterator[Frame]


@dataclass(frozen=True, eq=False)
class Moving:
    """What a motion is made of.

    Attributes:
        title: the network's name and which of the two moves, full or frozen.
        resid_mid, classes: of that network; frozen: the stream with attention at its mean.
        pca: of ``resid_mid``; filters: two, fitted in its causal subspace, or None where the task has not two classes.
        network: the weights; readout: from ``resid_mid`` to an answer.
        seed: of a random direction.
    """

    title: str
    resid_mid: Residual
    classes: Classes
    frozen: Residual
    pca: PCA
    filters: Filters | None
    network: OneLayerTransformer
    readout: Readout
    seed: int

    @classmethod
    def of(cls, saved: SavedNetwork, task: Task, *, frozen: bool, seed: int) -> "Moving":
        """Run a network, full or frozen, and fit its filters.

        Raises:
            BadInput: the task's inputs don't fit the network.
        """
        full = record(saved.network, task)
        at_mean = record(saved.network, task, frozen_at=mean_pattern(full))
        readout = Readout.of(saved.network, task, full)
        act = at_mean if frozen else full
        pca, filters = two_filters(act, readout, seed=seed)
        return cls(
            title=f"{saved.name}, {'frozen' if frozen else 'full'}",
            resid_mid=act.resid_mid,
            classes=act.classes,
            frozen=at_mean.resid_mid,
            pca=pca,
            filters=filters,
            network=saved.network,
            readout=readout,
            seed=seed,
        )


def attention(moving: Moving, count: int) -> Motion:
    """Attention from its mean (t = 0) to its full pattern (t = 1), in the plane of the full network's components."""
    start, end, pca = moving.frozen, moving.resid_mid, moving.pca
    from_, to = pca.scores(start, 2), pca.scores(end, 2)

    def frames() -> Iterator[Frame]:
        for t in torch.linspace(0, 1, count, dtype=torch.float64).tolist():
            classes = moving.readout.classes(start + t * (end - start))
            yield Frame(from_ + t * (to - from_), classes, f"t = {t:.2f}")

    return _motion(moving, "attention from mean to full", "resid_mid", from_, to, count, frames())


def mlp(moving: Moving, count: int) -> Motion:
    """``resid_mid + t * mlp_out``, in the plane of resid_post's components, as the unembedding would read it."""
    stream = moving.resid_mid
    added = mlp_out_of(moving.network, stream)
    pca = PCA.of(stream + added)
    from_, to = pca.scores(stream, 2), pca.scores(stream + added, 2)

    def frames() -> Iterator[Frame]:
        for t in torch.linspace(0, 1, count, dtype=torch.float64).tolist():
            classes = moving.readout.task.class_of(((stream + t * added) @ moving.network.W_U.cpu()).argmax(-1))
            yield Frame(from_ + t * (to - from_), classes, f"t = {t:.2f}")

    return _motion(moving, "the MLP switched on", "resid_post", from_, to, count, frames())


def neurons(moving: Moving, count: int) -> Motion:
    """The MLP's neurons added one by one, the largest contribution first, from none to all."""
    if moving.readout.hidden.shape[1] != 1:
        raise BadInput(
            "neurons are added by their contribution to the class margin; this task's classes have no margin"
        )
    stream, network = moving.resid_mid, moving.network
    order = study_neurons(moving.readout, stream, moving.classes).order
    whole = stream + mlp_out_of(network, stream)
    pca = PCA.of(whole)
    plane = pca.components[:2].T
    W_in, b_in = network.W_in.cpu()[:, order], network.b_in.cpu()[order]
    writes = network.W_out.cpu()[order].double() @ plane
    margins = moving.readout.hidden.cpu()[order, 0].double()
    rest = stream + network.b_out.cpu()
    base = (rest @ moving.readout.direct.cpu())[:, 0].double()
    start, end = pca.scores(rest, 2), pca.scores(whole, 2)
    every = max(1, -(-(len(order) + 1) // count))

    def frames() -> Iterator[Frame]:
        points, margin = start.clone(), base.clone()
        yield Frame(points.clone(), (margin > 0).long(), f"0 of {len(order)} neurons")
        for low in range(0, len(order), every):
            high = min(low + every, len(order))
            post = torch.addmm(b_in[low:high], stream, W_in[:, low:high]).relu_().double()
            points += post @ writes[low:high]
            margin += post @ margins[low:high]
            yield Frame(points.clone(), (margin > 0).long(), f"{high} of {len(order)} neurons")

    drawn = 1 + -(-len(order) // every)
    return _motion(moving, "neurons added one by one", "resid_post", start, end, drawn, frames())


def shift(moving: Moving, count: int, towards: str) -> Motion:
    """``resid_mid`` shifted by 0 to 10 along a filter or a random direction, in the plane of the filters."""
    if moving.filters is None:
        raise BadInput("a shift is shown in the plane of two filters, which only a task of two classes has")
    filters, stream = moving.filters, moving.resid_mid
    chosen = {"alpha": filters.directions[:1], "beta": filters.directions[1:2]}
    direction = chosen.get(towards, random_units(1, stream.shape[1], moving.seed))
    values, step = filters.values(stream), (direction @ filters.directions.T)[0]

    def frames() -> Iterator[Frame]:
        for length in torch.linspace(0, 10, count, dtype=torch.float64).tolist():
            moves = torch.tensor([[length]], dtype=torch.float64)
            classes = moving.readout.moved_classes(stream, [moves], direction)[0]
            yield Frame(values + length * step, classes, f"length {length:.2f}")

    axes = ("alpha: distance beyond its threshold", "beta: distance beyond its threshold")
    extent = _extent(values, values + 10 * step)
    title = f"{moving.title}: shift along {towards}"
    return Motion(title, axes, len(values), extent, True, count, frames())


MOTIONS: dict[str, Callable[[Moving, int], Motion]] = {
    "mlp": mlp,
    "neurons": neurons,
    "attention": attention,
    "shift-random": lambda moving, count: shift(moving, count, "random"),
    "shift-alpha": lambda moving, count: shift(moving, count, "alpha"),
    "shift-beta": lambda moving, count: shift(moving, count, "beta"),
}
"""Every animation by the word that the command line takes."""


def _motion(
    moving: Moving, what: str, site: str, start: Residual, end: Residual, count: int, frames: Iterator[Frame]
) -> Motion:
    axes = (f"component 1 of {site}", "component 2")
    title = f"{moving.title}: {what}"
    return Motion(title, axes, len(start), _extent(start, end), False, count, frames)


def _extent(*clouds: Float64[Tensor, "n 2"]) -> Extent:
    points = torch.cat(clouds)
    low, high = points.min(0).values, points.max(0).values
    room = 0.03 * (high - low).clamp(min=1e-9)
    (x0, y0), (x1, y1) = (low - room).tolist(), (high + room).tolist()
    return (x0, x1), (y0, y1)
