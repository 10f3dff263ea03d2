"""What `scrubjay doctor` says, against what is there."""

import json

import pytest
import torch
from typer.testing import CliRunner

from scrubjay import doctor
from scrubjay.cli import app


def told(*words: str) -> str:
    result = CliRunner().invoke(app, ["doctor", *words])
    assert result.exit_code == 0
    return result.output


def test_versions_threads_and_extras_are_told() -> None:
    found = {each["what"]: each["found"] for each in json.loads(told("--json"))}
    assert torch.__version__.startswith(found["torch"].partition("+")[0])
    assert found["threads"].startswith(f"{torch.get_num_threads()} of ")
    assert found["extra notebook"].startswith("anywidget ")
    assert next(iter(found)) == "scrubjay"


def test_each_line_names_a_thing_and_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    lines = told().splitlines()
    assert any(line.startswith("ffmpeg") and line.endswith("need it; .gif and .webp don't") for line in lines)
    extras = [line for line in lines if line.startswith("extra ")]
    assert len(extras) == 6 and all("pip install 'scrubjay[" in line for line in extras)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_CORE", ("no-such-package",))
    assert "no-such-package" in told() and "missing; pip install scrubjay again" in told()
