"""Hidden neurons are merged into hinges, on layers that were split from known hinges and on random ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from scrubjay.core.parallel import one_thread_each
from scrubjay.fit.hinges import LINEAR, Layer, MergedLayer, Weights
from scrubjay.fit.merging import MICRO, hinges_of_groups, merged_layers

Array = NDArray[np.float64]
N, R = 300, 3
"""The number of sampled inputs, and of coordinates."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The operations are so small that several threads would mostly wait for each other."""
    with one_thread_each():
        yield


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def inputs_of(draw: torch.Generator, n: int = N) -> Tensor:
    """Inputs (coordinates, 1) of correlated coordinates."""
    mix = torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.0, -0.5], [0.0, 0.0, 0.7]]).double()
    return torch.cat([normal(draw, n, R) @ mix + 0.3, torch.ones(n, 1).double()], 1)


def weights_of(seed: int, c: int) -> Weights:
    """A sample of inputs with random costs."""
    draw = torch.Generator().manual_seed(seed)
    by_input = torch.rand(N, generator=draw, dtype=torch.float64) + 0.05
    by_output = normal(draw, c, c)
    inputs = inputs_of(draw)
    return Weights(inputs, by_input / by_input.sum(), by_output @ by_output.T + 0.1 * torch.eye(c).double())


def elsewhere() -> Tensor:
    """Inputs that are not in any sample."""
    return inputs_of(torch.Generator().manual_seed(987), 500)


@dataclass(frozen=True, eq=False)
class Split:
    """A layer of few hinges whose neurons are pieces of them.

    Attributes:
        layer: the layer of pieces.
        owners: the hinge of each neuron.
        flips: whether a neuron points the same way as its hinge, 1 or -1.
        whole: the hinges, and the affine path without what flipped pieces add to it.
    """

    layer: Layer
    owners: Tensor
    flips: Tensor
    whole: Layer

    @property
    def groups(self) -> set[frozenset[int]]:
        return groups_of(self.owners)


def groups_of(owners: Tensor) -> set[frozenset[int]]:
    return {frozenset((owners == each).nonzero()[:, 0].tolist()) for each in set(owners.tolist()) if each != LINEAR}


def split(k: int, c: int, seed: int, pieces: int = 6) -> Split:
    """Split hinges into neurons of random scales, some with the opposite sign and some flipped, in random order."""
    draw = torch.Generator().manual_seed(seed)
    planes, outputs = normal(draw, k, R + 1), normal(draw, k, c)
    planes[:, -1] *= 0.3  # so that they bend well within the inputs
    owners = torch.arange(k).repeat(pieces)[torch.randperm(k * pieces, generator=draw)]
    scales = torch.exp(normal(draw, len(owners)))
    flips = torch.where(torch.rand(len(owners), generator=draw) < 0.4, -1.0, 1.0).double()
    loose = normal(draw, len(owners), c)  # what pieces write besides their share; it cancels within a hinge
    own = torch.zeros(len(owners), c).double()
    for hinge in range(k):
        at = owners == hinge
        own[at] = outputs[hinge] / pieces + 0.3 * (loose[at] - loose[at].mean(0))
    layer = Layer((flips * scales)[:, None] * planes[owners], own / scales[:, None], normal(draw, R + 1, c))
    assert c > 1 or bool((own[:, 0] * outputs[owners, 0] < 0).any()), "some pieces have the opposite sign"
    return Split(layer, owners, flips, Layer(planes, outputs, layer.linear))


def random_layer(m: int, c: int, seed: int) -> Layer:
    draw = torch.Generator().manual_seed(seed)
    return Layer(normal(draw, m, R + 1), normal(draw, m, c), normal(draw, R + 1, c))


def cost(error: Tensor, weights: Weights) -> float:
    """The weighted mean of squared errors of the columns, in the metric of their costs."""
    return float(torch.einsum("n,nc,cd,nd->", weights.by_input, error, weights.by_output, error))


