"""Reading archives of arrays (.npz) and text tables (.csv) without running any code in them."""

import csv
import io
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.core.files import check_unpacked, read_whole

UNREADABLE = (
    *(ValueError, TypeError, OSError, EOFError, KeyError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
"""What NumPy raises on a damaged file of arrays."""


def arrays_in(path: Path, wanted: str) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz`` file by their names.

    Args:
        path: the file.
        wanted: the name of the array that the caller needs, for the message about a single array.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is damaged, holds Python objects, is a single array, or is much larger when unpacked.
    """
    content = read_whole(path)
    try:
        if content.startswith(b"PK"):
            check_unpacked(content, path)
        archive = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise RefusedFile(f"{path} is a single array; pack it with numpy.savez(..., {wanted}=...)")
        with archive:
            arrays = {name: archive[name] for name in archive.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise RefusedFile(f"{path} holds members that are no arrays, among {sorted(arrays)}")
    except UNREADABLE as error:
        raise RefusedFile(f"{path} is no .npz of plain arrays: {error}") from error
    return arrays


def matrix_in(path: Path, wanted: str) -> list[list[str]]:
    """The entries of a ``.csv`` file that holds a matrix, by lines.

    Args:
        path: the file.
        wanted: what an empty file lacks, for the message; it follows the name of the file.

    Raises:
        BadInput: there is no such file, or it is empty, or its lines have different lengths.
        RefusedFile: the file is no text, or no table.
    """
    rows = rows_in(path)
    if not rows:
        raise BadInput(f"{path} {wanted}")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise BadInput(f"row {number} of {path} has {len(row)} entries, and the first has {len(rows[0])}")
    return rows


def rows_in(path: Path) -> list[list[str]]:
    """The entries of a ``.csv`` file, by lines; empty lines are left out.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is no text, or no table.
    """
    try:
        return [row for row in csv.reader(io.StringIO(read_whole(path).decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise RefusedFile(f"{path} is no table of text: {error}") from error
