"""The README's Python runs, and the pages' tables are those of the pinned claims."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

import scrubjay
from scrubjay.study.records import Study

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


@pytest.mark.parametrize("page", ["README.md", "docs/post.md", "docs/labelling-function.md"])
def test_the_tables_are_those_of_the_pinned_claims(page: str) -> None:
    text = (ROOT / page).read_text()
    spec = importlib.util.spec_from_file_location("fill_tables", ROOT / "docs" / "fill_tables.py")
    assert spec is not None and spec.loader is not None
    fill_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill_tables)
    claims = json.loads((ROOT / "tests" / "golden" / "bundled_claims.json").read_text())["claims"]
    assert fill_tables.filled(text, claims) == text
    assert text.count("<!-- claims:") == text.count("<!-- end -->") > 0
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", text):
        assert ((ROOT / page).parent / picture).exists(), picture


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
    assert len(list((tmp_path / "out").glob("*.png"))) == 11
    assert (tmp_path / "out" / "report.html").exists()
