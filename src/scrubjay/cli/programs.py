"""The command that searches for the program behind labels: recover."""

import sys
from typing import Annotated

import typer

from scrubjay.cli.words import TASK_HELP, given_network, given_task, progress_bar
from scrubjay.core.errors import UsageError


def recover(
    labels: Annotated[
        str | None,
        typer.Argument(
            help="The labels to search: LABELS.npz, LABELS.csv (a line for each token of the first position), or a "
            "task that has labels."
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(help="Search the answers of this network instead of labels; `bundled` for the bundled network."),
    ] = None,
    task: Annotated[str | None, typer.Option(help=f"For --network. {TASK_HELP} By default the network's own.")] = None,
    train_only: Annotated[
        bool, typer.Option("--train-only", help="Search the training inputs only, and test on the others.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with a list of all exceptions.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the two controls: shuffled and random labels.")] = 0,
) -> None:
    """Search for a short program that computes given labels.

    The labels must have two classes and two varying positions. If no program is found, the command says so; that is a
    result and not an error.
    """
    if (labels is None) == (network is None):
        raise UsageError("give either LABELS or --network NET, one of the two")
    if labels is not None and task is not None:
        raise UsageError("--task belongs to --network; LABELS names its own task")

    from scrubjay.recovery import recover_program
    from scrubjay.report.recovery_text import recovery_json, recovery_text

    saved = None if network is None else given_network(network)
    asked = given_task(task or saved.task) if saved is not None else given_task(labels)
    if saved is not None:
        asked.check_fits(saved.network.config)
    with progress_bar() as show:
        found = recover_program(asked, saved, train_only=train_only, seed=seed, progress=show)
    sys.stdout.write(recovery_json(found) if json else recovery_text(found))
