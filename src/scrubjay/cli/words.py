"""What the commands share: the words of their options, networks and tasks from words, and printing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from scrubjay.errors import UsageError

if TYPE_CHECKING:
    from scrubjay.model.checkpoint import SavedNetwork
    from scrubjay.task.task import Task

BUNDLED = "bundled"
TASK_HELP = "challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], or LABELS.npz."
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Net = Annotated[
    str | None, typer.Argument(help="A network file, run folder or hf://owner/name; default: the bundled one.")
]
FreezeAttention = Annotated[
    str | None,
    typer.Option(help="Hold attention fixed during training: `uniform`, or a network whose mean pattern to take."),
]
OwnTask = Annotated[str | None, typer.Option(help=f"{TASK_HELP} Default: the network's own.")]


def given_network(where: str | None) -> "SavedNetwork":
    """The network of a path or of the hub; the bundled one for ``bundled`` and without words."""
    from scrubjay.model.hub import load

    return load(network_place(where or BUNDLED))


def network_place(where: str) -> "str | Path":
    """Where a network lies: ``bundled`` is the one that comes with scrubjay."""
    from scrubjay.model.checkpoint import bundled_network

    return bundled_network() if where == BUNDLED else where


def given_task(words: str | None) -> "Task":
    """The task of some words."""
    from scrubjay.task.named import FORMS, named_task

    if words is None:
        raise UsageError(f"this network's file names no task; give one with --task: {FORMS}")
    return named_task(words)


def given_frozen_pattern(words: str | None, task: "Task", n_heads: int) -> tuple[tuple[float, ...], ...] | None:
    """The attention pattern to train under: none, uniform, or a network's mean over the task's domain."""
    from scrubjay.activations.attention import pattern_to_hold

    if words is None:
        return None
    if words == "uniform":
        return ((1 / task.domain.n_ctx,) * task.domain.n_ctx,) * n_heads
    network = given_network(words).network
    if network.config.n_heads != n_heads:
        raise UsageError(
            f"{words} attends with {network.config.n_heads} heads, and the recipe of {task.name} has {n_heads}"
        )
    return pattern_to_hold(network, task)


def say(text: str, quiet: bool = False) -> None:
    """Print a line, to stderr where stdout is for results alone."""
    print(text, file=sys.stderr if quiet else sys.stdout)


def fail(sentence: str, code: int) -> NoReturn:
    """End with a sentence."""
    print(f"scrubjay: {sentence}", file=sys.stderr)
    sys.exit(code)
