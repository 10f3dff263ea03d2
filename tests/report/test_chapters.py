"""The chapters of the page: what each holds, and the stages of the explorer that they show, for every architecture."""

import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from scrubjay.report.page import Report
from scrubjay.report.portrait import Portrait, stages_of
from scrubjay.report.portrait_json import portrait_json
from scrubjay.study import LINES, Study
from tests.nets.architectures import DEEP, LAST, all_tokens, random_weights
from tests.report.test_explorer_modules import CASES

FOLDER = Path(__file__).parent / "explorer"
STAGES_JS = Path(__file__).parents[2] / "src" / "scrubjay" / "report" / "assets" / "explorer" / "stages.js"
STUDIES = ("small_study", "many_classes", "three_positions", "constant")
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)


def known_stages() -> set[str]:
    """The names of the stages that the explorer has."""
    found = re.search(r"^export const STAGES = \{ (.*) \};$", STAGES_JS.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return set(found[1].split(", "))


def chapters(page: str) -> dict[str, str]:
    """The chapters of a page by the names of their lines."""
    return dict(re.findall(r'<section id="(\w+)" class="chapter">(.*?)</section>', page, re.DOTALL))


def test_every_line_says_how_it_measures_and_names_a_stage_that_there_is() -> None:
    for line in LINES:
        assert len(re.findall(r"\w[.] |[.]$", line.method)) >= 2, f"{line.name}: {line.method}"
        assert not line.stage or line.stage in known_stages(), line.name
    assert len({line.stage for line in LINES if line.stage}) >= 8


@pytest.mark.parametrize("name", STUDIES)
def test_a_chapter_has_its_number_its_answer_and_its_picture_and_folds_the_rest(
    name: str, request: pytest.FixtureRequest
) -> None:
    study: Study = request.getfixturevalue(name)
    page = Report.of(study).html
    found, stages = chapters(page), stages_of(Portrait.of_study(study))
    assert list(found) == [line.name for line in study.lines]
    for number, line in enumerate(study.lines, 1):
        chapter = found[line.name]
        shown = FOLDED.sub("", chapter)
        assert shown.startswith(f'<h2><span class="at">{number}</span> {escape(line.title)}</h2>'), line.name
        assert f'<p class="question">{escape(line.question)}</p>' in shown
        answer = study.answer(line)
        assert answer and f'<p class="said-in-short">{escape(answer)}</p>' in shown, line.name
        assert re.findall(r'data-stage="(\w+)"', shown) == ([line.stage] if line.stage in stages else [])
        claims = [claim for claim in study.claims if claim.section == line.name]
        assert f"The evidence: {len(claims)} claim{'s' * (len(claims) != 1)}</summary>" in chapter or not claims
        assert chapter.count("<li>") == len(claims) and "<li>" not in shown
        assert "<table" not in shown and chapter.count("<table") == len(study.tables()[line.name])
        assert f'How this is measured</summary><p class="prose">{escape(line.method)}</p>' in chapter
    assert set(re.findall(r'data-stage="(\w+)"', page)) <= stages


def test_a_chapter_without_a_stage_shows_its_first_picture_and_folds_the_others(
    small_study: Study, report: Path
) -> None:
    found = chapters(report.read_text(encoding="utf-8"))
    stages, pictures = stages_of(Portrait.of_study(small_study)), small_study.pictures()
    for line in small_study.lines:
        whole, shown = found[line.name], FOLDED.sub("", found[line.name])
        own = len(pictures[line.name])
        assert whole.count("<figure") == own
        assert shown.count("<figure") == (0 if line.stage in stages else min(own, 1)), line.name
    assert any(line.stage not in stages and pictures[line.name] for line in small_study.lines)


def test_every_stage_of_every_architecture_is_drawn(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of them in one run of Node.js, with what Python says that each network can show."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed, and the explorer's modules run in it")
    portraits = {name: Portrait.of(*given) for name, given in CASES.items()}
    for name, config in DEEP.items():
        network = random_weights(config)
        portraits[name] = Portrait.of(network, all_tokens(network, LAST))
    portraits |= {name: Portrait.of_study(request.getfixturevalue(name)) for name in STUDIES}
    seen = set[str]()
    for number, portrait in enumerate(portraits.values()):
        stages = stages_of(portrait)
        seen |= stages
        told = {"portrait": json.loads(portrait_json(portrait)), "stages": sorted(stages)}
        (tmp_path / f"{number:03}.json").write_text(json.dumps(told), encoding="utf-8")
    assert seen == known_stages()
    ended = subprocess.run(
        [node, "run_stages.mjs", str(tmp_path)], cwd=FOLDER, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    names = dict(zip(sorted(found["wrong"]), portraits, strict=True))
    assert {names[file]: said for file, said in found["wrong"].items() if said} == {}
    assert min(found["drawn"].values()) >= 2
