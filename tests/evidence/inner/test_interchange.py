"""Parts exchanged between inputs, by the fast way and by hooks on plain forward passes; the controls.

Every exchange is compared with the plain forward pass of the network itself: of the original, and of the transformer
that the smaller network is built as. A hook replaces what a part computes at the last position by what it computes on
another input.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from scrubjay.evidence.inner.as_transformer import as_transformer
from scrubjay.evidence.inner.interchange import (
    PAIRS,
    Exchange,
    head_exchange,
    hinge_exchange,
    inner_head_exchange,
    interchange,
    neuron_exchange,
    renaming,
    shuffled_groups,
    shuffled_order,
)
from scrubjay.evidence.inner.parts import InnerParts
from scrubjay.fit.hinges import LINEAR
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from tests.evidence.inner.cut_out import cut_out, trained_run, untrained_run


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a smaller one, with everything that their plain forward passes compute at the last position."""

    run: Run
    parts: InnerParts

    @property
    def inner(self) -> Transformer:
        return as_transformer(self.parts, self.run.network, self.run.task)

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """Every input, and another one for each."""
        n = self.run.task.domain.size
        draw = torch.Generator().manual_seed(7)
        x = torch.arange(n)
        return x, (x + torch.randint(1, n, (n,), generator=draw)) % n

    @property
    def neurons(self) -> list[Tensor]:
        """The neurons behind each hinge."""
        bending, groups = self.parts.anatomy.bending, self.parts.layer.groups
        return [bending[groups == hinge] for hinge in range(self.parts.hinges)]

    @property
    def heads(self) -> list[tuple[int, ...]]:
        """The heads behind each inner head."""
        return [head.members for head in self.parts.heads.heads]

    def scores(self, logits: Tensor) -> Tensor:
        """The class margin, or all logits."""
        return logits if self.run.readout.as_hinges().direct.shape[1] > 1 else logits[:, 1:2] - logits[:, 0:1]

    def neuron_exchange(self) -> Exchange:
        return neuron_exchange(self.run.readout.as_hinges(), self.run.full.resid_mid, self.neurons)

    def head_exchange(self) -> Exchange:
        run = self.run
        return head_exchange(run.network, run.task, self.parts.anatomy.read, self.heads)

    def hinge_exchange(self) -> Exchange:
        return hinge_exchange(self.parts.layer, self.streams)

    def inner_head_exchange(self) -> Exchange:
        adds = self.parts.adds(self.run.task.domain.inputs())
        return inner_head_exchange(adds, self.streams, self.parts.layer, self.parts.anatomy.read)

    @property
    def streams(self) -> Tensor:
        return self.parts.stream(self.run.task.domain.inputs())


@pytest.fixture(scope="module", params=["margin", "logits"])
def case(request: pytest.FixtureRequest, small: SavedNetwork) -> Case:
    """The trained network, which is read by its margin, and an untrained one of five classes, read by its logits."""
    if request.param == "margin":
        run = trained_run(small)
        return Case(run, cut_out(run, dimensions=3, hinges=4, heads=2, rank=2))
    run = untrained_run(classes=5)
    return Case(run, cut_out(run, dimensions=5, hinges=3, heads=2, rank=3))


Change = Callable[[Tensor], Tensor]


def patched(network: Transformer, case: Case, inputs: Tensor, site: str, change: Change) -> Tensor:
    """The scores on some inputs by a plain forward pass, in which the last position of a site is changed."""

    def hook(module: nn.Module, given: tuple[Tensor, ...], value: Tensor) -> Tensor:
        return torch.cat([value[:, :-1], change(value[:, -1])[:, None]], 1)

    handle = getattr(network, site).register_forward_hook(hook)
    try:
        logits = network(case.run.task.domain.tokens(inputs))[:, -1]
    finally:
        handle.remove()
    return case.scores(logits)


def recorded(network: Transformer, case: Case, inputs: Tensor, site: str) -> Tensor:
    """What a site holds on some inputs, by a plain forward pass."""
    kept: list[Tensor] = []
    handle = getattr(network, site).register_forward_hook(lambda module, given, value: kept.append(value.clone()))
    network(case.run.task.domain.tokens(inputs))
    handle.remove()
    return kept[0]


def added_by(network: Transformer, case: Case, inputs: Tensor, heads: tuple[int, ...]) -> Tensor:
    """What some heads add to the stream at the last position, from the network's own pattern."""
    own = list(heads)
    pattern = recorded(network, case, inputs, "pattern")[:, own, -1]
    resid_pre = recorded(network, case, inputs, "resid_pre")
    return torch.einsum("nhs,nsd,hde,hef->nf", pattern, resid_pre, network.W_V[own], network.W_O[own])


