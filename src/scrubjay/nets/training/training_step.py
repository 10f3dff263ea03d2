"""One step of the recipe for one network: its loss, the loss's gradient, its progress.

Source: full-batch AdamW with decoupled weight decay and a linear warm-up; cross-entropy over all logits at the last
position, in float64 (Nanda et al. 2023, whose training code the challenge used). Nothing is computed at the other
positions. The optimiser is in ``ensemble.py``.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Choices
from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task


@dataclass(frozen=True)
class Progress:
    """Where a training run stands after ``epoch`` optimiser steps; the figures are of the weights at that point."""

    epoch: int
    train_loss: float
    test_loss: float
    train_accuracy: float
    test_accuracy: float


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that a run needs to go on exactly where it stood.

    Attributes:
        epoch: optimiser steps taken.
        weights: by name.
        first_moments, second_moments: AdamW's running moments of each weight's gradient.
    """

    epoch: int
    weights: dict[str, Tensor]
    first_moments: dict[str, Tensor]
    second_moments: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Half:
    """The inputs of one half of a split, and the token that is the right answer to each."""

    choices: Choices
    targets: Int[Tensor, "n"]


def halves(task: Task, device: torch.device | str = "cpu") -> tuple[Half, Half]:
    """The training and the test half of a task.

    Raises:
        BadInput: a task without labels, without a split, with an empty half, or with classes of several tokens.
    """
    if task.train is None:
        raise BadInput(f"task {task.name} has no split, so there is no training half; give it one")
    if not 0 < int(task.train.sum()) < task.domain.size:
        raise BadInput(f"the split of task {task.name} leaves one half of the {task.domain.size} inputs empty")
    choices, targets = task.domain.choices(task.domain.inputs()), task.targets()
    train, test = task.train, ~task.train
    return (
        Half(choices[train].to(device), targets[train].to(device)),
        Half(choices[test].to(device), targets[test].to(device)),
    )


def add_gradient(network: OneLayerTransformer, domain: Domain, half: Half) -> None:
    """Add the gradient of the mean loss over a half to that of each weight, a chunk of the hidden layer at a time."""
    rows = chunk_rows(network.config.d_mlp, network.dtype, network.device)
    tables = Tables.of(network, domain)
    resid_mid = tables.resid_mid(half.choices, tables.pattern(half.choices))
    cut = resid_mid.detach().requires_grad_()
    for some, aim in zip(torch.split(cut, rows), torch.split(half.targets, rows), strict=True):
        share = len(aim) / len(half.targets)
        (loss(AfterAttention.of(network, some).logits, aim) * share).backward()  # type: ignore[no-untyped-call]
    resid_mid.backward(cut.grad)  # type: ignore[no-untyped-call]


@torch.no_grad()
def progress_of(network: OneLayerTransformer, domain: Domain, both: tuple[Half, Half], epoch: int) -> Progress:
    """Losses and accuracies of a network's present weights on both halves."""
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
    return Progress(epoch, train_loss, test_loss, train_accuracy, test_accuracy)


def loss(
    logits: Float[Tensor, "n v"], targets: Int[Tensor, "n"], weights: Float[Tensor, "n"] | None = None
) -> Float[Tensor, ""]:
    """Cross-entropy over all logits, in float64 (on the CPU where the device has no float64).

    Args:
        logits: at the last position.
        targets: the right token of each input.
        weights: of the inputs in the sum; without, their mean is taken.
    """
    if logits.device.type == "mps":
        logits, targets = logits.cpu(), targets.cpu()
    if weights is None:
        return torch.nn.functional.cross_entropy(logits.double(), targets)
    return (torch.nn.functional.cross_entropy(logits.double(), targets, reduction="none") * weights).sum()


def chosen_device(name: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``mps`` stands for on this machine.

    Raises:
        BadInput: another word.
        OutOfResources: a device that this machine does not have.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    if name not in there:
        raise BadInput(f"a device is auto, {', '.join(there)}; {name!r} is none of them")
    if not there[name]:
        raise OutOfResources(f"this machine has no {name} device that PyTorch can use")
    return torch.device(name)
