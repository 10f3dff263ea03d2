"""Tasks by the words that a user types: a built-in name, a task's TOML file, or a file of labels."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrubjay.core.errors import BadInput
from scrubjay.core.files import is_file
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.label_files import SUFFIXES, task_from_file
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task, seeded_split
from scrubjay.tasks.task_files import task_from_toml

FORMS = (
    "challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], a file TASK.toml, after which "
    ":read_at=3, sign_of, sample, seed and fraction may follow, or a file LABELS.npz or LABELS.csv, after which "
    ":last=113[,fraction=0.5][,seed=1] may follow"
)


def _number_or_name(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


_MODULAR_OPTIONS = {"p": int, "below": int, "fraction": float, "seed": int}
_FILE_OPTIONS = {"last": int, "fraction": float, "seed": int, "sha256": str}
_TOML_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "read_at": _number_or_name,
    "sign_of": str,
    "sample": int,
    "seed": int,
    "fraction": float,
    "sample_seed": int,
    "sha256": str,
}
_SUFFIXES = "|".join(map(re.escape, (*SUFFIXES, ".toml")))
_FILE = re.compile(rf"(?P<path>.*(?:{_SUFFIXES}))(?::(?P<options>[^/\\]*))?", re.DOTALL)


def as_task(task: Task | str | Path) -> Task:
    """Return a task as it is, and make it from its words otherwise.

    Args:
        task: a task, or the words that ``named_task`` takes.

    Raises:
        BadInput: the words name no task.
        RefusedFile: the words name a file that cannot be read as a task or as labels.
    """
    return task if isinstance(task, Task) else named_task(task)


def named_task(words: str | Path) -> Task:
    """Make a task from the words that name it.

    Example:
        >>> named_task("modular_addition:p=7,below=3").classes
        ((3, 4, 5, 6), (0, 1, 2))

    Args:
        words: a built-in name, such as ``challenge2`` or ``modular_addition:p=113,fraction=0.3``, a task's file, such
            as ``TASK.toml`` or ``TASK.toml:read_at=3,sample=5000``, or a file of labels, such as ``LABELS.npz`` or
            ``LABELS.npz:last=113,fraction=0.5``. ``task_from_toml`` and ``task_from_file`` say what such files hold.

    Raises:
        BadInput: there is no such task, it has no such option, or its labels cannot be used.
        RefusedFile: the file cannot be read as a task or as labels, or holds Python objects.
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
    is_toml = path.endswith(".toml")
    kinds, what = (_TOML_OPTIONS, "a task's file") if is_toml else (_FILE_OPTIONS, "a file of labels")
    options = {} if rest is None else _options(rest, kinds, words, what)
    if "sha256" in options and not is_file(path):
        others = ",".join(f"{key}={value}" for key, value in options.items() if key != "sha256")
        raise BadInput(
            f"the file {path}, which holds the stored task, is gone. Put it back, or name another copy of it "
            f"as the task: {Path(path).name}{':' if others else ''}{others}"
        )
    return task_from_toml(path, **options) if is_toml else task_from_file(path, **options)


def _options(rest: str, kinds: Mapping[str, Callable[[str], Any]], words: str, what: str) -> dict[str, Any]:
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
