"""Plain tables of answers from files: text tables (.csv) and single NumPy arrays (.npy)."""

import io
from pathlib import Path

import numpy as np

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.core.files import read_whole
from scrubjay.functions.answer_table import AnswerTable
from scrubjay.tasks.plain_files import UNREADABLE, matrix_in


def table_from_file(path: str | Path) -> AnswerTable:
    """Read a table of answers.

    A ``.csv`` has a line for each first token, and in it a whole number for each second token. A ``.npy`` is an array
    of whole numbers with an axis for each position. Negative numbers stand where no answer is known.

    Args:
        path: the file.

    Raises:
        BadInput: there is no such file, its name ends otherwise, or it holds no table of whole numbers.
        RefusedFile: the file is damaged, or holds Python objects.
    """
    path = Path(path)
    if path.suffix == ".csv":
        return AnswerTable.of(_matrix(path))
    if path.suffix != ".npy":
        raise BadInput(f"a table of answers is a file .csv or .npy, and {path} is neither")
    try:
        array = np.load(io.BytesIO(read_whole(path)), allow_pickle=False)
    except UNREADABLE as error:
        raise RefusedFile(f"{path} is no plain array of NumPy: {error}") from error
    if not isinstance(array, np.ndarray):
        raise RefusedFile(f"{path} is an archive of several arrays, and not a single one")
    try:
        return AnswerTable.of(array)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def _matrix(path: Path) -> np.ndarray:
    rows = matrix_in(path, "is empty")
    for number, row in enumerate(rows, 1):
        for column, entry in enumerate(row, 1):
            text = entry.strip()
            if not (text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 18):
                raise BadInput(f"entry {column} of row {number} of {path} must be a whole number, and is {entry!r:.40}")
    return np.array([[int(entry) for entry in row] for row in rows])
