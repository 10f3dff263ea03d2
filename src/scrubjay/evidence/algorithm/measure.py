"""Name the function that the network computes, and test the family of algorithms that has a causal model for it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scrubjay.core.progress import part_of
from scrubjay.evidence.algorithm.extremes_family import EXTREMES
from scrubjay.evidence.algorithm.family import AnyFamily, Setting
from scrubjay.evidence.algorithm.gates_family import GATES
from scrubjay.evidence.algorithm.groups_family import GROUPS
from scrubjay.evidence.algorithm.sums_family import SUMS
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Found, NothingToFollow
from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Unnamed
from scrubjay.functions.recognition import name_function
from scrubjay.run import Run, Settings

FAMILIES: tuple[AnyFamily, ...] = (GROUPS, EXTREMES, SUMS, GATES)
"""The families of algorithms. The first one that has a causal model for the function is tested."""
OF_NO_NAME: tuple[AnyFamily, ...] = (GATES,)
"""The families that are tested if the function has no name."""


@dataclass(frozen=True, eq=False)
class AlgorithmResult:
    """What a network computes, and by which algorithm.

    Attributes:
        setting: the run and the function.
        shuffled: the share of the network's answers that the function gives if the answers are shuffled, for a control;
            None if the function has no name.
        family: the family of algorithms; None if none has a causal model for the function.
        reason: why there is none, if a family says so; else "".
        tests: what the family measured.
    """

    setting: Setting
    shuffled: float | None
    family: AnyFamily | None
    reason: str
    tests: Any

    @property
    def brief(self) -> str:
        """The function, its exceptions and its algorithm in a few words."""
        how = "" if self.family is None else f"; {self.family.brief(self.tests)}"
        function = self.setting.recognised
        if isinstance(function, Unnamed):
            return f"not named{how}"
        but = f", {len(function.exceptions):,} exceptions" if function.exceptions else ""
        return f"{function.words}{but}{how}"


def measure(run: Run, settings: Settings, found: Found) -> AlgorithmResult:
    """Name the function, and carry out the tests of the family that it belongs to.

    Raises:
        NothingToFollow: the function has no name here, and no filters were fitted to its answers.
    """
    table = AnswerTable.of_task(run.task, run.full.classes)
    function, filters = name_function(table), found.get(FILTERS)
    setting = Setting(run, table, function, None if filters is None else filters.sides["full"])
    family, reason, tests = None, "", None
    for each in OF_NO_NAME if isinstance(function, Unnamed) else FAMILIES:
        lacking = each.lacks(setting)
        if lacking is None:
            tests = each.measure(setting, replace(settings, progress=part_of(settings.progress, 0.1, 1.0)))
            family, reason = (each, "") if tests is not None else (None, "no part of it matters on its own")
            break
        reason = reason or lacking
    if not isinstance(function, Unnamed):
        answers = np.random.default_rng(settings.seed).permutation(table.y)
        shuffled = float((function.rule(table.x) == answers).mean())
        return AlgorithmResult(setting, shuffled, family, reason, tests)
    if family is None:
        raise NothingToFollow(f"the function that it computes has no name here: {function.words}")
    return AlgorithmResult(setting, None, family, reason, tests)
