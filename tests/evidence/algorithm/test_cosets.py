"""Functions that are constant on cosets, which are made from a list of permutations and not from the code's table."""

from itertools import permutations

import numpy as np
import pytest

from scrubjay.evidence.algorithm.cosets import coset_fit, on_cosets, proper_subgroups, sorted_by_cosets
from scrubjay.functions.groups import Group

ELEMENTS = list(permutations(range(4)))
PLACE = {p: at for at, p in enumerate(ELEMENTS)}
S4 = Group.of(np.array([[PLACE[tuple(p[i] for i in q)] for q in ELEMENTS] for p in ELEMENTS]))
ORDER = np.random.default_rng(5).permutation(24)


@pytest.mark.parametrize("place", range(4))
def test_what_depends_on_one_image_is_constant_on_left_cosets_of_a_stabiliser(place: int) -> None:
    """p(i) is the same for all p h where h leaves i in its place, which are 6 permutations."""
    effects = np.array([[float(p[place] == k) for k in range(4)] for p in ELEMENTS])
    fit = coset_fit(S4, effects, ORDER, seed=0)
    assert fit is not None
    assert fit.constant == 1.0
    assert fit.renamed < 0.5
    assert fit.orders == ((6, 4),)
    assert {ELEMENTS[g][place] for g in fit.subgroup} == {place} and len(fit.subgroup) == 6
    assert fit.on_left


def test_what_depends_on_one_preimage_is_constant_on_right_cosets() -> None:
    effects = np.array([[float(p.index(2) == k) for k in range(4)] for p in ELEMENTS])
    fit = coset_fit(S4, effects, ORDER, seed=0)
    assert fit is not None
    assert fit.orders == ((6, 4),)
    assert {ELEMENTS[g][2] for g in fit.subgroup} == {2} and not fit.on_left


def test_the_sign_is_constant_on_the_even_permutations() -> None:
    sign = np.array([(-1.0) ** sum(p[i] > p[j] for j in range(4) for i in range(j)) for p in ELEMENTS])
    fit = coset_fit(S4, sign[:, None], ORDER, seed=0)
    assert fit is not None
    assert fit.orders == ((12, 1),)


def test_random_functions_are_constant_on_no_cosets() -> None:
    effects = np.random.default_rng(1).standard_normal((24, 50))
    fit = coset_fit(S4, effects, ORDER, seed=0)
    assert fit is not None
    assert fit.constant == 0.0 and fit.subgroup == ()


def test_the_share_is_that_of_means_over_cosets() -> None:
    effects = np.random.default_rng(2).standard_normal((24, 3))
    effects -= effects.mean(0)
    members = [PLACE[(0, 1, 2, 3)], PLACE[(1, 0, 2, 3)]]
    held = []
    swapped_places = [PLACE[p[1], p[0], p[2], p[3]] for p in ELEMENTS]
    swapped_values = [PLACE[tuple({0: 1, 1: 0}.get(x, x) for x in p)] for p in ELEMENTS]
    for partner in (swapped_places, swapped_values):
        means = (effects + effects[partner]) / 2
        held.append((means**2).sum(0) / (effects**2).sum(0))
    np.testing.assert_allclose(on_cosets(S4, effects, [np.array(members)])[0], np.maximum(*held))


def test_a_group_of_prime_order_has_no_proper_subgroups() -> None:
    a, b = np.indices((7, 7))
    assert proper_subgroups(Group.of((a + b) % 7), seed=0) == []
    assert coset_fit(Group.of((a + b) % 7), np.eye(7), np.arange(7), seed=0) is None


@pytest.mark.parametrize("on_left", [True, False])
def test_the_sorted_table_has_a_colour_for_each_coset_and_line(on_left: bool) -> None:
    """Of permutations that leave 1 in its place the left cosets tell the image of 1, the right ones its preimage."""
    members = np.array([at for at, p in enumerate(ELEMENTS) if p[1] == 1])
    order, numbers = sorted_by_cosets(S4, members, on_left=on_left)
    told = [p[1] if on_left else p.index(1) for p in ELEMENTS]
    assert len(set(zip(told, numbers.tolist(), strict=True))) == len(set(told)) == 4
    assert sorted(order.tolist()) == list(range(24)) and set(order[:6].tolist()) == set(members.tolist())
    table = numbers[S4.table[np.ix_(order, order)]]
    lines = table if on_left else table.T
    assert all(len(set(line[at : at + 6].tolist())) == 1 for line in lines for at in range(0, 24, 6))
    unsorted = numbers[S4.table]
    assert not all(len(set(line[at : at + 6].tolist())) == 1 for line in unsorted for at in range(0, 24, 6))
