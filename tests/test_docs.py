"""README and documentation: their Python runs, their tables are filled, and everything that they name exists."""

import ast
import csv
import importlib
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import scrubjay
from scrubjay.cli import app
from scrubjay.study import Study
from tests.cli.in_process import scrubjay as run_command

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
}
"""Every page that a reader may open, by its path."""
WITH_CLAIMS = ("README.md", "docs/post.md", "docs/labelling-function.md")
EXTRAS = {"transformer-lens.md": "transformer_lens", "nnsight.md": "nnsight"}
"""Pages whose Python needs an optional package."""


def script(name: str) -> ModuleType:
    """A script of the folder docs, imported from its file."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_of(text: str) -> str:
    """The Python blocks of a page, as one program."""
    return "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))


def pinned_claims() -> list[dict[str, object]]:
    claims: list[dict[str, object]] = json.loads((ROOT / "tests" / "golden" / "bundled_claims.json").read_text())[
        "claims"
    ]
    return claims


class TestTables:
    @pytest.mark.parametrize("page", WITH_CLAIMS)
    def test_the_tables_of_claims_are_those_of_the_pinned_claims(self, page: str) -> None:
        assert "<!-- claims: " in TEXTS[page]
        assert script("fill_tables").filled(TEXTS[page], pinned_claims()) == TEXTS[page]

    def test_a_row_has_all_numbers_that_a_verdict_follows_from(self) -> None:
        claim = {"id": "gate.full", "kind": "share", "published": 0.974, "value": 0.931, "interval": [0.92, 0.94]}
        claim |= {"chance": 0.575, "control": 0.773, "verdict": "partly"}
        ranked = {"id": "rival.and", "kind": "share", "published": None, "value": 0.93, "interval": None}
        ranked |= {"chance": None, "control": 0.58, "verdict": None}
        page = "a\n<!-- claims: gate.full rival.and -->\n<!-- end -->\nb\n"
        filled = script("fill_tables").filled(page, [claim, ranked])
        assert filled.splitlines()[4:6] == [
            "| `gate.full` | 97.4% | 93.1% (92.0% to 94.0%) | 57.5% | 77.3% | partly |",
            "| `rival.and` |  | 93.0% |  | 58.0% | ranked |",
        ]
        assert script("fill_tables").filled(filled, [claim, ranked]) == filled
        with pytest.raises(SystemExit, match=r"the claims gate\.frozen, which"):
            script("fill_tables").filled("<!-- claims: gate.frozen -->\n<!-- end -->", [claim])

    def test_what_recurs_is_filled_from_the_tables_of_the_examples(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(ROOT / "docs"))
        page = TEXTS["docs/what-recurs.md"]
        assert script("fill_recurs").filled(page) == page

    def test_a_sweeps_table_fills_all_kinds_of_tables(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(ROOT / "docs"))
        filled, table = script("fill_recurs").filled, tmp_path / "own" / "table.csv"
        head = "network,seed,weight_decay,epoch,claim,value,low,high,chance,control,verdict,published,found"
        rows = [
            ["seed-00", 0, 0.1, 5, "gate.full", 0.95, "", "", 0.5, 0.6, "holds", 0.974, "AND"],
            ["seed-01", 1, 0.1, 5, "gate.full", 0.85, "", "", 0.5, 0.7, "partly", 0.974, "XOR"],
            ["seed-01", 1, 0.1, 3, "gate.full", 0.1, "", "", 0.5, 0.7, "fails", 0.974, "XOR"],
            ["seed-00", 0, 0.1, 5, "rival.and", 0.9, "", "", "", 0.6, "", "", ""],
            ["seed-00", 0, 0.1, 5, "attention.first_order", "", "", "", "", 0.0, "not applicable", "", ""],
        ]
        table.parent.mkdir()
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([head.split(","), *rows])
        page = filled("<!-- recurs: own gate.full rival.and -->\n<!-- end -->", tmp_path)
        gate, rival = page.splitlines()[3:5]
        assert gate.startswith("| `gate.full` | 97.4% | 90.0% (85.0% to 95.0%) | 90.0% (")
        assert gate.endswith("| 65.0% | 1 of 2 (9% to 91%) | 2 |")
        assert rival == "| `rival.and` |  | 90.0% (90.0% to 90.0%) | 90.0% | 60.0% |  |  |"
        alone = filled("<!-- recurs: own rival.and -->\n<!-- end -->", tmp_path).splitlines()
        assert alone[1] == "| claim | median (least to most) | mean (95%) | control |", "empty columns are left out"
        with pytest.raises(SystemExit, match=r"attention\.first_order, which was measured in none"):
            filled("<!-- recurs: own attention.first_order -->\n<!-- end -->", tmp_path)
        along = filled("<!-- along: own gate.full -->\n<!-- end -->", tmp_path).splitlines()
        assert along[3].startswith("| 3 | 10.0% (XOR) |") and along[4].startswith("| 5 | ")
        networks = filled("<!-- networks: own gate.full rival.and -->\n<!-- end -->", tmp_path).splitlines()
        assert networks[1] == "| weight decay | seed | `gate.full` | `rival.and` |"
        assert networks[3:5] == ["| 0.1 | 0 | 95.0% (AND) | 90.0% |", "| 0.1 | 1 | 85.0% (XOR) |  |"]


class TestPython:
    def test_the_readmes_python_runs(
        self,
        bundled_study: Study,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(scrubjay, "explain", lambda network, *, settings: bundled_study, raising=False)
        exec(compile(python_of(TEXTS["README.md"]), "README.md", "exec"), {})
        printed = capsys.readouterr().out
        assert bundled_study.paragraph in printed
        assert all(claim.topic in printed and claim.shown in printed for claim in bundled_study.headlines)
        page = tmp_path / "out" / "report.html"
        assert page.stat().st_size < 5_000_000 and 'id="explorer"' in page.read_text(encoding="utf-8")
        assert (tmp_path / "out" / "claims.json").exists()

    @pytest.mark.parametrize("page", [page for page in PAGES if "```python" in TEXTS[f"docs/{page}"]])
    def test_the_python_of_a_page_runs(self, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if page in EXTRAS:
            pytest.importorskip(EXTRAS[page], reason=f"the package {EXTRAS[page]} is not installed")
        monkeypatch.chdir(tmp_path)
        program = tmp_path / f"{page}.py"  # a file, because nnsight reads its callers' source
        program.write_text(python_of(TEXTS[f"docs/{page}"]))
        exec(compile(program.read_text(), program, "exec"), {})

    @pytest.mark.parametrize("page", TEXTS)
    def test_python_that_is_only_shown_could_be_run(self, page: str) -> None:
        """Blocks that take too long to run are marked as text; they parse, and what they import is there."""
        for block in re.findall(r"```text\n(.*?)```", TEXTS[page], re.S):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("scrubjay"):
                    module = importlib.import_module(str(node.module))
                    assert all(hasattr(module, alias.name) for alias in node.names), node.module

    def test_the_api_page_has_every_public_name(self) -> None:
        documented = re.findall(r":: scrubjay\.(\w+)\n", TEXTS["docs/api.md"])
        assert sorted(documented) == sorted(scrubjay.__all__)


OPTIONS: dict[str, set[str]] = {}
"""The options of each command, once they were asked for."""
COMMANDS = [command.name for command in app.registered_commands if command.name is not None]


def options_of(command: str) -> set[str]:
    if command not in OPTIONS:
        OPTIONS[command] = set(re.findall(r"--[a-z][a-z0-9-]*", run_command(Path.cwd(), command, "--help").stdout))
    return OPTIONS[command]


def shell_lines(text: str) -> Iterator[str]:
    """What a reader would type: lines of indented blocks, and code in sentences, without their comments."""
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    typed = re.findall(r"^ {4}(\S.*)$", prose, re.M) + re.findall(r"`([^`\n]+)`", prose)
    for line in typed:
        yield re.sub(r"\s+#.*", "", line).removeprefix(".venv/bin/").strip()


def resolved(name: str) -> object:
    """What a dotted name stands for: a module, or something in one."""
    home, _, last = name.rpartition(".")
    if not home:
        return importlib.import_module(name)
    around = resolved(home)
    return getattr(around, last) if hasattr(around, last) else importlib.import_module(name)


def scripts_of(page: str) -> list[str]:
    """The source of every script that a page runs."""
    found = re.findall(r"python ((?:benchmarks|docs|examples)/\w+\.py)", TEXTS[page])
    found += [f"benchmarks/{name}.py" for name in re.findall(r"python -m benchmarks\.(\w+)", TEXTS[page])]
    return [(ROOT / path).read_text() for path in found]


class TestNames:
    @pytest.mark.parametrize("page", TEXTS)
    def test_every_command_and_option_exists(self, page: str) -> None:
        for line in shell_lines(TEXTS[page]):
            words = line.split()
            if words[:1] == ["scrubjay"] and len(words) > 1:
                assert words[1] in COMMANDS, line
                assert {word for word in words if word.startswith("--")} <= options_of(words[1]), line
            elif words[:1] == ["make"] and len(words) == 2:
                assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M), line
            elif words[:1] == ["python"] and words[1].startswith(("benchmarks/", "docs/", "examples/")):
                source = (ROOT / words[1]).read_text()
                assert all(f'"{word}"' in source for word in words if word.startswith("--")), line
            elif words and words[0].startswith("--") and len(words) <= 2:
                commands = set().union(*map(options_of, COMMANDS))
                assert words[0] in commands or any(f'"{words[0]}"' in source for source in scripts_of(page)), line

    @pytest.mark.parametrize("page", TEXTS)
    def test_every_name_of_the_package_resolves(self, page: str) -> None:
        for name in set(re.findall(r"(?<![/\w.'-])scrubjay(?:\.[A-Za-z_]\w*)+", TEXTS[page])):
            assert resolved(name) is not None

    @pytest.mark.parametrize("page", TEXTS)
    def test_every_file_that_is_named_exists(self, page: str) -> None:
        homes = (ROOT, ROOT / "src" / "scrubjay", ROOT / "tests", ROOT / "src")
        named = re.findall(r"`([\w./-]+/[\w.-]*\.(?:py|js|md|csv|html|json|txt|safetensors|ipynb|cff))\b", TEXTS[page])
        made_by_the_reader = ("out/", "sweep/", "run/", "NAME/")
        for name in named:
            if not name.startswith(made_by_the_reader):
                assert any((home / name).exists() for home in homes), name

    @pytest.mark.parametrize("page", TEXTS)
    def test_every_link_and_picture_of_a_page_is_there(self, page: str) -> None:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", TEXTS[page]):
            if not target.startswith(("http://", "https://")):
                assert ((ROOT / page).parent / target).exists(), target

    def test_every_test_of_the_table_of_faults_exists(self) -> None:
        file, named = "", re.findall(r"`([\w./]*)::(\w+)`", TEXTS["docs/quality.md"])
        assert len(named) > 30
        for path, test in named:
            file = path or file  # `::test` is in the file that was named before it
            tree = ast.parse((ROOT / "tests" / file).read_text())
            assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (
                f"{file}::{test}"
            )

    def test_every_claim_that_a_page_explains_exists(self) -> None:
        """Ids in sentences; a page may abbreviate a family of claims, as in ``rival.*``."""
        ids = {str(claim["id"]) for claim in pinned_claims()}
        families = "|".join(sorted({each.partition(".")[0] for each in ids}))
        for page in ("docs/reading.md", "docs/method.md", "docs/post.md", "docs/what-recurs.md"):
            for name in re.findall(rf"`((?:{families})\.[\w.+*]+)`", TEXTS[page]):
                known = (
                    any(each.startswith(name.removesuffix("*")) for each in ids) if name.endswith(".*") else name in ids
                )
                assert known or "NAME" in name, f"{page}: {name}"

    def test_the_version_is_the_same_everywhere(self) -> None:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
        assert f"version = {{{version}}}" in TEXTS["docs/cite.md"]
