"""The recorded activations agree with the plain forward pass, of the full and of the frozen network."""

import torch

from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.task import Task


def test_answers_are_those_of_the_plain_forward_pass(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    full = run.full
    tokens = challenge.domain.tokens(challenge.domain.inputs())
    plain = torch.cat([bundled.network(chunk)[:, -1].argmax(-1) for chunk in torch.split(tokens, 2000)])
    assert torch.equal(full.answers, plain)
    assert torch.equal(full.classes, plain)
    assert full.strays == 0


def test_the_frozen_network_is_a_hook_on_the_pattern(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    full, frozen = run.full, run.frozen
    mean = full.pattern.double().mean(0)

    def freeze(module: object, args: object, pattern: torch.Tensor) -> torch.Tensor:
        replaced = pattern.clone()
        replaced[:, :, -1] = mean.to(pattern)
        return replaced

    tokens = challenge.domain.tokens(challenge.domain.inputs())
    handle = bundled.network.pattern.register_forward_hook(freeze)
    plain = torch.cat([bundled.network(chunk)[:, -1].argmax(-1) for chunk in torch.split(tokens, 2000)])
    handle.remove()
    assert torch.equal(frozen.answers, plain)
    assert not torch.equal(frozen.answers, full.answers)


def test_the_mean_pattern_is_a_distribution_per_head(run: Run) -> None:
    mean = mean_pattern(run.full)
    assert mean.shape == (8, 3)
    assert torch.allclose(mean.sum(1), torch.ones(8), atol=1e-6)
    assert torch.allclose(mean, run.full.pattern.mean(0), atol=1e-5)


def test_answers_outside_the_classes_are_counted(bundled: SavedNetwork, challenge: Task) -> None:
    untrained = record(Transformer.initialised(bundled.network.config, seed=3), challenge)
    assert untrained.strays == int((untrained.answers > 1).sum()) > 12_000
