"""The README's Python runs."""

import re
from pathlib import Path

import pytest

import scrubjay
from scrubjay.study.records import Study

README = Path(__file__).parents[1] / "README.md"


def test_the_readmes_python_runs(
    bundled_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scrubjay, "explain", lambda saved, task: bundled_study, raising=False)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith(bundled_study.paragraph)
    assert all(claim.id in printed for claim in bundled_study.claims)
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
