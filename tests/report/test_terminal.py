"""A study in the terminal, wide or narrow, with or without Unicode."""

import io
import os
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner

from scrubjay import cli
from scrubjay.cli import main
from scrubjay.core.table import Table
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.report.terminal import brief_text, claims_table, plain_text, rich_table, study_text
from scrubjay.study import Study
from tests.report.conftest import HOSTILE, random_network


def shown(what: RenderableType, width: int = 160) -> str:
    """What stands in a terminal of a width."""
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def flat(text: str) -> str:
    """A text without line breaks and box lines."""
    return re.sub(r"[\s│┃|]+", " ", text)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_claims_are_shown_at_any_width(small_study: Study, width: int) -> None:
    text = shown(study_text(small_study), width)
    assert max(map(len, text.splitlines())) <= width
    for claim in small_study.claims:
        assert claim.id in text or len(claim.id) > width / 4
        assert claim.shown in text
    assert flat(small_study.paragraph) in flat(text)
    for skipped in small_study.skipped:
        assert f"Skipped: {skipped.title}, since {skipped.reason}." in flat(text)
    if width == 160:
        for tables in small_study.tables().values():
            for table in tables:
                for words in (table.title, *table.columns, *(cell for row in table.rows for cell in row)):
                    assert flat(words) in flat(text), words


def test_a_claim_has_its_row(small_study: Study) -> None:
    for claim in small_study.claims:
        text = flat(shown(claims_table(replace(small_study, claims=(claim,))), 400))
        control = replace(claim, value=claim.control).shown
        assert f"{claim.id} {claim.statement} {claim.shown} {control} {claim.verdict or 'ranked'} " in text


def test_published_figures_have_a_column_only_where_there_are_any(small_study: Study) -> None:
    assert "published" not in shown(claims_table(small_study))
    published = replace(small_study, claims=(replace(small_study.claims[0], published=0.125),))
    text = shown(claims_table(published))
    assert "published*" in text and "12.5%" in text and "* published for another network" in text


def test_a_study_in_which_everything_was_skipped_says_so_line_by_line(constant: Study) -> None:
    text = shown(study_text(constant))
    assert text.count("Skipped: ") == len(constant.skipped) >= 8


@pytest.mark.parametrize("word", ["[/]", "[bold]x[/bold]", "[link=file:///]", "a\\[b", ":smile:", "[1+2]"])
def test_no_cell_is_read_as_markup(word: str) -> None:
    table = Table(
        f"title {word}", ("what", f"column {word}"), [(f"first {word}", word), (), ("b", "c")], f"note {word}"
    )
    text = shown(rich_table(table))
    assert text.count(word) == 5


def test_hostile_names_are_shown_as_they_are(hostile: Study) -> None:
    text = flat(shown(study_text(hostile), 500))
    assert flat(f"{HOSTILE} on {HOSTILE}") in text


def test_a_terminal_without_unicode_shows_everything_else(small_study: Study) -> None:
    """rich draws the tables with ASCII there, and other characters are written as Python writes them."""
    raw = io.BytesIO()
    ascii_file = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace")
    Console(file=ascii_file, width=160).print(study_text(small_study))
    ascii_file.flush()
    text = raw.getvalue().decode("ascii")
    assert all(claim.id in text for claim in small_study.claims)
    assert "\\u03b1" in text or "α" not in shown(study_text(small_study))
    assert "\\u2500" not in text and "\\u2502" not in text


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_explain_works_where_the_terminal_has_no_unicode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    save_network(tmp_path / "net.safetensors", random_network(12, 3, seed=5))
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict") for _ in range(2)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    words = ["explain", "net.safetensors", "--task", "modular_addition:p=11", "--draws", "2", "--out", "Größe ∞"]
    monkeypatch.setattr(sys, "argv", ["scrubjay", *words, *options])
    with pytest.raises(SystemExit) as left:
        main()
    said = []
    for stream in streams:
        stream.flush()
        buffer = stream.buffer
        assert isinstance(buffer, io.BytesIO)
        said.append(buffer.getvalue().decode("ascii"))
    assert left.value.code in (0, None), said[1]
    assert ("accuracy.all" in said[0]) if options else ("It is right on" in said[0])
    assert os.path.join("Gr\\xf6\\xdfe \\u221e", "report.html") in said[1 if options else 0]  # noqa: PTH118


STUDIES = ("small_study", "many_classes", "three_positions", "constant")


def printed(study: Study, monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> str:
    """What ``scrubjay explain`` prints about a study, without the work of finding it, on 80 columns."""
    save_network(folder / "net.safetensors", random_network(12, 3, seed=5))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("scrubjay.study.explain", lambda *given, **named: study)
    monkeypatch.setattr("scrubjay.report.write.write_report", lambda study, out, progress: out / "report.html")
    monkeypatch.chdir(folder)
    words = ["explain", "net.safetensors", "--task", "modular_addition:p=11", "--out", "out", *options]
    ended = CliRunner().invoke(cli.app, words)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


@pytest.mark.parametrize("name", STUDIES)
def test_explain_prints_one_screen(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study: Study = request.getfixturevalue(name)
    text = printed(study, monkeypatch, tmp_path)
    lines = text.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    assert flat(study.opening or study.paragraph) in flat(text)
    for claim in study.headlines:
        assert claim.shown in text
    figures = sum(map(len, study.pictures().values()))
    wrote = f"Wrote out/report.html, claims.json, tables.txt and {figures} figure{'s' * (figures != 1)}."
    assert lines[-2:] == [wrote, "Next: scrubjay view out opens the report; --all prints every claim and table."]


def test_explain_prints_everything_if_it_is_asked_to(
    small_study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = printed(small_study, monkeypatch, tmp_path, "--all")
    squeezed = re.sub(r"\W", "", text)
    for claim in small_study.claims:
        assert re.sub(r"\W", "", claim.id) in squeezed
    for tables in small_study.tables().values():
        for table in tables:
            assert re.sub(r"\W", "", table.title) in squeezed
    assert flat(small_study.paragraph) in flat(text)


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("name", STUDIES)
def test_no_word_is_broken_in_a_narrow_terminal(name: str, width: int, request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(name)
    text = shown(brief_text(study), width)
    assert max(map(len, text.splitlines())) <= width
    topics = [claim.topic or claim.statement for claim in study.headlines]
    said = " ".join([study.opening or study.paragraph, *(words[0].upper() + words[1:] for words in topics)])
    missing = Counter(said.split()) - Counter(text.split())
    assert not missing, f"broken or left out: {sorted(missing)}"
    for claim in study.headlines:
        assert claim.shown in text and (claim.verdict or "ranked") in text


def test_the_file_of_tables_holds_every_claim_and_every_table(small_study: Study) -> None:
    text = plain_text(small_study)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120 and text.endswith("\n") and not any(line.endswith(" ") for line in lines)
    for claim in small_study.claims:
        assert claim.id in text and claim.shown in text
    for tables in small_study.tables().values():
        for table in tables:
            for words in (table.title, *table.columns, *(cell for row in table.rows for cell in row)):
                assert set(words.split()) <= set(flat(text).split()), words
