"""Studies of small networks, made once."""

import pytest

from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.rivals import RIVALS
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Settings
from scrubjay.study import LINES, Study, explain
from tests.data.small_network import small_task
from tests.evidence.quick import short_fits
from tests.planted import Planted, one_direction, plant

QUICK = tuple(line for line in LINES if line not in (LABELS, RIVALS))
"""The lines that take little time; the two others have tests of their own."""


@pytest.fixture(scope="session")
def planted() -> Planted:
    """AND of two filters in three dimensions."""
    return plant("AND", data=3, seed=1)


@pytest.fixture(scope="session")
def planted_study(planted: Planted) -> Study:
    """What ``explain`` finds about it."""
    with short_fits(by=4):
        return explain(planted.network, planted.task, Settings(draws=4), lines=QUICK)


@pytest.fixture(scope="session")
def line_study() -> Study:
    """What ``explain`` finds about a network whose stream varies along one line, which decides the answer."""
    made = one_direction()
    with short_fits():
        return explain(made.network, made.task, Settings(draws=4), lines=QUICK)


@pytest.fixture(scope="session")
def quick_study(small: SavedNetwork) -> Study:
    """What ``explain`` finds about the trained network of 22 tokens, with short fits and without the two slow lines."""
    with short_fits():
        return explain(small, small_task(), Settings(draws=4), lines=QUICK)
