"""Networks that other people trained: the functions of their answers are known."""

from itertools import product

import numpy as np
import pytest
import torch

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named
from scrubjay.functions.recognition import name_function
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.files.layout_files import layout_from_mapping
from scrubjay.nets.recording import record
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.conftest import public_file

SYMMETRIES = "the symmetries of a polygon of 59 sides"


def answered(name: str, domain: Domain, answers: int) -> Named:
    network = import_network(public_file(f"zoo/{name}.pt")).network
    task = Task(name, domain, tuple((token,) for token in range(answers)))
    found = name_function(AnswerTable.of_task(task, record(network, task).classes))
    assert isinstance(found, Named), found.words
    return found


@pytest.mark.parametrize(
    ("name", "order", "words"),
    [
        ("group_S5", 120, "the product in S5, the symmetric group on 5 letters"),
        ("group_A5", 60, "the product in A5, the alternating group on 5 letters"),
        (
            "group_D59",
            118,
            "the product in D59, the dihedral group of order 118, the symmetries of a polygon of 59 sides",
        ),
        ("group_C113", 113, "(a + b) mod 113"),
    ],
)
def test_networks_of_groups_compute_their_products(name: str, order: int, words: str) -> None:
    found = answered(name, Domain.square(order, last=order), order)
    assert found.words == words and found.exceptions == ()


@pytest.mark.parametrize(
    ("name", "wrong"), [("pizza_p99zdpze5l", 0), ("pizza_q9rsl94xlv", 0), ("pizza_dy65ktpiij", 110)]
)
def test_networks_of_modular_addition_add_with_known_mistakes(name: str, wrong: int) -> None:
    found = answered(name, Domain((tuple(range(59)),) * 2), 59)
    assert found.words == "(a + b) mod 59" and len(found.exceptions) == wrong


@pytest.mark.parametrize("length", [2, 3, 4])
def test_the_network_of_running_sums_gives_the_sign_of_the_sum(length: int) -> None:
    domain = Domain((tuple(range(11)),) * length)
    found = answered("arena_cumsum", domain, 3)
    values = np.array([0, 1, 2, 3, 4, 5, -5, -4, -3, -2, -1])
    weights = np.array(list(found.facts["contributions"].values()))
    assert np.array_equal(np.abs(weights - weights[0]), np.abs(values)), "up to a shift and the sign"
    inputs = np.array(list(product(range(11), repeat=length)))
    assert np.array_equal(found.evaluate(inputs), np.sign(values[inputs].sum(1)) + 1) and found.exceptions == ()


def test_the_network_of_the_largest_of_five_is_named() -> None:
    keys = {"W_E": ("tok_embed.weight", "v d"), "W_pos": ("pos_embed.weight", "s d"), "W_U": ("unembed.weight", "o d")}
    keys |= {f"W_{q}": (f"layers.{{l}}.heads.{{h}}.W_{q}.weight", "e d") for q in "QKV"}
    keys["W_O"] = ("layers.{l}.W_O.weight", "d (he)")
    layout = layout_from_mapping(
        {
            "config": {"attention": "causal", "norm": "none"},
            "weights": {name: {"key": key, "axes": axes} for name, (key, axes) in keys.items()},
        },
        "largest",
        "largest.toml",
    )
    network = import_network(public_file("zoo/max_of_five.pt"), layout).network
    number = tuple(range(10))
    domain = Domain(((10,), *[number if at % 2 == 0 else (11,) for at in range(9)], (12,)))
    task = Task("largest", domain, tuple((token,) for token in number))
    found = name_function(AnswerTable.of_task(task, record(network, task).classes))
    assert found.words == "the largest of 5 tokens" and isinstance(found, Named) and found.exceptions == ()
    assert torch.equal(torch.from_numpy(found.evaluate(np.array([[1, 7, 3, 7, 2]]))), torch.tensor([7]))
