"""One training step of one network: its loss, the gradient of the loss, and its progress.

The loss is the cross-entropy over all logits at the last position, computed in float64; nothing is computed at the
other positions. The optimiser, full-batch AdamW with decoupled weight decay and a linear warm-up, is in
``ensemble.py``.

Source: the training code of Nanda et al. 2023, "Progress measures for grokking via mechanistic interpretability".
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Choices
from scrubjay.core.errors import BadInput
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

_NEGLIGIBLE = 1e-30
"""The size below which an input's gradient is taken for zero."""


@dataclass(frozen=True)
class TrainingProgress:
    """Losses and accuracies of a network in training.

    Attributes:
        epoch: the number of optimiser steps taken so far.
        train_loss: the mean loss on the training half, in nats.
        test_loss: the mean loss on the test half, in nats.
        train_accuracy: the share of right answers on the training half.
        test_accuracy: the share of right answers on the test half.
    """

    epoch: int
    train_loss: float
    test_loss: float
    train_accuracy: float
    test_accuracy: float


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Everything that is needed to resume training exactly where it stopped.

    Attributes:
        epoch: the number of optimiser steps taken so far.
        weights: the weights by name.
        first_moments: AdamW's running mean of each weight's gradient, by the weight's name.
        second_moments: AdamW's running mean of each weight's squared gradient, by the weight's name.
    """

    epoch: int
    weights: dict[str, Tensor]
    first_moments: dict[str, Tensor]
    second_moments: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Half:
    """One half of a split.

    Attributes:
        choices: [n, s], the inputs.
        targets: [n], the token that is the right answer to each input.
    """

    choices: Choices
    targets: Int[Tensor, "n"]


def halves(task: Task, device: torch.device | str = "cpu") -> tuple[Half, Half]:
    """The training half and the test half of a task.

    Args:
        task: a task with labels and a split.
        device: the device for the tensors.

    Raises:
        BadInput: the task has no labels or no split, one half is empty, or a class has several tokens.
    """
    if task.train is None:
        raise BadInput(f"task {task.name} has no split, so there is no training half; give the task a split")
    if not 0 < int(task.train.sum()) < task.domain.size:
        raise BadInput(f"the split of task {task.name} leaves one half of the {task.domain.size} inputs empty")
    choices, targets = task.domain.choices(task.domain.inputs()), task.targets()
    train, test = task.train, ~task.train
    return (
        Half(choices[train].to(device), targets[train].to(device)),
        Half(choices[test].to(device), targets[test].to(device)),
    )


def add_gradient(network: Transformer, domain: Domain, half: Half) -> None:
    """Add the gradient of the mean loss over a half to the gradient of each weight.

    The hidden layer is computed in chunks, so that its size does not depend on the number of inputs.
    """
    rows = chunk_rows(network.config.d_mlp, network.dtype, network.device)
    tables = Tables.of(network, domain)
    resid_mid = tables.resid_mid(half.choices, tables.pattern(half.choices))
    cut = resid_mid.detach().requires_grad_()
    for some, aim in zip(torch.split(cut, rows), torch.split(half.targets, rows), strict=True):
        share = len(aim) / len(half.targets)
        logits = AfterAttention.of(network, some).logits
        logits.register_hook(_without_the_negligible)  # type: ignore[no-untyped-call]
        (loss(logits, aim) * share).backward()  # type: ignore[no-untyped-call]
    resid_mid.backward(cut.grad)  # type: ignore[no-untyped-call]


def _without_the_negligible(gradient: Float[Tensor, "n v"]) -> Float[Tensor, "n v"]:
    """The gradient without its smallest numbers, which are too small to change a sum but slow the processor down.

    Inputs that have been learnt well have gradients below 1e-38, which float32 holds as subnormal numbers. A product of
    matrices with many of these takes five times as long.
    """
    return gradient.masked_fill(gradient.abs() < _NEGLIGIBLE, 0.0)


@torch.no_grad()
def progress_of(network: Transformer, domain: Domain, both: tuple[Half, Half], epoch: int) -> TrainingProgress:
    """Losses and accuracies of a network's present weights on the training half and the test half."""
    rows = chunk_rows(network.config.d_mlp, network.dtype, network.device)
    tables = Tables.of(network, domain)
    figures = []
    for half in both:
        total, right = 0.0, 0
        for some, aim in zip(torch.split(half.choices, rows), torch.split(half.targets, rows), strict=True):
            logits = AfterAttention.of(network, tables.resid_mid(some, tables.pattern(some))).logits
            total += float(loss(logits, aim)) * len(aim)
            right += int((logits.argmax(-1) == aim).sum())
        figures.append((total / len(half.targets), right / len(half.targets)))
    (train_loss, train_accuracy), (test_loss, test_accuracy) = figures
    return TrainingProgress(epoch, train_loss, test_loss, train_accuracy, test_accuracy)


def loss(
    logits: Float[Tensor, "n v"], targets: Int[Tensor, "n"], weights: Float[Tensor, "n"] | None = None
) -> Float[Tensor, ""]:
    """Cross-entropy over all logits in nats, in float64 (computed on the CPU if the device has no float64).

    Args:
        logits: [n, v], the logits at the last position.
        targets: [n], the right token of each input.
        weights: [n], the weight of each input in the sum. Without weights, the mean over the inputs is returned.
    """
    if logits.device.type == "mps":
        logits, targets = logits.cpu(), targets.cpu()
    if weights is None:
        return torch.nn.functional.cross_entropy(logits.double(), targets)
    return (torch.nn.functional.cross_entropy(logits.double(), targets, reduction="none") * weights).sum()
