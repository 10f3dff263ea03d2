"""The documentation builds, the commands of the tutorial run in an empty folder, and an example fills its table."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(ROOT / "docs"), str(tmp_path / "site")]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    for page in PAGES:
        assert (tmp_path / "site" / f"{page}.html").stat().st_size > 5000, page


def test_the_tutorials_commands_run_in_an_empty_folder(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs" / "own-network.md").read_text()
    commands = re.findall(r"^    ((?:python|scrubjay) .*)$", tutorial, re.MULTILINE)
    assert [command.split()[:2] for command in commands] == [
        ["python", "own_network.py"],
        ["scrubjay", "import"],
        ["scrubjay", "explain"],
        ["scrubjay", "view"],
    ]
    for command in commands[:-1]:  # the last one opens a browser
        words = command.replace("own_network.py compare", f"{ROOT / 'examples' / 'own_network.py'} majority").split()
        program = [sys.executable] if words[0] == "python" else [sys.executable, "-m", "scrubjay"]
        done = subprocess.run([*program, *words[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    tables = (tmp_path / "report" / "tables.txt").read_text(encoding="utf-8")
    assert "proves nothing of this network" in re.sub(r"\s+", " ", tables)
    assert (tmp_path / "report" / "report.html").stat().st_size > 100_000


def test_the_experiments_write_their_table_into_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("predictions", ROOT / "examples" / "predictions.py")
    assert spec is not None and spec.loader is not None
    predictions = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(predictions)
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- predictions: held -->\nold\n<!-- end -->\nafter\n")
    words = ["--out", str(tmp_path / "runs"), "--only", "held", "--epochs", "2", "--write", str(page)]
    monkeypatch.setattr(sys, "argv", ["predictions.py", *words])
    monkeypatch.setattr(sys, "path", list(sys.path))
    predictions.main()
    lines = page.read_text().splitlines()
    assert lines[:2] == ["before", "<!-- predictions: held -->"] and lines[-2:] == ["<!-- end -->", "after"]
    names = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert names == ["network", "as it is", "attention held uniform", "attention held at the replica's mean"]
    held = [line.split("|")[-2].strip() for line in lines if line.startswith("| attention")]
    assert held == ["100.0%", "100.0%"], "a network whose attention is held is its own frozen version"
