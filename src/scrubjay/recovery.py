"""Recovering a program from a task's labels or from a network's answers."""

from dataclasses import dataclass
from pathlib import Path

import torch

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.core.progress import Progress, silent
from scrubjay.core.stats import share_of
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
    if train_only and task.train is None:
        raise BadInput(f"task {task.name} has no split, so there is no training half to keep to")
    if network is None and task.labels is None:
        raise BadInput(f"task {task.name} has no labels to search; give a network whose answers can be searched")
    refuse_too_many(task.domain.shape)
    if isinstance(network, str | Path):
        network = load_network(network)
    if network is None:
        given, whose = task.labels, f"the labels of {task.name}"
    else:
        weights = network.network if isinstance(network, SavedNetwork) else network
        name = network.name if isinstance(network, SavedNetwork) else "the network"
        task.check_fits(weights.config)
        given, whose = record(weights, task).classes, f"the answers of {name} on {task.name}"
    assert given is not None
    seen = Observed.of_task(task, given, task.train if train_only else None)
    recovered = recover(seen, seed=seed, progress=progress)
    return Recovery(
        source=f"{whose}{', training half only' if train_only else ''}",
        recovered=recovered,
        unseen=tuple(_unseen(recovered.program, task, given, searched_own=network is None, train_only=train_only)),
    )


def program_classes(program: Program, task: Task) -> Classes:
    """The class that a program gives to each input of a task with two varying positions, shape [n]."""
    tokens = task.domain.varying_tokens().numpy()
    return torch.from_numpy(program.labels(tokens[:, 0], tokens[:, 1])).long()


def _unseen(
    program: Program | None, task: Task, given: Classes, *, searched_own: bool, train_only: bool
) -> list[tuple[str, float]]:
    if program is None:
        return []
    said, found = program_classes(program, task), []

    def add(words: str, classes: Classes, where: Mask) -> None:
        found.append((words, share_of((said == classes)[where])))

    if train_only and task.train is not None:
        add("the other half", given, ~task.train)
    if not searched_own and task.labels is not None:
        add("the ground truth", task.labels, task.labels >= 0)
    return found
