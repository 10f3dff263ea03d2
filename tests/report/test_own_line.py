"""A line of one's own, added to ``LINES``, is found everywhere without any other change; a skipped one too."""

import csv
import io
import json
from html import escape
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image
from rich.console import Console

from scrubjay import study as study_module
from scrubjay.core.claim import share_claim
from scrubjay.core.table import Table
from scrubjay.evidence.drawing import finish, new_figure
from scrubjay.evidence.line import Line, Need, Picture
from scrubjay.report.population_page import write_population
from scrubjay.report.terminal import study_text
from scrubjay.report.write import write_report
from scrubjay.run import Run, Settings
from scrubjay.study import LINES, Study, explain
from scrubjay.sweep.plan import run_sweep
from scrubjay.sweep.population import Population
from scrubjay.sweep.workers import one_after_another
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.named import named_task
from tests.report.conftest import random_network
from tests.sweep.test_plan import plan_in


def draw(run: Run) -> Figure:
    figure = new_figure(3, 3)
    figure.add_subplot().plot(run.full.classes.bincount(minlength=len(run.task.classes)).numpy())
    finish(figure, run, classes=False)
    return figure


OWN = Line[Run](
    name="zeros",
    title="How often 0 is the answer",
    question="How often does the network answer 0?",
    measure=lambda run, settings, found: run,
    claims=lambda run: [
        share_claim(
            "zeros.share",
            "zeros",
            "The network's answer is 0",
            float((run.full.classes == 0).double().mean()),
            chance=0.0,
            control=0.0,
            headline=True,
            topic="answers that are 0",
        )
    ],
    figures=lambda run: [
        Picture("zeros.png", "How often each class is the answer", "Look at class 0.", lambda: draw(run))
    ],
    tables=lambda run: [Table("A table of zeros", ("class", "inputs"), [("zero", "many")])],
    words=lambda run: ["The network sometimes answers 0."],
)
UNMET = Line[None](
    name="layers",
    title="The seventh layer",
    question="What does the seventh layer do?",
    measure=lambda run, settings, found: None,
    claims=lambda nothing: [],
    needs=(Need(lambda run, found: f"it needs seven layers, and {run.name} has one"),),
)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lines are part of every study."""
    monkeypatch.setattr(study_module, "LINES", (*LINES, OWN, UNMET))


@pytest.fixture
def found(added: None) -> Study:
    return explain(random_network(12, 3, seed=5), modular_addition(11), Settings(draws=2))


def terminal(study: Study) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(study_text(study))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_study_follows_it(found: Study) -> None:
    assert OWN in found.lines and found.claim("zeros.share") in found.headlines
    assert 0 <= float(found.claim("zeros.share").value or 0) <= 1


def test_the_terminal_shows_its_claim_its_table_and_its_words(found: Study) -> None:
    text = terminal(found)
    assert "zeros.share  The network's answer is 0" in text
    assert found.claim("zeros.share").shown in text
    assert "A table of zeros" in text and "many" in text
    assert "The network sometimes answers 0." in text


def test_the_files_hold_its_claim_and_its_section(found: Study, tmp_path: Path) -> None:
    page = write_report(found, tmp_path).read_text(encoding="utf-8")
    told = json.loads((tmp_path / "claims.json").read_text())
    (claim,) = (claim for claim in told["claims"] if claim["section"] == "zeros")
    assert (claim["id"], claim["value"]) == ("zeros.share", found.claim("zeros.share").value)
    assert "The network sometimes answers 0." in told["summary"]
    tables = (tmp_path / "tables.txt").read_text(encoding="utf-8")
    assert "zeros.share" in tables and "A table of zeros" in tables
    section = page.split('<section id="zeros" class="chapter">')[1].split("</section>")[0]
    assert f'<h2><span class="at">{len(found.lines)}</span> How often 0 is the answer</h2>' in section
    assert "How often does the network answer 0?" in section
    assert f"{escape(str(claim['statement']))}. <span" in section and found.claim("zeros.share").shown in section
    assert 'alt="How often each class is the answer"' in section and "Look at class 0." in section
    assert '<a href="#zeros">How often 0 is the answer</a>' in page and "<code>zeros.<wbr>share</code>" in page
    with Image.open(tmp_path / "zeros.png") as image:
        assert image.size == (330, 330)


def test_a_sweep_has_it_in_its_table_and_on_its_page(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "sweep")
    networks, failed = run_sweep(plan, one_after_another)
    assert not failed
    population = Population.of(plan.task, plan.epochs, networks, failed)
    page, table = write_population(population, named_task(plan.task), tmp_path)
    rows = [row for row in csv.DictReader(io.StringIO(table.read_text())) if row["claim"] == "zeros.share"]
    values = [summary.claims for _, summary in networks]
    assert [row["network"] for row in rows] == ["seed-00", "seed-01"]
    assert [float(row["value"]) for row in rows] == [
        next(claim.value for claim in claims if claim.id == "zeros.share") for claims in values
    ]
    text = page.read_text(encoding="utf-8")
    assert '<code>zeros.share</code><span class="statement">The network&#x27;s answer is 0</span>' in text
    assert '<th scope="col">zeros.share</th>' in text, "a headline has a column in the table of networks"
    assert "answers that are 0 (" in population.paragraph


def test_a_line_whose_need_is_not_met_is_skipped_with_its_sentence_everywhere(found: Study, tmp_path: Path) -> None:
    reason = "it needs seven layers, and network has one"
    assert UNMET not in found.lines
    assert f"Skipped: The seventh layer, since {reason}." in terminal(found)
    page = write_report(found, tmp_path).read_text(encoding="utf-8")
    told = json.loads((tmp_path / "claims.json").read_text())
    assert {"line": "layers", "title": "The seventh layer", "reason": reason} in told["skipped"]
    section = page.split('<section id="layers" class="skipped">')[1].split("</section>")[0]
    assert f"Skipped: {reason}." in section
    assert "<h2>The seventh layer</h2>" in page
