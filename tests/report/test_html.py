"""The page before any browser sees it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scrubjay import cli
from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.report.bundle import page_script, style, widget_script
from scrubjay.report.figures import figures_of
from scrubjay.report.page import Report, open_report
from scrubjay.report.portrait_json import escaped
from scrubjay.report.sections import laid_out
from scrubjay.core.claim import share_claim
from scrubjay.study_old.records import Study


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


def test_every_claim_has_its_section_and_the_longest_prefix_decides(bundled_study: Study) -> None:
    placed = {laid.section.anchor: [claim.id for claim in laid.claims] for laid in laid_out(bundled_study, ())}
    assert sorted(claim_id for own in placed.values() for claim_id in own) == sorted(
        claim.id for claim in bundled_study.claims
    )
    assert "further" not in placed
    assert placed["inputs"] == [c.id for c in bundled_study.claims if c.id.startswith("scrub.inputs.")] != []
    assert not any(name.startswith("scrub.inputs.") for name in placed["scrubbing"])


def test_every_figure_has_its_place_and_caption(bundled_study: Study) -> None:
    drawn = figures_of(bundled_study)
    placed = [figure.file for laid in laid_out(bundled_study, drawn) for figure in laid.figures]
    assert sorted(placed) == sorted(drawn)


def test_a_claim_without_a_section_is_not_lost(bundled_study: Study) -> None:
    stranger = share_claim("stranger.claim", "A claim that no section expects", None, 0.75, 0.5)
    page = Report.of(replace(bundled_study, claims=(*bundled_study.claims, stranger)), wide(64)).html
    assert page.count("A claim that no section expects") == 2


def test_a_network_too_large_for_the_page_is_left_out_with_the_reason(bundled_study: Study) -> None:
    page = Report.of(bundled_study, wide(8192)).html
    assert 'id="explorer"' not in page
    assert re.search(r"its weights take [\d,]+ bytes, and a page has room for 2,000,000", page)
    assert ">null</script>" in page


def wide(d_mlp: int) -> OneLayerTransformer:
    return OneLayerTransformer.initialised(Config(114, 3, 128, 8, 16, d_mlp), seed=0)


def test_a_figure_that_is_no_picture_is_named(bundled_study: Study, tmp_path: Path) -> None:
    (tmp_path / "labels.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"labels\.png can't be read"):
        Report.of(bundled_study, wide(64), [tmp_path / "labels.png"])


def test_view_opens_the_report_or_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "a folder" / "report.html"
    page.parent.mkdir()
    page.write_text("<!doctype html>")
    asked: list[str] = []

    def open_nothing(address: str) -> bool:
        asked.append(address)
        return False

    monkeypatch.setattr("webbrowser.open", open_nothing)
    assert open_report(page.parent) == open_report(page) == (page.as_uri(), False)
    assert asked == [page.as_uri()] * 2
    said = CliRunner().invoke(cli.app, ["view", str(page.parent)])
    assert said.exit_code == 0 and said.output == f"No browser could be started here; open {page.as_uri()}\n"
    with pytest.raises(BadInput, match=r"there is no report at .*nowhere.*scrubjay explain --out"):
        open_report(tmp_path / "nowhere")
