"""The page as a reader uses it: pointer, keyboard, every control, hostile names, no request."""

import json
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from playwright.sync_api import Browser, FloatRect, Locator

from scrubjay.evidence.filters import FILTERS
from scrubjay.fit.filters import Filters
from scrubjay.report.claims_json import claims_json
from scrubjay.study import Study
from tests.report.conftest import HOSTILE, SCREENSHOTS, TOKENS, Opened


def image(opened: Opened, name: str) -> Locator:
    """The canvas of an image of the domain."""
    return opened.page.locator(f"#play canvas[aria-label^='{name}:']")


def box(place: Locator) -> FloatRect:
    place.scroll_into_view_if_needed()
    found = place.bounding_box()
    assert found is not None
    return found


def inspected(opened: Opened) -> str:
    """What the inspector calls the input that it shows."""
    return re.sub(r"\s+", " ", opened.text("#play .sj-inspector-title"))


def named(study: Study, *tokens: int) -> str:
    """An input by its tokens, each with the name of its position."""
    names = zip(study.task.position_names, (*tokens, TOKENS), strict=True)
    return re.sub(r"\s+", " ", ", ".join(f"{name}: {token}" for name, token in names))


def filters_of(study: Study, side: str) -> Filters:
    """The filters of the full or the frozen network."""
    return study.found.of(FILTERS).sides[side].gate.fit.filters


def pixels(place: Locator) -> str:
    """What is drawn on a canvas."""
    return str(place.evaluate("(canvas) => canvas.toDataURL()"))


def test_nothing_is_asked_for_and_nothing_complains(browser: Browser, hostile_report: Path) -> None:
    opened = Opened(browser, hostile_report)
    elsewhere = [url for url in opened.requests if not url.startswith(("blob:", "data:"))]
    assert elsewhere == [hostile_report.resolve().as_uri()]
    assert opened.complaints == []
    opened.close()


def test_a_hostile_name_is_shown_as_it_is(hostile_page: Opened, hostile_report: Path) -> None:
    shown = HOSTILE.replace("\u2028", "\n")
    assert re.sub(r"\s+", " ", hostile_page.text("h1")) == re.sub(r"\s+", " ", f"{shown} on {shown}")
    assert HOSTILE in hostile_page.page.locator("#provenance").evaluate("(element) => element.textContent")
    assert hostile_page.page.evaluate("JSON.parse(document.getElementById('portrait').textContent).task") == HOSTILE
    assert hostile_page.page.locator("img[src=x]").count() == 0
    assert hostile_report.read_text(encoding="utf-8").count("<script") == 2


