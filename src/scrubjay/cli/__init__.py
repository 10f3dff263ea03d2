"""The command line: the only room that prints. Results go to stdout, progress and errors to stderr."""

import os
import sys
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup

from scrubjay.cli.certificates import certify, check
from scrubjay.cli.inner import condense
from scrubjay.cli.machine import doctor
from scrubjay.cli.networks import import_, info, push, train
from scrubjay.cli.programs import recover
from scrubjay.cli.studies import animate, explain, view
from scrubjay.cli.surveys import survey
from scrubjay.cli.sweeps import sweep
from scrubjay.cli.words import fail
from scrubjay.core.errors import OutOfResources, ScrubjayError

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
"""Let waiting threads sleep. If they spin, as is the default, they slow down computing threads on a busy machine.
The setting is read when PyTorch is loaded. The commands do that only when they run, so here is early enough."""

_LOADED = 600 * 2**20
"""Bytes of address space that loading PyTorch takes."""
_INTERRUPTED = 130
"""The exit code that shells use for a command that Ctrl-C has ended."""
_SHORT_OF_MEMORY = (
    "allocate memory",
    "out of memory",
    "not enough memory",
    "failed to map segment from shared object",
    "encoding error 1",
)
"""How PyTorch, its devices, the library loader and the WebP encoder each say that there is too little memory."""


class _Commands(TyperGroup):
    """All commands; Ctrl-C ends each with a sentence. A command that can say more handles Ctrl-C itself."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail(f"interrupted before `scrubjay {ctx.invoked_subcommand}` was done", _INTERRUPTED)


app = typer.Typer(
    cls=_Commands,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich's help takes longer than everything else together
    pretty_exceptions_enable=False,
    help="Explain a small transformer: run it on every input of its task, find out which mechanism it uses, "
    "and test that explanation. Start with `scrubjay explain`, which explains the bundled network.",
)
COMMANDS = (
    explain,
    condense,
    certify,
    check,
    view,
    animate,
    recover,
    train,
    sweep,
    survey,
    import_,
    info,
    push,
    doctor,
)
for command in COMMANDS:
    app.command(command.__name__.rstrip("_"))(command)


def main() -> None:
    """Run a command. An error or Ctrl-C prints one sentence to stderr and sets the exit code; there is no traceback."""
    _write_any_character()
    try:
        _refuse_too_low_a_limit()
        app(standalone_mode=True)
    except ScrubjayError as error:
        fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if not _is_short_of_memory(error):
            raise
        fail(
            "there is not enough memory for this network and task: free some, lift the limit that this process runs "
            "under, or use a smaller domain",
            OutOfResources.exit_code,
        )


def _write_any_character() -> None:
    """Let a terminal without Unicode show ``α`` as ``\\u03b1``. By default Python does so on stderr only."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refuse_too_low_a_limit() -> None:
    """Refuse to start if PyTorch cannot be loaded, since it would end the process in a way that no handler sees."""
    if sys.platform == "win32" or {"--help", "--version"} & set(sys.argv):
        return
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft < _LOADED:
        raise OutOfResources(
            f"this process may take {soft // 2**20} MiB of address space (ulimit -v), and to load PyTorch alone takes "
            f"about {_LOADED // 2**20}"
        )


def _is_short_of_memory(error: BaseException) -> bool:
    says = str(error).lower()
    return isinstance(error, MemoryError) or any(words in says for words in _SHORT_OF_MEMORY)
