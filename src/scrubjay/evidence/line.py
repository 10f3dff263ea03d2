"""What a line of evidence is. Each package beside this file holds one; ``study.LINES`` lists them.

A new line needs a package with a ``Line`` in it, and an entry in ``study.LINES``. The terminal, the page, the JSON and
the tables over many networks show whatever the lines give them, and know none of them by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from scrubjay.core.claim import Claim
from scrubjay.core.table import Table
from scrubjay.run import Run, Settings

R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure before it is drawn.

    Attributes:
        file: its name among the results.
        alternative: what it shows, for readers who cannot see it.
        caption: what to look for.
        draw: makes the figure.
    """

    file: str
    alternative: str
    caption: str
    draw: Callable[[], Figure]


class NothingToFollow(Exception):
    """Raised by ``measure`` where only the work itself shows that a line leads nowhere; holds the sentence."""


class Found:
    """What the lines before this one have found."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def add(self, line: "Line[R]", result: R) -> None:
        """Keep a line's result."""
        self._results[line.name] = result

    def get(self, line: "Line[R]") -> R | None:
        """A line's result; None if the line was skipped or is not part of this study."""
        result: R | None = self._results.get(line.name)
        return result

    def of(self, line: "Line[R]") -> R:
        """A line's result, which must be there: another line needs it and says so."""
        result: R = self._results[line.name]
        return result

    def __contains__(self, line: "Line[Any]") -> bool:
        return line.name in self._results


@dataclass(frozen=True, eq=False)
class Need:
    """Something that a line cannot do without.

    Attributes:
        lacks: from a run and what was found so far, the sentence that says what is missing; None if nothing is.
    """

    lacks: Callable[[Run, Found], str | None]


def _nothing(result: Any) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, eq=False)
class Line(Generic[R]):
    """A line of evidence.

    Example:
        >>> import scrubjay
        >>> from scrubjay.core.claim import measurement
        >>> size = scrubjay.Line(
        ...     name="size",
        ...     title="Size",
        ...     question="How many numbers is the network made of?",
        ...     measure=lambda run, settings, found: sum(w.numel() for w in run.network.weights.values()),
        ...     claims=lambda n: [measurement("size.millions", "size", "Millions of numbers", n / 1e6, control=0.0)],
        ... )
        >>> scrubjay.explain("bundled", lines=[size]).claim("size.millions").value
        0.3584

    Attributes:
        name: short and stable; the section of its claims, and the anchor of its part of the page.
        title: for people.
        question: what the line asks.
        measure: numbers from a run, the settings, and what earlier lines found.
        claims: sentences from those numbers.
        figures: pictures of them.
        tables: the numbers behind the claims, for readers who want all of them.
        words: sentences for the summary at the top, if there are any.
        needs: what must be given; if something is missing, the line is skipped with a sentence.
        weight: about how many seconds it takes on the bundled network, for the progress bar.
    """

    name: str
    title: str
    question: str
    measure: Callable[[Run, Settings, Found], R]
    claims: Callable[[R], Sequence[Claim]]
    figures: Callable[[R], Sequence[Picture]] = _nothing
    tables: Callable[[R], Sequence[Table]] = _nothing
    words: Callable[[R], Sequence[str]] = _nothing
    needs: Sequence[Need] = ()
    weight: float = 0.3

    def lacks(self, run: Run, found: Found) -> str | None:
        """Why the line cannot be followed on this run; None if it can."""
        missing = (need.lacks(run, found) for need in self.needs)
        return next((sentence for sentence in missing if sentence is not None), None)


@dataclass(frozen=True)
class Skipped:
    """A line that was not followed.

    Attributes:
        line: its name.
        title: its title.
        reason: a sentence that says what was missing.
    """

    line: str
    title: str
    reason: str


def _two_classes(run: Run, found: Found) -> str | None:
    classes = len(run.task.classes)
    return None if classes == 2 else f"it needs a task of two classes, and this one has {classes}"


def _varying_answers(run: Run, found: Found) -> str | None:
    if not run.is_constant:
        return None
    return f"the network gives all {run.task.domain.size:,} inputs the same answer, so there is nothing to explain"


def two_positions_lack(run: Run, found: Found) -> str | None:
    """Why the domain is no rectangle; None if it is one."""
    varying = len(run.task.domain.varying)
    return None if varying == 2 else f"it needs two positions whose tokens vary, and this domain has {varying}"


TWO_CLASSES = Need(_two_classes)
"""The task has two classes."""
VARYING_ANSWERS = Need(_varying_answers)
"""The network does not give every input the same answer."""
TWO_POSITIONS = Need(two_positions_lack)
"""Exactly two positions of the input vary."""


def found_by(line: Line[Any]) -> Need:
    """The need that an earlier line was followed."""

    def lacks(run: Run, found: Found) -> str | None:
        return None if line in found else f"it builds on “{line.title}”, which was skipped"

    return Need(lacks)


def figure_files(pictures: Mapping[str, Sequence[Picture]]) -> list[str]:
    """The files of all pictures, in order."""
    return [picture.file for own in pictures.values() for picture in own]
