"""Motions: the place and the answer of every input while the network is changed step by step.

Scaling attention around its mean, scaling the MLP's output, adding neurons one by one, and shifting ``resid_mid`` are
all linear in the residual stream. A frame is therefore an interpolation between two recorded states, and the network
is run only once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.evidence.filters.measure import two_filters
from scrubjay.evidence.mlp.neurons import mlp_out_of, neuron_means
from scrubjay.evidence.steering.shifts import random_units
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.files.given import Given, as_saved
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task

FRAMES = 120
"""The largest number of frames, unless another number is asked for; six seconds at twenty frames a second."""
LONGEST_SHIFT = 10.0
"""The length at which a shift of ``resid_mid`` ends."""
_ROOM = 0.03
"""The margin around all points, as a share of the plane's width."""

Extent = tuple[tuple[float, float], tuple[float, float]]
"""The smallest and the largest coordinate along each of two axes."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One step of a motion.

    Attributes:
        points: the place of each input in the plane, shape [n, 2].
        classes: the class of the network's answer to each input, shape [n]; -1 for an answer that belongs to no class.
        caption: what the step is called, such as ``t = 0.50``.
    """

    points: Float64[Tensor, "n 2"]
    classes: Classes
    caption: str


@dataclass(frozen=True, eq=False)
class Motion:
    """An animation before it is drawn.

    Attributes:
        title: the network, and what is changed.
        axes: the names of the two axes of the plane.
        inputs: the number of points.
        n_classes: the number of classes of the task.
        extent: the range of the plane along each axis, the same for all frames.
        thresholds: whether the axes are filter values, so that lines are drawn where they are zero.
        count: the number of frames.
        frames: the frames in order. Each is computed when it is asked for, and they can be gone through once.
    """

    title: str
    axes: tuple[str, str]
    inputs: int
    n_classes: int
    extent: Extent
    thresholds: bool
    count: int
    frames: Iterator[Frame]


@dataclass(frozen=True, eq=False)
class Moving:
    """What motions of one network are computed from.

    Attributes:
        title: the network's name, and whether it moves with its full or with frozen attention.
        resid_mid: the residual stream that moves, shape [n, d].
        frozen: the residual stream with attention frozen to its mean, shape [n, d].
        pca: the principal components of ``resid_mid``.
        filters: two filters, fitted in the causal subspace; None if the task does not have two classes.
        network: the weights.
        readout: from any residual stream to the network's answer.
        seed: seed for a random direction.
    """

    title: str
    resid_mid: Residual
    frozen: Residual
    pca: PCA
    filters: Filters | None
    network: Transformer
    readout: Readout
    seed: int

    @classmethod
    def of(
        cls,
        network: Given,
        task: Task | str | Path,
        *,
        frozen: bool = False,
        seed: int = 0,
    ) -> "Moving":
        """Run a network on every input of a task, and fit its filters.

        Args:
            network: a network, what ``load_network`` returns, or a place that it reads.
            task: the task, or the words that name it.
            frozen: whether to freeze the attention pattern to its mean over all inputs.
            seed: seed for the fit of the filters, and for a random direction.

        Raises:
            BadInput: the task's inputs or classes do not fit the network.
        """
        saved, asked = as_saved(network), as_task(task)
        asked.check_fits(saved.network.config)
        with one_thread_each(), torch.no_grad():
            full = record(saved.network, asked)
            at_mean = record(saved.network, asked, frozen_at=mean_pattern(full))
            readout = Readout.of(saved.network, asked, full)
            moves = at_mean if frozen else full
            pca, filters = two_filters(moves, readout, seed=seed)
        return cls(
            title=f"{saved.name}, {'frozen' if frozen else 'full'}",
            resid_mid=moves.resid_mid,
            frozen=at_mean.resid_mid,
            pca=pca,
            filters=filters,
            network=saved.network,
            readout=readout,
            seed=seed,
        )


