"""The content of a task's TOML file, its types checked, and of the files of labels and inputs beside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np

from scrubjay.core.errors import BadInput
from scrubjay.core.files import read_whole
from scrubjay.core.toml_text import parsed_toml
from scrubjay.tasks.plain_files import arrays_in, rows_in

Whole: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
"""An array of whole numbers."""
Table: TypeAlias = list[list[str]]
"""The entries of a text table, by lines."""

KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "tokens": (list,),
    "read_at": (int, str),
    "answer": (str,),
    "classes": (list,),
    "sign_of": (int, str),
    "labels": (str, list),
    "inputs": (str, list),
    "inputs_are_a_sample": (bool,),
    "sample": (int,),
    "seed": (int,),
    "values": (dict,),
    "position": (list,),
}
"""The keys of a task's file, each with the types that its value may have."""
POSITION_KEYS: Mapping[str, tuple[type, ...]] = {"name": (str,), "tokens": (int, str, list), "repeat": (int,)}
"""The keys of each ``[[position]]``."""

_IN_WORDS = {str: "text", list: "a list", int: "a whole number", bool: "true or false", dict: "a table"}
_BESIDE = (".npz", ".csv")
"""How the names of files of labels and inputs end."""
_MOST_DIGITS = 18
"""The most digits of a number in a text table; these fit into 64 bits."""


@dataclass(frozen=True)
class TaskDocument:
    """What a task's file says. Use ``TaskDocument.read`` to read one.

    Attributes:
        path: the file.
        content: its keys and their values.
        beside: what the files beside it hold, by the key that names the file.
    """

    path: Path
    content: Mapping[str, Any]
    beside: Mapping[str, Whole | Table]

    @classmethod
    def read(cls, path: str | Path) -> "TaskDocument":
        """Read a TOML file, and the files that it names.

        Raises:
            BadInput: there is no such file, a key is unknown, or a value is of another type than its key needs.
            RefusedFile: a file is damaged.
        """
        path = Path(path)
        content = parsed_toml(read_whole(path), path)
        document = cls(path, content, {})
        document._check()
        named = [key for key in ("labels", "inputs") if document.is_file(content.get(key))]
        return cls(path, content, {key: document._read(key, content[key]) for key in named})

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self.content.get(key)

    def wrong(self, key: str, sentence: str) -> NoReturn:
        """Raise ``BadInput`` about a key.

        Args:
            key: the key; the key of an inner table comes first, and a slash and the outer key follow it.
            sentence: what is wrong, as it goes on after the key.
        """
        raise BadInput(f"{self.path}: {' of '.join(f'`{part}`' for part in key.split('/'))} {sentence}")

    def is_file(self, value: object) -> bool:
        """Whether the value of ``labels`` or ``inputs`` names a file."""
        return isinstance(value, str) and value.endswith(_BESIDE)

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of a SHA-256 over everything that the files say. Comments do not count."""
        text = json.dumps(self.content, sort_keys=True, default=str)
        content = hashlib.sha256(text.encode())
        for key, held in sorted(self.beside.items()):
            content.update(f"{key}{held if isinstance(held, list) else held.shape}".encode())
            content.update(b"" if isinstance(held, list) else held.astype("<i8").tobytes())
        return content.hexdigest()[:16]

    def check_digest(self, sha256: str | None) -> None:
        """Check that nothing has changed since a digest was taken; None is no check.

        Raises:
            BadInput: the digest has changed.
        """
        if sha256 is not None and sha256 != self.digest:
            raise BadInput(
                f"the task in {self.path} has changed: its SHA-256 begins with {self.digest}, and it was {sha256} when "
                f"it was stored. Restore the file, or name the file of the old task, without `sha256`, as the task"
            )

    def array(self, key: str) -> Whole:
        """The whole numbers of a key, from the file itself or from the one that it names.

        Raises:
            BadInput: these are no whole numbers, or no array.
        """
        held = self.beside.get(key, self.content[key])
        if isinstance(held, np.ndarray):
            return held
        if key not in self.beside:
            return self._whole(key, held)
        for number, row in enumerate(held, 1):
            if len(row) != len(held[0]):
                self.wrong(key, f"must have lines of one length; line {number} has {len(row)} entries")
            for entry in row:
                if not (entry.isascii() and entry.isdecimal() and len(entry) <= _MOST_DIGITS):
                    self.wrong(key, f"must be whole numbers; line {number} holds {entry!r:.60}")
        table = self._whole(key, [[int(entry) for entry in row] for row in held])
        return table.reshape(-1) if 1 in table.shape else table

    def _check(self) -> None:
        self._check_keys(self.content, KEYS, "")
        for number, table in enumerate(self.content.get("position", ()), 1):
            if not isinstance(table, dict):
                self.wrong("position", f"must be written as tables [[position]]; number {number} is {table!r:.60}")
            self._check_keys(table, POSITION_KEYS, f"/position {number}")

    def _check_keys(self, table: Mapping[str, Any], known: Mapping[str, tuple[type, ...]], where: str) -> None:
        for key, value in table.items():
            if key not in known:
                self.wrong(f"{key!r:.60}{where}", f"is no known key; the keys are {', '.join(known)}")
            if type(value) not in known[key]:
                kinds = " or ".join(_IN_WORDS[kind] for kind in known[key])
                self.wrong(key + where, f"must be {kinds}, and is {value!r:.60}")

    def _read(self, key: str, name: str) -> Whole | Table:
        path = self.path.parent / name
        return _table(path) if name.endswith(".csv") else self._whole(key, _archived(path, key))

    def _whole(self, key: str, given: Any) -> Whole:
        try:
            array = np.asarray(given)
        except (ValueError, TypeError, OverflowError) as error:
            self.wrong(key, f"are no array: {error}")
        if array.dtype.kind not in "biu" or array.size == 0:
            self.wrong(key, f"must be whole numbers; they are of type {array.dtype} and shape {array.shape}")
        if int(array.max()) >= 2**62 or int(array.min()) < 0:
            self.wrong(
                key, f"must be whole numbers from 0 on; one is {array.max() if array.min() >= 0 else array.min()}"
            )
        return np.ascontiguousarray(array, dtype=np.int64)


def _table(path: Path) -> Table:
    table = [[entry.strip() for entry in row] for row in rows_in(path)]
    if not table:
        raise BadInput(f"{path} is empty")
    return table


def _archived(path: Path, key: str) -> np.ndarray:
    arrays = arrays_in(path, key)
    if key not in arrays or not set(arrays) <= {"labels", "inputs"}:
        raise BadInput(f"{path} must hold the array `{key}`, and holds {sorted(arrays)}; it may hold labels and inputs")
    return arrays[key]