def test_the_policy_lets_no_other_script_run(hostile_page: Opened) -> None:
    hostile_page.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "globalThis.intruder = 1";
        document.body.append(script);
    }""")
    assert hostile_page.page.evaluate("globalThis.intruder") is None
    refused = [said for said in hostile_page.complaints if "Content Security Policy" in said]
    assert refused == hostile_page.complaints != []
    hostile_page.complaints.clear()


def test_pointing_at_an_image_is_marked_everywhere(reset: Opened, hostile: Study) -> None:
    place = box(image(reset, "ground truth"))
    others = {name: image(reset, name) for name in ("full network", "frozen network", "mlp_pre", "mask α")}
    others["plane"] = reset.page.locator("#play .sj-plane")
    others["pattern"] = reset.page.locator("#play .sj-pattern")
    before = {name: pixels(canvas) for name, canvas in others.items()}
    row, column = 7, 12
    reset.page.mouse.move(
        place["x"] + place["width"] * (column + 0.5) / TOKENS, place["y"] + place["height"] * (row + 0.5) / TOKENS
    )
    reset.settle()
    assert inspected(reset) == named(hostile, row, column)
    assert {name for name, canvas in others.items() if pixels(canvas) == before[name]} <= {"pattern"}
    strips = reset.page.locator("#play .sj-strip")
    assert reset.page.locator("#play .sj-strip-mark:visible").count() == strips.count() > 0
    reset.page.mouse.move(5, 5)
    reset.settle()
    assert reset.text("#play .sj-inspector-title").startswith("No input chosen")


def test_a_click_pins_and_another_lets_go(reset: Opened, hostile: Study) -> None:
    place = box(image(reset, "full network"))
    there = (place["x"] + place["width"] * 0.51, place["y"] + place["height"] * 0.25)
    reset.page.mouse.click(*there)
    reset.page.mouse.move(5, 5)
    reset.settle()
    assert inspected(reset) == f"{named(hostile, 7, 15)} (pinned)"
    reset.page.mouse.click(*there)
    reset.page.mouse.move(5, 5)
    reset.settle()
    assert reset.text("#play .sj-inspector-title").startswith("No input chosen")


def test_an_input_with_a_long_name_moves_no_panel(reset: Opened) -> None:
    """If the images moved, they would leave the pointer that shows the input."""
    top = "(canvas) => canvas.getBoundingClientRect().top + scrollY"
    places = f"[...document.querySelectorAll('#play canvas')].map({top})"
    before = reset.page.evaluate(places)
    reset.set(pinned=100)
    assert reset.page.evaluate(places) == pytest.approx(before, abs=4)


def test_the_keyboard_moves_the_pinned_input(reset: Opened, hostile: Study) -> None:
    canvas = image(reset, "ground truth")
    canvas.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp"):
        reset.page.keyboard.press(key)
    reset.settle()
    assert inspected(reset) == f"{named(hostile, 29, 1)} (pinned)"
    reset.page.keyboard.press("Escape")
    reset.settle()
    assert reset.page.evaluate("scrubjay.scene.settings.pinned") is None


def test_the_inspector_spells_the_input_out(reset: Opened, hostile: Study) -> None:
    index = 217
    reset.set(pinned=index)
    rows = dict(line.split("\t") for line in reset.text("#play .sj-inspector table").splitlines())
    assert hostile.task.labels is not None
    full, frozen = hostile.run.full, hostile.run.frozen
    values = filters_of(hostile, "full").values(full.resid_mid[index : index + 1])[0].tolist()
    assert rows["ground truth"] == f"class {int(hostile.task.labels[index])}"
    assert rows["full network"] == rows["current settings"] == f"class {int(full.classes[index])}"
    assert rows["frozen network"] == f"class {int(frozen.classes[index])}"
    assert rows["split"] == "test set"
    for name, value in zip("αβ", values, strict=True):
        state, shown = rows[f"filter {name}"].split(", ")
        assert state == ("on" if value > 0 else "off")
        assert float(shown.replace("−", "-")) == pytest.approx(value, rel=6e-3)


CONTROLS = {
    "t": ("0.3", {"plane", "current settings"}),
    "fraction": ("0", {"current settings"}),
    "count": ("1", {"current settings"}),
    "length": ("6", {"plane", "current settings", "α value", "mlp_pre"}),
    "threshold0": ("1.5", {"plane", "mask α", "α value", "gate AND"}),
}


@pytest.mark.parametrize("key", CONTROLS)
def test_every_slider_changes_what_it_should_and_reset_undoes_it(reset: Opened, key: str) -> None:
    watched = {name: image(reset, name) for name in ("current settings", "α value", "mask α", "gate AND", "mlp_pre")}
    watched |= {name: image(reset, name) for name in ("ground truth", "full network")}
    watched["plane"] = reset.page.locator("#play .sj-plane")
    before = {name: pixels(canvas) for name, canvas in watched.items()}
    value, changed = CONTROLS[key]
    reset.page.locator(f"#play input[data-key={key}]").fill(value)
    reset.settle()
    now = {name for name, canvas in watched.items() if pixels(canvas) != before[name]}
    assert changed <= now
    assert not {"ground truth", "full network"} & now
    reset.page.locator("#play .sj-reset").click()
    reset.settle()
    assert {name for name, canvas in watched.items() if pixels(canvas) != before[name]} == set()


CHOICES = {
    "view": ["frozen", "full"],
    "order": ["index"],
    "direction": ["1", "random"],
    "colour": ["truth", "error", "split"],
    "x": ["mid2", "post0", "filter0", "filter1"],
    "y": ["mid0", "post1", "filter0"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in CHOICES.items() for value in values])
def test_every_choice_draws_another_plane(reset: Opened, key: str, value: str) -> None:
    reset.set(count=1, length=1.5)
    plane = reset.page.locator("#play .sj-plane")
    if (key, value) == ("view", "full"):
        reset.set(view="frozen")
    if key == "order":
        reset.set(x="post0")
        assert reset.page.evaluate("scrubjay.scene.view.order[0]") != 0
    before = pixels(plane)
    reset.page.locator(f"#play select[data-key={key}]").select_option(value)
    reset.settle()
    assert reset.page.evaluate(f"scrubjay.scene.settings.{key}") == value
    assert pixels(plane) != before


def test_a_boundary_is_dragged_in_the_plane(reset: Opened) -> None:
    reset.set(x="filter0", y="filter1")
    plane = box(reset.page.locator("#play .sj-plane"))
    x = reset.page.evaluate("""() => {
        const canvas = document.querySelector("#play .sj-plane");
        const pixels = canvas.getContext("2d").getImageData(0, 40, canvas.width, 1).data;
        const ink = getComputedStyle(canvas).color.match(/\\d+/g).map(Number);
        for (let x = 60; x < canvas.width - 12; x++)
            if ([0, 1, 2].every((k) => Math.abs(pixels[4 * x + k] - ink[k]) < 9) && pixels[4 * x + 3] > 250) return x;
        return null;
    }""")
    assert x is not None
    agreement = reset.text("#play .sj-agreement")
    reset.page.mouse.move(plane["x"] + x, plane["y"] + 40)
    reset.page.mouse.down()
    reset.page.mouse.move(plane["x"] + x + 60, plane["y"] + 44, steps=4)
    reset.page.mouse.up()
    reset.settle()
    moved = reset.page.evaluate("scrubjay.scene.settings.moved.full")
    assert moved[0] > 0 == moved[1]
    assert reset.text("#play .sj-agreement") != agreement
    assert reset.page.evaluate("scrubjay.scene.settings.pinned") is None


def test_playing_runs_to_the_end_and_pauses(reset: Opened) -> None:
    reset.page.locator("#play select.sj-speed").select_option("4")
    button = reset.page.locator("#play button[data-plays=t]")
    button.click()
    reset.until("scrubjay.scene.settings.t > 0.02 && scrubjay.scene.settings.t < 0.9")
    button.click()
    stopped = reset.page.evaluate("scrubjay.scene.settings.t")
    reset.page.wait_for_timeout(100)
    assert reset.page.evaluate("scrubjay.scene.settings.t") == stopped
    button.click()
    reset.until("scrubjay.scene.settings.t === 1")
    assert button.inner_text() == "▶"


def test_neurons_are_chosen_by_number_and_by_rank(reset: Opened) -> None:
    order = reset.page.evaluate("Array.from(scrubjay.scene.view.order)")
    number = reset.page.locator("#play input[data-key=neuron]")
    assert int(number.input_value()) == order[0]
    reset.page.locator("#play").get_by_role("button", name="smaller contribution").click()
    reset.settle()
    assert int(number.input_value()) == order[1]
    number.fill("99")
    number.press("Enter")
    reset.settle()
    assert int(number.input_value()) == order[1]


def test_claims_are_filtered_by_verdict_and_words(hostile_page: Opened, hostile: Study) -> None:
    for verdict in ("holds", "partly", "fails"):
        hostile_page.page.locator(f"input[name=verdict][value={verdict}]").check()
        shown = hostile_page.page.locator("#claims tbody tr:visible code").all_inner_texts()
        assert shown == [claim.id for claim in hostile.claims if claim.verdict == verdict]
        assert hostile_page.text("#claims-told") == f"{len(shown)} of {len(hostile.claims)} claims"
    hostile_page.page.locator("input[name=verdict][value='']").check()
    hostile_page.page.locator("#claims-words").fill("GATE.full")
    assert hostile_page.page.locator("#claims tbody tr:visible code").all_inner_texts() == [
        "gate.full",
        "gate.full.2pc",
    ]
    hostile_page.page.locator("#claims-words").fill("")


def test_every_claim_stands_once_in_the_table_and_once_in_its_section(hostile_page: Opened, hostile: Study) -> None:
    said = hostile_page.page.locator(".said li").all_text_contents()
    assert len(said) == len(hostile.claims) == hostile_page.page.locator("#claims tbody tr").count()
    for claim in hostile.claims:
        assert sum(f"{claim.statement}." in text and claim.shown in text for text in said) >= 1


def test_claims_json_can_be_taken_along(hostile_page: Opened, hostile: Study) -> None:
    link = hostile_page.page.get_by_role("link", name="Download claims.json")
    address = str(link.get_attribute("href"))
    assert link.get_attribute("download") == "claims.json"
    with hostile_page.page.expect_download() as download:
        link.click()
    assert Path(str(download.value.path())).read_text(encoding="utf-8") == claims_json(hostile)
    assert address.startswith("data:application/json;base64,") and unquote_to_bytes(address)
    assert json.loads(claims_json(hostile))["provenance"]["task"] == HOSTILE


def test_light_and_dark(hostile_page: Opened) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, drawn = hostile_page.page.evaluate(paper), pixels(hostile_page.page.locator("#play .sj-plane"))
    hostile_page.page.locator("#theme").click()
    hostile_page.settle()
    assert hostile_page.page.evaluate(paper) != light
    assert pixels(hostile_page.page.locator("#play .sj-plane")) != drawn
    hostile_page.page.locator("#theme").click()
    hostile_page.settle()
    assert hostile_page.page.evaluate(paper) == light


@pytest.mark.parametrize(("width", "colours"), [(1400, "light"), (1400, "dark"), (820, "light"), (390, "light")])
def test_nothing_is_wider_than_the_screen_and_no_panel_is_empty(
    browser: Browser, report: Path, width: int, colours: str
) -> None:
    opened = Opened(browser, report, width, colours)
    opened.set(pinned=7 * 22 + 15)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    blank = opened.page.evaluate("""() => [...document.querySelectorAll("canvas")].filter((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size < 2;
    }).map((canvas) => canvas.getAttribute("aria-label"))""")
    assert blank == []
    assert opened.page.locator("figure.drawn img").count() >= 9
    assert opened.page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for section in opened.page.locator("main > section").all():
        section.screenshot(path=SCREENSHOTS / f"{section.get_attribute('id')}-{colours}-{width}.png", timeout=30_000)
    assert opened.complaints == []
    opened.close()


def test_nothing_moves_once_it_is_drawn(browser: Browser, report: Path) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
    context.add_init_script("""globalThis.shifts = [];
        new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
            .observe({ type: "layout-shift", buffered: true });""")
    page = context.new_page()
    page.goto(report.resolve().as_uri())
    page.evaluate("scrubjay.whenIdle()")
    page.evaluate("scrubjay.set({ pinned: 100 })")
    page.evaluate("scrubjay.set({ t: 0.5, count: 200 })")
    page.evaluate("scrubjay.whenIdle()")
    assert sum(page.evaluate("shifts")) < 0.02
    context.close()
