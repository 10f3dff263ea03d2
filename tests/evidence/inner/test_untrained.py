"""The control that searches an untrained network of the same sizes."""

import pytest
import torch

from scrubjay.evidence.inner.untrained import UntrainedControl, untrained_control
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.modular import modular_addition
from tests.evidence.inner.cut_out import trained_run, untrained_run


@pytest.fixture(scope="module")
def run(small: SavedNetwork) -> Run:
    return trained_run(small)


@torch.no_grad()
def control(run: Run, *, hinges: int = 1, heads: int = 2, seed: int = 0) -> UntrainedControl:
    """The control of a run that was made with the same seed."""
    found = untrained_control(run, hinges, heads, seed)
    assert found is not None
    return found


def test_the_margin_is_taken_relative_to_the_median_so_that_both_answers_occur(run: Run) -> None:
    network = Transformer.initialised(run.network.config, seed=1).requires_grad_(False)
    logits = network(run.task.domain.tokens(run.task.domain.inputs()))[:, -1]
    ones = (logits[:, 1] > logits[:, 0]).double().mean()
    assert min(ones, 1 - ones) < 0.1, "without the shift this network hardly ever gives one of the answers"
    found = control(run)
    assert found.heads is not None and found.heads.whole.changes > 0.2


def test_it_has_as_many_hinges_and_heads_as_the_trained_network(run: Run) -> None:
    found = control(run, hinges=2, heads=2)
    assert found.hinges is not None and found.heads is not None
    assert len(found.hinges.parts) == 2 and len(found.heads.parts) == 2
    assert control(run, hinges=0, heads=0).hinges is None
    assert control(run, hinges=0, heads=0).heads is None


def test_its_numbers_are_those_of_one_head_and_all_its_groups(run: Run) -> None:
    found = control(run)
    r, tokens = found.dimensions, 22
    one_head = (r + 1) * (tokens + 1 + r)  # scores and values for every token and for one position; what it writes
    assert found.numbers == one_head + found.groups * (r + 1) + r + 1
    assert found.shrinks == (found.agreement >= 0.99)


def test_a_wider_untrained_network_needs_more_numbers() -> None:
    few, many = (control(untrained_run(classes=2, d_mlp=width)) for width in (24, 96))
    assert few.shrinks and 0 < few.groups <= 24 and many.groups <= 96
    assert few.numbers < many.numbers


def test_many_classes_are_read_from_all_logits() -> None:
    found = control(untrained_run(classes=5), hinges=1, heads=2)
    assert found.hinges is not None and found.hinges.whole.everywhere.value > 0.5
    assert found.numbers > control(untrained_run(classes=2)).numbers


def test_an_untrained_network_that_gives_one_answer_is_no_control() -> None:
    task = modular_addition(5)
    network = Transformer.initialised(Config(6, 3, 16, 2, 8, 24), seed=0).requires_grad_(False)
    network.W_E *= 0.001  # W_pos decides everything
    run = Run.of(network, task)
    assert bool((run.untrained.classes == run.untrained.classes[0]).all()), "this seed's untrained network is constant"
    assert untrained_control(run, 1, 1, 0) is None


def test_the_control_follows_the_seed_alone(small: SavedNetwork, run: Run) -> None:
    task = run.task
    runs = {seed: Run.of(small.network, task, seed=seed) for seed in (3, 4)}
    again = Run.of(small.network, task, seed=3)
    assert control(runs[3], seed=3) == control(again, seed=3) != control(runs[4], seed=4)