class MakesMotion(Protocol):
    """A function that makes a motion of at most ``count`` frames."""

    def __call__(self, moving: Moving, count: int = FRAMES) -> Motion:
        """Make the motion."""


def attention(moving: Moving, count: int = FRAMES) -> Motion:
    """Move attention from its mean over all inputs (t = 0) to each input's own pattern (t = 1).

    The plane is that of the first two components of ``resid_mid``.

    Raises:
        BadInput: the network has several layers, so that the stream does not change linearly with the pattern.
    """
    if moving.network.config.n_layers > 1:
        raise BadInput(
            f"attention is moved from its mean to each input's own in networks with one layer; this one has "
            f"{moving.network.config.n_layers}"
        )
    start, end, pca = moving.frozen, moving.resid_mid, moving.pca
    from_, to = _in_plane(pca, start), _in_plane(pca, end)

    def frames() -> Iterator[Frame]:
        for t in _steps(1.0, count):
            yield Frame(from_ + t * (to - from_), moving.readout.classes(start + t * (end - start)), f"t = {t:.2f}")

    return _motion(moving, "attention from mean to full", "resid_mid", from_, to, count, frames())


def mlp(moving: Moving, count: int = FRAMES) -> Motion:
    """Add the MLP's output, from nothing to all of it: ``resid_mid + t * mlp_out``.

    The plane is that of the first two components of ``resid_post``. The answer is what the unembedding reads from the
    sum.
    """
    stream, network = moving.resid_mid, moving.network
    added = mlp_out_of(network, stream)
    pca = PCA.of(stream + added)
    from_, to = _in_plane(pca, stream), _in_plane(pca, stream + added)

    def frames() -> Iterator[Frame]:
        for t in _steps(1.0, count):
            logits = network.unembed((stream + t * added).to(network.device)).cpu()
            yield Frame(from_ + t * (to - from_), moving.readout.task.classes_of(logits), f"t = {t:.2f}")

    return _motion(moving, "the MLP switched on", "resid_post", from_, to, count, frames())


