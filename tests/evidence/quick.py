"""Whole studies in little time: short fits and few shuffles, where it does not matter how well anything fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

from scrubjay.core.stats import Stopping
from scrubjay.evidence.scrubbing import refinement
from scrubjay.fit import filters
from scrubjay.fit.soft_gate import Starts, descend

_PATCHED = ("filters", "rivals")


@contextmanager
def short_fits() -> Iterator[None]:
    """Inside, filters are fitted from few starts with few steps, one or two of them at most, and rivals shuffled twice.

    The defaults take several seconds of a study on a small network, most of them in the fits to shuffled answers.
    """

    def short(*given: Any, cross_entropy: int, error: int) -> Starts:
        return descend(*given, cross_entropy=cross_entropy // 10, error=error // 10)

    # Each package holds a function ``measure``, which hides the module of that name from an import statement.
    filters_measure, rivals_measure = (import_module(f"scrubjay.evidence.{line}.measure") for line in _PATCHED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "descend", short)
        patch.setattr(filters, "_STARTS", 6)
        patch.setattr(filters_measure, "NUMBERS", (1, 2))
        patch.setattr(refinement, "_STEPS", 4)
        patch.setattr(rivals_measure, "SHUFFLES", Stopping(most=2, least=2))
        yield
