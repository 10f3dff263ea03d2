"""Whole studies in little time: short fits and few shuffles, where it does not matter how well anything fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

from scrubjay.core.stats import Stopping
from scrubjay.evidence.rivals import kinds
from scrubjay.evidence.scrubbing import refinement
from scrubjay.fit import filters, separable
from scrubjay.fit.soft_gate import Starts, descend

_PATCHED = ("filters", "rivals")


@contextmanager
def short_fits(by: int = 10, numbers: tuple[int, ...] = (1, 2)) -> Iterator[None]:
    """Inside, few filters are fitted with fewer starts and steps; rivals are fewer, and shuffled twice.

    Most of a study on a small network is spent on these, above all on the fits to shuffled answers.

    Args:
        by: by how much the descents are shortened; with 4 the planted filters are still found.
        numbers: the numbers of filters that are tried.
    """

    def short(*given: Any, cross_entropy: int, error: int) -> Starts:
        return descend(*given, cross_entropy=cross_entropy // by, error=error // by)

    # Each package holds a function ``measure``, which hides the module of that name from an import statement.
    filters_measure, rivals_measure = (import_module(f"scrubjay.evidence.{line}.measure") for line in _PATCHED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "descend", short)
        patch.setattr(filters, "_STARTS", 12)
        patch.setattr(filters_measure, "NUMBERS", numbers)
        patch.setattr(refinement, "_STEPS", 4)
        patch.setattr(rivals_measure, "SHUFFLES", Stopping(most=2, least=2))
        patch.setattr(kinds, "_RANKS", (1,))
        patch.setattr(separable, "_STEPS", 40)
        yield
