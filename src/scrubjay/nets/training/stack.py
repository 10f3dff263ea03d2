"""Networks in training whose weights are stacked, so that one product can run all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, vmap

from scrubjay.core.axes import Choices
from scrubjay.nets.config import Config
from scrubjay.nets.tables import AfterAttention, Tables
from scrubjay.nets.training.training_step import Half, loss
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Stack:
    """Networks with equal settings, whose weights are views of stacked weights.

    Attributes:
        domain: the domain of all networks.
        recipe: a recipe with the settings of all networks; its seed is that of the first one.
        weights: the stacked weights [S, ...] by name.
        networks: the networks by their numbers in the ensemble.
        batched_loss: from stacked weights and ``inputs`` to the loss [S] of each network.
        inputs: choices, targets and shares of the loss of all training inputs.
    """

    domain: Domain
    recipe: Recipe
    weights: dict[str, nn.Parameter]
    networks: dict[int, Transformer]
    batched_loss: Callable[..., Float[Tensor, "S"]]
    inputs: tuple[Tensor, Tensor, Tensor]

    @classmethod
    def of(
        cls,
        config: Config,
        domain: Domain,
        trainees: Mapping[int, tuple[Recipe, Half]],
        device: torch.device,
        dtype: torch.dtype,
        compiled: bool,
    ) -> "Stack":
        """Make untrained networks with equal settings.

        Args:
            config: the sizes of all networks.
            domain: the domain of all networks.
            trainees: the recipe and the training half of each network, by its number in the ensemble.
            device: the device to train on.
            dtype: the precision of the weights.
            compiled: whether to compile the batched product with ``torch.compile``.
        """
        recipe = next(iter(trainees.values()))[0]
        started = [Transformer.initialised(config, each.seed) for each, _ in trainees.values()]
        weights = {
            name: nn.Parameter(torch.stack([network.weights[name] for network in started]).to(device, dtype))
            for name in started[0].weights
        }
        networks = {}
        for at, number in enumerate(trainees):
            networks[number] = Transformer(config, dtype=dtype, frozen_pattern=recipe.frozen_pattern)
            for name, stack in weights.items():
                networks[number].put(name, nn.Parameter(stack.detach()[at]))
        for name, stack in weights.items():
            stack.requires_grad_(name in networks[next(iter(networks))].trained)
            stack.grad = torch.zeros_like(stack) if stack.requires_grad else None
            for at, network in enumerate(networks.values()):
                parameter = network.parameter(name).requires_grad_(stack.requires_grad)
                parameter.grad = None if stack.grad is None else stack.grad[at]
        inputs, shared = _side_by_side([train for _, train in trainees.values()])
        module = _Loss(next(iter(networks.values())), domain)
        batched = vmap(module.of, in_dims=(0, *((None,) * 3 if shared else (0,) * 3)))
        if compiled:
            batched = torch.compile(batched)
        return cls(domain, recipe, weights, networks, batched, inputs)

    def group(self) -> dict[str, object]:
        """The weights and settings of the stack, as a parameter group of the optimiser."""
        trained = [weights for weights in self.weights.values() if weights.requires_grad]
        return {
            "params": trained,
            "lr": self.recipe.learning_rate,
            "weight_decay": self.recipe.weight_decay,
            "betas": self.recipe.betas,
        }

    def forget_gradients(self) -> None:
        """Set all gradients to zero. They stay in place, because the networks' gradients are views of them."""
        for weights in self.weights.values():
            if weights.grad is not None:
                weights.grad.zero_()

    def add_gradients_at_once(self) -> None:
        """Add the gradients of all networks, computed in one batched product."""
        self.batched_loss(self.weights, *self.inputs).sum().backward()  # type: ignore[no-untyped-call]


class _Loss(nn.Module):
    """The loss of a network as a function of its weights, in the form that vmap needs."""

    def __init__(self, network: Transformer, domain: Domain) -> None:
        super().__init__()
        self.network = network
        self.domain = domain

    def forward(self, choices: Choices, targets: Int[Tensor, "n"], shares: Float[Tensor, "n"]) -> Float[Tensor, ""]:
        tables = Tables.of(self.network, self.domain)
        resid_mid = tables.resid_mid(choices, tables.pattern(choices))
        return loss(AfterAttention.of(self.network, resid_mid).logits, targets, shares)

    def of(self, weights: dict[str, Tensor], *inputs: Tensor) -> Float[Tensor, ""]:
        held = {f"network.{self.network.module_path(name)}": weight for name, weight in weights.items()}
        found: Tensor = functional_call(self, held, inputs)
        return found


def groups_of(items: Iterable[T], alike: Callable[[T], Recipe], most: int) -> Iterator[tuple[T, ...]]:
    """Put items with equal recipes into groups.

    Args:
        items: the items. Within a group they keep their order.
        alike: from an item to the part of its recipe that must be equal within a group.
        most: the largest number of items in a group.
    """
    kinds: dict[Recipe, list[T]] = {}
    for item in items:
        kinds.setdefault(alike(item), []).append(item)
    for kind in kinds.values():
        yield from (tuple(kind[start : start + most]) for start in range(0, len(kind), most))


def _side_by_side(trained: list[Half]) -> tuple[tuple[Tensor, Tensor, Tensor], bool]:
    """The training halves as stacked choices, targets and shares of the loss, and whether all halves are the same.

    Shorter halves are padded with inputs whose share of the loss is 0. If all halves are the same, one is returned.
    """
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
