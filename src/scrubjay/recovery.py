"""Recovering a program from a task's labels or a network's answers."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.core.stats import share_of
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.recording import record
from scrubjay.program.expression import Program
from scrubjay.program.observed import Observed
from scrubjay.program.recovered import Recovered, recover
from scrubjay.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Recovery:
    """A search with what it was given and what it was not.

    Attributes:
        source: whose labels, in words.
        recovered: what was found.
        unseen: shares of labels that the search did not see and the program gives, by what they are.
    """

    source: str
    recovered: Recovered
    unseen: tuple[tuple[str, float], ...]


def recover_program(
    task: Task,
    saved: SavedNetwork | None = None,
    *,
    train_only: bool = False,
    seed: int = 0,
    progress: Callable[[str], None] = lambda stage: None,
) -> Recovery:
    """Search the program behind a task's labels, or behind a network's answers.

    Args:
        task: two varying positions and two classes.
        saved: the network whose answers are searched; None for the task's own labels.
        train_only: show the search the training half only.
        seed: of the two controls.
        progress: told each stage as it begins.

    Raises:
        BadInput: a task of another shape, without the labels or the split that are asked for, or inputs that don't fit
            the network.
    """
    if train_only and task.train is None:
        raise BadInput(f"task {task.name} has no split, so there is no training half to keep to")
    if saved is None and task.labels is None:
        raise BadInput(f"task {task.name} has no labels to search")
    given = task.labels if saved is None else record(saved.network, task).classes
    assert given is not None
    seen = Observed.of_task(task, given, task.train if train_only else None)
    recovered = recover(seen, seed=seed, progress=progress)
    whose = f"the labels of {task.name}" if saved is None else f"the answers of {saved.name} on {task.name}"
    return Recovery(
        source=f"{whose}{', training half only' if train_only else ''}",
        recovered=recovered,
        unseen=tuple(_unseen(recovered.program, task, given, searched_own=saved is None, train_only=train_only)),
    )


def program_classes(program: Program, task: Task) -> Classes:
    """The class that a program gives to each input of a task of two varying positions."""
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
