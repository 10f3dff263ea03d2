"""The README's Python runs, and the pages' tables are those of the pinned claims."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import scrubjay
from scrubjay.study_old.records import Study

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
    tables = re.findall(r"^<!-- (claims:|recurs:|side-by-side )", text, re.M)  # a benchmark fills its own
    assert len(tables) == text.count("<!-- end -->") and "claims:" in tables
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
    assert len(list((tmp_path / "out").glob("*.png"))) == 12
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_the_pages_python_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page in ("transformer-lens.md", "nnsight.md"):
        extra = page.removesuffix(".md")
        pytest.importorskip(extra.replace("-", "_"), reason=f"the extra {extra} is not installed")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    script = tmp_path / f"{page}.py"  # a file, since nnsight reads its callers' source
    script.write_text("\n".join(blocks))
    exec(compile(script.read_text(), script, "exec"), {})


def test_the_api_page_has_every_public_name() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    assert sorted(re.findall(r":: scrubjay\.(\w+)\n", page)) == sorted([*scrubjay.__all__, "axes"])


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(ROOT / "docs"), str(tmp_path / "site")]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    for page in ("index", "tour", "reading", "method", "post", "own-network", "api"):
        assert (tmp_path / "site" / f"{page}.html").stat().st_size > 5000


def test_the_tutorials_commands_run_in_an_empty_folder(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs" / "own-network.md").read_text()
    for command in re.findall(r"^    ((?:python|scrubjay) .*)$", tutorial, re.MULTILINE):
        words = command.replace("own_network.py compare", f"{ROOT / 'examples' / 'own_network.py'} majority").split()
        if words[:2] == ["scrubjay", "view"]:
            continue
        program = [sys.executable] if words[0] == "python" else [sys.executable, "-m", "scrubjay"]
        done = subprocess.run([*program, *words[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "no gate" not in done.stdout and "proves nothing of this network" in re.sub(r"\s+", " ", done.stdout)
    assert (tmp_path / "report" / "report.html").stat().st_size > 100_000
