"""Find the network inside the network, test whether it is the mechanism, and read what it means."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import side_by_side
from scrubjay.core.progress import part_of
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.condensing import (
    TARGETS,
    Condensation,
    Condensed,
    FewHinges,
    condense_run,
    merging_weights,
)
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.evidence.inner.interchange import (
    Exchange,
    Interchanged,
    head_exchange,
    hinge_exchange,
    inner_head_exchange,
    interchange,
    neuron_exchange,
    renaming,
    shuffled_groups,
    shuffled_order,
)
from scrubjay.evidence.inner.offside import OffSideScores, scrub_inner
from scrubjay.evidence.inner.parts import InnerParts, with_one
from scrubjay.evidence.inner.quantities import Additive, KindsOfRow, NumbersSwapped, Quantities, swap_numbers
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.evidence.inner.untrained import UntrainedControl, untrained_control
from scrubjay.evidence.line import Found, NothingToFollow
from scrubjay.fit.merging import hinges_of_groups
from scrubjay.run import Run, Settings

_HELD = 20_000
"""The largest number of inputs on which each part is held at its mean."""
_DRAWS = 10
"""The largest number of draws of the scrubbing."""


@dataclass(frozen=True, eq=False)
class PartTest:
    """The tests of all parts of one kind: groups of neurons behind hinges, or of heads behind inner heads.

    Attributes:
        sizes: how many of the original's neurons or heads each part stands for.
        found: the interchange of the parts.
        random: the same with random groups of the same sizes in the original; None if there are no others.
        renamed: the same with the tokens of the inner network's inputs renamed.
        held: for each part the share of answers that change if it is held at its mean in the original, in the inner
            network, and the share of inputs on which both then give the same answer.
        held_inputs: the inputs on which the parts were held, shape [p].
        held_changes: for each part the inputs among them whose answer changes in the original, shape [parts, p].
    """

    sizes: tuple[int, ...]
    found: Interchanged
    random: Interchanged | None
    renamed: Interchanged
    held: tuple[tuple[float, float, float], ...]
    held_inputs: Inputs
    held_changes: Bool[Tensor, "parts p"]


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the fewest hinges that suffice compute with, as tables of single tokens.

    Attributes:
        hinges: the hinges, which read the original's stream.
        quantities: what they compute with, on all inputs.
        additive: the same as sums of tables.
        kinds: the rows by what the tables say at both ends; None unless a class margin and two varying positions.
        swapped: the exchange of one token's numbers; None likewise.
    """

    hinges: FewHinges
    quantities: Quantities
    additive: Additive
    kinds: KindsOfRow | None
    swapped: NumbersSwapped | None


@dataclass(frozen=True, eq=False)
class InnerResult:
    """The network inside the network.

    Attributes:
        run: the run.
        found: the front of size against agreement.
        reached: the share of the answers that the inner network was chosen for; None if no network reaches a target,
            and the one that agrees most often was chosen.
        inner: the inner network that is tested.
        streams: its stream on all inputs, shape [n, r].
        random_groups: the agreement of the inner network with random groups of neurons of the same sizes, and the share
            of the original's mistakes that it makes then, or None; None if there are no other groups of these sizes.
        untrained: the same search in an untrained network; None if that gives every input the same answer.
        hinges: the tests of the hinges; None if there are none.
        heads: the tests of the heads; None if there are none.
        scrubbed: what is left when everything that the inner network says does not matter is resampled.
        meaning: what it computes with; None if no position or only one varies.
    """

    run: Run
    found: Condensation
    reached: float | None
    inner: InnerNetwork
    streams: Float64[Tensor, "n r"]
    random_groups: tuple[float, float | None] | None
    untrained: UntrainedControl | None
    hinges: PartTest | None
    heads: PartTest | None
    scrubbed: OffSideScores
    meaning: Meaning | None

    @property
    def whole(self) -> int:
        """How many numbers the original is made of."""
        return self.run.network.numbers


def measure(run: Run, settings: Settings, found: Found) -> InnerResult:
    """Condense the network and test the result.

    Raises:
        NothingToFollow: no smaller network was found at all.
    """
    searching = part_of(settings.progress, 0.0, 0.5)
    try:
        condensed = condense_run(run.network, run.task, run.full, run.readout, seed=settings.seed, progress=searching)
    except BadInput as nothing:
        raise NothingToFollow(str(nothing)) from nothing
    reached, chosen = _chosen(condensed, run.network.numbers)
    inner = InnerNetwork.of(chosen, run.network, run.task, run.full.classes)
    parts = inner.parts
    read, every = condensed.read, run.task.domain.inputs()
    adds = parts.adds(every)
    streams = parts.stream_of(adds, every)
    settings.progress("interchange, scrubbing and the untrained control", 0.5)
    work = ["untrained", "hinges", "heads", "scrubbing", "meaning"]

    def carried_out(what: str) -> object:
        if what == "untrained":
            return untrained_control(run, parts.hinges, len(parts.ranks), settings.seed)
        if what == "hinges":
            return _hinge_test(run, parts, streams, settings.seed)
        if what == "heads":
            return _head_test(run, parts, adds, streams, settings.seed)
        if what == "scrubbing":
            until = settings.stopping.at_most(_DRAWS)
            return scrub_inner(parts, read.readout, read.rows, run.full.classes, stopping=until, seed=settings.seed)
        return _meaning(run, condensed.few_hinges, settings)

    untrained, hinges, heads, scrubbed, meaning = side_by_side(carried_out, work)
    assert untrained is None or isinstance(untrained, UntrainedControl)
    assert hinges is None or isinstance(hinges, PartTest)
    assert heads is None or isinstance(heads, PartTest)
    assert isinstance(scrubbed, OffSideScores)
    assert meaning is None or isinstance(meaning, Meaning)
    return InnerResult(
        run=run,
        found=condensed,
        reached=reached,
        inner=inner,
        streams=streams,
        random_groups=_random_groups(run, parts, condensed.calls, streams, settings.seed),
        untrained=untrained,
        hinges=hinges,
        heads=heads,
        scrubbed=scrubbed,
        meaning=meaning,
    )


