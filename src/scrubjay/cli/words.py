"""What the commands share: common options, networks and tasks from the user's words, and printing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from scrubjay.core.errors import UsageError

if TYPE_CHECKING:
    from scrubjay.core.progress import Progress
    from scrubjay.nets.files.checkpoint import SavedNetwork
    from scrubjay.tasks.task import Task

_BAR = "{percentage:3.0f}%|{bar:20}| {desc} [{elapsed}, about {remaining} left]"
"""What the progress bar shows."""
TASK_HELP = (
    "The task: challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], a file TASK.toml that describes "
    "it, after which :read_at=3,sign_of=a,sample=5000 may follow, or a file of labels, LABELS.npz or LABELS.csv, after "
    "which :last=113 may state the constant last token."
)
Device = Annotated[
    str, typer.Option(help="The device to compute on: cpu, cuda or mps; auto takes the fastest one available.")
]
Net = Annotated[
    str | None,
    typer.Argument(
        help="A network file, a run folder, hf://owner/name, or one of the networks that are part of scrubjay: "
        "`bundled`, which is the default, and `modular`, which adds modulo 59."
    ),
]
FreezeAttention = Annotated[
    str | None,
    typer.Option(
        help="Train with a fixed attention pattern: `uniform`, or a network whose mean pattern over the task's inputs "
        "is used."
    ),
]
OwnTask = Annotated[str | None, typer.Option(help=f"{TASK_HELP} By default the task that the network file names.")]


def given_network(where: str | None) -> "SavedNetwork":
    """Load the network at a path or on the hub, or the bundled one for ``bundled`` and for None."""
    from scrubjay.nets.files.hub import load_network

    return load_network(where or "bundled")


def given_task(words: str | None) -> "Task":
    """Make the task that some words name.

    Raises:
        UsageError: there are no words, neither the user's nor the network file's.
        BadInput: the words name no task.
    """
    from scrubjay.tasks.named import FORMS, named_task

    if words is None:
        raise UsageError(f"this network's file names no task; give one with --task: {FORMS}")
    return named_task(words)


def given_frozen_pattern(words: str | None, task: "Task", n_heads: int) -> tuple[tuple[float, ...], ...] | None:
    """Find the attention pattern to train under, from the words of --freeze-attention.

    Args:
        words: ``uniform``, the place of a network, or None.
        task: the task to train on.
        n_heads: number of heads of the network to be trained.

    Returns:
        For each head the share of attention of each position, or None for ordinary attention.

    Raises:
        UsageError: the network has another number of heads.
    """
    from scrubjay.nets.mean_pattern import pattern_to_hold

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
    """Print a line to stdout, or, if ``quiet``, to stderr, so that stdout holds nothing but results."""
    print(text, file=sys.stderr if quiet else sys.stdout)


def fail(sentence: str, code: int) -> NoReturn:
    """Print a sentence to stderr and exit with a code."""
    print(f"scrubjay: {sentence}", file=sys.stderr)
    sys.exit(code)


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """A bar on stderr that shows the present stage, the share that is done, and an estimate of the remaining time."""
    from tqdm import tqdm

    with tqdm(total=1.0, file=sys.stderr, disable=None, bar_format=_BAR) as bar:

        def show(stage: str, share: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.update(share - bar.n)

        yield show
