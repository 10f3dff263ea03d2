"""What a training run saves on the way, so that it can be resumed: the state, the history, and the network.

In the run's folder these are

- ``state.safetensors``: weights and optimiser moments at the last saved epoch,
- ``history.csv``: epoch, losses and accuracies on both halves,
- ``epochs/00500.safetensors`` and so on: the network at each saved epoch.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields, replace
from pathlib import Path

from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.core.files import read_whole, write_whole
from scrubjay.nets.files.checkpoint import recipe_from, save_network
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from scrubjay.nets.training.training_step import TrainingProgress, TrainingState
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

STATE_FILE = "state.safetensors"
"""The name of the file that a run is resumed from."""

HISTORY_FILE = "history.csv"
"""The name of the table of losses and accuracies."""

EPOCHS_FOLDER = "epochs"
"""The name of the folder that holds the network at each saved epoch."""

_KIND = "training state"
"""The kind that the manifest of a state file states."""

_STATED_TYPES: Mapping[str, type] = {"task": str, "answers": str, "recipe": dict, "epoch": int}
"""The entries that the manifest of a state file must have."""

_GROUPS = ("weights", "first_moments", "second_moments")
"""The groups of tensors in a state file, which are the fields of a ``TrainingState``."""


def is_resumable(folder: str | Path) -> bool:
    """Whether a folder holds a saved state that a run can be resumed from."""
    return (Path(folder) / STATE_FILE).exists()


def last_epoch(folder: str | Path) -> int:
    """The epoch of the last state that was saved in a folder, or 0 if there is none or it cannot be read."""
    try:
        return int((Path(folder) / HISTORY_FILE).read_text().splitlines()[-1].partition(",")[0])
    except (OSError, ValueError, IndexError):
        return 0


def read_state(folder: Path, task: Task, recipe: Recipe) -> tuple[TrainingState, list[TrainingProgress]]:
    """Read the state and the history that a run saved.

    Args:
        folder: the run's folder.
        task: the task of the run that is to be resumed; it must be that of the saved state.
        recipe: the recipe of the run that is to be resumed; it may differ from that of the saved state in the number of
            epochs only.

    Raises:
        UsageError: there is no saved state, or it is of a later epoch than the recipe's last one.
        BadInput: the saved state is of another task or recipe.
        RefusedFile: a file is damaged.
    """
    file = folder / STATE_FILE
    if not file.exists():
        raise UsageError(f"there is nothing to resume in {folder}: it has no {STATE_FILE}")
    tensors, manifest = read_sealed(file, _KIND)
    wrong = [key for key, kind in _STATED_TYPES.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise RefusedFile(
            f"{file} does not state its {', '.join(wrong)}; it was written by another version of scrubjay"
        )
    found = recipe_from(manifest["recipe"], file)
    if manifest["task"] != task.name or replace(found, epochs=recipe.epochs) != recipe:
        raise BadInput(
            f"{file} was saved in training on task {manifest['task']} with {found}, and cannot be resumed on task "
            f"{task.name} with {recipe}"
        )
    if manifest["epoch"] > recipe.epochs:
        raise UsageError(
            f"the run in {folder} has reached epoch {manifest['epoch']} already, which is more than the "
            f"{recipe.epochs} epochs asked for"
        )
    if manifest["answers"] != _digest_of_answers(task):
        raise BadInput(f"{file} was saved in training on a task {manifest['task']} with other labels or another split")
    groups = {
        group: {key.partition("/")[2]: tensor for key, tensor in tensors.items() if key.startswith(f"{group}/")}
        for group in _GROUPS
    }
    state = TrainingState(epoch=manifest["epoch"], **groups)
    return state, [line for line in _read_history(folder / HISTORY_FILE) if line.epoch <= state.epoch]


def write_state(
    folder: Path,
    task: Task,
    recipe: Recipe,
    network: Transformer,
    state: TrainingState,
    history: Sequence[TrainingProgress],
) -> None:
    """Save the network, the history and the state of a run.

    The state is written last. A run that is killed before that repeats the epochs since the state before, and loses
    nothing.

    Raises:
        OutOfResources: the folder cannot be written, or the disk is full.
    """
    save_network(
        folder / EPOCHS_FOLDER / f"{state.epoch:05d}.safetensors",
        network,
        task=task.words,
        recipe=recipe,
        epoch=state.epoch,
    )
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(field.name for field in fields(TrainingProgress))
    writer.writerows(astuple(line) for line in history)
    write_whole(folder / HISTORY_FILE, table.getvalue().encode())
    tensors = {f"{group}/{name}": tensor for group in _GROUPS for name, tensor in getattr(state, group).items()}
    stated = {
        "task": task.name,
        "answers": _digest_of_answers(task),
        "recipe": asdict(recipe),
        "epoch": state.epoch,
    }
    write_sealed(folder / STATE_FILE, tensors, {"kind": _KIND, **stated})


def _read_history(file: Path) -> list[TrainingProgress]:
    text = read_whole(file)
    try:
        rows = csv.DictReader(io.StringIO(text.decode()))
        return [
            TrainingProgress(int(row.pop("epoch")), **{key: float(value) for key, value in row.items()}) for row in rows
        ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise RefusedFile(f"{file} is damaged: {error}") from error


def _digest_of_answers(task: Task) -> str:
    """A digest of what a task's name does not determine: its labels and its split."""
    values = [task.targets()] + ([] if task.train is None else [task.train])
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in values)).hexdigest()
