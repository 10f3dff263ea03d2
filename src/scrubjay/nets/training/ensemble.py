"""Training many networks of one architecture at once.

Networks with equal settings share stacked weights [S, ...] and AdamW's moments, so that one optimiser step moves all of
them. On a CPU the gradient of each network is computed separately, by the same operations as if it were trained alone;
its weights are then bit for bit the same as if it were trained alone. On a GPU the forward pass of all networks in a
stack is one batched product (``torch.func.vmap``), and the weights are the same up to rounding. An ensemble of one
network is the ordinary training loop.

Source: the recipe in ``training_step.py``, and model ensembling with vmap as in the documentation of ``torch.func``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.training.stack import Stack, groups_of
from scrubjay.nets.training.training_step import TrainingProgress, TrainingState, add_gradient, halves, progress_of
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

_STACK_BYTES = 8 * 2**30
"""The most memory that the hidden layers of one stack may take; further networks form another stack."""

_HIDDEN_COPIES = 4
"""How many arrays of the hidden layer's size a training step holds: mlp_pre, mlp_post and their gradients."""


@dataclass(frozen=True, eq=False)
class Trainee:
    """A network to be trained.

    Attributes:
        task: the task to train on, with labels and a split.
        recipe: the sizes and the settings of the training.
    """

    task: Task
    recipe: Recipe


class Ensemble:
    """Networks in training. Every step uses the whole training half of every network's task.

    Networks are numbered in the order in which they were given.

    Example:
        >>> from scrubjay.nets.training.ensemble import Ensemble, Trainee
        >>> from scrubjay.tasks.modular import modular_addition
        >>> from scrubjay.tasks.recipe import Recipe
        >>> recipe = Recipe(d_model=8, n_heads=2, d_head=4, d_mlp=16, epochs=100, learning_rate=0.01)
        >>> ensemble = Ensemble([Trainee(modular_addition(5, fraction=0.5), recipe)])
        >>> ensemble.step()
        >>> ensemble.progress(0).epoch
        1

    Args:
        trainees: the networks, which must have equal sizes and the same domain. Seed, weight decay, learning rate,
            betas, warm-up, labels and split may differ.
        device: the device to train on.
        stacked: whether the networks of a stack run in one batched product. By default they do on CUDA.
        compiled: whether to compile the batched product with ``torch.compile``.
        tf32: whether CUDA may multiply in TF32, which is faster and less precise.
        dtype: the precision of the weights.

    Attributes:
        trainees: the networks, as they were given.
        epoch: the number of steps taken so far.
        optimiser: the AdamW optimiser of all networks.

    Raises:
        BadInput: there are no networks, their sizes or domains differ, or a task cannot be trained on.
    """

    def __init__(
        self,
        trainees: Sequence[Trainee],
        device: torch.device | str = "cpu",
        *,
        stacked: bool | None = None,
        compiled: bool = False,
        tf32: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not trainees:
            raise BadInput("an ensemble needs at least one network")
        configs = {Config.for_recipe(trainee.recipe, trainee.task) for trainee in trainees}
        if len(configs) > 1 or any(trainee.task.domain != trainees[0].task.domain for trainee in trainees):
            raise BadInput(
                f"the networks of an ensemble must have one domain and one architecture; these have {configs}"
            )
        (config,) = configs
        device = torch.device(device)
        self.trainees = tuple(trainees)
        self.epoch = 0
        self._stacked = device.type == "cuda" if stacked is None else stacked
        self._tf32 = tf32
        self._halves = [halves(trainee.task, device) for trainee in trainees]
        self._networks: dict[int, Transformer] = {}
        self._stacks = [
            Stack.of(
                config,
                trainees[0].task.domain,
                {i: (trainees[i].recipe, self._halves[i][0]) for i in group},
                device,
                dtype,
                compiled,
            )
            for group in _groups(trainees, config)
        ]
        for stack in self._stacks:
            self._networks.update(stack.networks)
        self.optimiser = torch.optim.AdamW([stack.group() for stack in self._stacks])

    def network(self, number: int) -> Transformer:
        """The network with the given number. It shares its weights with the ensemble, so every step changes it."""
        return self._networks[number]

    def step(self) -> None:
        """Take one optimiser step for every network."""
        for stack, group in zip(self._stacks, self.optimiser.param_groups, strict=True):
            group["lr"] = stack.recipe.learning_rate * min(self.epoch / stack.recipe.warmup, 1.0)
            stack.forget_gradients()
        with _products_in_tf32() if self._tf32 else nullcontext():
            for stack in self._stacks:
                if self._stacked:
                    stack.add_gradients_at_once()
                else:
                    for number, network in stack.networks.items():
                        add_gradient(network, stack.domain, self._halves[number][0])
        self.optimiser.step()
        self.epoch += 1

    def progress(self, number: int) -> TrainingProgress:
        """Losses and accuracies of a network's present weights on both halves."""
        task = self.trainees[number].task
        return progress_of(self._networks[number], task.domain, self._halves[number], self.epoch)

    def state(self, number: int) -> TrainingState:
        """A copy, on the CPU, of everything that a network's next step depends on."""
        stack = next(stack for stack in self._stacks if number in stack.networks)
        at = list(stack.networks).index(number)

        def moments(kind: str) -> dict[str, Tensor]:
            states = {name: self.optimiser.state.get(weights, {}) for name, weights in stack.weights.items()}
            return {
                name: (states[name][kind][at] if kind in states[name] else torch.zeros_like(weights[at])).cpu().clone()
                for name, weights in stack.weights.items()
            }

        return TrainingState(
            epoch=self.epoch,
            weights={name: weights.detach()[at].cpu().clone() for name, weights in stack.weights.items()},
            first_moments=moments("exp_avg"),
            second_moments=moments("exp_avg_sq"),
        )

    def restore(self, states: Sequence[TrainingState]) -> None:
        """Continue from saved states.

        Args:
            states: one state for each network, in their order.

        Raises:
            BadInput: the number of states is not that of the networks, or they are of different epochs.
        """
        epochs = {state.epoch for state in states}
        if len(epochs) != 1 or len(states) != len(self.trainees):
            raise BadInput(
                f"{len(self.trainees)} networks need as many states of one epoch; these are {len(states)} states of "
                f"the epochs {sorted(epochs)}"
            )
        (self.epoch,) = epochs
        for stack in self._stacks:
            mine = [states[number] for number in stack.networks]
            for name, weights in stack.weights.items():
                with torch.no_grad():
                    weights.copy_(torch.stack([state.weights[name] for state in mine]))
                if self.epoch > 0 and weights.requires_grad:
                    self.optimiser.state[weights] = {
                        "step": torch.tensor(float(self.epoch)),
                        "exp_avg": torch.stack([state.first_moments[name] for state in mine]).to(weights.device),
                        "exp_avg_sq": torch.stack([state.second_moments[name] for state in mine]).to(weights.device),
                    }


def _groups(trainees: Sequence[Trainee], config: Config) -> Iterator[tuple[int, ...]]:
    """The numbers of networks with equal settings, as many in a group as the memory for hidden layers allows."""
    longest = max(int(trainee.task.train.sum()) for trainee in trainees if trainee.task.train is not None)
    most = max(1, _STACK_BYTES // (_HIDDEN_COPIES * 4 * longest * max(1, config.d_mlp)))
    return groups_of(range(len(trainees)), lambda i: replace(trainees[i].recipe, seed=0, epochs=1), most)


@contextmanager
def _products_in_tf32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
