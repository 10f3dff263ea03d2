"""The picture of a group's table: only of groups that are not cyclic, by a subgroup that the network suggests."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

import scrubjay
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.algorithm.group_measure import GroupResult
from scrubjay.evidence.algorithm.group_table import chosen_subgroup, table_picture
from scrubjay.evidence.algorithm.group_variables import Variable
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.planted_algorithms import by_frequencies


def dihedral(sides: int) -> np.ndarray:
    """The table of a polygon's symmetries, by what they do to its corners; reflections are the second half."""
    corners = [tuple((turn + sign * at) % sides for at in range(sides)) for sign in (1, -1) for turn in range(sides)]
    return np.array([[corners.index(tuple(p[i] for i in q)) for q in corners] for p in corners])


@cache
def looked_up() -> GroupResult:
    """A network that looks products of D5 up, with a neuron for each pair."""
    table = dihedral(5)
    n = len(table)
    domain = Domain.square(n, last=n)
    network = Transformer(Config(n + 1, 3, 4 * n + 3, 2, n, n * n, d_vocab_out=n), dtype=torch.float64)
    tokens, labels = domain.tokens(domain.inputs()), torch.from_numpy(table).flatten()
    weights, flags, eye = network.weights, 4 * n, torch.eye(n).double()
    weights["W_E"][:n, :n] = eye
    weights["W_pos"][:, flags:] = torch.eye(3).double()
    for head in range(2):
        weights["W_Q"][head, flags + 2, 0] = 1.0
        weights["W_K"][head, flags + head, 0] = 100.0 * n**0.5
        weights["W_V"][head, :n] = eye
        weights["W_O"][head, :, (head + 1) * n : (head + 2) * n] = eye
        weights["W_in"][(head + 1) * n : (head + 2) * n] = torch.nn.functional.one_hot(tokens[:, head], n).double().T
    weights["b_in"].fill_(-1.5)
    weights["W_out"][:, 3 * n : flags] = torch.nn.functional.one_hot(labels, n).double()
    weights["W_U"][3 * n : flags] = eye
    task = Task("products in D5", domain, tuple((token,) for token in range(n)))
    study = scrubjay.explain(network.requires_grad_(False), task, lines=[ALGORITHM])
    result = study.found.of(ALGORITHM).tests
    assert isinstance(result, GroupResult)
    return result


def with_the_sign() -> GroupResult:
    """The same, as if the sign were a key representation."""
    sign = next(at for at, each in enumerate(looked_up().parts.irreps) if each.name == "sign")
    return replace(looked_up(), variables=(*looked_up().variables, Variable("sign", (sign,), 0.1, 0.1)))


def test_without_constant_neurons_the_table_is_sorted_by_the_kernel_of_a_key_representation() -> None:
    result = with_the_sign()
    assert result.neurons is not None and result.neurons.cosets is not None
    assert result.neurons.cosets.subgroup == ()
    chosen = chosen_subgroup(result)
    assert chosen is not None
    members, on_left, why = chosen
    assert on_left and "kernel of the key representation sign" in why
    assert len(members) == 5 and 2 not in result.parts.law.group.orders[members]  # the rotations


def test_faithful_representations_suggest_no_subgroup() -> None:
    assert chosen_subgroup(looked_up()) is None and table_picture(looked_up()) is None


def test_the_subgroup_of_most_neurons_comes_first() -> None:
    result = looked_up()
    assert result.neurons is not None and result.neurons.cosets is not None
    fit = replace(result.neurons.cosets, subgroup=(0, 7), on_left=False)
    chosen = chosen_subgroup(replace(result, neurons=replace(result.neurons, cosets=fit)))
    assert chosen is not None and chosen[0].tolist() == [0, 7] and not chosen[1]


def test_the_sorted_table_falls_into_four_blocks() -> None:
    picture = table_picture(with_the_sign())
    assert picture is not None and picture.file == "group-table.png"
    unsorted, ordered = (axes for axes in picture.draw().axes if axes.images)
    values = np.asarray(ordered.images[0].get_array())
    assert [np.unique(values[rows, columns]).tolist() for rows in (slice(5), slice(5, 10))
            for columns in (slice(5), slice(5, 10))] == [[0], [1], [1], [0]]  # fmt: skip
    shown = np.asarray(unsorted.images[0].get_array())
    reflected = np.arange(10) >= 5
    assert (shown == (reflected[:, None] ^ reflected[None])).all()
    assert all(axes.get_xlabel() and axes.get_ylabel() and axes.get_title() for axes in (unsorted, ordered))


def test_a_cyclic_group_has_no_picture_of_its_table() -> None:
    made = by_frequencies(15, (1, 2))
    result = scrubjay.explain(made.network, made.task, lines=[ALGORITHM]).found.of(ALGORITHM).tests
    assert table_picture(result) is None