def _chosen(found: Condensation, whole: int) -> tuple[float | None, Condensed]:
    """The smallest network that reaches the highest target that any reaches, or the one that agrees most often.

    Only networks of fewer numbers than the original count.

    Raises:
        NothingToFollow: there is none.
    """
    smaller = [each for each in found.front if each.parts.numbers < whole]
    if not smaller:
        raise NothingToFollow("no network of fewer numbers was found inside it")
    for target in sorted(TARGETS, reverse=True):
        for each in smaller:
            if each.agreement >= target:
                return target, each
    return None, smaller[-1]


def _tested(
    sizes: Sequence[int], run: Run, seed: int, original: Exchange, random: Exchange | None, inner: Exchange
) -> PartTest:
    count, answers, classes_from = len(sizes), run.full.classes, run.readout.classes_from
    names = renaming(run.task, seed)
    some = torch.randperm(len(answers), generator=torch.Generator().manual_seed(seed))[:_HELD].sort().values
    held, changes = [], []
    for part in range(count):
        one, other = classes_from(original.held(part, some)), classes_from(inner.held(part, some))
        before = classes_from(inner.swapped(part, some, some))
        changes.append(one != answers[some])
        held.append((share_of(one != answers[some]), share_of(other != before), share_of(one == other)))
    return PartTest(
        tuple(sizes),
        interchange(count, original, inner, answers, classes_from, seed),
        None if random is None else interchange(count, random, inner, answers, classes_from, seed),
        interchange(count, original, inner.renamed(names), answers, classes_from, seed),
        tuple(held),
        some,
        torch.stack(changes),
    )


def _hinge_test(run: Run, parts: InnerParts, streams: Float64[Tensor, "n r"], seed: int) -> PartTest | None:
    if not parts.hinges:
        return None
    bending, read = parts.anatomy.bending, parts.anatomy.read
    groups = [bending[parts.layer.groups == hinge].tolist() for hinge in range(parts.hinges)]
    random = shuffled_groups(groups, bending.tolist(), seed)
    original, mixed = (
        None if some is None else neuron_exchange(read.readout, read.rows, [torch.tensor(own) for own in some])
        for some in (groups, random)
    )
    assert original is not None
    return _tested(list(map(len, groups)), run, seed, original, mixed, hinge_exchange(parts.layer, streams))


def _head_test(
    run: Run, parts: InnerParts, adds: list[Float64[Tensor, "n br"]], streams: Float64[Tensor, "n r"], seed: int
) -> PartTest | None:
    if not adds:
        return None
    groups, read = [head.members for head in parts.heads.heads], parts.anatomy.read
    random = shuffled_groups(groups, range(run.network.config.n_heads), seed)
    original, mixed = (
        None if some is None else head_exchange(run.network, run.task, read, some) for some in (groups, random)
    )
    assert original is not None
    inner = inner_head_exchange(adds, streams, parts.layer, read)
    return _tested(list(map(len, groups)), run, seed, original, mixed, inner)


def _random_groups(
    run: Run, parts: InnerParts, calls: CloseCalls, streams: Float64[Tensor, "n r"], seed: int
) -> tuple[float, float | None] | None:
    """The agreement, and the mistakes reproduced, if the inner network's hinges come from random groups of neurons."""
    order = shuffled_order(parts.layer.groups, seed)
    if order is None:
        return None
    weights = merging_weights(calls, parts.anatomy.coordinates, parts.anatomy.read.rows)
    mixed = hinges_of_groups(parts.anatomy.layer, weights, parts.layer.groups[order])
    classes: Classes = run.readout.classes_from(mixed.layer.scores(with_one(streams)))
    wanted, wrong = run.full.classes, run.task.mistakes(run.full.classes)
    return share_of(classes == wanted), None if wrong is None else share_of((classes == wanted)[wrong])


def _meaning(run: Run, hinges: FewHinges, settings: Settings) -> Meaning | None:
    domain = run.task.domain
    if len(domain.varying) < 2 or not domain.is_product:
        return None
    read = hinges.anatomy.read
    coordinates = hinges.anatomy.coordinates.of(read.rows)
    quantities = Quantities.of(hinges.layer, coordinates, domain)
    additive = Additive.of(quantities, domain, run.readout)
    if len(domain.varying) != 2 or quantities.linear.shape[1] != 1:
        return Meaning(hinges, quantities, additive, None, None)
    second = run.task.position_names[domain.varying[1]]
    return Meaning(
        hinges,
        quantities,
        additive,
        KindsOfRow.of(quantities, additive, domain, run.full.classes, second),
        swap_numbers(
            hinges.anatomy,
            quantities,
            additive,
            read.readout,
            read.rows,
            run.full.classes,
            stopping=settings.stopping,
            seed=settings.seed,
        ),
    )
