"""Recovering the function or the program behind a task's labels or a network's answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.core.progress import Progress, silent
from scrubjay.core.stats import share_of
from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named, Unnamed
from scrubjay.functions.recognition import name_function
from scrubjay.functions.structure import Structure, structure_of
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.program.expression import Program
from scrubjay.program.observed import Observed, refuse_too_many
from scrubjay.program.recovered import Recovered, recover
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Recovery:
    """The result of a search, with what it was given and what it was not.

    Attributes:
        source: whose labels were searched, in words.
        recovered: what was found.
        unseen: names of labels that the search did not see, each with the share of them that the program gives.
    """

    source: str
    recovered: Recovered
    unseen: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class FunctionRecovery:
    """The function that answers compute, or why none is named.

    Attributes:
        source: whose answers they are, in words.
        table: the answers.
        function: the function, or the sentence that says that there is none.
        structure: what the table shows in any case, or None if its inputs are no whole grid.
        unseen: names of answers that were not shown, each with the share of them that the function gives.
    """

    source: str
    table: AnswerTable
    function: Named | Unnamed
    structure: Structure | None
    unseen: tuple[tuple[str, float], ...]

    @classmethod
    def of_table(cls, table: AnswerTable, source: str) -> "FunctionRecovery":
        """Name the function in a plain table.

        Args:
            table: the answers.
            source: whose they are, in words.
        """
        return cls(source, table, name_function(table), structure_of(table), ())


def recover_function(
    task: Task | str | Path,
    network: SavedNetwork | Transformer | str | Path | None = None,
    *,
    train_only: bool = False,
) -> FunctionRecovery:
    """Name the function behind a task's labels, or behind a network's answers.

    The task may have any number of positions and classes. ``docs/functions.md`` lists what is recognised.

    Args:
        task: the task, or the words that name one.
        network: the network whose answers are looked at, as for ``recover_program``.
        train_only: show the training half only.

    Raises:
        BadInput: the task lacks the labels or the split that are asked for, or its inputs do not fit the network.
        RefusedFile: the file of the task or of the network cannot be read.
    """
    task = as_task(task)
    given, whose = _given(task, network, train_only=train_only)
    shown = torch.where(task.train, given, -1) if train_only and task.train is not None else given
    table = AnswerTable.of_task(task, shown)
    function = name_function(table)
    unseen: tuple[tuple[str, float], ...] = ()
    if isinstance(function, Named):

        def share(classes: Classes, where: Mask) -> float:
            other = AnswerTable.of_task(task, torch.where(where, classes, -1))
            return float((function.evaluate(other.x) == other.y).mean())

        unseen = _unseen(share, task, given, searched_own=network is None, train_only=train_only)
    return FunctionRecovery(whose, table, function, structure_of(table), unseen)


def recover_any(
    task: Task | str | Path,
    network: SavedNetwork | Transformer | str | Path | None = None,
    *,
    train_only: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> FunctionRecovery | Recovery:
    """Name the function of any task, and search for a label program where that can be done and no function is exact.

    Args:
        task: the task, or the words that name one.
        network: the network, as for ``recover_program``.
        train_only: show the training half only.
        seed: seed for the search.
        progress: called with the present stage of the search and the share that is done.

    Raises:
        BadInput: as for ``recover_program``, but the task may have any number of positions and classes.
        RefusedFile: the file of the task or of the network cannot be read.
    """
    task = as_task(task)
    is_searchable = task.is_binary and len(task.domain.shape) == 2
    if is_searchable:
        refuse_too_many(task.domain.shape)
    found = recover_function(task, network, train_only=train_only)
    if not is_searchable or (isinstance(found.function, Named) and not found.function.exceptions):
        return found
    return recover_program(task, network, train_only=train_only, seed=seed, progress=progress)


def recover_program(
    task: Task | str | Path,
    network: SavedNetwork | Transformer | str | Path | None = None,
    *,
    train_only: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Recovery:
    """Search the program behind a task's labels, or behind a network's answers.

    Example:
        >>> import scrubjay
        >>> found = scrubjay.recover_program("modular_addition:p=23,below=11").recovered
        >>> print(found.program.python())
        def label(a, b):
            k = (a + b) % 23
            return int(k < 11)
        <BLANKLINE>

    Args:
        task: a task with two varying positions and two classes, or the words that name one.
        network: the network whose answers are searched: a network, a saved one, or what ``load_network`` takes. None
            searches the task's own labels.
        train_only: show the search the training half only.
        seed: seed for the two controls, and for the sample of a task that has more inputs than a search looks at.
        progress: called with the present stage and the share of the work that is done, between 0 and 1.

    Raises:
        BadInput: the task has another number of positions or classes, too many inputs, or lacks the labels or the
            split that are asked for; or its inputs do not fit the network.
        RefusedFile: the file of the task or of the network cannot be read.
    """
    task = as_task(task)
    refuse_too_many(task.domain.shape)
    given, whose = _given(task, network, train_only=train_only)
    seen = Observed.of_task(task, given, task.train if train_only else None)
    recovered = recover(seen, seed=seed, progress=progress)
    unseen: tuple[tuple[str, float], ...] = ()
    if recovered.program is not None:
        said = program_classes(recovered.program, task)
        unseen = _unseen(
            lambda classes, where: share_of((said == classes)[where]),
            task,
            given,
            searched_own=network is None,
            train_only=train_only,
        )
    return Recovery(whose, recovered, unseen)


def program_classes(program: Program, task: Task) -> Classes:
    """The class that a program gives to each input of a task with two varying positions, shape [n]."""
    tokens = task.domain.varying_tokens().numpy()
    return torch.from_numpy(program.labels(tokens[:, 0], tokens[:, 1])).long()


def _given(
    task: Task, network: SavedNetwork | Transformer | str | Path | None, *, train_only: bool
) -> tuple[Classes, str]:
    """The classes of all inputs, and whose they are, in words."""
    if train_only and task.train is None:
        raise BadInput(f"task {task.name} has no split, so there is no training half to keep to")
    half = ", training half only" if train_only else ""
    if network is None:
        if task.labels is None:
            raise BadInput(f"task {task.name} has no labels to search; give a network whose answers can be searched")
        return task.labels, f"the labels of {task.name}{half}"
    if isinstance(network, str | Path):
        network = load_network(network)
    weights = network.network if isinstance(network, SavedNetwork) else network
    name = network.name if isinstance(network, SavedNetwork) else "the network"
    task.check_fits(weights.config)
    return record(weights, task).classes, f"the answers of {name} on {task.name}{half}"


def _unseen(
    share: Callable[[Classes, Mask], float], task: Task, given: Classes, *, searched_own: bool, train_only: bool
) -> tuple[tuple[str, float], ...]:
    """What was not searched, by name, each with the share that is right of it."""
    found = []
    if train_only and task.train is not None:
        found.append(("the other half", share(given, ~task.train)))
    if not searched_own and task.labels is not None:
        found.append(("the ground truth", share(task.labels, task.labels >= 0)))
    return tuple(found)
