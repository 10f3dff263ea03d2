"""Training by the recipe: loss, optimiser, schedule, seed.

Source: full-batch AdamW with decoupled weight decay and a linear warm-up; cross-entropy over all logits at the last
position, in float64 (Nanda et al. 2023, whose training code the challenge used). Nothing is computed at the other
positions.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.errors import BadInput, OutOfResources
from scrubjay.model.chunks import chunk_rows
from scrubjay.model.config import Config
from scrubjay.model.tables import AfterAttention, Tables
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.task.recipe import Recipe
from scrubjay.task.task import Task


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


class Training:
    """A network under training. Each step sees the whole training half: only the initial weights are random.

    Raises:
        BadInput: a task without labels, without a split, or with classes of several tokens.
    """

    def __init__(self, task: Task, recipe: Recipe, device: torch.device | str = "cpu") -> None:
        if task.train is None:
            raise BadInput(f"task {task.name} has no split, so there is no training half; give it one")
        if not 0 < int(task.train.sum()) < task.domain.size:
            raise BadInput(f"the split of task {task.name} leaves one half of the {task.domain.size} inputs empty")
        self.task = task
        self.recipe = recipe
        self.epoch = 0
        self.network = OneLayerTransformer.initialised(Config.for_recipe(recipe, task), recipe.seed).to(device)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            betas=recipe.betas,
        )
        choices, targets = task.domain.choices(task.domain.inputs()), task.targets()
        self._halves = [(choices[half].to(device), targets[half].to(device)) for half in (task.train, ~task.train)]
        self._rows = chunk_rows(recipe.d_mlp, self.network.dtype, self.network.device)

    def step(self) -> None:
        """One optimiser step."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * min(self.epoch / self.recipe.warmup, 1.0)
        self.optimiser.zero_grad()
        choices, targets = self._halves[0]
        tables = Tables.of(self.network, self.task.domain)
        resid_mid = tables.resid_mid(choices, tables.pattern(choices))
        cut = resid_mid.detach().requires_grad_()
        for some, aim in zip(torch.split(cut, self._rows), torch.split(targets, self._rows), strict=True):
            (loss(AfterAttention.of(self.network, some).logits, aim) * (len(aim) / len(targets))).backward()  # type: ignore[no-untyped-call]
        resid_mid.backward(cut.grad)  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.epoch += 1

    @torch.no_grad()
    def progress(self) -> Progress:
        """Losses and accuracies of the present weights on both halves."""
        figures = []
        tables = Tables.of(self.network, self.task.domain)
        for choices, targets in self._halves:
            total, right = 0.0, 0
            for some, aim in zip(torch.split(choices, self._rows), torch.split(targets, self._rows), strict=True):
                logits = AfterAttention.of(self.network, tables.resid_mid(some, tables.pattern(some))).logits
                total += float(loss(logits, aim)) * len(aim)
                right += int((logits.argmax(-1) == aim).sum())
            figures.append((total / len(targets), right / len(targets)))
        (train_loss, train_accuracy), (test_loss, test_accuracy) = figures
        return Progress(self.epoch, train_loss, test_loss, train_accuracy, test_accuracy)

    def state(self) -> TrainingState:
        """A copy of everything that the next step depends on."""
        moments = {name: self.optimiser.state.get(weight, {}) for name, weight in self.network.named_parameters()}
        zeros = {name: torch.zeros_like(weight) for name, weight in self.network.weights.items()}
        return TrainingState(
            epoch=self.epoch,
            weights={name: weight.cpu().clone() for name, weight in self.network.weights.items()},
            first_moments={n: m.get("exp_avg", zeros[n]).cpu().clone() for n, m in moments.items()},
            second_moments={n: m.get("exp_avg_sq", zeros[n]).cpu().clone() for n, m in moments.items()},
        )

    def restore(self, state: TrainingState) -> None:
        """Go on from a saved state."""
        self.epoch = state.epoch
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                weight.copy_(state.weights[name])
                if state.epoch > 0:
                    self.optimiser.state[weight] = {
                        "step": torch.tensor(float(state.epoch)),
                        "exp_avg": state.first_moments[name].to(weight.device, copy=True),
                        "exp_avg_sq": state.second_moments[name].to(weight.device, copy=True),
                    }


def loss(logits: Float[Tensor, "n v"], targets: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    """Cross-entropy over all logits, in float64 (on the CPU where the device has no float64)."""
    if logits.device.type == "mps":
        logits, targets = logits.cpu(), targets.cpu()
    return torch.nn.functional.cross_entropy(logits.double(), targets)


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
