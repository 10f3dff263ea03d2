"""The public names, and who may know the challenge."""

import ast
from pathlib import Path

import scrubjay

SOURCE = Path(scrubjay.__file__).parent


def test_every_public_name_resolves_and_is_declared_for_type_checkers() -> None:
    declared = {
        alias.asname
        for node in ast.walk(ast.parse((SOURCE / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("scrubjay.")
        for alias in node.names
    }
    assert declared == set(scrubjay.__all__)
    for name in scrubjay.__all__:
        assert getattr(scrubjay, name).__name__ == name


def test_only_the_task_and_the_bundled_network_know_the_challenge() -> None:
    allowed = {"challenge2.py", "named.py", "words.py", "__init__.py"}
    for path in SOURCE.rglob("*.py"):
        if path.name not in allowed:
            words = path.read_text().replace("challenge2-replica", "")
            assert "challenge2" not in words, path


def test_no_file_is_longer_than_300_lines() -> None:
    for path in SOURCE.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 300, path
