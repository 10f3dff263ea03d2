"""Groups from their tables: the axioms, what follows from them, and their names."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput
from scrubjay.functions.catalogue import abelian_types, named_groups, orders_of_product
from scrubjay.functions.groups import Group, is_associative, is_latin
from scrubjay.functions.isomorphism import named_group
from tests.functions.by_hand import GROUPS, cyclic, renamed, symmetric


@settings(deadline=None, max_examples=60)
@given(name=st.sampled_from(sorted(GROUPS)), seed=st.integers(0, 10**6))
def test_a_group_is_named_whatever_its_elements_are_called(name: str, seed: int) -> None:
    table = renamed(GROUPS[name], seed)
    group, known = named_group(Group.of(table))
    assert group.name == name and known is not None and group.standard is not None
    assert sorted(group.standard.tolist()) == list(range(group.n))
    products = known.group.table[np.ix_(group.standard, group.standard)]
    assert np.array_equal(group.standard[table], products)


def test_a_group_without_a_name_gets_none() -> None:
    maps = [np.array([[1, x, z], [0, 1, y], [0, 0, 1]]) for x, y, z in product(range(3), repeat=3)]
    heisenberg = [[next(i for i, c in enumerate(maps) if (a @ b % 3 == c).all()) for b in maps] for a in maps]
    group, known = named_group(Group.of(np.array(heisenberg)))
    assert group.name == "" and known is None and set(group.orders.tolist()) == {1, 3}


def test_what_is_no_group_is_refused() -> None:
    with pytest.raises(BadInput, match=r"shape \(3, 2\) is no Latin square"):
        Group.of(np.zeros((3, 2), dtype=np.int64))
    with pytest.raises(BadInput, match="no neutral element"):
        Group.of((np.arange(5)[:, None] - np.arange(5)) % 5)
    loop = cyclic(6)
    loop[np.ix_([1, 4], [2, 5])] = loop[np.ix_([4, 1], [2, 5])]
    assert is_latin(loop)
    with pytest.raises(BadInput, match="not associative"):
        Group.of(loop)
    assert not is_latin(np.array([[0, 1], [0, 1]])) and not is_latin(np.array([[0, 0], [1, 1]]))


@pytest.mark.parametrize("seed", range(20))
def test_associativity_is_what_trying_all_triples_says(seed: int) -> None:
    table = renamed(cyclic(2, 4), seed)
    draw = np.random.default_rng(seed)
    if seed % 2:
        table = table[draw.permutation(8)][:, draw.permutation(8)]
    every = all(table[table[a, b], c] == table[a, table[b, c]] for a, b, c in product(range(8), repeat=3))
    assert is_associative(table) == every


def test_orders_inverses_and_classes_of_permutations() -> None:
    elements = list(permutations(range(4)))
    group = Group.of(symmetric(4))
    assert elements[group.identity] == (0, 1, 2, 3)

    def shape(p: tuple[int, ...]) -> tuple[int, ...]:
        cycles, left = [], set(range(4))
        while left:
            start = at = left.pop()
            length = 1
            while (at := p[at]) != start:
                left.remove(at)
                length += 1
            cycles.append(length)
        return tuple(sorted(cycles))

    for at, p in enumerate(elements):
        assert elements[group.inverse[at]] == tuple(p.index(i) for i in range(4))
        assert group.orders[at] == np.lcm.reduce(shape(p))
    by_shape = {shape(p): {at for at, q in enumerate(elements) if shape(q) == shape(p)} for p in elements}
    assert sorted(map(sorted, by_shape.values())) == sorted(map(list, group.classes))


def test_subgroups_are_closed_and_generators_generate() -> None:
    group = Group.of(renamed(GROUPS["S4"], 5))
    assert len(group.subgroup(group.generators)) == 24 and len(group.generators) <= 4
    two = int(np.flatnonzero(group.orders == 2)[0])
    assert group.subgroup([two]).tolist() == sorted([group.identity, two])


@pytest.mark.parametrize("order", [8, 12, 24, 60])
def test_the_catalogue_counts_orders_as_its_tables_do(order: int) -> None:
    for known in (*named_groups(order, abelian=True), *named_groups(order, abelian=False)):
        group = Group.of(known.group.table)
        orders, counts = np.unique(group.orders, return_counts=True)
        assert orders_of_product(known.factors) == dict(zip(orders.tolist(), counts.tolist(), strict=True))
        assert len(group.subgroup(known.generators)) == order


def test_there_are_as_many_abelian_groups_as_is_known() -> None:
    known = [1, 1, 1, 2, 1, 1, 1, 3, 2, 1, 1, 2, 1, 1, 1, 5]  # OEIS A000688
    assert [len(abelian_types(order)) for order in range(1, 17)] == known
    assert len(abelian_types(64)) == 11
