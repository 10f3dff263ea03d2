"""Small studies to report on, their reports, and a real browser without a network to open them in."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page, sync_playwright

from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.report.write import write_report
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task
from tests.data.small_network import small_task
from tests.evidence.quick import short_fits
from tests.planted import plant

HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028'\" [/] [bold]b[/bold] $x^$ $ {y}"
"""A name that HTML, rich and matplotlib would each take for something else than a name."""
POSITIONS = ("A<i>", "$B^$ $", "C[/]")
"""Names of positions of the same kind, short enough that panels keep their sizes when one is shown."""
TOKENS = 30
"""The tokens of the hostile task."""

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
        """Wait until the Worker has answered and the panels of all stages are drawn."""
        self.page.evaluate("""async () => {
            if (!globalThis.scrubjay) return;
            await scrubjay.whenIdle();
            scrubjay.drawAll();
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
def small_study(small: SavedNetwork) -> Study:
    """What ``explain`` finds about the small network with short fits, since a report shows good and bad fits alike."""
    with short_fits():
        return explain(small, small_task(), Settings(draws=10))


@pytest.fixture(scope="session")
def many_classes() -> Study:
    """What ``explain`` finds about an untrained network that adds modulo 11, a task of eleven classes."""
    return explain(random_network(12, 3, seed=5), modular_addition(11), Settings(draws=2))


@pytest.fixture(scope="session")
def constant() -> Study:
    """What ``explain`` finds about a network that gives all inputs the same answer."""
    network = random_network(12, 3, seed=5)
    with torch.no_grad():
        network.W_U.zero_()
    return explain(network, modular_addition(11, below=5), Settings(draws=2))


@pytest.fixture(scope="session")
def hostile() -> Study:
    """What ``explain`` finds about a network with a hostile name on a task with hostile names."""
    planted = plant("AND", tokens=TOKENS, d_model=8, seed=3)
    draw = torch.Generator().manual_seed(0)
    for weights in (planted.network.W_Q, planted.network.W_K):  # heads that attend to some tokens more than to others
        weights.copy_(0.25 * torch.randn(weights.shape, generator=draw, dtype=weights.dtype))
    split = planted.task.domain.inputs() % 2 == 0
    task = replace(planted.task, name=HOSTILE, published={"gate.full": 0.5}, train=split, names=POSITIONS)
    saved = SavedNetwork(planted.network, HOSTILE, None, None, {"sha256": "ab"})
    with short_fits(by=4):
        return explain(saved, task, Settings(draws=3), command=f"scrubjay explain --task '{HOSTILE}'")


@pytest.fixture(scope="session")
def hostile_report(hostile: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of that study, figures and all."""
    return write_report(hostile, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def three_positions() -> Study:
    """What ``explain`` finds about an untrained network whose inputs vary at three positions."""
    domain = Domain(((0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4), (5,)))
    task = Task("three positions", domain, ((0, 1, 2), (3, 4, 5)))
    with short_fits():
        return explain(Transformer.initialised(Config(6, 4, 8, 2, 4, 12), seed=1), task, Settings(draws=2))


def random_network(d_vocab: int, n_ctx: int, *, seed: int) -> Transformer:
    """A small untrained network."""
    return Transformer.initialised(Config(d_vocab, n_ctx, 16, 2, 8, 40), seed=seed)


@pytest.fixture(scope="session")
def report(small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the small network, figures and all."""
    return write_report(small_study, tmp_path_factory.mktemp("report"))


def watched(browser: Browser, path: Path) -> Iterator[Opened]:
    """A page, opened from disk with the network off, that must have complained of nothing when it is closed."""
    page = Opened(browser, path)
    yield page
    assert page.complaints == []
    page.close()


def as_at_first(page: Opened) -> Opened:
    """A page with every setting back where it began."""
    page.page.evaluate("scrubjay.set(scrubjay.scene.initial())")
    page.settle()
    return page


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """The report of the small network."""
    yield from watched(browser, report)


@pytest.fixture
def fresh(opened: Opened) -> Opened:
    """The same page as it was at first."""
    return as_at_first(opened)


@pytest.fixture(scope="module")
def hostile_page(browser: Browser, hostile_report: Path) -> Iterator[Opened]:
    """The report with hostile names."""
    yield from watched(browser, hostile_report)


@pytest.fixture
def reset(hostile_page: Opened) -> Opened:
    """The same page as it was at first."""
    return as_at_first(hostile_page)