def without_affine_part(values: Tensor, weights: Weights) -> Tensor:
    """Values at the sampled inputs less their best affine approximation, by NumPy's least squares."""
    root = weights.by_input.sqrt()[:, None]
    fit = np.linalg.lstsq((weights.inputs * root).numpy(), (values * root).numpy(), rcond=None)[0]
    return values - weights.inputs @ torch.from_numpy(fit)


# Layers that were split from hinges


@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("refine", [False, True])
def test_as_many_hinges_as_there_are_planes_give_the_layers_scores_on_any_input(k: int, c: int, refine: bool) -> None:
    given, weights = split(k, c, seed=k), weights_of(k, c)
    found = merged_layers(given.layer, weights, refine=refine)
    best = found[k][0]
    assert len(best.planes) == k and best.error < 1e-16
    there = elsewhere()
    assert torch.allclose(best.layer.scores(there), given.layer.scores(there), atol=1e-9)
    assert groups_of(best.groups) == given.groups
    assert all(each.error > 1e-3 for each in found[k - 1])


@pytest.mark.parametrize("c", [1, 3])
def test_hinges_are_the_planes_up_to_scale_and_flips_say_which_neurons_point_the_other_way(c: int) -> None:
    given = split(4, c, seed=11)
    best = merged_layers(given.layer, weights_of(11, c))[4][0]
    for hinge, owner in _matched(best, given).items():
        plane, wanted = best.planes[hinge], given.whole.planes[owner]
        sign = float(torch.sign(plane @ wanted))
        size = float(plane.norm() / wanted.norm())
        assert torch.allclose(plane, sign * size * wanted, atol=1e-9)
        assert torch.allclose(best.outputs[hinge] * size, given.whole.outputs[owner], atol=1e-9)
        own = given.owners == owner
        assert torch.equal(best.flips[own], sign * given.flips[own])
        # It points to where most of its neurons are on, by the size of what they write.
        sizes = given.layer.planes[own].norm(dim=1) * given.layer.outputs[own].norm(dim=1)
        assert float((best.flips[own] * sizes).sum()) > 0 or c > 1


@pytest.mark.parametrize("c", [1, 3])
def test_the_share_of_a_hinge_is_what_its_flipped_neurons_add_to_the_affine_path(c: int) -> None:
    """relu(-z) is relu(z) - z; so each flipped neuron leaves its own plane times its output."""
    given = split(3, c, seed=12)
    best = merged_layers(given.layer, weights_of(12, c))[3][0]
    for hinge in range(3):
        turned = (best.groups == hinge) & (best.flips < 0)
        expected = given.layer.planes[turned].T @ given.layer.outputs[turned]
        assert torch.allclose(best.shares[hinge], expected, atol=1e-9)
    assert torch.allclose(best.rest, given.layer.linear)
    assert torch.allclose(best.layer.linear, best.rest + best.shares.sum(0))


def test_given_groups_make_the_same_hinges_as_those_that_are_found() -> None:
    given, weights = split(3, 2, seed=13), weights_of(13, 2)
    made = hinges_of_groups(given.layer, weights, given.owners)
    there = elsewhere()
    assert made.error < 1e-16 and torch.equal(made.groups, given.owners)
    assert torch.allclose(made.layer.scores(there), given.layer.scores(there), atol=1e-9)
    wrong = hinges_of_groups(given.layer, weights, given.owners[torch.randperm(len(given.owners))])
    assert wrong.error > 0.01


def test_planes_that_differ_a_little_are_kept_apart_while_there_is_room() -> None:
    """Two hinges at an angle of about two degrees with opposite outputs are one narrow step."""
    draw = torch.Generator().manual_seed(14)
    one = torch.tensor([1.0, 0.2, -0.1, 0.1]).double()
    planes = torch.stack([one, one + torch.tensor([0.0, 0.02, 0.0, 0.0]).double(), normal(draw, R + 1)])
    pieces = torch.arange(3).repeat(4)
    outputs = torch.tensor([[1.0], [0.9], [0.7]]).double()[pieces] / 4
    layer = Layer(planes[pieces], outputs, torch.zeros(R + 1, 1).double())
    weights = weights_of(14, 1)
    cosine = torch.nn.functional.cosine_similarity(weights.inputs @ planes[0], weights.inputs @ planes[1], dim=0)
    assert float(cosine) > 0.999
    best = merged_layers(layer, weights)[3][0]
    assert groups_of(best.groups) == groups_of(pieces) and best.error < 1e-16


