"""The explorer as a widget, and a report that shows itself, as a notebook would have them."""

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scrubjay.core.errors import BadInput, UsageError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.transformer import Transformer
from scrubjay.report import notebook
from scrubjay.report.notebook import explore
from scrubjay.report.page import Report
from scrubjay.report.portrait import MOST_INPUTS, Portrait
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.data.small_network import PATH, small_task
from tests.planted import plant

HOST = """async ([source, portrait, pinned]) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const widget = (await import(url)).default;
    URL.revokeObjectURL(url);
    const values = { portrait, pinned };
    const followers = {};
    globalThis.model = {
        get: (name) => values[name],
        set: (name, value) => { values[name] = value; followers[`change:${name}`]?.(); },
        save_changes: () => (globalThis.saved = { ...values }),
        on: (name, follow) => (followers[name] = follow),
        off: (name) => delete followers[name],
    };
    document.body.innerHTML = "<div id=cell></div>";
    globalThis.leave = widget.render({ model, el: document.getElementById("cell") });
    await new Promise((drawn) => setTimeout(drawn, 300));
}"""


def test_the_widget_shows_the_network_and_shares_the_pinned_input(browser: Browser) -> None:
    planted = plant("AND", tokens=20, d_model=8, seed=3)
    widget = explore(planted.network, planted.task)
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.evaluate(HOST, [str(widget._esm), widget.portrait, 45])
    title = page.locator(".sj-inspector-title")
    assert title.inner_text() == "1: 2, 2: 5, 3: 20 (pinned)"
    page.locator("canvas[aria-label^='ground truth:']").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("globalThis.saved?.pinned === 46")
    page.evaluate("model.set('pinned', 101)")
    page.wait_for_function("document.querySelector('.sj-inspector-title').textContent.startsWith('1: 5, 2: 1,')")
    page.get_by_text("Answers that differ from those of the analysis: 0.").wait_for()
    page.evaluate("leave()")
    assert complaints == []
    page.close()


@pytest.mark.parametrize(
    ("counts", "title"), [((5, 6, 7), "1: 1, 2: 1, 3: 3, 4: 7 (pinned)"), ((60,), "1: 52, 2: 7 (pinned)")]
)
def test_any_number_of_varying_positions_is_drawn(browser: Browser, counts: tuple[int, ...], title: str) -> None:
    domain = Domain((*(tuple(range(count)) for count in counts), (7,)))
    network = Transformer.initialised(Config(60, len(counts) + 1, 8, 2, 4, 12), seed=1)
    widget = explore(network, Task("unlabelled", domain, (tuple(range(30)), tuple(range(30, 60)))))
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.evaluate(HOST, [str(widget._esm), widget.portrait, 52])
    assert page.locator(".sj-inspector-title").inner_text() == title
    page.get_by_text("Answers that differ from those of the analysis: 0.").wait_for()
    assert page.locator("canvas[aria-label^='ground truth']").count() == 0
    assert complaints == []
    page.close()


def test_the_widget_takes_a_pinned_input_and_lets_it_go() -> None:
    planted = plant("AND", tokens=12, d_model=8, seed=3)
    widget = explore(planted.network, planted.task)
    widget.pinned = 7
    widget.pinned = None
    with pytest.raises(Exception, match="pinned"):
        widget.pinned = "seven"


def test_a_network_is_named_by_its_place_and_its_task_by_words() -> None:
    given = [explore(PATH, small_task()), explore(str(PATH), small_task()), explore(load_network(PATH), small_task())]
    portraits = [json.loads(widget.portrait) for widget in given]
    assert portraits[0] == portraits[1] == portraits[2]
    assert (portraits[0]["title"], portraits[0]["task"]) == ("small", "small")
    assert json.loads(explore(PATH, small_task(), title="mine").portrait)["title"] == "mine"
    network = Transformer.initialised(Config(12, 3, 8, 2, 4, 12), seed=1)
    assert json.loads(explore(network, "modular_addition:p=11").portrait)["classes"] == 11


def test_a_network_that_names_no_task_needs_one() -> None:
    planted = plant("AND", tokens=12, d_model=8, seed=3)
    with pytest.raises(BadInput, match="network mine names no task, so one must be given"):
        explore(SavedNetwork(planted.network, "mine", None, None, {}))


def test_a_report_shows_itself_in_a_cell(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    shown = Report("small", report.read_text(encoding="utf-8"))._repr_html_()
    page.set_content(f"<!doctype html><body>{shown}</body>")
    inside = page.frame_locator("iframe")
    status = inside.locator(".sj-status")
    status.scroll_into_view_if_needed()  # a stage is drawn only while it is on the screen
    status.get_by_text("Answers that differ from those of the analysis: 0.").wait_for()
    page.close()


def test_a_domain_too_large_to_draw_is_refused_with_both_numbers() -> None:
    planted = plant("AND", tokens=12, d_model=8, seed=3)
    large = Task("large", Domain.square(300, last=300), ((0,), (1,)))
    with pytest.raises(BadInput, match=rf"at most {MOST_INPUTS:,} inputs, and task large has 90,000"):
        Portrait.of(planted.network, large)


def test_without_anywidget_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = plant("AND", tokens=12, d_model=8, seed=3)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    notebook._widget.cache_clear()
    with pytest.raises(UsageError, match=r"pip install 'scrubjay\[notebook\]'"):
        explore(planted.network, planted.task)
    notebook._widget.cache_clear()
