"""Training steps agree with the plain forward pass and torch.optim.AdamW, written out here."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import scrubjay.nets.training.training_step as training_module
from scrubjay.core.errors import BadInput
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

LABELS = np.subtract.outer(np.arange(7), np.arange(7)) % 3
TRAIN = np.random.default_rng(0).random((7, 7)) < 0.5
TASK = Task.from_arrays(LABELS, train=TRAIN)
RECIPE = Recipe(
    d_model=12, n_heads=2, d_head=5, d_mlp=9, epochs=12, learning_rate=0.01, weight_decay=0.7, warmup=4, seed=1
)


def halves() -> list[tuple[Tensor, Tensor]]:
    """Tokens and targets of the training half and the test half, from the matrices alone."""
    found = []
    for mask in (TRAIN, ~TRAIN):
        rows, columns = np.nonzero(mask)
        tokens = torch.tensor([[a, b, 7] for a, b in zip(rows.tolist(), columns.tolist(), strict=True)])
        found.append((tokens, torch.from_numpy(LABELS[mask])))
    return found


def plain_loss(network: Transformer, tokens: Tensor, targets: Tensor) -> Tensor:
    log_probabilities: Tensor = network(tokens)[:, -1].double().log_softmax(-1)
    return -log_probabilities[torch.arange(len(targets)), targets].mean()


def plain_steps(network: Transformer, steps: int) -> tuple[list[float], torch.optim.AdamW]:
    """Take steps of the recipe in the plain way; returns the loss before each step, and the optimiser."""
    tokens, targets = halves()[0]
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.7)
    losses = []
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.01 * (step / 4 if step < 4 else 1.0)
        loss = plain_loss(network, tokens, targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses, optimiser


def alone(task: Task, recipe: Recipe, dtype: torch.dtype = torch.float32) -> Ensemble:
    return Ensemble([Trainee(task, recipe)], dtype=dtype)


@pytest.mark.parametrize("steps", [1, 2, 8])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)], ids=["64", "32"])
@pytest.mark.parametrize("rows", [10**6, 5], ids=["one chunk", "chunks"])
def test_steps_are_those_of_the_plain_forward_pass(
    monkeypatch: pytest.MonkeyPatch, steps: int, dtype: torch.dtype, tolerance: float, rows: int
) -> None:
    monkeypatch.setattr(training_module, "chunk_rows", lambda *sizes: rows)
    training = alone(TASK, RECIPE, dtype)
    expected = Transformer.initialised(training.network(0).config, seed=1).to(dtype)
    _, optimiser = plain_steps(expected, steps)
    for _ in range(steps):
        training.step()
    assert training.epoch == steps
    state = training.state(0)
    for name in state.weights:
        weight = expected.parameter(name)
        torch.testing.assert_close(state.weights[name], weight.detach(), rtol=0, atol=tolerance)
        moments = optimiser.state[weight]
        torch.testing.assert_close(state.first_moments[name], moments["exp_avg"], rtol=0, atol=tolerance)
        torch.testing.assert_close(state.second_moments[name], moments["exp_avg_sq"], rtol=0, atol=tolerance)


def test_the_loss_is_in_float64_where_float32_would_be_zero() -> None:
    logits = torch.tensor([[30.0, 0.0, 0.0], [0.0, 40.0, 0.0]])
    found = training_module.loss(logits, torch.tensor([0, 1]))
    assert found.dtype == torch.float64
    assert float(found) == pytest.approx(math.exp(-30) + math.exp(-40), rel=0.05, abs=0)


def test_inputs_that_are_learnt_too_well_add_nothing_to_the_gradient() -> None:
    """Their gradients are subnormal numbers, which slow products down; all other gradients stay as they are."""
    network = Transformer.initialised(alone(TASK, RECIPE).network(0).config, seed=1)
    tokens, _ = halves()[0]
    logits = network(tokens)[:, -1].detach()
    best = logits.topk(2).values
    network.W_U.data *= 95 / float((best[:, 0] - best[:, 1]).median())
    half = training_module.Half(TASK.domain.choices(torch.from_numpy(np.flatnonzero(TRAIN))), logits.argmax(1))
    largest = network(tokens)[:, -1].double().softmax(-1).detach()
    largest[torch.arange(len(tokens)), half.targets] -= 1
    small = largest.abs().amax(1) / len(tokens) < 1e-38
    assert 5 < int(small.sum()) < len(tokens) - 5
    plain_loss(network, tokens, half.targets).backward()  # type: ignore[no-untyped-call]
    expected = {name: network.parameter(name).grad for name in network.weights}
    network.zero_grad()
    training_module.add_gradient(network, TASK.domain, half)
    for name, wanted in expected.items():
        found = network.parameter(name).grad
        assert (found is None) == (wanted is None)
        if found is not None and wanted is not None:
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-9)
    kept = training_module._without_the_negligible(torch.tensor([[1.0, -1e-12, 1e-29, -1e-31, 1e-40]]))
    assert torch.equal(kept, torch.tensor([[1.0, -1e-12, 1e-29, 0.0, 0.0]]))
    column = network.W_U.grad
    assert column is not None and not bool(((column != 0) & (column.abs() < 1e-36)).any())


def test_the_first_step_only_fills_the_moments_and_the_second_moves_the_weights() -> None:
    training = alone(TASK, RECIPE)
    start = training.state(0)
    assert not any(bool(moment.any()) for moment in start.first_moments.values())
    training.step()
    first = training.state(0)
    assert all(torch.equal(first.weights[name], start.weights[name]) for name in start.weights)
    assert all(bool(moment.any()) for moment in first.first_moments.values())
    training.step()
    assert not any(torch.equal(training.state(0).weights[name], start.weights[name]) for name in start.weights)


@pytest.mark.parametrize("warmup", [1, 4, 10])
def test_the_learning_rate_rises_in_a_line_from_zero(warmup: int) -> None:
    training = alone(TASK, replace(RECIPE, warmup=warmup))
    rates = []
    for _ in range(14):
        training.step()
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01 * step / warmup if step < warmup else 0.01 for step in range(14)])


def test_the_optimiser_has_the_recipes_settings() -> None:
    training = alone(TASK, replace(RECIPE, betas=(0.5, 0.6)))
    (group,) = training.optimiser.param_groups
    assert (group["weight_decay"], group["betas"]) == (0.7, (0.5, 0.6))


def test_progress_is_the_loss_and_accuracy_on_both_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "chunk_rows", lambda *sizes: 4)
    training = alone(TASK, RECIPE, torch.float64)
    losses, _ = plain_steps(Transformer.initialised(training.network(0).config, seed=1).double(), 7)
    for epoch, loss in enumerate(losses):
        progress = training.progress(0)
        assert progress.epoch == epoch and progress.train_loss == pytest.approx(loss, abs=1e-10)
        training.step()
    progress = training.progress(0)
    for (tokens, targets), loss, accuracy in zip(
        halves(),
        (progress.train_loss, progress.test_loss),
        (progress.train_accuracy, progress.test_accuracy),
        strict=True,
    ):
        with torch.no_grad():
            assert loss == pytest.approx(float(plain_loss(training.network(0), tokens, targets)), abs=1e-10)
            answers = training.network(0)(tokens)[:, -1].argmax(-1)
        assert accuracy == sum(answer == target for answer, target in zip(answers, targets, strict=True)) / len(targets)


def test_a_restored_state_goes_on_with_the_same_bits() -> None:
    training = alone(TASK, RECIPE)
    for _ in range(3):
        training.step()
    kept = training.state(0)
    for _ in range(4):
        training.step()
    other = alone(TASK, RECIPE)
    other.restore([kept])
    assert other.epoch == 3
    for _ in range(4):
        other.step()
    end, again = training.state(0), other.state(0)
    for group in ("weights", "first_moments", "second_moments"):
        assert all(torch.equal(getattr(end, group)[name], getattr(again, group)[name]) for name in end.weights)
    assert not torch.equal(kept.weights["W_E"], end.weights["W_E"])


def test_training_lowers_the_loss_until_every_training_answer_is_right() -> None:
    training = alone(TASK, replace(RECIPE, weight_decay=0.1))
    before = training.progress(0)
    for _ in range(120):
        training.step()
    after = training.progress(0)
    assert after.train_accuracy == 1.0 and after.train_loss < 0.1 * before.train_loss


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Task.from_arrays(LABELS), "has no split, so there is no training half"),
        (Task("t", Domain.square(7, 7), ((0,), (1,)), train=torch.arange(49) < 20), "has no labels"),
        (Task.from_arrays(LABELS, train=TRAIN, classes=[[0, 3], [1], [2]]), "classes of none or several tokens"),
    ],
)
def test_a_task_that_can_not_be_trained_on_is_refused(task: Task, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        alone(task, RECIPE)


@pytest.mark.parametrize("train", [np.ones((7, 7), dtype=bool), np.zeros((7, 7), dtype=bool)], ids=["all", "none"])
def test_a_split_with_an_empty_half_is_refused(train: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    with pytest.raises(BadInput):
        alone(Task.from_arrays(LABELS, train=train), RECIPE).progress(0)


def test_a_class_token_beyond_the_domains_tokens_can_be_trained_on() -> None:
    alone(Task.from_arrays(LABELS, train=TRAIN, classes=[[0], [1], [9]]), RECIPE).step()
