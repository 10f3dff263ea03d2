"""Interchange: give a part of the network the value that it has on another input, and predict the answer.

In the original network a *part* is a group of neurons or of heads. Its value on an input x is replaced by its value on
another input y, while everything else stays as it is on x. The same is done to the hinge or the head of the inner
network that stands for the group. If the group is a part of the mechanism, and the hinge or head is what it computes,
then both networks give the same answer.

A group of neurons also has an affine share, which the inner network keeps in its linear path. It is exchanged together
with the hinge. With normalisations, the scales of each input stay as they are, in both networks.

Source: interchange interventions, Geiger et al. (2021), "Causal abstractions of neural networks".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs, Residual
from scrubjay.core.stats import SEED_STRIDE, Share
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.parts import with_one
from scrubjay.fit.head_merging import Subset
from scrubjay.fit.hinges import LINEAR, MergedLayer
from scrubjay.nets.readout import HingeReadout
from scrubjay.nets.tables import Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.task import Task

PAIRS = 20_000
"""How many pairs of inputs are drawn for all groups of one kind together."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """A network's parts, what they add, and what follows from a change of it.

    Attributes:
        adds: what a part adds on some inputs, from its number and the inputs; shape [p, q].
        scores: the scores on some inputs if what the parts add is changed; from the inputs and the change [p, q].
    """

    adds: Callable[[int, Inputs], Float[Tensor, "p q"]]
    scores: Callable[[Inputs, Float[Tensor, "p q"]], Float[Tensor, "p c"]]

    def swapped(self, part: int, x: Inputs, y: Inputs) -> Float[Tensor, "p c"]:
        """The scores on inputs x if a part has the value that it has on inputs y."""
        return self.scores(x, self.adds(part, y) - self.adds(part, x))

    def held(self, part: int, x: Inputs) -> Float[Tensor, "p c"]:
        """The scores on inputs x if a part has its mean over these inputs."""
        own = self.adds(part, x)
        return self.scores(x, own.mean(0) - own)

    def renamed(self, names: Inputs) -> "Exchange":
        """The same on inputs whose tokens are renamed; a control, since the tokens then say nothing.

        Args:
            names: for each input the one that it is renamed to, shape [n].
        """
        return Exchange(lambda part, x: self.adds(part, names[x]), lambda x, change: self.scores(names[x], change))


@dataclass(frozen=True)
class PartScores:
    """How often two networks give the same answer after the same part of both was exchanged.

    Attributes:
        everywhere: on all pairs.
        changed: on the pairs where the exchange changes the original's answer; None if there is no such pair.
        changes: the share of pairs where the exchange changes the original's answer.
    """

    everywhere: Share
    changed: Share | None
    changes: float


@dataclass(frozen=True)
class Interchanged:
    """The scores of all parts of one kind.

    Attributes:
        parts: the scores of each part.
        whole: the scores over the pairs of all parts.
    """

    parts: tuple[PartScores, ...]
    whole: PartScores


def interchange(
    count: int,
    original: Exchange,
    inner: Exchange,
    answers: Classes,
    classes_from: Callable[[Tensor], Classes],
    seed: int,
) -> Interchanged:
    """Exchange every part on its share of the pairs.

    Args:
        count: the number of parts.
        original: the parts of the original.
        inner: the same parts of the inner network.
        answers: the original's answers without an exchange, shape [n].
        classes_from: the classes of scores.
        seed: seed for the pairs.
    """
    draw = torch.Generator().manual_seed(seed * SEED_STRIDE)
    each = max(1, PAIRS // max(1, count))
    rights, changes = [], []
    for part in range(count):
        x, y = torch.randint(len(answers), (2, each), generator=draw)
        truth = classes_from(original.swapped(part, x, y))
        rights.append(classes_from(inner.swapped(part, x, y)) == truth)
        changes.append(truth != answers[x])
    scores = tuple(_scores(right, change) for right, change in zip(rights, changes, strict=True))
    return Interchanged(scores, _scores(torch.cat(rights), torch.cat(changes)))


def _scores(right: Tensor, changed: Tensor) -> PartScores:
    everywhere = Share.of(right)
    assert everywhere is not None
    return PartScores(everywhere, Share.of(right[changed]), float(changed.double().mean()))


def neuron_exchange(readout: HingeReadout, resid_mid: Residual, groups: Sequence[Int[Tensor, "_own"]]) -> Exchange:
    """Groups of the original's neurons, after the ReLU.

    Args:
        readout: from the stream to the scores.
        resid_mid: the streams of all inputs, shape [n, d].
        groups: the numbers of the neurons of each group.
    """
    W_in, b_in, hidden = (each.cpu() for each in (readout.W_in, readout.b_in, readout.hidden))
    scores = readout.scores(resid_mid).cpu()
    columns = [(W_in[:, own], b_in[own], hidden[own]) for own in groups]

    def adds(part: int, inputs: Inputs) -> Float[Tensor, "p c"]:
        weights, bias, out = columns[part]
        return torch.addmm(bias, resid_mid[inputs].to(weights), weights).relu() @ out

    return Exchange(adds, lambda x, change: scores[x] + change)


def hinge_exchange(layer: MergedLayer, streams: Float[Tensor, "n r"]) -> Exchange:
    """Hinges of the inner network with their affine shares.

    Args:
        layer: the hinges.
        streams: the stream that they read on all inputs, shape [n, r].
    """
    inputs = with_one(streams)
    scores = layer.layer.scores(inputs)

    def adds(part: int, some: Inputs) -> Float[Tensor, "p c"]:
        own = inputs[some]
        return torch.outer((own @ layer.planes[part]).relu(), layer.outputs[part]) + own @ layer.shares[part]

    return Exchange(adds, lambda x, change: scores[x] + change)


def head_exchange(network: Transformer, task: Task, read: ReadStream, groups: Sequence[Subset]) -> Exchange:
    """What groups of the original's heads add to the stream.

    Args:
        network: the original.
        task: the task.
        read: what is read of its stream.
        groups: the numbers of the heads of each group.
    """
    tables = Tables.of(network, task.domain)
    heads = (network.config.n_heads, network.config.d_head)
    W_O = tables.W_O.view(*heads, -1)

    def adds(part: int, inputs: Inputs) -> Residual:
        members = list(groups[part])
        choices = task.domain.choices(inputs).to(network.device)
        pattern = tables.pattern(choices)[:, members]
        values = [table.view(-1, *heads)[:, members][choices[:, at]] for at, table in enumerate(tables.values)]
        moved = torch.stack([pattern[:, :, at, None] * value for at, value in enumerate(values)]).sum(0)
        return torch.einsum("nhe,hed->nd", moved, W_O[members]).cpu()

    return Exchange(adds, lambda x, change: read.readout.scores(read.rows_moved(x, change)).cpu())


def inner_head_exchange(
    heads: Sequence[Float[Tensor, "n br"]], streams: Float[Tensor, "n r"], layer: MergedLayer, read: ReadStream
) -> Exchange:
    """What heads of the inner network add to its stream.

    Args:
        heads: what each head adds on all inputs, shape [n, b r] each.
        streams: the inner network's stream on all inputs, shape [n, r].
        layer: its hinges.
        read: what is read of the original's stream, which gives the scales.
    """
    return Exchange(
        lambda part, inputs: heads[part][inputs],
        lambda x, change: layer.layer.scores(with_one(streams[x] + read.changed_by(x, change))),
    )


def renaming(task: Task, seed: int) -> Inputs:
    """A random renaming of the tokens at each position, as a map from inputs to inputs, shape [n].

    In a list of inputs, where renamed tokens need not make an input, each input is renamed to another one at random.
    """
    draw = torch.Generator().manual_seed(seed)
    if not task.domain.is_product:
        return torch.randperm(task.domain.size, generator=draw)
    orders = [torch.randperm(count, generator=draw) for count in task.domain.counts]
    choices = task.domain.choices(task.domain.inputs())
    index = torch.zeros(len(choices), dtype=torch.int64)
    for at, order in enumerate(orders):
        index = index * len(order) + order[choices[:, at]]
    return index


def shuffled_groups(groups: Sequence[Sequence[int]], members: Sequence[int], seed: int) -> list[tuple[int, ...]] | None:
    """Other groups of the same sizes, drawn at random from the given members.

    Args:
        groups: the groups whose sizes are wanted.
        members: what may be drawn; it holds all members of the groups.
        seed: seed for the draw.

    Returns:
        The groups, or None if no other groups have these sizes.
    """
    if not _others_exist([len(group) for group in groups], len(members)):
        return None
    draw, given = torch.Generator().manual_seed(seed), {frozenset(group) for group in groups}
    while True:
        order = torch.randperm(len(members), generator=draw).tolist()
        found, start = [], 0
        for group in groups:
            found.append(tuple(sorted(members[at] for at in order[start : start + len(group)])))
            start += len(group)
        if {frozenset(group) for group in found} != given:
            return found


def shuffled_order(groups: Int[Tensor, "m"], seed: int) -> Int[Tensor, "m"] | None:
    """A random order of neurons, so that ``groups[order]`` are other groups of the same sizes.

    Args:
        groups: for each neuron the number of its group, or ``LINEAR``, shape [m].
        seed: seed for the draw.

    Returns:
        The order, or None if no other groups have these sizes.
    """
    sizes = [size for size in groups[groups != LINEAR].bincount().tolist() if size]
    if not _others_exist(sizes, len(groups)):
        return None
    draw = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(groups), generator=draw)
        if _as_sets(groups[order]) != _as_sets(groups):
            return order


def _others_exist(sizes: Sequence[int], count: int) -> bool:
    """Whether some of so many things can be put into groups of these sizes in more than one way."""
    if not sizes or sum(sizes) < count:
        return bool(sizes)
    return len(sizes) > 1 and max(sizes) > 1


def _as_sets(groups: Int[Tensor, "m"]) -> set[frozenset[int]]:
    numbers = set(groups.tolist()) - {LINEAR}
    return {frozenset((groups == number).nonzero()[:, 0].tolist()) for number in numbers}
