"""The layout of the project: public names, unique names, and who may know the challenge."""

import ast
from collections import Counter
from pathlib import Path

import scrubjay
from tests.conftest import BUNDLED

SOURCE = Path(scrubjay.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
EVERY_LINE_HAS = {"__init__.py", "measure.py", "claims.py", "figures.py"}


def test_every_public_name_resolves_and_is_declared_for_type_checkers() -> None:
    declared = {
        alias.asname
        for node in ast.walk(ast.parse((SOURCE / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("scrubjay.")
        for alias in node.names
    }
    assert declared == set(scrubjay.__all__)
    assert len(scrubjay.__all__) <= 24
    for name in scrubjay.__all__:
        assert getattr(scrubjay, name).__name__ == name


def test_every_public_name_is_documented_with_an_example() -> None:
    for name in scrubjay.__all__:
        documented = getattr(scrubjay, name).__doc__ or ""
        assert "Example:" in documented and ">>>" in documented, name


def test_only_the_task_and_the_bundled_network_know_the_challenge() -> None:
    knowing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.suffix in (".py", ".js", ".html", ".css")
        and "challenge" in path.read_text().replace("challenge2-replica", "").lower()
    }
    assert knowing <= {
        "__init__.py",  # exports the task
        "tasks/challenge2.py",  # is the task
        "tasks/named.py",  # finds it by its name
        "nets/files/layouts.py",  # reads the original checkpoint's layout
        "cli/words.py",  # names it in the help
        "cli/networks.py",  # names the layout in the help
        "nets/transformer.py",  # cites the architecture's source
        "nets/files/checkpoint.py",  # knows the bundled network
        "nets/extended_embedding.py",  # cites a source
        "evidence/rivals/row_swaps.py",  # cites a source
        "evidence/ablations.py",  # cites a source
        "run.py",  # an example
        "fit/hypothesis.py",  # an example
        "report/notebook.py",  # an example
    }, knowing


def test_no_two_files_have_one_name() -> None:
    names = Counter(path.name for path in FILES if path.name not in EVERY_LINE_HAS)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_public_functions_or_classes_have_one_name() -> None:
    defined = Counter(
        node.name
        for path in FILES
        if path.parent.name != "cli" and path.name not in EVERY_LINE_HAS
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in defined.items() if count > 1] == []


def test_a_file_holds_one_thing() -> None:
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 400, path


def test_the_files_that_read_the_bundled_study_are_dealt_out_together() -> None:
    folder = Path(__file__).parent
    reading = {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("test_*.py")
        if any(
            argument.arg == "bundled_study"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
            for argument in node.args.args
        )
    }
    assert reading == BUNDLED
