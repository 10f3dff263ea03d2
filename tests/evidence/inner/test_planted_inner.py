"""Networks that hide a smaller one of known size: it is found again, with all of its groups."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import scrubjay
from scrubjay.condensation import Condensate
from scrubjay.core.parallel import one_thread_each
from scrubjay.tasks.task import Task
from tests.hidden_inner import ALWAYS_ON, MATTERS, NEVER_ON, HiddenInner, Hiding, Sizes, classes_of, hide, share

SMALL = Hiding(d_model=48, d_mlp=72)
FOUR = Sizes(ranks=(2, 1), dimensions=3, hinges=3, classes=4)
"""A network of four classes, which are told by all logits."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The operations are so small that several threads would mostly wait for each other."""
    with one_thread_each():
        yield


def logits(hidden: HiddenInner) -> Tensor:
    """By the plain forward pass, at the last position of every input."""
    domain = hidden.task.domain
    given: Tensor = hidden.network(domain.tokens(domain.inputs()))[:, -1]
    return given


def condensed(hidden: HiddenInner, at_least: float = 1.0) -> Condensate:
    return scrubjay.condense(hidden.network, hidden.task, at_least=at_least)


def check_size(found: Condensate, sizes: Sizes) -> None:
    parts = found.inner.parts
    assert parts.dimensions == sizes.dimensions
    assert sorted(parts.ranks) == sorted(sizes.ranks)
    assert parts.hinges == sizes.hinges


def check_groups(found: Condensate, hidden: HiddenInner) -> None:
    parentage = found.inner.parentage
    assert {frozenset(group) for group in parentage["heads"]} == hidden.groups_of_heads()
    assert {frozenset(group) for group in parentage["hinges"]} == hidden.groups_of_neurons()
    assert parentage["always_on"] == (hidden.neurons == ALWAYS_ON).nonzero()[:, 0].tolist()
    assert parentage["never_on"] == (hidden.neurons == NEVER_ON).nonzero()[:, 0].tolist()
    assert parentage["joined_the_linear_path"] == parentage["heads_held_at_their_mean"] == []
    flipped = set((hidden.flips < 0).nonzero()[:, 0].tolist())
    for group in map(set, parentage["hinges"]):
        assert group & set(parentage["turned"]) in (group & flipped, group - flipped)


# The planted networks themselves


@pytest.mark.parametrize("sizes", [None, FOUR])
def test_a_hidden_network_computes_the_small_ones_scores_and_shows_none_of_its_parts(sizes: Sizes | None) -> None:
    hidden = hide(1, sizes, SMALL)
    small, said = hidden.small, logits(hidden)
    if sizes is None:
        assert torch.allclose(said[:, [1]] - said[:, [0]], small.scores, atol=1e-9)
        assert bool((said[:, 2:].amax(1) < said[:, :2].amax(1)).all())
    else:
        assert torch.allclose(said[:, :4], small.scores, atol=1e-9)
        assert bool((said[:, 4:].amax(1) < said[:, :4].amax(1)).all())
    assert torch.equal(said.argmax(1), small.answers)
    network = hidden.network
    every = [network.W_E, network.W_in, network.W_out, network.W_K, network.W_V, network.W_O]
    assert all(bool((weight.abs() > 1e-12).all()) for weight in every)
    assert len(hidden.heads) > len(hidden.sizes.ranks) and len(hidden.neurons) > 4 * hidden.sizes.hinges
    assert {-1.0, 1.0} == set(hidden.flips.tolist())


def test_idle_neurons_are_idle_and_all_others_bend() -> None:
    hidden = hide(2, hiding=SMALL)
    pre: list[Tensor] = []
    handle = hidden.network.mlp_pre.register_forward_hook(lambda module, given, value: pre.append(value[:, -1]))
    logits(hidden)
    handle.remove()
    on = (pre[0] > 0).double().mean(0)
    assert bool((on[hidden.neurons == ALWAYS_ON] == 1).all()) and bool((on[hidden.neurons == NEVER_ON] == 0).all())
    assert bool(((on > 0.1) & (on < 0.9))[hidden.neurons >= 0].all())


