"""Reading TOML that anyone may have written."""

import tomllib
from pathlib import Path
from typing import Any

from scrubjay.core.errors import RefusedFile

_DEEPEST = 32
"""How deep lists and tables may be nested. NumPy's arrays have no more axes."""
_TOO_LARGE = 10**300
"""The bound of whole numbers."""


def parsed_toml(content: bytes, path: str | Path) -> dict[str, Any]:
    """What a TOML file holds.

    Python's reader takes whole numbers of any length and nests tables to any depth. Its values could then not be shown
    in a message, so such files are refused.

    Args:
        content: the bytes of the file.
        path: the file, for error messages.

    Raises:
        RefusedFile: it is not TOML, is nested more than 32 levels deep, or holds a number of more than 300 digits.
    """
    try:
        found = tomllib.loads(content.decode())
        level: list[Any] = [found]
        for _ in range(_DEEPEST):
            if any(isinstance(each, int) and abs(each) >= _TOO_LARGE for each in level):
                raise ValueError("a whole number in it has hundreds of digits")
            level = [part for each in level if isinstance(each, list | dict) for part in _parts(each)]
        if level:
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    except (ValueError, RecursionError) as error:
        raise RefusedFile(f"{path} is no TOML file: {error}") from error
    return found


def _parts(value: list[Any] | dict[str, Any]) -> list[Any]:
    return value if isinstance(value, list) else list(value.values())