def _matched(best: MergedLayer, given: Split) -> dict[int, int]:
    """The planted hinge of each found one, from its first neuron."""
    return {hinge: int(given.owners[best.groups == hinge][0]) for hinge in range(len(best.planes))}


# Neurons that do not bend


def test_neurons_that_bend_nowhere_join_the_affine_path_without_error() -> None:
    given, weights = split(2, 2, seed=15), weights_of(15, 2)
    draw = torch.Generator().manual_seed(15)
    planes = normal(draw, 6, R + 1)
    reach = (weights.inputs[:, :-1] @ planes[:, :-1].T).abs().amax(0) + 0.1
    planes[:, -1] = reach * torch.tensor([1, 1, 1, -1, -1, -1])
    outputs = normal(draw, 6, 2)
    layer = Layer(
        torch.cat([given.layer.planes, planes]), torch.cat([given.layer.outputs, outputs]), given.layer.linear
    )
    best = merged_layers(layer, weights)[2][0]
    assert torch.allclose(best.layer.scores(weights.inputs), layer.scores(weights.inputs), atol=1e-9)
    assert groups_of(best.groups) == given.groups  # the idle neurons are in no group
    assert torch.allclose(best.rest, layer.linear + planes[:3].T @ outputs[:3], atol=1e-9)


def stays(layer: Layer, weights: Weights) -> list[bool]:
    """For each of two neurons, whether the only hinge that is left has its plane."""
    (best, *_) = merged_layers(layer, weights)[1]
    cosine = torch.nn.functional.cosine_similarity(best.planes, layer.planes)
    return (cosine.abs() > 0.99).tolist()


def test_the_hinge_that_is_left_bends_where_errors_cost_most() -> None:
    planes = torch.tensor([[1.0, 0, 0, -1.0], [-1.0, 0, 0, -1.0]]).double()  # they bend at x = 1 and at x = -1
    layer = Layer(planes, torch.tensor([[1.0], [25.0]]).double(), torch.zeros(R + 1, 1).double())
    weights = weights_of(16, 1)
    assert stays(layer, weights) == [False, True]
    near = torch.where(weights.inputs[:, 0] > 0, 1.0, 1e-8).double()
    assert stays(layer, replace(weights, by_input=near / near.sum())) == [True, False]


def test_the_hinge_that_is_left_writes_where_errors_cost_most() -> None:
    planes = torch.tensor([[1.0, 0, 0, 0.2], [0, 1.0, 0.5, 0]]).double()
    layer = Layer(planes, torch.tensor([[1.0, 0], [0, 9.0]]).double(), torch.zeros(R + 1, 2).double())
    weights = weights_of(17, 2)
    assert stays(layer, replace(weights, by_output=torch.eye(2).double())) == [False, True]
    assert stays(layer, replace(weights, by_output=torch.diag(torch.tensor([1.0, 1e-6])).double())) == [True, False]


# Random layers


@pytest.mark.parametrize("c", [1, 3])
def test_what_a_merge_changes_has_no_affine_part_and_its_error_is_measured_right(c: int) -> None:
    layer, weights = random_layer(20, c, seed=20), weights_of(20, c)
    scores = layer.scores(weights.inputs)
    power = cost(without_affine_part(scores, weights), weights)
    found = merged_layers(layer, weights)
    assert set(found) == set(range(21))
    for k, candidates in found.items():
        assert len(candidates) <= (8 if k < 12 else 1)
        for each in candidates:
            error = scores - each.layer.scores(weights.inputs)
            assert torch.allclose(
                weights.inputs.T @ (error * weights.by_input[:, None]), torch.zeros(1).double(), atol=1e-9
            )
            assert each.error == pytest.approx(cost(error, weights) / power, abs=1e-9)
            assert len(each.planes) == len(groups_of(each.groups)) == k
            assert each.groups.max() < k and set(each.flips.tolist()) <= {1.0, -1.0}
    assert found[20][0].error < 1e-16
    assert found[0][0].error == pytest.approx(1)
    best = [found[k][0].error for k in range(12)]
    assert best == sorted(best, reverse=True)


