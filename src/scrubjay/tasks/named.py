"""Tasks by the words that a user types: a built-in name, or a file of labels."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrubjay.core.errors import BadInput
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.label_files import SUFFIXES, task_from_file
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task, seeded_split

FORMS = (
    "challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], or a file LABELS.npz or LABELS.csv, after "
    "which :last=113[,fraction=0.5][,seed=1] may follow"
)
_MODULAR_OPTIONS = {"p": int, "below": int, "fraction": float, "seed": int}
_FILE_OPTIONS = {"last": int, "fraction": float, "seed": int, "sha256": str}
_FILE = re.compile(rf"(?P<path>.*(?:{'|'.join(map(re.escape, SUFFIXES))}))(?::(?P<options>[^/\\]*))?", re.DOTALL)


def as_task(task: Task | str | Path) -> Task:
    """Return a task as it is, and make it from its words otherwise.

    Args:
        task: a task, or the words that ``named_task`` takes.

    Raises:
        BadInput: the words name no task.
        RefusedFile: the words name a file that cannot be read as labels.
    """
    return task if isinstance(task, Task) else named_task(task)


def named_task(words: str | Path) -> Task:
    """Make a task from the words that name it.

    Example:
        >>> named_task("modular_addition:p=7,below=3").classes
        ((3, 4, 5, 6), (0, 1, 2))

    Args:
        words: a built-in name, such as ``challenge2`` or ``modular_addition:p=113,fraction=0.3``, or a file of labels,
            such as ``LABELS.npz`` or ``LABELS.npz:last=113,fraction=0.5``. ``task_from_file`` says what such a file
            holds.

    Raises:
        BadInput: there is no such task, it has no such option, or its labels cannot be used.
        RefusedFile: the file cannot be read as labels, or holds Python objects.
    """
    words = str(words)
    file = _FILE.fullmatch(words)
    if file is not None:
        return _from_file(file["path"], file["options"], words)
    name, _, rest = words.partition(":")
    if name == "challenge2" and not rest:
        return challenge2()
    if name == "modular_addition" and rest:
        options = _options(rest, _MODULAR_OPTIONS, words, "modular_addition")
        if "p" not in options:
            raise BadInput(f"task {words!r}: modular_addition needs its modulus, as in modular_addition:p=113")
        return modular_addition(options.pop("p"), **options)
    raise BadInput(f"there is no task called {words!r}; a task is {FORMS}")


def split_task(task: Task | str | Path, fraction: float = 0.5, seed: int = 0) -> Task:
    """Give a task without a split one, so that a network can be trained on it.

    Args:
        task: a task, or the words that ``named_task`` takes.
        fraction: the share of the inputs to train on.
        seed: seed for the shuffle that makes the split.

    Returns:
        The task with the split. Its ``source``, if it has one, makes the same split again.

    Raises:
        BadInput: the task has a split already, or the fraction leaves one part empty.
    """
    task = as_task(task)
    if task.train is not None:
        raise BadInput(f"task {task.name} has a split already, so no fraction of {fraction} can be chosen")
    train = seeded_split(task.domain, fraction, seed)
    if task.source is None:
        return replace(task, train=train)
    source = f"{task.source},fraction={fraction},seed={seed}"
    return replace(task, train=train, source=source, name=source if task.name == task.source else task.name)


def _from_file(path: str, rest: str | None, words: str) -> Task:
    options = {} if rest is None else _options(rest, _FILE_OPTIONS, words, "a file of labels")
    if "sha256" in options and not Path(path).exists():
        others = ",".join(f"{key}={value}" for key, value in options.items() if key != "sha256")
        raise BadInput(
            f"the file of labels {path}, which holds the stored task, is gone. Put it back, or name another copy of it "
            f"as the task: {Path(path).name}:{others}"
        )
    return task_from_file(path, **options)


def _options(rest: str, kinds: Mapping[str, type], words: str, what: str) -> dict[str, Any]:
    """Read ``key=value,key=value``."""
    options: dict[str, Any] = {}
    for part in rest.split(","):
        key, _, value = part.partition("=")
        if key not in kinds:
            raise BadInput(f"task {words!r}: {what} has no option {key!r}, only {', '.join(kinds)}")
        if key in options:
            raise BadInput(f"task {words!r}: the option {key} is given twice")
        try:
            options[key] = kinds[key](value)
        except ValueError as error:
            raise BadInput(f"task {words!r}: {key} must be a number, and is {value!r}") from error
    return options
