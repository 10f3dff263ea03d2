"""The help of every command: quick, and without knowledge of any one task."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scrubjay.cli import app
from tests.cli.in_process import scrubjay

COMMANDS = [command.name for command in app.registered_commands if command.name is not None]


def help_of(*words: str) -> str:
    ran = scrubjay(Path.cwd(), *words, "--help")
    assert ran.code == 0 and not ran.stderr
    return " ".join(ran.stdout.split())


def test_every_command_is_named_with_a_whole_sentence() -> None:
    listed = scrubjay(Path.cwd(), "--help").stdout.partition("Commands:")[2].strip().splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS
    assert all(line.endswith(".") and not line.endswith("...") for line in listed), listed


@pytest.mark.parametrize("command", COMMANDS)
def test_help_knows_no_task_but_by_name(command: str) -> None:
    text = help_of(command)
    assert not re.search(r"\bpost\b|\bEIS\b|\breplica", text)
    without_names = text.replace("challenge2,", "").replace("(also called challenge)", "")
    assert "challenge" not in without_names.lower()


def test_draws_and_frames_are_explained_with_their_defaults() -> None:
    explain, animate = help_of("explain"), help_of("animate")
    assert "The largest number of random draws for each ablation." in explain
    assert "once the 95% interval is narrower than --width. [default: 100;" in explain
    assert "The largest number of frames. [default: 120;" in animate


def imported(*statements: str, **environment: str) -> str:
    """What a fresh interpreter prints after it has imported the command line."""
    inherited = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    return subprocess.run(
        [sys.executable, "-c", "\n".join(("import os, sys", "import scrubjay.cli", *statements))],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_no_help_loads_pytorch() -> None:
    statements = (
        "def ask(*words):",
        "    try: scrubjay.cli.app([*words, '--help'])",
        "    except SystemExit as left: assert not left.code",
        "ask()",
        "for command in scrubjay.cli.app.registered_commands: ask(command.name)",
        "print('torch' in sys.modules, 'numpy' in sys.modules, 'matplotlib' in sys.modules)",
    )
    assert imported(*statements).splitlines()[-1] == "False False False"


def test_waiting_threads_sleep_unless_the_user_has_said_otherwise() -> None:
    statements = ("print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])",)
    assert imported(*statements).split() == ["False", "PASSIVE"]
    assert imported(*statements, OMP_WAIT_POLICY="ACTIVE").split() == ["False", "ACTIVE"]