def test_a_hinge_is_the_best_multiple_of_its_bend_for_its_own_neurons() -> None:
    layer, weights = random_layer(15, 2, seed=21), weights_of(21, 2)
    best = merged_layers(layer, weights)[5][0]
    for hinge in range(5):
        own = best.groups == hinge
        neurons = (weights.inputs @ layer.planes[own].T).relu() @ layer.outputs[own]
        bent = (weights.inputs @ best.planes[hinge]).relu()[:, None]
        left = neurons - bent * best.outputs[hinge] - weights.inputs @ best.shares[hinge]
        features = torch.cat([bent, weights.inputs], 1)
        assert torch.allclose(features.T @ (left * weights.by_input[:, None]), torch.zeros(1).double(), atol=1e-9)


@pytest.mark.parametrize("c", [1, 2])
def test_candidates_of_a_step_are_sorted_and_hold_the_best_merge(c: int) -> None:
    """The best of all ways to merge two of three hinges or to remove one, by running each of them."""
    layer, weights = random_layer(3, c, seed=22), weights_of(22, c)
    candidates = merged_layers(layer, weights)[2]
    errors = [each.error for each in candidates]
    assert errors == sorted(errors)
    ways = [[0, 1, LINEAR], [0, LINEAR, 1], [LINEAR, 0, 1], [0, 0, 1], [0, 1, 0], [0, 1, 1]]
    made = {
        frozenset(groups_of(torch.tensor(way))): hinges_of_groups(layer, weights, torch.tensor(way)) for way in ways
    }
    assert [frozenset(groups_of(each.groups)) for each in candidates] == sorted(made, key=lambda at: made[at].error)


@pytest.mark.parametrize("edge", [False, True])
def test_wards_first_step_is_the_cheapest_of_all_merges_and_removals(edge: bool) -> None:
    """Each pair of neurons is merged in a layer of its own, and each neuron is made linear in one of its own."""
    layer, weights = random_layer(14, 1, seed=24), weights_of(24, 1)
    if edge:  # one neuron bends only where the last inputs lie, and is linear elsewhere
        layer.planes[5, -1] = 0.98 * (weights.inputs[:, :-1] @ layer.planes[5, :-1]).abs().max()
    costs: dict[frozenset[int], float] = {}
    for one, other in combinations(range(14), 2):
        pair = Layer(layer.planes[[one, other]], layer.outputs[[one, other]], layer.linear)
        ways = merged_layers(pair, weights)[1]
        power = cost(without_affine_part(pair.scores(weights.inputs), weights), weights)
        costs |= {frozenset({one, other}): each.error * power for each in ways if each.groups.tolist() == [0, 0]}
        for at, neuron in enumerate((one, other)):
            bends = Layer(pair.planes[[at]], pair.outputs[[at]], layer.linear).scores(weights.inputs)
            costs[frozenset({neuron})] = cost(without_affine_part(bends, weights), weights)
    cheapest = min(costs, key=costs.__getitem__)
    assert len(cheapest) == (1 if edge else 2)
    (found,) = merged_layers(layer, weights)[13]
    whole = set(range(14))
    if edge:
        assert found.groups[5] == LINEAR and groups_of(found.groups) == {frozenset({each}) for each in whole - {5}}
    else:
        assert groups_of(found.groups) == {cheapest} | {frozenset({each}) for each in whole - cheapest}


def test_equal_neurons_are_put_together_at_once_whichever_way_they_point() -> None:
    planes = (
        torch.tensor([[1.0, 0.5, -0.2, 0.1]]).double() * torch.tensor([[1.0], [-2.0], [0.5], [-0.1], [3.0]]).double()
    )
    outputs = torch.tensor([[1.0], [2.0], [0.3], [0.4], [-1.0]]).double()
    layer = Layer(planes, outputs, torch.zeros(R + 1, 1).double())
    ((found,),) = merged_layers(layer, weights_of(25, 1), merge=False).values()
    assert groups_of(found.groups) == {frozenset({0, 1, 2, 3}), frozenset({4})}  # the last one writes the opposite
    assert torch.allclose(found.layer.scores(elsewhere()), layer.scores(elsewhere()), atol=1e-9)


