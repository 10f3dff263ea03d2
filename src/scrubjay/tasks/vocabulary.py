"""The tokens of a task's file: by number, by name, or as a range."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from scrubjay.tasks.domain import LARGEST_TOKEN
from scrubjay.tasks.task_document import TaskDocument


class Vocabulary:
    """The tokens that a task's file may name.

    A whole number is the token of that number. A text is the token of that name; if there is none, digits are a number,
    and two tokens with a hyphen between them are a range.

    Args:
        document: the file, whose key ``tokens`` holds the names.

    Raises:
        BadInput: the names are not different texts.
    """

    def __init__(self, document: TaskDocument) -> None:
        self.document = document
        names = document.get("tokens") or []
        for number, name in enumerate(names):
            if not isinstance(name, str) or not name:
                document.wrong("tokens", f"must be a list of names; that of the token {number} is {name!r:.40}")
        self.names: tuple[str, ...] = tuple(names)
        if len(self._numbers) < len(names):
            twice = next(name for number, name in enumerate(names) if self._numbers[name] != number)
            document.wrong("tokens", f"gives the name {twice!r} to two tokens")

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def number(self, key: str, token: Any) -> int:
        """The number of a token.

        Args:
            key: where the token stands in the file, for messages; see ``TaskDocument.wrong``.
            token: its number or name.

        Raises:
            BadInput: there is no such token.
        """
        found = self._found(token)
        if found is None:
            names = f"; the names are {', '.join(self.names[:40])}" if self.names else ""
            self.document.wrong(
                key, f"has the token {token!r:.60}, which is neither a name nor a number up to {LARGEST_TOKEN:,}{names}"
            )
        return found

    def several(self, key: str, entries: Iterable[Any]) -> tuple[int, ...]:
        """The numbers of some tokens, each entry of which is a token or a range such as "0-9".

        Raises:
            BadInput: there is no such token, or a range ends before it begins.
        """
        tokens: list[int] = []
        for entry in entries:
            ends = self._ends(entry)
            if ends is None:
                tokens.append(self.number(key, entry))
                continue
            first, last = ends
            if first > last:
                self.document.wrong(key, f"has the range {entry!r:.60}, whose last token {last} is before its first")
            tokens += range(first, last + 1)
            if len(tokens) > LARGEST_TOKEN:
                self.document.wrong(key, f"has more than {LARGEST_TOKEN:,} tokens")
        return tuple(tokens)

    def rows(self, key: str, rows: Sequence[Any]) -> list[list[int]]:
        """The numbers of the tokens of each row; the rows have one length.

        Raises:
            BadInput: there is no such token, or a row has another length than the first.
        """
        known: dict[tuple[type, Any], int] = {}
        for number, row in enumerate(rows, 1):
            if not isinstance(row, list) or len(row) != len(rows[0]):
                self.document.wrong(
                    key, f"must be lists of tokens of one length, and number {number} differs: {row!r:.60}"
                )
            for token in row:
                if isinstance(token, int | str) and (type(token), token) not in known:
                    known[type(token), token] = self.number(key, token)
                elif not isinstance(token, int | str):
                    self.document.wrong(key, f"has {token!r:.60} among its tokens")
        return [[known[type(token), token] for token in row] for row in rows]

    def words(self, key: str, token: int) -> str:
        """A text that means the token: its number, or its name if that number is another token's name.

        Raises:
            BadInput: there is no such text that could stand among the options of a task's words.
        """
        name = self.names[token] if token < len(self.names) else str(token)
        text = str(token) if self._found(str(token)) == token else name
        if self._found(text) != token or set(text) & set(",=/\\"):
            self.document.wrong(key, f"is {token}, which is the name of another token; give the token a plain name")
        return text

    def _found(self, token: Any) -> int | None:
        if isinstance(token, str):
            if token in self._numbers:
                return self._numbers[token]
            token = int(token) if token.isascii() and token.isdecimal() and len(token) <= 9 else None
        return token if type(token) is int and 0 <= token <= LARGEST_TOKEN else None

    def _ends(self, entry: Any) -> tuple[int, int] | None:
        """The ends of a range, or None for an entry that is no range."""
        if not isinstance(entry, str) or self._found(entry) is not None:
            return None
        for at, character in enumerate(entry):
            ends = self._found(entry[:at].strip()), self._found(entry[at + 1 :].strip())
            if character == "-" and ends[0] is not None and ends[1] is not None:
                return ends[0], ends[1]
        return None
