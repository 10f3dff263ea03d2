"""Studies of planted networks, made once; without the slow lines, which have tests of their own."""

import pytest

from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.rivals import RIVALS
from scrubjay.run import Settings
from scrubjay.study import LINES, Study, explain
from tests.planted import Planted, one_direction, plant

QUICK = tuple(line for line in LINES if line not in (LABELS, RIVALS))


@pytest.fixture(scope="session")
def planted() -> Planted:
    """AND of two filters in three dimensions."""
    return plant("AND", data=3, seed=1)


@pytest.fixture(scope="session")
def planted_study(planted: Planted) -> Study:
    """What ``explain`` finds about it."""
    return explain(planted.network, planted.task, Settings(draws=4), lines=QUICK)


@pytest.fixture(scope="session")
def line_study() -> Study:
    """What ``explain`` finds about a network whose stream varies along one line, which decides the answer."""
    made = one_direction()
    return explain(made.network, made.task, Settings(draws=4), lines=QUICK)