def test_refining_leaves_no_hinge_without_neurons() -> None:
    """In this layer, moving the only neuron of a hinge elsewhere would seem to cost nothing."""
    layer, weights = random_layer(6, 1, seed=9), weights_of(9, 1)
    for k, candidates in merged_layers(layer, weights, refine=True).items():
        assert all(len(groups_of(each.groups)) == len(each.planes) == k for each in candidates)


@pytest.mark.parametrize("c", [1, 2])
def test_refining_never_raises_the_error_and_keeps_the_number_of_hinges(c: int) -> None:
    layer, weights = random_layer(18, c, seed=23), weights_of(23, c)
    plain, refined = merged_layers(layer, weights), merged_layers(layer, weights, refine=True)
    assert set(plain) == set(refined)
    gains = []
    for k, candidates in plain.items():
        for before, after in zip(candidates, refined[k], strict=True):
            assert len(after.planes) == len(groups_of(after.groups)) == k
            assert after.error <= before.error + 1e-12
            gains.append(before.error - after.error)
    assert max(gains) > 0.01


# Small and large layers


@pytest.mark.parametrize("refine", [False, True])
def test_a_layer_without_neurons_is_its_affine_path(refine: bool) -> None:
    layer, weights = random_layer(0, 2, seed=30), weights_of(30, 2)
    ((best,),) = merged_layers(layer, weights, refine=refine).values()
    assert best.planes.shape == (0, R + 1) and best.outputs.shape == (0, 2) and best.error == 0
    assert torch.equal(best.layer.scores(elsewhere()), layer.scores(elsewhere()))


@pytest.mark.parametrize("refine", [False, True])
def test_a_single_neuron_is_kept_or_made_linear(refine: bool) -> None:
    layer, weights = random_layer(1, 1, seed=31), weights_of(31, 1)
    found = merged_layers(layer, weights, refine=refine)
    assert set(found) == {0, 1}
    assert torch.allclose(found[1][0].layer.scores(elsewhere()), layer.scores(elsewhere()), atol=1e-9)
    assert found[1][0].groups.tolist() == [0] and found[0][0].groups.tolist() == [LINEAR]
    scores = layer.scores(weights.inputs)
    affine = scores - without_affine_part(scores, weights)
    assert torch.allclose(found[0][0].layer.scores(weights.inputs), affine, atol=1e-9)


def test_at_most_so_many_groups_are_left_to_wards_rule() -> None:
    layer, weights = random_layer(MICRO + 60, 1, seed=32), weights_of(32, 1)
    (largest,) = merged_layers(layer, weights, merge=False).values()
    assert len(largest) == 1 and 0.5 * MICRO < len(largest[0].planes) <= MICRO
    assert largest[0].error < 0.01
    few = merged_layers(layer, weights, most=30)
    assert 15 < max(few) <= 30 and set(few) == set(range(max(few) + 1))


def test_inputs_of_a_narrow_range_are_no_harder() -> None:
    """Planes are compared as functions on the inputs, so that units of the coordinates do not matter."""
    given, weights = split(3, 1, seed=33), weights_of(33, 1)
    units = torch.tensor([1e-3, 1.0, 1e3, 1.0]).double()
    layer = Layer(given.layer.planes / units, given.layer.outputs, given.layer.linear / units[:, None])
    scaled = merged_layers(layer, replace(weights, inputs=weights.inputs * units))
    plain = merged_layers(given.layer, weights)
    assert groups_of(scaled[3][0].groups) == groups_of(plain[3][0].groups) == given.groups
    there = elsewhere()
    assert torch.allclose(scaled[3][0].layer.scores(there * units), given.layer.scores(there), atol=1e-8)
