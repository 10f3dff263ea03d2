"""Networks that compute no function of the catalogue: none of them gets a name."""

from collections.abc import Iterator
from itertools import count, islice

import pytest
import torch
from torch import Tensor

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Unnamed
from scrubjay.functions.recognition import name_function
from scrubjay.nets.config import Config
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.nets.architectures import DEEP, ONE_LAYER, all_tokens, random_weights

P = 17
DOMAIN = Domain.square(P, last=P)


def answers_of(network: Transformer, domain: Domain) -> tuple[Task, Tensor]:
    task = all_tokens(network, domain)
    return task, record(network, task).classes


def named(network: Transformer, domain: Domain) -> bool:
    task, answers = answers_of(network, domain)
    assert len(torch.unique(answers)) > 2, "a constant network would pass for nothing"
    return not isinstance(name_function(AnswerTable.of_task(task, answers)), Unnamed)


def varied_networks() -> Iterator[Transformer]:
    """Networks with random weights that give no answer to more than half of the inputs.

    What gives nearly all inputs one answer is described well by a function of one token, and may be named so.
    """
    for seed in count():
        network = random_weights(Config(P + 1, 3, 32, 4, 8, 64), seed=seed)
        if int(answers_of(network, DOMAIN)[1].bincount().max()) < DOMAIN.size / 2:
            yield network


def test_twenty_networks_with_random_weights() -> None:
    assert [named(network, DOMAIN) for network in islice(varied_networks(), 20)] == [False] * 20


@pytest.mark.parametrize("architecture", [*ONE_LAYER, *(f"deep, {name}" for name in DEEP)])
def test_random_weights_of_every_architecture(architecture: str) -> None:
    config = ONE_LAYER.get(architecture) or DEEP[architecture.removeprefix("deep, ")]
    tokens = tuple(range(config.d_vocab))
    assert not named(random_weights(config, seed=1), Domain((tokens, tokens, tokens)))


def test_the_same_networks_with_planted_answers_are_named() -> None:
    """The tests above could fail: a network of that size that copies gets a name."""
    network = Transformer(Config(P + 1, 3, P + 2, 1, P, 0, attn_only=True), torch.float64).requires_grad_(False)
    network.weights["W_E"][:P, :P] = torch.eye(P).double()
    network.weights["W_pos"][0, P] = 1.0
    network.weights["W_pos"][2, P + 1] = 1.0
    network.weights["W_Q"][0, P + 1, 0] = 100.0
    network.weights["W_K"][0, P, 0] = 10.0
    network.weights["W_V"][0, :P] = torch.eye(P).double()
    network.weights["W_O"][0, :, :P] = torch.eye(P).double()
    network.weights["W_U"][:P, :P] = torch.eye(P).double()
    assert named(network, DOMAIN)