def neurons(moving: Moving, count: int = FRAMES) -> Motion:
    """Add the MLP's neurons to ``resid_mid + b_out``, the one with the largest contribution first, from none to all.

    Several neurons are added in one frame if there are more of them than frames.

    Raises:
        BadInput: the answer is not read from a class margin, so that neurons have no order, or the network is not
            piecewise linear after attention.
    """
    if not moving.readout.reads_margin:
        raise BadInput(
            "neurons are added in the order of their contribution to the class margin, which needs a task of two "
            f"classes of one token each; task {moving.readout.task.name} has {len(moving.readout.task.classes)} "
            f"classes, or the network gives answers outside them"
        )
    stream, network, readout = moving.resid_mid, moving.network, moving.readout.as_hinges()
    _, order = neuron_means(readout, stream)
    whole = stream + mlp_out_of(network, stream)
    pca = PCA.of(whole)
    plane = _two_columns(pca.components[:2].T)
    W_in, b_in = network.W_in.cpu()[:, order], network.b_in.cpu()[order]
    writes = network.W_out.cpu()[order].double() @ plane
    margins = readout.hidden.cpu()[order, 0].double()
    rest = stream + network.b_out.cpu()
    base = (stream @ readout.direct.cpu() + readout.offset.cpu())[:, 0].double()
    start, end = _in_plane(pca, rest), _in_plane(pca, whole)
    at_once = max(1, -(-len(order) // max(1, count - 1)))

    def frames() -> Iterator[Frame]:
        points, margin = start.clone(), base.clone()
        yield Frame(points.clone(), (margin > 0).long(), f"0 of {len(order)} neurons")
        for low in range(0, len(order), at_once):
            high = min(low + at_once, len(order))
            post = torch.addmm(b_in[low:high], stream, W_in[:, low:high]).relu_().double()
            points += post @ writes[low:high]
            margin += post @ margins[low:high]
            yield Frame(points.clone(), (margin > 0).long(), f"{high} of {len(order)} neurons")

    drawn = 1 + -(-len(order) // at_once)
    return _motion(moving, "neurons added one by one", "resid_post", start, end, drawn, frames())


def shift(moving: Moving, count: int = FRAMES, *, towards: Literal["alpha", "beta", "random"] = "random") -> Motion:
    """Shift ``resid_mid`` of every input by the same vector, whose length grows from 0 to 10.

    The plane is that of the two filters' values.

    Args:
        moving: what moves.
        count: the number of frames.
        towards: the direction: that of the first filter, that of the second, or a random one.

    Raises:
        BadInput: the task does not have two classes, so that there are no filters.
    """
    if moving.filters is None:
        task = moving.readout.task
        raise BadInput(
            f"a shift is shown in the plane of two filters, which need a task of two classes; task {task.name} has "
            f"{len(task.classes)}"
        )
    filters, stream = moving.filters, moving.resid_mid
    chosen = {"alpha": filters.directions[:1], "beta": filters.directions[1:2]}
    direction = chosen.get(towards, random_units(1, stream.shape[1], moving.seed))
    values, step = filters.values(stream), (direction @ filters.directions.T)[0]

    def frames() -> Iterator[Frame]:
        for length in _steps(LONGEST_SHIFT, count):
            move = torch.tensor([[length]], dtype=torch.float64)
            (classes,) = moving.readout.moved_classes(stream, [move], direction)
            yield Frame(values + length * step, classes, f"length {length:.2f}")

    return Motion(
        title=f"{moving.title}: shift along {towards}",
        axes=("alpha: distance beyond its threshold", "beta: distance beyond its threshold"),
        inputs=len(values),
        n_classes=len(moving.readout.task.classes),
        extent=_extent(values, values + LONGEST_SHIFT * step),
        thresholds=True,
        count=count,
        frames=_on_one_thread(frames()),
    )


MOTIONS: dict[str, MakesMotion] = {
    "mlp": mlp,
    "neurons": neurons,
    "attention": attention,
    "shift-random": partial(shift, towards="random"),
    "shift-alpha": partial(shift, towards="alpha"),
    "shift-beta": partial(shift, towards="beta"),
}
"""Every motion by the word that the command line takes."""


def _steps(end: float, count: int) -> list[float]:
    """``count`` values from 0 to ``end`` at equal distances."""
    steps: list[float] = torch.linspace(0, end, count, dtype=torch.float64).tolist()
    return steps


def _motion(
    moving: Moving,
    what: str,
    site: str,
    start: Float64[Tensor, "n 2"],
    end: Float64[Tensor, "n 2"],
    count: int,
    frames: Iterator[Frame],
) -> Motion:
    return Motion(
        title=f"{moving.title}: {what}",
        axes=(f"component 1 of {site}", "component 2"),
        inputs=len(start),
        n_classes=len(moving.readout.task.classes),
        extent=_extent(start, end),
        thresholds=False,
        count=count,
        frames=_on_one_thread(frames),
    )


def _in_plane(pca: PCA, stream: Residual) -> Float64[Tensor, "n 2"]:
    """The first two principal components of each residual stream; the second is 0 if there is only one."""
    return _two_columns(pca.scores(stream, min(2, len(pca.mean))))


def _two_columns(values: Float64[Tensor, "_ columns"]) -> Float64[Tensor, "_ 2"]:
    return torch.nn.functional.pad(values, (0, 2 - values.shape[1]))


def _on_one_thread(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Compute each frame with tensor operations on one thread, which also leaves a busy machine usable."""
    while True:
        with one_thread_each(), torch.no_grad():
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _extent(*clouds: Float64[Tensor, "n 2"]) -> Extent:
    points = torch.cat(clouds)
    low, high = points.min(0).values, points.max(0).values
    room = _ROOM * (high - low).clamp(min=1e-9)
    (x0, y0), (x1, y1) = (low - room).tolist(), (high + room).tolist()
    return (x0, x1), (y0, y1)