def neurons_swapped(network: Transformer, case: Case, own: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The scores on inputs x while some neurons have the values that they have on inputs y."""
    other = recorded(network, case, y, "mlp_post")[:, -1]

    def change(value: Tensor) -> Tensor:
        value = value.clone()
        value[:, own] = other[:, own]
        return value

    return patched(network, case, x, "mlp_post", change)


def heads_swapped(network: Transformer, case: Case, own: tuple[int, ...], x: Tensor, y: Tensor) -> Tensor:
    """The scores on inputs x while some heads add what they add on inputs y."""
    moved = added_by(network, case, y, own) - added_by(network, case, x, own)
    return patched(network, case, x, "resid_mid", lambda value: value + moved)


def assert_same(found: Tensor, wanted: Tensor, case: Case, unlike: Tensor) -> None:
    """Equal scores and equal answers; the exchange changes something."""
    assert torch.allclose(found, wanted, rtol=1e-6, atol=1e-6 * float(wanted.abs().max()))
    classes = case.run.readout.as_hinges().classes_from
    assert torch.equal(classes(found), classes(wanted))
    assert not torch.allclose(found, unlike, rtol=1e-3)


# Two routes


def test_neurons_of_the_original_are_exchanged_as_a_hook_on_its_hidden_layer_does(case: Case) -> None:
    (x, y), exchange, plain = (
        case.pairs,
        case.neuron_exchange(),
        case.run.readout.as_hinges().scores(case.run.full.resid_mid),
    )
    for part, own in enumerate(case.neurons):
        assert_same(exchange.swapped(part, x, y), neurons_swapped(case.run.network, case, own, x, y), case, plain)


def test_heads_of_the_original_are_exchanged_as_a_hook_on_its_stream_does(case: Case) -> None:
    (x, y), exchange, plain = (
        case.pairs,
        case.head_exchange(),
        case.run.readout.as_hinges().scores(case.run.full.resid_mid),
    )
    assert any(len(own) > 1 for own in case.heads)
    for part, own in enumerate(case.heads):
        assert_same(exchange.swapped(part, x, y), heads_swapped(case.run.network, case, own, x, y), case, plain)


def test_hinges_are_exchanged_with_their_affine_share(case: Case) -> None:
    """The hook exchanges a hinge after its ReLU. The affine share of its neurons is a part of the linear path, where no
    hook can tell it from the rest. So it is exchanged by hand, from the coordinates in the stream."""
    (x, y), exchange, inner = case.pairs, case.hinge_exchange(), case.inner
    stream = recorded(inner, case, case.run.task.domain.inputs(), "resid_mid")[:, -1, : case.parts.dimensions]
    plain = case.scores(inner(case.run.task.domain.tokens(x))[:, -1])
    largest = 0.0
    for part in range(case.parts.hinges):
        affine = (stream[y] - stream[x]) @ case.parts.layer.shares[part, :-1]
        wanted = neurons_swapped(inner, case, torch.tensor([part]), x, y) + affine
        largest = max(largest, float(affine.abs().max()))
        assert_same(exchange.swapped(part, x, y), wanted, case, plain)
    assert largest > 0.1


def test_inner_heads_are_exchanged_as_a_hook_on_the_inner_networks_stream_does(case: Case) -> None:
    (x, y), exchange, inner = case.pairs, case.inner_head_exchange(), case.inner
    plain = case.scores(inner(case.run.task.domain.tokens(x))[:, -1])
    for part in range(len(case.heads)):
        assert_same(exchange.swapped(part, x, y), heads_swapped(inner, case, (part,), x, y), case, plain)


def test_a_part_that_is_held_has_its_mean_over_the_inputs(case: Case) -> None:
    network, inputs = case.run.network, torch.arange(0, case.run.task.domain.size, 3)
    plain = case.run.readout.as_hinges().scores(case.run.full.resid_mid)[inputs]
    for part, own in enumerate(case.neurons):

        def held(value: Tensor, own: Tensor = own) -> Tensor:
            value = value.clone()
            value[:, own] = value[:, own].mean(0)
            return value

        wanted = patched(network, case, inputs, "mlp_post", held)
        assert_same(case.neuron_exchange().held(part, inputs), wanted, case, plain)
    for part, heads in enumerate(case.heads):
        added = added_by(network, case, inputs, heads)
        wanted = patched(network, case, inputs, "resid_mid", lambda value, a=added: value - a + a.mean(0))  # type: ignore[misc]
        assert_same(case.head_exchange().held(part, inputs), wanted, case, plain)


def test_an_exchange_with_the_input_itself_changes_nothing(case: Case) -> None:
    x = case.run.task.domain.inputs()
    truth = case.run.full.classes
    for exchange, count in ((case.neuron_exchange(), case.parts.hinges), (case.head_exchange(), len(case.heads))):
        for part in range(count):
            assert torch.equal(case.run.readout.as_hinges().classes_from(exchange.swapped(part, x, x)), truth)


# Scores


def toy(values: Tensor, own: Tensor) -> Exchange:
    """Parts that add ``values[part]`` to a margin."""
    return Exchange(lambda part, x: values[part][x][:, None], lambda x, change: own[x][:, None] + change)


def sign(scores: Tensor) -> Tensor:
    return (scores[:, 0] > 0).long()


def test_an_exchange_is_scored_where_it_changes_the_answer_and_everywhere() -> None:
    draw = torch.Generator().manual_seed(0)
    values, rest = torch.randn(2, 50, generator=draw).double(), torch.randn(50, generator=draw).double()
    values[1] *= 0.3
    own = rest + values.sum(0)
    original, same, still = toy(values, own), toy(values, own), toy(torch.zeros(2, 50).double(), own)
    answers = (own > 0).long()
    perfect = interchange(2, original, same, answers, sign, seed=1)
    blind = interchange(2, original, still, answers, sign, seed=1)
    assert perfect.whole.everywhere.value == 1 and perfect.whole.changed is not None
    assert perfect.whole.changed.value == 1 and perfect.whole.everywhere.n == 2 * (PAIRS // 2)
    for part in range(2):  # the share of all pairs, by brute force
        swapped = (own[:, None] - values[part][:, None] + values[part][None]) > 0
        changes = float((swapped != (own > 0)[:, None]).double().mean())
        assert perfect.parts[part].changes == pytest.approx(changes, abs=0.015)
        assert blind.parts[part].everywhere.value == pytest.approx(1 - blind.parts[part].changes)
        changed = blind.parts[part].changed
        assert changed is not None and changed.value == 0
    assert perfect.whole.changes == pytest.approx(sum(part.changes for part in perfect.parts) / 2)
    assert perfect.parts[0].changes > 1.5 * perfect.parts[1].changes
    nothing = interchange(2, still, same, answers, sign, seed=1)
    assert nothing.whole.changed is None and nothing.whole.changes == 0


# Controls


def test_a_renaming_is_a_bijection_of_the_tokens_at_each_position(case: Case) -> None:
    task = case.run.task
    names, tokens = renaming(task, seed=3), task.domain.varying_tokens()
    assert sorted(names.tolist()) == list(range(task.domain.size))
    for position in range(tokens.shape[1]):
        pairs = set(zip(tokens[:, position].tolist(), tokens[names][:, position].tolist(), strict=True))
        assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
        assert any(one != other for one, other in pairs)
    assert not torch.equal(names, renaming(task, seed=4))


def test_renamed_parts_are_those_of_the_renamed_inputs(case: Case) -> None:
    (x, y), exchange, names = case.pairs, case.hinge_exchange(), renaming(case.run.task, seed=3)
    renamed = exchange.renamed(names)
    assert torch.equal(renamed.swapped(0, x, y), exchange.swapped(0, names[x], names[y]))
    assert not torch.allclose(renamed.swapped(0, x, y), exchange.swapped(0, x, y), rtol=1e-3)


def test_random_groups_have_the_same_sizes_and_other_members() -> None:
    groups, members = [[1, 4, 6], [8], [2, 3]], [1, 2, 3, 4, 6, 8, 9, 11]
    for seed in range(20):
        found = shuffled_groups(groups, members, seed)
        assert found is not None and [len(group) for group in found] == [3, 1, 2]
        drawn = [member for group in found for member in group]
        assert len(set(drawn)) == 6 and set(drawn) <= set(members)
        assert {frozenset(group) for group in found} != {frozenset(group) for group in groups}
    drawn_from_few = [shuffled_groups([[0], [1, 2]], [0, 1, 2], seed) for seed in range(20)]
    assert {tuple(found or ()) for found in drawn_from_few} == {((1,), (0, 2)), ((2,), (0, 1))}, "never the given ones"


def test_there_are_no_random_groups_where_no_others_have_these_sizes() -> None:
    assert shuffled_groups([[0, 1, 2]], [0, 1, 2], 0) is None
    assert shuffled_groups([[2], [0], [1]], [0, 1, 2], 0) is None
    assert shuffled_groups([], [0, 1, 2], 0) is None
    assert shuffled_groups([[2], [0]], [0, 1, 2], 0) is not None


def test_a_random_order_makes_other_groups_of_neurons_and_keeps_their_sizes() -> None:
    groups = torch.tensor([0, 0, 1, LINEAR, 1, 1, LINEAR, 2])
    for seed in range(20):
        order = shuffled_order(groups, seed)
        assert order is not None and sorted(order.tolist()) == list(range(8))
        one, other = (
            {frozenset((each == k).nonzero()[:, 0].tolist()) for k in range(3)} for each in (groups, groups[order])
        )
        assert one != other and sorted(map(len, one)) == sorted(map(len, other))
    for seed in range(20):
        order = shuffled_order(torch.tensor([0, 1, 1]), seed)
        assert order is not None and int(order[0]) != 0
    for fixed in ([0, 0, 0], [2, 0, 1], [LINEAR, LINEAR], []):
        assert shuffled_order(torch.tensor(fixed, dtype=torch.int64), 0) is None
