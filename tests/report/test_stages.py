"""The turning space and the parts of the inner network, as a reader uses them in their chapters."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from scrubjay.core.stats import share_of
from scrubjay.evidence.inner import INNER
from scrubjay.study import Study
from tests.report.conftest import Opened
from tests.report.test_page import box, image, inspected, pixels

INSIDE = "[data-stage=inner] "


def space(opened: Opened) -> Locator:
    return opened.page.locator("canvas.sj-space")


def part_image(opened: Opened, name: str) -> Locator:
    return opened.page.locator(f"{INSIDE}canvas[aria-label^='{name}']")


def test_the_space_turns_by_keyboard_and_back(reset: Opened) -> None:
    place = space(reset)
    drawn = [pixels(place)]
    place.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        reset.page.keyboard.press(key)
        drawn.append(pixels(place))
    assert len(set(drawn[:4])) == 4, "each key turns it"
    assert drawn[4] == drawn[0], "what is turned there and back is where it was"


def test_the_space_turns_by_drag_and_pins_nothing(reset: Opened) -> None:
    place = box(space(reset))
    before = pixels(space(reset))
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    reset.page.mouse.move(x, y)
    reset.page.mouse.down()
    reset.page.mouse.move(x + 60, y + 10, steps=3)
    reset.page.mouse.up()
    reset.page.mouse.move(5, 5)
    reset.settle()
    assert pixels(space(reset)) != before
    assert reset.page.evaluate("scrubjay.scene.settings.pinned") is None


def test_the_space_turns_by_itself_until_it_is_stopped(reset: Opened) -> None:
    button = reset.page.locator("[data-stage=space] button")
    before = pixels(space(reset))
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    reset.page.wait_for_timeout(150)
    button.click()
    stopped = pixels(space(reset))
    assert stopped != before
    reset.page.wait_for_timeout(100)
    assert pixels(space(reset)) == stopped and button.get_attribute("aria-pressed") == "false"


def test_the_planes_of_the_space_can_be_left_out(reset: Opened) -> None:
    before = pixels(space(reset))
    planes = reset.page.locator("[data-stage=space] input[type=checkbox]")
    planes.uncheck()
    assert pixels(space(reset)) != before
    planes.check()
    assert pixels(space(reset)) == before


def test_pointing_at_a_point_of_the_space_is_marked_everywhere(reset: Opened) -> None:
    place = box(space(reset))
    others = [image(reset, "ground truth"), reset.page.locator("#play .sj-plane")]
    before = [pixels(each) for each in others]
    middle = [place["x"] + place["width"] / 2, place["y"] + place["height"] / 2]
    for step in range(0, 120, 8):
        reset.page.mouse.move(middle[0] + step, middle[1])
        if reset.page.evaluate("scrubjay.scene.settings.hovered") is not None:
            break
    reset.settle()
    hovered = reset.page.evaluate("scrubjay.scene.settings.hovered")
    assert hovered is not None
    assert all(pixels(each) != drawn for each, drawn in zip(others, before, strict=True))
    assert not inspected(reset).startswith("No input chosen")
    reset.page.mouse.move(5, 5)
    reset.settle()
    assert [pixels(each) for each in others] == before


def test_a_part_that_is_switched_off_changes_the_answers(reset: Opened, hostile: Study) -> None:
    result = hostile.found.of(INNER)
    assert result.hinges is not None
    agreement, size = result.inner.agreement, hostile.task.domain.size
    status = reset.page.locator(f"{INSIDE}.sj-parts-status")
    words = f"inner network gives the network's answer on {100 * agreement:.1f}% of the {size:,} inputs."
    assert status.inner_text() == f"The {words}"
    answers, sum_ = part_image(reset, "inner answers:"), part_image(reset, "sum:")
    before = [pixels(answers), pixels(sum_)]
    part = max(range(len(result.hinges.held)), key=lambda k: result.hinges.held[k][1])  # type: ignore[union-attr]
    box_of_part = reset.page.locator(f"{INSIDE}input[data-part=hinge{part}]")
    box_of_part.uncheck()
    reset.settle()
    assert all(now != was for now, was in zip((pixels(answers), pixels(sum_)), before, strict=True))
    told = status.inner_text()
    assert told.startswith("With 1 part held at its mean, the inner network gives the network's answer on ")
    classes = reset.page.evaluate(f"Array.from(scrubjay.scene.inner.run(['hinge{part}']).classes)")
    right = sum(a == b for a, b in zip(classes, result.inner.wanted.tolist(), strict=True)) / size
    assert f" on {100 * right:.1f}% of" in told and right < agreement
    reset.page.locator(f"{INSIDE}button", has_text="All parts on").click()
    reset.settle()
    assert [pixels(answers), pixels(sum_)] == before and box_of_part.is_checked()
    assert status.inner_text() == f"The {words}"
    assert share_of(result.inner.classes == result.inner.wanted) == agreement


@pytest.fixture
def quick(reset: Opened) -> Iterator[Opened]:
    """The page with timers forty times as fast, which notes how many parts are off in ``counts``."""
    reset.page.evaluate("""() => {
        globalThis.slow = setTimeout;
        globalThis.setTimeout = (call, wait) => slow(call, wait / 40);
        globalThis.counts = [];
        const set = scrubjay.scene.set.bind(scrubjay.scene);
        scrubjay.scene.set = (patch) => {
            if (patch.off) counts.push(patch.off.length);
            set(patch);
        };
    }""")
    yield reset
    reset.page.evaluate("() => { globalThis.setTimeout = slow; delete scrubjay.scene.set; }")


def test_the_network_is_put_together_part_by_part(quick: Opened) -> None:
    play = quick.page.locator(f"{INSIDE}button.sj-primary")
    label = play.inner_text()
    play.click()
    quick.until("counts.at(-1) === 0")
    parts = quick.page.locator(f"{INSIDE}input[data-part]").count()
    assert quick.page.evaluate("counts") == list(range(parts, -1, -1))
    assert play.inner_text() == label and quick.page.evaluate("scrubjay.scene.settings.off") == []
    quick.settle()
    assert quick.page.locator(f"{INSIDE}input[data-part]:checked").count() == parts


def test_one_animation_runs_at_a_time(reset: Opened) -> None:
    parts = reset.page.locator(f"{INSIDE}button.sj-primary")
    slider = reset.page.locator("#play button[data-plays=t]")
    label = parts.inner_text()
    parts.click()
    slider.click()
    assert parts.inner_text() == label and slider.inner_text() == "❚❚"
    parts.click()
    assert parts.inner_text() == "❚❚ Pause" and slider.inner_text() == "▶"
    parts.click()
    assert parts.inner_text() == label


def test_the_start_button_starts_the_live_network(reset: Opened) -> None:
    brief = reset.page.locator("#answer .sj-brief button.sj-primary")
    start = reset.page.locator("#start")
    assert brief.count() + start.count() >= 1
    (start if start.count() else brief).click()
    assert reset.page.evaluate("scrubjay.scene.player !== null && scrubjay.scene.settings.off.length > 0")
    brief.click()
    assert brief.inner_text().startswith("▶ Start the live network")