def test_every_part_of_a_small_network_matters() -> None:
    small = hide(2, Sizes((2, 1), 3, 3), SMALL).small
    kept = [share(small.answers, classes_of(scores)) for scores in small.without_a_part()]
    # Hinges, their pairs in 10 mixtures; heads, the rank of one, their pair in 5 mixtures; dimensions.
    assert len(kept) == 3 + 3 * 10 + 2 + 1 + 5 + 1 and max(kept) <= MATTERS
    for hinge in range(3):
        outputs = small.outputs.clone()
        outputs[hinge] = 0
        assert share(small.answers, replace(small, outputs=outputs).answers) <= MATTERS
    for head in range(2):
        assert share(small.answers, replace(small, heads=small.heads[head : head + 1]).answers) <= MATTERS


def test_noise_changes_the_network_by_its_size() -> None:
    quiet, loud = (hide(4, hiding=replace(SMALL, noise=noise)).network for noise in (0.0, 0.01))
    for name, weight in quiet.weights.items():
        change = (loud.weights[name] - weight).std() / weight.std()
        assert float(change) == pytest.approx(0.01, rel=0.3), name


# What is found


@pytest.mark.parametrize("seed", range(4))
def test_the_size_and_all_groups_are_recovered(seed: int) -> None:
    hidden = hide(seed, hiding=SMALL)
    found = condensed(hidden)
    check_size(found, hidden.sizes)
    check_groups(found, hidden)
    assert torch.equal(found.inner.classes, hidden.small.answers)
    said = logits(hidden)
    margin = found.inner.parts.scores(hidden.task.domain.inputs())
    assert torch.allclose(margin, said[:, [1]] - said[:, [0]], atol=1e-7)


def test_a_network_of_several_classes_is_recovered() -> None:
    hidden = hide(1, FOUR, replace(SMALL, d_mlp=40))
    found = condensed(hidden)
    check_size(found, FOUR)
    check_groups(found, hidden)


def test_more_than_eight_heads_are_recovered() -> None:
    sizes = Sizes((2, 1, 1), 2, 2)
    hidden = hide(5, sizes, replace(SMALL, pieces=(4, 3, 3)))
    assert len(hidden.heads) == 10
    found = condensed(hidden)
    check_size(found, sizes)
    check_groups(found, hidden)


def test_a_network_that_is_not_hidden_is_found_as_it_is() -> None:
    sizes = Sizes((2, 1), 2, 3)
    hidden = hide(6, sizes, replace(SMALL, pieces=(1, 1), always=0.2, never=0.2, opposite=0, flipped=0))
    found = condensed(hidden)
    check_size(found, sizes)
    check_groups(found, hidden)
    assert found.inner.parentage["turned"] == []


def test_no_smaller_network_on_the_front_gives_all_answers() -> None:
    hidden = hide(7, hiding=SMALL)
    found = condensed(hidden)
    whole = found.found.smallest[1.0]
    assert whole is not None
    smaller = [each for each in found.found.front if each.parts.numbers < whole.parts.numbers]
    assert smaller and max(each.agreement for each in smaller) < 1


def test_labels_are_not_read() -> None:
    hidden = hide(8, hiding=SMALL)
    task = hidden.task
    wrong = Task(task.name, task.domain, task.classes, labels=1 - hidden.small.answers)
    found, blind = condensed(hidden).inner, scrubjay.condense(hidden.network, wrong, at_least=1.0).inner
    assert found.parentage == blind.parentage and torch.equal(found.classes, blind.classes)


@pytest.mark.parametrize("seed", [10, 11])
def test_a_little_noise_leaves_the_size_and_the_heads_recoverable(seed: int) -> None:
    hidden = hide(seed, hiding=replace(SMALL, noise=0.001))
    found = condensed(hidden, at_least=0.995)
    check_size(found, hidden.sizes)
    assert {frozenset(group) for group in found.inner.parentage["heads"]} == hidden.groups_of_heads()


def test_shuffled_weights_do_not_hide_a_small_network() -> None:
    hidden = hide(9, Sizes((1, 1), 2, 2), replace(SMALL, d_mlp=40, pieces=(2, 2)))
    draw = torch.Generator().manual_seed(9)
    for name in ("W_in", "W_E"):
        weight = getattr(hidden.network, name)
        weight[:] = weight.flatten()[torch.randperm(weight.numel(), generator=draw)].view_as(weight)
    u = hidden.network.W_U[:, 1] - hidden.network.W_U[:, 0]
    said = logits(hidden)
    hidden.network.b_out -= u * (said[:, 1] - said[:, 0]).median() / u.square().sum()  # so that both answers occur
    parts = condensed(hidden, at_least=0.99).inner.parts
    assert parts.dimensions + parts.hinges > 2 * (hidden.sizes.dimensions + hidden.sizes.hinges)
