"""The command that searches the program behind labels: recover."""

import sys
from typing import Annotated

import typer

from scrubjay.cli.words import TASK_HELP, given_network, given_task
from scrubjay.errors import UsageError


def recover(
    labels: Annotated[
        str | None, typer.Argument(help="LABELS.npz, LABELS.csv (a row for each a), or a task with labels.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Search this network's answers instead; `bundled` for the bundled one.")
    ] = None,
    task: Annotated[str | None, typer.Option(help=f"Of --network: {TASK_HELP} Default: its own.")] = None,
    train_only: Annotated[bool, typer.Option("--train-only", help="Show the search the training half only.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with every exception.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffled and the random labels.")] = 0,
) -> None:
    """Search the program behind a binary label matrix; nothing found is an answer too."""
    if (labels is None) == (network is None):
        raise UsageError("give either LABELS or --network NET, one of the two")
    if labels is not None and task is not None:
        raise UsageError("--task belongs to --network; LABELS names its own task")
    from tqdm import tqdm

    from scrubjay.report.recovered import recovery_json, recovery_text
    from scrubjay.study.recovery import recover_program
    from scrubjay.task.matrix import labelled_task

    saved = None if network is None else given_network(network)
    asked = given_task(task or saved.task) if saved is not None else labelled_task(str(labels))
    if saved is not None:
        saved.network.config.check_domain(asked.domain)
    with tqdm(total=None, file=sys.stderr, disable=None, bar_format="{desc} [{elapsed}]") as bar:
        found = recover_program(asked, saved, train_only=train_only, seed=seed, progress=bar.set_description_str)
    sys.stdout.write(recovery_json(found) if json else recovery_text(found))
