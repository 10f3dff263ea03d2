"""What train and sweep share: the task with its split, and the recipe, with defaults where the task states none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrubjay.cli.words import given_frozen_pattern, given_task, say
from scrubjay.core.errors import UsageError

if TYPE_CHECKING:
    from scrubjay.tasks.recipe import Recipe
    from scrubjay.tasks.task import Task

_SIZES = ("d_model", "n_heads", "d_head", "d_mlp")
_DEFAULT_FRACTION = 0.5
"""The share of the inputs to train on, for a file of labels that holds no split."""
_SUGGESTED_FRACTION = 0.3
"""The share that a message suggests for a built-in task without a split."""

Epochs = Annotated[int | None, typer.Option(min=1, help="Number of optimiser steps. By default the recipe's.")]
Size = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME=NUMBER sets a size of the network: d_model, n_heads, d_head or d_mlp (0 for no MLP). May be given "
        "several times. By default the recipe's sizes."
    ),
]
LearningRate = Annotated[float | None, typer.Option(help="Learning rate of AdamW. By default the recipe's.")]
WeightDecay = Annotated[float | None, typer.Option(help="Weight decay of AdamW. By default the recipe's.")]
Fraction = Annotated[
    float | None,
    typer.Option(
        help="The share of the inputs to train on, for a task without a split. For a file of labels the default is "
        f"{_DEFAULT_FRACTION}."
    ),
]


@dataclass(frozen=True)
class Wishes:
    """The options of train and sweep that change a recipe or a split; None leaves it as it is.

    Attributes:
        size: words such as ``d_mlp=64``.
        epochs: number of optimiser steps.
        learning_rate: learning rate of AdamW.
        weight_decay: weight decay of AdamW.
        fraction: the share of the inputs to train on.
        freeze_attention: ``uniform``, or the place of a network whose mean pattern to train under.
    """

    size: list[str] | None
    epochs: int | None
    learning_rate: float | None
    weight_decay: float | None
    fraction: float | None
    freeze_attention: str | None


def to_train(words: str, wishes: Wishes) -> "tuple[Task, Recipe]":
    """Make the task to train on, and the recipe to train by.

    A task without a recipe, such as a file of labels, gets the default recipe and, if it has no split, the default
    split. Both are printed to stderr.

    Raises:
        UsageError: the words of an option are not understood, a built-in task has no split and none was asked for, or
            a split was asked for and the task has one.
        BadInput: the words name no task, or a value of the recipe is out of range.
    """
    from dataclasses import replace

    from scrubjay.tasks.recipe import DEFAULT_RECIPE

    task = _with_split(given_task(words), words, wishes.fraction)
    recipe = task.recipe or DEFAULT_RECIPE
    changes = {
        **_sizes(wishes.size or []),
        "epochs": wishes.epochs,
        "learning_rate": wishes.learning_rate,
        "weight_decay": wishes.weight_decay,
    }
    recipe = replace(recipe, **{name: value for name, value in changes.items() if value is not None})
    if task.recipe is None:
        say(
            f"Task {task.name} has no recipe of its own. Training with d_model={recipe.d_model}, "
            f"n_heads={recipe.n_heads}, d_head={recipe.d_head}, d_mlp={recipe.d_mlp} (--size), {recipe.epochs} epochs "
            f"(--epochs), learning rate {recipe.learning_rate:g} (--learning-rate) and weight decay "
            f"{recipe.weight_decay:g} (--weight-decay).",
            quiet=True,
        )
    return task, replace(recipe, frozen_pattern=given_frozen_pattern(wishes.freeze_attention, task, recipe.n_heads))


def _with_split(task: "Task", words: str, fraction: float | None) -> "Task":
    from scrubjay.tasks.named import split_task

    if task.train is not None and fraction is not None:
        raise UsageError(f"--fraction is for a task without a split, and task {task.name} has one; leave it out")
    if task.train is not None:
        return task
    if fraction is not None:
        return split_task(task, fraction)
    if task.recipe is not None:
        raise UsageError(
            f"task {task.name} does not say which share of its inputs to train on; name the task "
            f"{words},fraction={_SUGGESTED_FRACTION}, or add --fraction {_SUGGESTED_FRACTION}"
        )
    say(
        f"Task {task.name} has no split. Training on a share of {_DEFAULT_FRACTION:g} of its inputs (--fraction), "
        f"chosen at random with seed 0.",
        quiet=True,
    )
    return split_task(task, _DEFAULT_FRACTION)


def _sizes(words: list[str]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for each in words:
        name, _, number = each.partition("=")
        if name not in _SIZES or not number.isdecimal():
            raise UsageError(f"--size is d_model, n_heads, d_head or d_mlp, then = and a number; it is {each!r}")
        if name in sizes:
            raise UsageError(f"--size {name} is given twice: {sizes[name]} and {number}")
        sizes[name] = int(number)
    return sizes
