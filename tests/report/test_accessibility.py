"""The pages as assistive technology meets them: axe-core (Deque Systems) finds no violation, nothing being folded."""

from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scrubjay.report.page import Report
from scrubjay.report.population_page import write_population
from scrubjay.study import Study
from tests.report.conftest import Opened
from tests.sweep.test_population import TASK, population

SCREENS = [(1400, "light"), (1400, "dark"), (390, "light")]
RUN = """async () => {
    const { violations } = await axe.run();
    const places = (nodes) => nodes.map(({ html }) => html.slice(0, 200)).join(" | ");
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${places(nodes)}`);
}"""


@pytest.fixture(scope="module")
def pages(hostile_report: Path, many_classes: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("accessible")
    made = population((0.99, 0.5), (0.8, 0.4), along=True)
    return {
        "hostile names": hostile_report,
        "many classes": Report.of(many_classes).save(folder / "report.html"),
        "many networks": write_population(made, TASK, folder)[0],
    }


@pytest.mark.parametrize(("width", "colours"), SCREENS)
@pytest.mark.parametrize("name", ["hostile names", "many classes", "many networks"])
def test_nothing_keeps_anyone_out(
    browser: Browser, pages: dict[str, Path], name: str, width: int, colours: str
) -> None:
    opened = Opened(browser, pages[name], width, colours)
    opened.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    opened.settle()
    opened.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert opened.page.evaluate(RUN) == []
    opened.close()
