"""TOML whose values could not be shown in a message is refused by every reader of TOML."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scrubjay.core.errors import RefusedFile
from scrubjay.core.toml_text import parsed_toml
from scrubjay.nets.files.layout_files import layout_from_toml
from scrubjay.survey.declaration import read_declaration
from scrubjay.tasks.named import named_task

READERS: list[Callable[[str], object]] = [layout_from_toml, read_declaration, named_task]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("key", ["files", "config", "labels"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("0x" + "f" * 5000, "a whole number in it has hundreds of digits"),
        ("[1, [1" + "0" * 300 + "]]", "a whole number in it has hundreds of digits"),
        ("{ a = -1" + "0" * 300 + " }", "a whole number in it has hundreds of digits"),
        ("[" * 40 + "]" * 40, "it is nested more than 32 levels deep"),
        ("{" + "a." * 3000 + "a = 1 }", "it is nested more than 32 levels deep"),
        ("[" * 5000, "is no TOML file: .*"),
    ],
)
def test_what_no_message_could_show_is_refused(
    tmp_path: Path, read: Callable[[str], object], key: str, content: str, says: str
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f"{key} = {content}\n")
    with pytest.raises(RefusedFile, match=rf"own\.toml is no TOML file: .*{says.removeprefix('is no TOML file: ')}"):
        read(str(file))


def test_300_digits_and_32_levels_are_read() -> None:
    text = "a = [" + "9" * 300 + ", true]\nb = " + "[" * 30 + "]" * 30
    assert parsed_toml(text.encode(), "x.toml")["a"] == [10**300 - 1, True]
