"""Embeddings replaced: whoever puts another token's embedding in place of a token's has that token's input."""

import pytest
import torch

from scrubjay.evidence.algorithm.splicing import Splicer
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from tests.nets.architectures import DEEP, DOMAINS, ONE_LAYER, all_tokens, random_weights

ALL = {**ONE_LAYER, **{f"deep, {name}": config for name, config in DEEP.items()}}


def run_of(network: Transformer, domain: str) -> Run:
    return Run.of(network, all_tokens(network, DOMAINS[domain]))


@pytest.mark.parametrize("architecture", ALL)
@pytest.mark.parametrize("domain", ["last", "constant in the middle"])
def test_another_tokens_embedding_is_another_input(architecture: str, domain: str) -> None:
    run = run_of(random_weights(ALL[architecture]), domain)
    task, splicer = run.task, Splicer.of(run)
    inputs = task.domain.inputs()
    others = inputs[torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))]
    own, new = task.domain.tokens(inputs), task.domain.tokens(others)
    embedding = run.network.weights["W_E"]
    moves = {at: embedding[new[:, at]] - embedding[own[:, at]] for at in task.domain.varying}
    with torch.no_grad():
        plain = run.network(new)[:, task.domain.read_at]
    torch.testing.assert_close(splicer.spliced(inputs, moves), plain, rtol=1e-9, atol=1e-9)
    assert torch.equal(splicer.classes(inputs, moves), run.full.classes[others])


@pytest.mark.parametrize("architecture", ALL)
def test_without_a_move_the_logits_are_the_networks(architecture: str) -> None:
    run = run_of(random_weights(ALL[architecture]), "constant")
    inputs = run.task.domain.inputs()
    with torch.no_grad():
        plain = run.network(run.task.domain.tokens(inputs))[:, -1]
    torch.testing.assert_close(Splicer.of(run).spliced(inputs, {}), plain, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(Splicer.of(run).logits(inputs), plain, rtol=1e-6, atol=1e-6)


def test_gradients_are_those_of_finite_differences() -> None:
    run = run_of(random_weights(ONE_LAYER["LayerNorm and GELU"]), "last")
    splicer, inputs = Splicer.of(run), torch.arange(6)
    wanted = torch.tensor([0, 1, 2, 3, 4, 5])
    gradients = splicer.gradients(inputs, [0, 2], wanted)
    along = torch.randn(6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for position, gradient in zip((0, 2), gradients, strict=True):
        ends = [splicer.spliced(inputs, {position: sign * 1e-5 * along}) for sign in (1, -1)]
        slope = (ends[0] - ends[1])[torch.arange(6), wanted] / 2e-5
        torch.testing.assert_close((gradient * along).sum(1), slope, rtol=1e-6, atol=1e-7)
