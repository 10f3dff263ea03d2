"""Shapes and types are checked at run time here, and only here; the session's networks are made once.

The innermost loops of three optimisers and of the search for programs are left out: there the checks take as long as
the work. What these compute is compared with other routes to the same numbers.
"""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SOURCE = Path(__file__).parents[1] / "src" / "scrubjay"
HOT = {
    "fit.soft_gate",
    "fit.separable",
    "fit.lbfgs",
    "program.arcs",
    "program.code",
    "program.constants",
    "program.curves",
    "program.families",
}
CHECKED = [
    f"scrubjay.{name}"
    for path in sorted(SOURCE.rglob("*.py"))
    if (name := ".".join(path.relative_to(SOURCE).with_suffix("").parts)) not in HOT and path.stem != "__init__"
]

with install_import_hook(CHECKED, "beartype.beartype"):
    from scrubjay.nets.files.checkpoint import SavedNetwork
    from scrubjay.nets.files.hub import load_network
    from scrubjay.run import Run, Settings
    from scrubjay.study import Study, explain
    from scrubjay.tasks.challenge2 import challenge2
    from scrubjay.tasks.task import Task
    from tests.data.small_network import PATH, small_task

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))

BUNDLED = {
    "tests/evidence/labels/test_labels.py",
    "tests/test_bundled_terminal.py",
    "tests/test_docs.py",
    "tests/test_study.py",
}
"""The files whose tests read the bundled study, which takes more than a minute to make."""
LONGEST = ("tests/report/", "tests/test_docs.py", "tests/check/", "tests/program/", "tests/test_architectures.py")
"""Where the tests that take longest are. They are dealt out first, so that no worker is left with them at the end."""
PUBLIC_DATA = Path(os.environ.get("SCRUBJAY_DATA", Path(__file__).parents[2] / "shared" / "data"))


settings.register_profile("quick", max_examples=30)
settings.load_profile("quick")


class SharedStudies(LoadScopeScheduling):  # type: ignore[misc]
    """A worker takes a whole file, so that its fixtures are made once; files that share a large study go together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path in BUNDLED:
            return "the bundled study"
        return "tests/report" if path.startswith("tests/report/") else path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first, and leave the order of all others."""

    def rank(item: pytest.Item) -> int:
        return next((at for at, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStudies:
    """How tests are dealt out. The groups of xdist itself have no effect from pytest 9.2 on."""
    config.option.loadscopereorder = False  # the order is that of ``pytest_collection_modifyitems``
    return SharedStudies(config, log)


def public_file(name: str) -> Path:
    """A public data file that is not part of the repository; a test that needs it skips where it is absent."""
    path = PUBLIC_DATA / name
    if not path.exists():
        pytest.skip(f"the public file {name} is not here; put it into the folder that SCRUBJAY_DATA names")
    return path


@pytest.fixture(scope="session")
def real_checkpoint() -> Path:
    """A public grokking checkpoint of the challenge's layout: modular addition mod 113."""
    return public_file("progress_measures_wd_10-1.pth")


@pytest.fixture(scope="session")
def public_labels() -> Path:
    """The challenge's public label matrix."""
    return public_file("challenge_labels.npz")


@pytest.fixture(scope="session")
def challenge() -> Task:
    return challenge2()


@pytest.fixture(scope="session")
def bundled() -> SavedNetwork:
    return load_network("bundled")


@pytest.fixture(scope="session")
def run(bundled: SavedNetwork, challenge: Task) -> Run:
    """The bundled network on every input, full and frozen."""
    return Run.of(bundled.network, challenge, name="bundled")


@pytest.fixture(scope="session")
def bundled_study(bundled: SavedNetwork, challenge: Task) -> Study:
    """Everything that ``scrubjay explain`` finds about the bundled network; made once, and only where it is needed."""
    return explain(bundled, challenge, Settings(draws=20))


@pytest.fixture(scope="session")
def small() -> SavedNetwork:
    """A trained network of 22 tokens, on which whole studies take seconds (tests/data/small_network.py)."""
    return load_network(PATH)


@pytest.fixture(scope="session")
def small_run(small: SavedNetwork) -> Run:
    """That network on every input."""
    return Run.of(small.network, small_task(), name="small")


@pytest.fixture(scope="session")
def small_study(small: SavedNetwork) -> Study:
    """Everything that ``explain`` finds about it."""
    return explain(small, small_task(), Settings(draws=10))
