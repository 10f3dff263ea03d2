"""Extended embeddings give the frozen residual stream, and its mean and covariance, without running any input."""

from pathlib import Path

import pytest
import torch

from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task


def test_the_bundled_networks_frozen_stream_is_a_sum(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    parts = ExtendedEmbedding.of(bundled.network, challenge.domain, run.mean_pattern)
    rebuilt = parts.resid_mid(challenge.domain.choices(challenge.domain.inputs()))
    assert (rebuilt - run.frozen.resid_mid).abs().max() < 1e-5
    assert (rebuilt - run.full.resid_mid).abs().max() > 0.1


def test_moments_from_tokens_are_those_of_all_inputs(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    mean, covariance = ExtendedEmbedding.of(bundled.network, challenge.domain, run.mean_pattern).moments()
    counted = PCA.of(run.frozen.resid_mid)
    from_tokens = PCA.from_moments(mean, covariance)
    assert torch.allclose(from_tokens.mean, counted.mean, atol=1e-6)
    assert torch.allclose(from_tokens.variances, counted.variances, atol=1e-6)
    assert torch.allclose(from_tokens.components[:5], counted.components[:5], atol=1e-4)


def test_in_float64_the_sum_is_exact_with_three_varying_and_constant_positions() -> None:
    domain = Domain((tuple(range(5)), (6,), tuple(range(2, 6)), (0, 3), (7,)))
    network = Transformer.initialised(Config(8, 5, 12, 3, 5, 9), seed=4).double()
    task = Task("made here", domain, ((0,), (1,)))
    full = record(network, task)
    frozen = record(network, task, frozen_at=mean_pattern(full))
    parts = ExtendedEmbedding.of(network, domain, mean_pattern(full))
    assert parts.positions == (0, 2, 3)
    rebuilt = parts.resid_mid(domain.choices(domain.inputs()))
    assert (rebuilt - frozen.resid_mid).abs().max() < 1e-12
    mean, covariance = parts.moments()
    centred = frozen.resid_mid - frozen.resid_mid.mean(0)
    assert torch.allclose(mean, frozen.resid_mid.mean(0), atol=1e-12)
    assert torch.allclose(covariance, centred.T @ centred / len(centred), atol=1e-12)


def test_strips_are_the_filters_images(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    parts = ExtendedEmbedding.of(bundled.network, challenge.domain, run.mean_pattern)
    directions = torch.nn.functional.normalize(torch.randn(2, 128, generator=torch.Generator().manual_seed(0)).double())
    a, b = parts.strips(directions)
    choices = challenge.domain.choices(torch.tensor([0, 4711, 12768]))
    value = parts.resid_mid(choices).double() @ directions.T
    rebuilt = parts.const.double() @ directions.T + a[choices[:, 0]] + b[choices[:, 1]]
    assert torch.allclose(value, rebuilt, atol=1e-5)


@pytest.mark.parametrize("double", [False, True])
def test_the_real_checkpoints_frozen_stream_is_a_sum(real_checkpoint: Path, double: bool) -> None:
    network = import_network(real_checkpoint).network
    network = network.double() if double else network
    task = modular_addition(113)
    full = record(network, task)
    frozen = record(network, task, frozen_at=mean_pattern(full))
    rebuilt = ExtendedEmbedding.of(network, task.domain, mean_pattern(full)).resid_mid(
        task.domain.choices(task.domain.inputs())
    )
    assert (rebuilt - frozen.resid_mid).abs().max() < (1e-12 if double else 1e-5)
