"""Ctrl-C ends every command with one sentence and the exit code 130."""

from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.in_process import scrubjay

COMMANDS = {
    "explain": ("explain bundled", "scrubjay.nets.files.hub.load_network"),
    "view": ("view report", "scrubjay.report.page.open_report"),
    "animate": ("animate mlp --out mlp.gif", "scrubjay.nets.files.hub.load_network"),
    "recover": ("recover challenge2", "scrubjay.tasks.named.named_task"),
    "train": ("train challenge2 --out run", "scrubjay.tasks.named.named_task"),
    "sweep": ("sweep challenge2 --out sweep", "scrubjay.tasks.named.named_task"),
    "import": ("import other.pth --out net.safetensors", "scrubjay.nets.files.checkpoint.import_network"),
    "info": ("info bundled", "scrubjay.nets.files.hub.load_network"),
    "push": ("push bundled owner/name", "scrubjay.nets.files.hub.push_network"),
    "doctor": ("doctor", "scrubjay.doctor.examine"),
}
"""For each command, words that start it, and a function that it calls while it works."""


def interrupted(*words: object, **options: object) -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_prints_a_sentence_and_leaves_with_130(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, at_work = COMMANDS[command]
    module, _, name = at_work.rpartition(".")
    monkeypatch.setattr(import_module(module), name, interrupted)
    ran = scrubjay(tmp_path, *words.split())
    assert ran.code == 130
    assert ran.stderr.splitlines()[-1] == f"scrubjay: interrupted before `scrubjay {command}` was done"
    assert "Traceback" not in ran.stderr and ran.stdout == ""


def test_ctrl_c_before_a_command_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubjay.cli._refuse_too_low_a_limit", interrupted)
    ran = scrubjay(tmp_path, "doctor")
    assert (ran.code, ran.stdout, ran.stderr) == (130, "", "scrubjay: interrupted\n")
