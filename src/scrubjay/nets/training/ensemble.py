"""Many networks of one architecture, trained at once.

Members with equal settings share stacked weights [S, ...] and AdamW's moments, so that one optimiser step moves all.
On a CPU each member's gradient is computed by itself, by the very kernels that would compute it alone: a member's
trajectory is then bit for bit what it would be alone. On a GPU the same forward pass runs for all members of a stack
in one batched product (``torch.func.vmap``), equal to float tolerance. An ensemble of one is the plain training loop.

Source: the recipe of ``training.py``; model ensembling by vmap as in torch.func's documentation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, vmap

from scrubjay.core.axes import Choices
from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.training.training_step import Half, Progress, TrainingState, add_gradient, halves, loss, progress_of
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

T = TypeVar("T")
_STACK_BYTES = 8 * 2**30  # of hidden activations at once; further members make a stack of their own
_HIDDEN_COPIES = 4  # mlp_pre, mlp_post, and their gradients


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an ensemble: what it is trained on, and how."""

    task: Task
    recipe: Recipe


class Ensemble:
    """Networks under training; each step sees each member's whole training half.

    Args:
        members: of equal sizes and over one domain; seed, weight decay, learning rate, betas, warm-up, labels and split
            may differ.
        device: where they are trained.
        stacked: whether a stack's members run in one batched product; default: on CUDA.
        compiled: pass the batched product through ``torch.compile`` (stacked only).
        tf32: let CUDA multiply in TF32: faster, and a trajectory of its own.
        dtype: of the weights.

    Raises:
        BadInput: no members; members of different sizes or domains; a task that can't be trained on.
    """

    def __init__(
        self,
        members: Sequence[Member],
        device: torch.device | str = "cpu",
        *,
        stacked: bool | None = None,
        compiled: bool = False,
        tf32: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not members:
            raise BadInput("an ensemble needs a member")
        configs = {Config.for_recipe(member.recipe, member.task) for member in members}
        if len(configs) > 1 or any(member.task.domain != members[0].task.domain for member in members):
            raise BadInput(f"an ensemble's members share one domain and one architecture; these have {configs}")
        (config,) = configs
        device = torch.device(device)
        self.members = tuple(members)
        self.epoch = 0
        self._stacked = device.type == "cuda" if stacked is None else stacked
        self._tf32 = tf32
        self._halves = [halves(member.task, device) for member in members]
        self._networks: dict[int, OneLayerTransformer] = {}
        self._stacks = [
            _Stack.of(config, {i: (members[i], self._halves[i]) for i in group}, device, dtype, compiled)
            for group in _groups(members, config)
        ]
        for stack in self._stacks:
            self._networks.update(stack.networks)
        self.optimiser = torch.optim.AdamW([stack.group() for stack in self._stacks])

    def network(self, member: int) -> OneLayerTransformer:
        """A member's network; it shares its weights with the ensemble and moves with the steps."""
        return self._networks[member]

    def step(self) -> None:
        """One optimiser step of every member."""
        for stack, group in zip(self._stacks, self.optimiser.param_groups, strict=True):
            group["lr"] = stack.recipe.learning_rate * min(self.epoch / stack.recipe.warmup, 1.0)
            stack.forget_gradients()
        with _products_in_tf32() if self._tf32 else nullcontext():
            for stack in self._stacks:
                if self._stacked:
                    stack.add_gradients_at_once()
                else:
                    for member, network in stack.networks.items():
                        add_gradient(network, stack.domain, self._halves[member][0])
        self.optimiser.step()
        self.epoch += 1

    def progress(self, member: int) -> Progress:
        """Losses and accuracies of a member's present weights on both halves."""
        task = self.members[member].task
        return progress_of(self._networks[member], task.domain, self._halves[member], self.epoch)

    def state(self, member: int) -> TrainingState:
        """A copy of everything that a member's next step depends on."""
        stack = next(stack for stack in self._stacks if member in stack.networks)
        at = list(stack.networks).index(member)

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
        """Go on from saved states, one a member.

        Raises:
            BadInput: states of different epochs.
        """
        epochs = {state.epoch for state in states}
        if len(epochs) != 1 or len(states) != len(self.members):
            raise BadInput(f"{len(self.members)} members go on from as many states of one epoch, not of {epochs}")
        (self.epoch,) = epochs
        for stack in self._stacks:
            mine = [states[member] for member in stack.networks]
            for name, weights in stack.weights.items():
                with torch.no_grad():
                    weights.copy_(torch.stack([state.weights[name] for state in mine]))
                if self.epoch > 0 and weights.requires_grad:
                    self.optimiser.state[weights] = {
                        "step": torch.tensor(float(self.epoch)),
                        "exp_avg": torch.stack([state.first_moments[name] for state in mine]).to(weights.device),
                        "exp_avg_sq": torch.stack([state.second_moments[name] for state in mine]).to(weights.device),
                    }


@dataclass(frozen=True, eq=False)
class _Stack:
    """Members of equal settings: stacked weights, and the networks that are views of them."""

    domain: Domain
    recipe: Recipe
    weights: dict[str, nn.Parameter]
    networks: dict[int, OneLayerTransformer]
    batched_loss: Callable[..., Float[Tensor, "S"]]
    inputs: tuple[Tensor, Tensor, Tensor]

    @classmethod
    def of(
        cls,
        config: Config,
        members: dict[int, tuple[Member, tuple[Half, Half]]],
        device: torch.device,
        dtype: torch.dtype,
        compiled: bool,
    ) -> "_Stack":
        first = next(iter(members.values()))[0]
        started = [OneLayerTransformer.initialised(config, member.recipe.seed) for member, _ in members.values()]
        weights = {
            name: nn.Parameter(torch.stack([network.weights[name] for network in started]).to(device, dtype))
            for name in started[0].weights
        }
        networks = {}
        for at, number in enumerate(members):
            networks[number] = OneLayerTransformer(config, dtype=dtype, frozen_pattern=first.recipe.frozen_pattern)
            for name, stack in weights.items():
                setattr(networks[number], name, nn.Parameter(stack.detach()[at]))
        for name, stack in weights.items():
            stack.requires_grad_(name in networks[next(iter(networks))].trained)
            stack.grad = torch.zeros_like(stack) if stack.requires_grad else None
            for at, network in enumerate(networks.values()):
                getattr(network, name).requires_grad_(stack.requires_grad)
                getattr(network, name).grad = None if stack.grad is None else stack.grad[at]
        inputs, shared = _side_by_side([train for _, (train, _) in members.values()])
        module = _Loss(next(iter(networks.values())), first.task.domain)
        batched = vmap(module.of, in_dims=(0, *((None,) * 3 if shared else (0,) * 3)))
        if compiled:
            batched = torch.compile(batched)
        return cls(first.task.domain, first.recipe, weights, networks, batched, inputs)

    def group(self) -> dict[str, object]:
        trained = [weights for weights in self.weights.values() if weights.requires_grad]
        return {
            "params": trained,
            "lr": self.recipe.learning_rate,
            "weight_decay": self.recipe.weight_decay,
            "betas": self.recipe.betas,
        }

    def forget_gradients(self) -> None:
        for weights in self.weights.values():
            if weights.grad is not None:
                weights.grad.zero_()

    def add_gradients_at_once(self) -> None:
        self.batched_loss(self.weights, *self.inputs).sum().backward()  # type: ignore[no-untyped-call]


class _Loss(nn.Module):
    """A network's loss as a function of its weights, for vmap."""

    def __init__(self, network: OneLayerTransformer, domain: Domain) -> None:
        super().__init__()
        self.network = network
        self.domain = domain

    def forward(self, choices: Choices, targets: Int[Tensor, "n"], shares: Float[Tensor, "n"]) -> Float[Tensor, ""]:
        tables = Tables.of(self.network, self.domain)
        resid_mid = tables.resid_mid(choices, tables.pattern(choices))
        return loss(AfterAttention.of(self.network, resid_mid).logits, targets, shares)

    def of(self, weights: dict[str, Tensor], *inputs: Tensor) -> Float[Tensor, ""]:
        found: Tensor = functional_call(self, {f"network.{name}": w for name, w in weights.items()}, inputs)
        return found


def _groups(members: Sequence[Member], config: Config) -> Iterator[tuple[int, ...]]:
    """Members with equal settings, as many together as the hidden activations allow."""
    longest = max(int(member.task.train.sum()) for member in members if member.task.train is not None)
    most = max(1, _STACK_BYTES // (_HIDDEN_COPIES * 4 * longest * max(1, config.d_mlp)))
    return groups_of(range(len(members)), lambda i: replace(members[i].recipe, seed=0, epochs=1), most)


def groups_of(items: Iterable[T], alike: Callable[[T], Recipe], most: int) -> Iterator[tuple[T, ...]]:
    """Items whose recipes are alike, in groups of at most so many; a group keeps their order."""
    kinds: dict[Recipe, list[T]] = {}
    for item in items:
        kinds.setdefault(alike(item), []).append(item)
    for kind in kinds.values():
        yield from (tuple(kind[start : start + most]) for start in range(0, len(kind), most))


def _side_by_side(trained: list[Half]) -> tuple[tuple[Tensor, Tensor, Tensor], bool]:
    """Choices, targets and shares of the loss, and whether all members have the same; shorter halves are padded."""
    first = trained[0]
    same = all(torch.equal(h.choices, first.choices) and torch.equal(h.targets, first.targets) for h in trained)
    longest = max(len(half.targets) for half in trained)

    def padded(values: Tensor) -> Tensor:
        return torch.cat([values, values.new_zeros(longest - len(values), *values.shape[1:])])

    def column(half: Half) -> tuple[Tensor, Tensor, Tensor]:
        shares = half.choices.new_full((len(half.targets),), 1 / len(half.targets), dtype=torch.float64)
        return padded(half.choices), padded(half.targets), padded(shares)

    columns = [column(half) for half in (trained[:1] if same else trained)]
    choices, targets, shares = columns[0] if same else (torch.stack(parts) for parts in zip(*columns, strict=True))
    return (choices, targets, shares), same


@contextmanager
def _products_in_tf32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
