"""What a table shows: compared with definitions that are tried out input by input."""

from itertools import permutations, product

import numpy as np
import pytest

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.structure import structure_of

TABLES = {
    "maximum": np.indices((4, 4, 4)).max(0),
    "second token": np.indices((3, 4, 2))[1],
    "sum of two": np.indices((3, 3, 3))[[0, 2]].sum(0),
    "product": np.indices((5, 5)).prod(0),
    "random": np.random.default_rng(0).integers(0, 2, (3, 3, 3)),
    "random, symmetric": (lambda t: t + t.T)(np.random.default_rng(1).integers(0, 9, (6, 6))),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_structure_is_what_the_definitions_give(name: str) -> None:
    table = TABLES[name]
    found = structure_of(AnswerTable.of(table))
    assert found is not None
    inputs = list(product(*map(range, table.shape)))
    matter = {
        "abc"[at]
        for one, other in product(inputs, inputs)
        for at in range(table.ndim)
        if table[one] != table[other] and all(one[i] == other[i] for i in range(table.ndim) if i != at)
    }
    assert set(found.matter) == matter
    is_square = len(set(table.shape)) == 1
    assert found.is_symmetric == (
        is_square
        and all(
            table[i] == table[tuple(i[at] for at in order)] for i in inputs for order in permutations(range(table.ndim))
        )
    )
    states = []
    for j in range(table.ndim + 1):
        rests = list(product(*map(range, table.shape[j:])))
        states.append(len({tuple(int(table[(*p, *r)]) for r in rests) for p in product(*map(range, table.shape[:j]))}))
    assert found.prefix_states == tuple(states)


def test_a_table_with_holes_has_no_structure() -> None:
    table = np.indices((4, 4)).sum(0)
    table[1, 2] = -1
    assert structure_of(AnswerTable.of(table)) is None
