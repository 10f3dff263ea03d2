"""The page before any browser sees it."""

import re
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scrubjay import cli
from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.report.bundle import page_script, style, widget_script
from scrubjay.report.page import Report, open_report
from scrubjay.report.portrait_json import escaped
from scrubjay.study import Study


@pytest.fixture(scope="module")
def page(small_study: Study) -> str:
    """The page without its figures."""
    return Report.of(small_study).html


def section(page: str, name: str) -> str:
    """One section of a page."""
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None, name
    return found[0]


def test_the_joined_modules_import_nothing_and_export_only_the_widget() -> None:
    for script in (page_script(), widget_script()):
        assert not re.search(r"^import ", script, re.MULTILINE)
        assert not re.search(r"https?://", script)
    assert not re.search(r"^export ", page_script(), re.MULTILINE)
    assert re.findall(r"^export .*", widget_script(), re.MULTILINE) == ["export default {"]
    assert "</script" not in page_script()
    assert not re.search(r"url\(|@import", style("page", "explorer"))


def test_no_character_of_the_json_can_end_a_script() -> None:
    assert escaped('"</script>&\u2028\u2029<!--"') == '"\\u003c/script\\u003e\\u0026\\u2028\\u2029\\u003c!--"'


def test_every_line_has_a_section_with_its_question_and_its_claims(small_study: Study, page: str) -> None:
    assert [*re.findall(r'<section id="(\w+)"', page)] == [
        "answer",
        *(line.name for line in small_study.lines),
        *(skipped.line for skipped in small_study.skipped),
        "play",
        "claims",
        "provenance",
    ]
    for line in small_study.lines:
        own = section(page, line.name)
        assert escape(line.question) in own
        said = [escape(claim.statement) for claim in small_study.claims if claim.section == line.name]
        assert re.findall(r"<li><span.*?</span> (.*?)\. <span class=\"numbers\">", own) == said
    ids = page.replace(".<wbr>", ".")
    assert sum(ids.count(f"<code>{escape(claim.id)}</code>") for claim in small_study.claims) == len(small_study.claims)


def test_a_skipped_line_has_a_section_with_the_reason(constant: Study) -> None:
    page = Report.of(constant).html
    assert len(constant.skipped) >= 8
    for skipped in constant.skipped:
        heading = f'<section id="{skipped.line}" class="skipped"><h2>{escape(skipped.title)}</h2>'
        assert section(page, skipped.line) == (
            f'{heading}<p class="prose">Skipped: {escape(skipped.reason)}.</p></section>'
        ), "a heading and one line, and nothing else"
        assert f'<a href="#{skipped.line}">' not in page, "the contents lead to what there is to read"


def test_every_figure_stands_in_its_section_with_its_caption(small_study: Study, report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    pictures = small_study.pictures()
    assert sum(map(len, pictures.values())) == page.count('<figure class="drawn">') >= 9
    for name, own in pictures.items():
        for picture in own:
            assert escape(picture.caption) in section(page, name)
            assert f'alt="{escape(picture.alternative)}"' in section(page, name)


def test_a_claim_of_no_section_is_in_the_table(small_study: Study) -> None:
    stranger = replace(small_study.claims[0], id="stranger.claim", section="elsewhere", statement="A strange claim")
    page = Report.of(replace(small_study, claims=(*small_study.claims, stranger))).html
    assert "A strange claim" in section(page, "claims")


def test_published_figures_have_a_column_only_where_there_are_any(small_study: Study, page: str) -> None:
    assert "published" not in section(page, "claims")
    claims = tuple(replace(claim, published=0.125) for claim in small_study.claims[:1])
    told = Report.of(replace(small_study, claims=claims)).html
    assert "published for another network" in section(told, "claims") and "12.5%" in section(told, "claims")


def test_a_network_too_large_for_the_page_is_left_out_with_the_reason(small_study: Study) -> None:
    wide = Transformer.initialised(Config(114, 3, 128, 8, 16, 8192), seed=0)
    page = Report.of(replace(small_study, run=replace(small_study.run, network=wide))).html
    assert 'id="explorer"' not in page
    assert re.search(r"its weights take [\d,]+ bytes, and a page has room for 2,000,000", page)
    assert ">null</script>" in page


def test_a_figure_that_is_no_picture_is_named(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "labels.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"labels\.png is not an image"):
        Report.of(small_study, [tmp_path / "labels.png"])
    with pytest.raises(BadInput, match=r"cannot read .*attention\.png"):
        Report.of(small_study, [tmp_path / "attention.png"])


def test_view_opens_the_report_or_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "a folder" / "report.html"
    page.parent.mkdir()
    page.write_text("<!doctype html>")
    asked: list[str] = []

    def open_nothing(address: str) -> bool:
        asked.append(address)
        return False

    monkeypatch.setattr("webbrowser.open", open_nothing)
    assert open_report(str(page.parent)) == open_report(page) == (page.as_uri(), False)
    assert asked == [page.as_uri()] * 2
    said = CliRunner().invoke(cli.app, ["view", str(page.parent)])
    assert said.exit_code == 0 and said.output == f"No browser could be started; open {page.as_uri()} yourself\n"
    with pytest.raises(BadInput, match=r"there is no report at .*nowhere.*scrubjay explain --out"):
        open_report(tmp_path / "nowhere")
