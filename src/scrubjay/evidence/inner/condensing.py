"""Condense a network: find the smallest network inside it that still gives its answers.

The steps, each of which reads the weights and the domain, and no labels:

1. The directions of what is read of ``resid_mid`` (``given_scales.py``) that decide (``fit/decisive.py``), as many as
   are needed when the rest is resampled.
2. Neurons that are always on, or never, are folded into the affine path; that is exact. The others are merged into
   hinges (``fit/merging.py``).
3. Heads are merged and reduced in rank (``fit/head_merging.py``).
4. All combinations are run, and the *front* holds those that no smaller combination equals in agreement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import side_by_side
from scrubjay.core.progress import Progress, silent
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.parts import Anatomy, InnerParts, with_one
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.fit.decisive import Coordinates, decisive_coordinates
from scrubjay.fit.head_merging import HeadMerger, MergedHeads, Sensitivity
from scrubjay.fit.hinges import MergedLayer, Weights
from scrubjay.fit.merging import merged_layers
from scrubjay.fit.pca import PCA, ROWS
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.task import Task

TARGETS = (0.99, 0.995)
"""The shares of the answers for which the smallest network is named."""
_SUBSPACE_KEEPS = 0.99
"""The share of the answers that the decisive directions must keep while all others are resampled."""
_MORE_DIMENSIONS = (0, 1, 2, 4, 8)
"""How many more dimensions are tried, one after the other, until a network reaches the highest target."""
_HOPELESS = 0.02
"""By how much the best network may miss the lowest target before no more dimensions are tried."""
_TRIED = 3_000
"""How many inputs a combination is tried on before it is run on all."""
_PARTITIONS = 3
"""How many partitions of the heads are tried for each number of heads."""
_SHORT = 0.005
"""A combination that falls short of a target by more than this on the tried inputs is not run on all."""


@dataclass(frozen=True, eq=False)
class Condensed:
    """A smaller network and how often it gives the answers.

    Attributes:
        parts: its parts.
        agreement: the share of all inputs on which it gives the network's answer.
    """

    parts: InnerParts
    agreement: float


@dataclass(frozen=True, eq=False)
class FewHinges:
    """The fewest hinges that give the answers if they read the original's own stream, with all of its heads.

    Attributes:
        anatomy: the network, taken apart.
        layer: the hinges.
        agreement: the share of all inputs on which they give the network's answer.
    """

    anatomy: Anatomy
    layer: MergedLayer
    agreement: float


@dataclass(frozen=True, eq=False)
class Condensation:
    """The smaller networks inside a network.

    Attributes:
        read: what is read of the network's stream on every input.
        few_hinges: the fewest hinges that give the lowest target's share of the answers while all heads are kept, or
            the best ones if none do.
        front: networks by increasing size; each agrees more often than all smaller ones.
        smallest: for each target the smallest network that reaches it, or None if none does.
        kept: the share of the answers that the decisive directions keep while all others are resampled, for each number
            of them that was tried.
        calls: the margins of the sampled inputs that merges were scored on.
    """

    read: ReadStream
    few_hinges: FewHinges
    front: tuple[Condensed, ...]
    smallest: dict[float, Condensed | None]
    kept: dict[int, float]
    calls: CloseCalls


def condense_run(
    network: Transformer,
    task: Task,
    full: Activations,
    readout: Readout,
    *,
    at_least: float | None = None,
    seed: int = 0,
    refine: bool = False,
    progress: Progress = silent,
) -> Condensation:
    """Condense a network that has been run on every input.

    Args:
        network: the network.
        task: the task; its labels are not read.
        full: what the network computes on every input.
        readout: from its ``resid_mid`` to the answer.
        at_least: a further share of the answers for which the smallest network is named.
        seed: seed for the sample of inputs and for resampling.
        refine: see ``merged_layers``.
        progress: told what is being done.

    Raises:
        BadInput: the network gives every input the same answer, so that nothing is to be condensed, or its activation
            is not ReLU, or it has several layers.
    """
    if bool((full.classes == full.classes[0]).all()):
        raise BadInput(
            f"the network gives all {task.domain.size:,} inputs the same answer; there is nothing to condense"
        )
    targets = sorted({*TARGETS, *([] if at_least is None else [at_least])})
    progress("directions that decide", 0.0)
    read = ReadStream.of(readout, full.resid_mid)
    calls = CloseCalls.of(read.readout, read.rows, seed=seed)
    coordinates = coordinates_of(read.rows, calls)
    kept: dict[int, float] = {}
    least = decisive_dimensions(coordinates, read, full.classes, seed, kept)
    found: list[Condensed] = []
    few: FewHinges | None = None
    for r in sorted({min(least + more, coordinates.r) for more in _MORE_DIMENSIONS}):
        progress(f"networks in {r} dimensions", 0.2)
        search = _Search.of(network, task, full.classes, read, calls, coordinates.first(r), seed=seed, refine=refine)
        found += search.front(targets)
        few = few if few is not None and few.agreement >= TARGETS[0] else search.few_hinges()
        best = max(each.agreement for each in found)
        if best >= targets[-1] or best < TARGETS[0] - _HOPELESS:
            break
    found.sort(key=lambda each: (each.parts.numbers, -each.agreement))
    front: list[Condensed] = []
    for each in found:
        if not front or each.agreement > front[-1].agreement:
            front.append(each)
    smallest = {at: next((each for each in front if each.agreement >= at), None) for at in targets}
    progress("done", 1.0)
    assert few is not None
    return Condensation(read, few, tuple(front), smallest, kept, calls)


def coordinates_of(resid_mid: Residual, calls: CloseCalls) -> Coordinates:
    """The coordinates of a stream, the most decisive first.

    Args:
        resid_mid: what is read of the streams of all inputs, shape [n, d].
        calls: the margins of a sample of them.
    """
    pca = PCA.of(resid_mid)
    covariance = pca.components.T * pca.variances @ pca.components
    return decisive_coordinates(pca.mean, covariance, calls.by_stream)


def decisive_dimensions(
    coordinates: Coordinates, read: ReadStream, classes: Classes, seed: int, kept: dict[int, float]
) -> int:
    """The fewest directions that keep the answers while everything else comes from a random input."""
    draw = torch.Generator().manual_seed(seed)
    tried = torch.randperm(len(classes), generator=draw)[:_TRIED]
    donors = torch.randint(len(classes), (len(tried),), generator=draw)
    own, other = read.rows[tried], read.rows[donors]
    values = coordinates.of(own) - coordinates.of(other)
    bounds = [0, coordinates.r]  # more directions keep more, up to chance, so that bisection finds the number
    while bounds[0] < bounds[1]:
        r = sum(bounds) // 2
        streams = other + (values[:, :r] @ coordinates.carriers[:r]).to(other.dtype)
        kept[r] = share_of(read.readout.classes(streams) == classes[tried])
        bounds = [bounds[0], r] if kept[r] >= _SUBSPACE_KEEPS else [r + 1, bounds[1]]
    return max(1, bounds[1])


def merging_weights(calls: CloseCalls, coordinates: Coordinates, resid_mid: Residual) -> Weights:
    """The sample of inputs, in some coordinates, that neurons are merged on.

    Args:
        calls: the margins of the sample.
        coordinates: the coordinates.
        resid_mid: what is read of the streams of all inputs, shape [n, d].
    """
    return Weights(with_one(coordinates.of(resid_mid[calls.inputs])), calls.weights.sum(1), calls.by_output)


class _Search:
    """All combinations of merged heads and hinges in some dimensions."""

    def __init__(self, anatomy: Anatomy, task: Task, classes: Classes, tried: Int[Tensor, "_tried"]) -> None:
        self.anatomy, self.task, self.classes, self.readout = anatomy, task, classes, anatomy.read.readout
        self.tried, self.truth = tried, classes[tried]
        self.layers: dict[int, list[MergedLayer]] = {}
        self.heads: list[list[list[MergedHeads]]] = []

    @classmethod
    def of(
        cls,
        network: Transformer,
        task: Task,
        classes: Classes,
        read: ReadStream,
        calls: CloseCalls,
        coordinates: Coordinates,
        *,
        seed: int,
        refine: bool,
    ) -> "_Search":
        """Merge neurons and heads."""
        anatomy = Anatomy.of(network, task.domain, read, coordinates)
        draw = torch.Generator().manual_seed(seed)
        made = cls(anatomy, task, classes, torch.randperm(len(classes), generator=draw)[:_TRIED])
        weights = merging_weights(calls, coordinates, read.rows)
        gradients = read.by_block(calls.inputs, calls.gradients @ coordinates.carriers.T)
        choices = task.domain.choices(calls.inputs)
        width = network.config.d_head if read.has_norm else None
        merger = HeadMerger(anatomy.heads, Sensitivity(choices, gradients, calls.weights), width)

        def merge(what: str) -> None:
            if what == "neurons":
                made.layers = merged_layers(anatomy.layer, weights, refine=refine)
            else:
                partitions = merger.partitions(_PARTITIONS)
                made.heads = [[merger.with_ranks(*each) for each in some] for some in partitions.values()]

        side_by_side(merge, ["neurons", "heads"])
        return made

    def front(self, targets: Sequence[float]) -> list[Condensed]:
        """The combinations that may lie on the front, with their agreement on all inputs."""
        inputs, truth, layers = self.tried, self.truth, self.best_layers
        choices = self.task.domain.choices(inputs)
        tries: list[tuple[int, float, InnerParts]] = []
        for variants in self._best_heads(layers[-1]):
            moved = [head.merged(self.anatomy.heads).moved(choices)[:, 0] for head in variants[0].heads]
            for heads in variants:
                adds = [head.adds(own) for head, own in zip(heads.heads, moved, strict=True)]
                stream = InnerParts(self.anatomy, heads, layers[-1]).stream_of(adds, inputs)
                given = with_one(stream)
                for layer in layers:
                    parts = InnerParts(self.anatomy, heads, layer)
                    said = self.readout.classes_from(layer.layer.scores(given))
                    tries.append((parts.numbers, share_of(said == truth), parts))
        tries.sort(key=lambda each: (each[0], -each[1]))
        found: list[Condensed] = []
        best, reached = 0.0, 0
        for _, share, parts in tries:
            hopeful = reached < len(targets) and share >= targets[reached] - _SHORT
            if share <= best and not hopeful:
                continue
            best = max(best, share)
            found.append(Condensed(parts, self._agreement(parts)))
            while reached < len(targets) and found[-1].agreement >= targets[reached]:
                reached += 1
        return found

    def few_hinges(self) -> FewHinges:
        """The fewest hinges that suffice for the lowest target while all heads are kept, or else the best ones."""
        inputs = with_one(self.anatomy.coordinates.of(self.anatomy.read.rows))
        found: list[FewHinges] = []
        for layer in self.best_layers:
            said = self.readout.classes_from(layer.layer.scores(inputs))
            found.append(FewHinges(self.anatomy, layer, share_of(said == self.classes)))
            if found[-1].agreement >= TARGETS[0]:
                return found[-1]
        return max(found, key=lambda each: each.agreement)

    @cached_property
    def best_layers(self) -> list[MergedLayer]:
        """For each number of hinges the candidate that agrees most often while all heads are kept."""
        truth, anatomy, choices = self.truth, self.anatomy, self.task.domain.choices(self.tried)
        whole = anatomy.base_of(choices) + anatomy.heads.moved(choices)[:, :, :-1].sum(1)
        inputs = with_one(anatomy.read.coordinates_from(self.tried, whole, anatomy.coordinates))
        found: list[MergedLayer] = []
        best = 0.0
        for _, candidates in sorted(self.layers.items()):
            shares = [share_of(self.readout.classes_from(each.layer.scores(inputs)) == truth) for each in candidates]
            if max(shares) > best:
                best = max(shares)
                found.append(candidates[shares.index(best)])
        return found

    def _best_heads(self, layer: MergedLayer) -> list[list[MergedHeads]]:
        """For each number of heads the partition that agrees most often at full rank."""
        found = []
        for partitions in self.heads:
            shares = []
            for variants in partitions:
                inputs = with_one(InnerParts(self.anatomy, variants[0], layer).stream(self.tried))
                shares.append(share_of(self.readout.classes_from(layer.layer.scores(inputs)) == self.truth))
            found.append(partitions[shares.index(max(shares))])
        return found

    def _agreement(self, parts: InnerParts) -> float:
        right = 0
        for some in self.task.domain.chunks(ROWS):
            said = self.readout.classes_from(parts.scores(some))
            right += int((said == self.classes[some]).sum())
        return right / len(self.classes)
