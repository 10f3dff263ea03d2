"""Runs commands of the command line in this process, which is much faster than starting a process for each."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from scrubjay.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    stdout: str
    stderr: str


def scrubjay(folder: Path, *words: str) -> Ran:
    """Run a command in a folder."""
    out, complaint = io.StringIO(), io.StringIO()
    code: object = None
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(complaint),
        patch.object(sys, "argv", ["scrubjay", *words]),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    return Ran(code if isinstance(code, int) else 0, out.getvalue(), complaint.getvalue())
