"""Tasks from files of labels: NumPy archives (.npz) and text tables (.csv)."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from scrubjay.core.errors import BadInput
from scrubjay.tasks.plain_files import arrays_in, matrix_in
from scrubjay.tasks.task import Task, seeded_split

SUFFIXES = (".npz", ".csv")
_ARRAYS = ("labels", "train", "last", "classes")
_DIGITS = 18
"""The most digits of an entry of a text table. Such numbers fit into 64 bits and exceed any number of classes."""


def task_from_file(
    path: str | Path,
    *,
    last: int | None = None,
    fraction: float | None = None,
    seed: int = 0,
    sha256: str | None = None,
) -> Task:
    """Make a task from a file of labels.

    A ``.npz`` holds the array ``labels`` (one axis for each varying position) and optionally ``train`` (Boolean, of the
    same shape), ``last`` (the constant last token) and ``classes`` (for each token that can be an answer, its class; -1
    for none). A ``.csv`` holds a matrix of labels: one line for each token of the first position, and in it one whole
    number for each token of the second position.

    Args:
        path: the file.
        last: the constant last token, if the file does not state it.
        fraction: the share of the inputs to train on, for a file without ``train``. None makes no split.
        seed: seed for the shuffle that makes the split.
        sha256: the beginning of the SHA-256 that the content of the file must have, as ``Task.source`` gives it.

    Returns:
        The task. Its ``source`` states the absolute path, the last token, the split and the SHA-256.

    Raises:
        BadInput: there is no such file, its content makes no task, it says something else than the arguments do, or it
            has changed since ``sha256`` was taken.
        RefusedFile: the file is damaged, is not of the kind that its name says, or holds Python objects.
    """
    path = Path(path)
    task = _from_table(path) if path.suffix == ".csv" else _from_archive(path)
    digest = _digest(task)
    if sha256 is not None and digest != sha256:
        raise BadInput(
            f"the labels in {path} have changed: their SHA-256 begins with {digest}, and it was {sha256} when the task "
            f"was stored. Restore the file, or name the file of the old labels, without `sha256`, as the task"
        )
    (stated,) = task.domain.positions[-1]
    if last is not None and not task.last_is_assumed and last != stated:
        raise BadInput(f"{path} states the last token {stated}, so it cannot be {last}")
    if last is not None:
        positions = (*task.domain.positions[:-1], (last,))
        task = replace(task, domain=replace(task.domain, positions=positions), last_is_assumed=False)
    if fraction is not None and task.train is not None:
        raise BadInput(f"{path} holds a split (its array `train`), so no fraction of {fraction} can be chosen")
    if fraction is not None:
        task = replace(task, train=seeded_split(task.domain, fraction, seed))
    options = {
        "last": task.domain.positions[-1][0],
        "sha256": digest,
        "fraction": fraction,
        "seed": None if fraction is None else seed,
    }
    chosen = ",".join(f"{key}={value}" for key, value in options.items() if value is not None)
    return replace(task, source=f"{path.resolve()}:{chosen}")


def _digest(task: Task) -> str:
    """The first 16 hexadecimal digits of a SHA-256 over everything that a file can say."""
    assert task.labels is not None  # a file always holds labels
    stated = None if task.last_is_assumed else task.domain.positions[-1][0]
    content = hashlib.sha256(repr((task.domain.shape, stated, task.classes)).encode())
    content.update(task.labels.numpy().astype("<i8").tobytes())
    content.update(b"" if task.train is None else task.train.numpy().tobytes())
    return content.hexdigest()[:16]


def _from_archive(path: Path) -> Task:
    arrays = arrays_in(path, "labels")
    unknown = sorted(set(arrays) - set(_ARRAYS))
    if "labels" not in arrays or unknown:
        raise BadInput(f"{path} must hold `labels`, and may hold {', '.join(_ARRAYS[1:])}; it holds {sorted(arrays)}")
    for key, axes in (("last", 0), ("classes", 1)):
        array = arrays.get(key)
        if array is not None and (array.ndim != axes or array.size == 0 or array.dtype.kind not in "iu"):
            what = ("one whole number", "whole numbers, one for each token")[axes]
            raise BadInput(f"`{key}` in {path} must be {what}; it is {array.dtype} of shape {array.shape}")
    classes = arrays.get("classes")
    return Task.from_arrays(
        arrays["labels"],
        name=path.stem,
        last=None if "last" not in arrays else int(arrays["last"]),
        classes=None
        if classes is None
        else [np.flatnonzero(classes == index).tolist() for index in range(int(classes.max()) + 1)],
        train=arrays.get("train"),
    )


def _from_table(path: Path) -> Task:
    rows = matrix_in(path, "is empty; it must hold a line of labels for each token of the first position")
    for number, row in enumerate(rows, 1):
        for at, entry in enumerate(row, 1):
            if not (entry.strip().isdecimal() and len(entry.strip()) <= _DIGITS):
                raise BadInput(f"entry {at} of row {number} of {path} must be a whole number, and is {entry!r}")
    return Task.from_arrays(np.array([[int(entry) for entry in row] for row in rows]), name=path.stem)
