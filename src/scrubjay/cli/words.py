"""What the commands share: the words of their options, networks and tasks from words, and printing."""

import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from scrubjay.errors import UsageError

if TYPE_CHECKING:
    from scrubjay.model.checkpoint import SavedNetwork
    from scrubjay.task.task import Task

TASK_HELP = "challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], or LABELS.npz."
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Net = Annotated[
    str | None, typer.Argument(help="A network file, run folder or hf://owner/name; default: the bundled one.")
]
OwnTask = Annotated[str | None, typer.Option(help=f"{TASK_HELP} Default: the network's own.")]


def given_network(where: str | None) -> "SavedNetwork":
    """The network of a path or of the hub; the bundled one without."""
    from scrubjay.model.checkpoint import bundled_network
    from scrubjay.model.hub import load

    return load(where or bundled_network())


def given_task(words: str | None) -> "Task":
    """The task of some words."""
    from scrubjay.task.named import FORMS, named_task

    if words is None:
        raise UsageError(f"this network's file names no task; give one with --task: {FORMS}")
    return named_task(words)


def say(text: str, quiet: bool = False) -> None:
    """Print a line, to stderr where stdout is for results alone."""
    print(text, file=sys.stderr if quiet else sys.stdout)


def fail(sentence: str, code: int) -> NoReturn:
    """End with a sentence."""
    print(f"scrubjay: {sentence}", file=sys.stderr)
    sys.exit(code)
