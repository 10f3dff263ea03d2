"""The command that finds the function or the program behind answers: recover."""

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
    table: Annotated[
        str | None,
        typer.Option(
            help="Name the function in a plain table of answers instead: TABLE.csv, or TABLE.npy with an axis for each "
            "position; negative where no answer is known."
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
    """Name the function, or find the program, behind answers.

    Functions of any number of positions and classes are recognised from the whole table. If none is exact, and there
    are two classes and two varying positions, a label program is searched for. If nothing is found, the command says
    so; that is a result and not an error.
    """
    if [labels, network, table].count(None) != 2:
        raise UsageError("give either LABELS or --network NET, one of the two, or --table TABLE alone")
    if network is None and task is not None:
        raise UsageError("--task belongs to --network; LABELS names its own task")
    if table is not None and train_only:
        raise UsageError("--train-only needs a task with a split, and a --table has none")

    from scrubjay.functions.table_files import table_from_file
    from scrubjay.recovery import FunctionRecovery, recover_any
    from scrubjay.report.function_text import function_json, function_text
    from scrubjay.report.recovery_text import recovery_json, recovery_text

    if table is not None:
        named = FunctionRecovery.of_table(table_from_file(table), f"the answers in {table}")
        sys.stdout.write(function_json(named) if json else function_text(named))
        return
    saved = None if network is None else given_network(network)
    asked = given_task(task or saved.task) if saved is not None else given_task(labels)
    if saved is not None:
        asked.check_fits(saved.network.config)
    with progress_bar() as show:
        found = recover_any(asked, saved, train_only=train_only, seed=seed, progress=show)
    if isinstance(found, FunctionRecovery):
        sys.stdout.write(function_json(found) if json else function_text(found))
    else:
        sys.stdout.write(recovery_json(found) if json else recovery_text(found))
