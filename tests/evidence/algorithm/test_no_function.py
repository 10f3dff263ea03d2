"""Networks that compute no function of the catalogue: none of them gets a name."""

import pytest
import torch

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Unnamed
from scrubjay.functions.recognition import name_function
from scrubjay.nets.config import Config
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from tests.nets.architectures import DEEP, ONE_LAYER, all_tokens, random_weights

P = 17
DOMAIN = Domain.square(P, last=P)


def named(network: Transformer, domain: Domain) -> bool:
    task = all_tokens(network, domain)
    answers = record(network, task).classes
    assert len(answers.unique()) > 2, "a constant network would pass for nothing"
    return not isinstance(name_function(AnswerTable.of_task(task, answers)), Unnamed)


@pytest.mark.parametrize("seed", range(20))
def test_networks_with_random_weights(seed: int) -> None:
    """Their weights are larger than those of new networks, which often give one answer to everything."""
    assert not named(random_weights(Config(P + 1, 3, 32, 4, 8, 64), seed=seed), DOMAIN)


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
