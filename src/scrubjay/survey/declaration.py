"""What a user declares of a network file: how it is read, and what the network is asked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrubjay.core.errors import BadInput
from scrubjay.core.files import is_file, is_folder, read_whole
from scrubjay.core.toml_text import parsed_toml

_KEYS: Mapping[str, type] = {"files": list, "layout": str, "task": str, "set": dict}
_IN_WORDS: Mapping[type, str] = {list: "a list of file names", str: "text", dict: "a table"}
_FILES = (".toml", ".npz", ".csv")
"""How the names of files of tasks and layouts end."""


@dataclass(frozen=True)
class Declaration:
    """What is declared of a network file.

    Attributes:
        layout: the layout of its weights: a name, or the path of a TOML file.
        task: the words that name the network's task; None if no task is declared.
        values: what the checkpoint does not state, as ``import_network`` takes it.
        files: the names of the files that the declaration is for, besides those that have its own name.
    """

    layout: str = "auto"
    task: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def read_declaration(path: str | Path) -> Declaration:
    """Read a declaration from a TOML file.

    It has the keys ``layout``, ``task``, ``files`` and the table ``[set]``; all may be left out. Files that it names
    are looked for in its own folder.

    Raises:
        BadInput: there is no such file, a key is unknown, or a value is of another type than its key needs. The message
            names the file and the key.
        RefusedFile: the file is not TOML.
    """
    path = Path(path)
    content = parsed_toml(read_whole(path), path)
    for key, value in content.items():
        if key not in _KEYS:
            raise BadInput(f"{path}: {key!r:.60} is no known key; the keys are {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise BadInput(f"{path}: `{key}` must be {_IN_WORDS[_KEYS[key]]}, and is {value!r:.60}")
    files = content.get("files", [])
    if not all(isinstance(name, str) for name in files):
        raise BadInput(f"{path}: `files` must be {_IN_WORDS[list]}, and is {files!r:.60}")
    task = content.get("task")
    return Declaration(
        layout=_beside(path, content.get("layout", "auto")),
        task=None if task is None else _beside(path, task),
        values=content.get("set", {}),
        files=tuple(files),
    )


def declaration_file(place: Path, declared: Path | None) -> Path | None:
    """The declaration of a network file: ``STEM.toml``, or one that names the file under ``files``.

    Args:
        place: the network's file or folder.
        declared: the folder with the declarations; by default the one that the network lies in.

    Returns:
        The file, or None if nothing is declared of the network.
    """
    folder = place.parent if declared is None else declared
    own = folder / f"{place.name if is_folder(place) else place.stem}.toml"
    if is_file(own):
        return own
    return next((file for file in sorted(folder.glob("*.toml")) if place.name in _files_of(file)), None)


def _files_of(path: Path) -> list[Any]:
    """The files that a declaration names. Other TOML files may lie in its folder, so a wrong one names none."""
    try:
        files = tomllib.loads(path.read_text()).get("files")
    except (OSError, ValueError, RecursionError):
        return []
    return files if isinstance(files, list) else []


def _beside(path: Path, words: str) -> str:
    """The words, with the path of a file at their beginning taken relative to the declaration."""
    file, colon, options = words.partition(":")
    return f"{path.parent / file}{colon}{options}" if file.endswith(_FILES) else words
