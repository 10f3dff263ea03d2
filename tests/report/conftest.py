"""A real browser, offline, and the small network's report in it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scrubjay.report.write import write_report
from scrubjay.study import Study

SCREENSHOTS = Path(__file__).parents[2] / "artefacts" / "screenshots"


class Opened:
    """A page in the browser, and everything that it complained of or asked for."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400, colours: str = "light") -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 1000},
            offline=True,
            color_scheme="dark" if colours == "dark" else "light",
            device_scale_factor=2 if width < 600 else 1,
            has_touch=width < 600,
        )
        context.set_default_timeout(5000)
        self.page: Page = context.new_page()
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.resolve().as_uri())
        self.settle()

    def settle(self) -> None:
        """Wait until the Worker has answered and the panels are drawn."""
        self.page.evaluate("""async () => {
            if (!globalThis.scrubjay) return;
            await scrubjay.whenIdle();
            await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        }""")

    def set(self, **settings: object) -> None:
        """Set what a reader would set by hand."""
        self.page.evaluate("(settings) => scrubjay.set(settings)", settings)
        self.settle()

    def until(self, expression: str) -> None:
        """Wait, for five seconds at most, until something is so (the page's policy forbids the browser's own wait)."""
        for _ in range(250):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never so: {expression}")

    def text(self, selector: str) -> str:
        """What stands in an element."""
        return self.page.locator(selector).first.inner_text()

    def close(self) -> None:
        """Leave."""
        self.page.context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium."""
    path = os.environ.get("SCRUBJAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium is here; install the distribution's, or name one in SCRUBJAY_CHROMIUM")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the small network, figures and all."""
    return write_report(small_study, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """The report, opened from disk with the network off."""
    page = Opened(browser, report)
    yield page
    assert page.complaints == []
    page.close()


@pytest.fixture
def fresh(opened: Opened) -> Opened:
    """The same page with every setting back where it began."""
    opened.page.evaluate("scrubjay.set(scrubjay.scene.initial())")
    opened.settle()
    return opened
