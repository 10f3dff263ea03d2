"""What a line of evidence is. Each package beside this file holds one line, and ``study.LINES`` lists them all.

To add a line, write a package that holds a ``Line``, and add it to ``study.LINES``. The terminal, the page, the JSON
and the tables over many networks show whatever the lines return, and refer to none of them by name.
"""

from collections.abc import Callable, Sequence
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
        file: the name of the file that it is written to.
        alternative: a text that says what the figure shows, for readers who cannot see it.
        caption: a text that tells the reader what to look for.
        draw: a function that draws the figure.
    """

    file: str
    alternative: str
    caption: str
    draw: Callable[[], Figure]


class NothingToFollow(Exception):
    """Raised by a line's ``measure`` if it finds, in the course of the work, that there is nothing to measure.

    The line is then skipped. The text of the exception is the sentence that says why.
    """


class Found:
    """The results of the lines that have been followed so far."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def add(self, line: "Line[R]", result: R) -> None:
        """Keep the result of a line."""
        self._results[line.name] = result

    def get(self, line: "Line[R]") -> R | None:
        """The result of a line, or None if the line was skipped or does not belong to this study."""
        result: R | None = self._results.get(line.name)
        return result

    def of(self, line: "Line[R]") -> R:
        """The result of a line that has been followed. A line that calls this states the need with ``found_by``.

        Raises:
            KeyError: the line has not been followed.
        """
        result: R = self._results[line.name]
        return result

    def __contains__(self, line: "Line[Any]") -> bool:
        return line.name in self._results


@dataclass(frozen=True, eq=False)
class Need:
    """A condition that must be met for a line to be followed.

    Attributes:
        lacks: a function of a run and of what was found so far. It returns None if the condition is met, and otherwise
            a sentence that says what is missing.
    """

    lacks: Callable[[Run, Found], str | None]


def _nothing(result: Any) -> Sequence[Any]:
    return ()


def _unsaid(result: Any) -> str:
    return ""


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
        name: a short name that never changes. It is the ``section`` of the line's claims, and the anchor of its part of
            the page.
        title: the heading that people see.
        question: the question that the line answers.
        measure: a function that computes the line's result from a run, the settings, and what earlier lines found.
        claims: a function that makes the line's claims from its result.
        figures: a function that makes the line's pictures from its result.
        tables: a function that makes the line's tables from its result, for readers who want all numbers.
        words: a function that makes the line's sentences for the summary from its result.
        answer: a function that answers the line's question in a sentence or two with a number, from its result. By
            default this is the first sentence of ``words``.
        opens: the place of this answer among the sentences that a report opens with, from 1; 0 if it is none of them.
        stage: the name of the explorer's panels that show what the line measures, or nothing; see
            ``assets/explorer/stages.js``.
        method: how the line measures, in about three sentences.
        needs: the conditions under which the line is followed. If one is not met, the line is skipped with a sentence.
        weight: about how many seconds the line takes on the bundled network, for the progress bar.
    """

    name: str
    title: str
    question: str
    measure: Callable[[Run, Settings, Found], R]
    claims: Callable[[R], Sequence[Claim]]
    figures: Callable[[R], Sequence[Picture]] = _nothing
    tables: Callable[[R], Sequence[Table]] = _nothing
    words: Callable[[R], Sequence[str]] = _nothing
    answer: Callable[[R], str] = _unsaid
    opens: int = 0
    stage: str = ""
    method: str = ""
    needs: Sequence[Need] = ()
    weight: float = 0.3

    def answers(self, result: R) -> str:
        """The answer to the line's question, or nothing if the line has no sentence for this result."""
        return self.answer(result) or next(iter(self.words(result)), "")

    def lacks(self, run: Run, found: Found) -> str | None:
        """The sentence that says why the line cannot be followed on this run, or None if it can."""
        missing = (need.lacks(run, found) for need in self.needs)
        return next((sentence for sentence in missing if sentence is not None), None)


@dataclass(frozen=True)
class Skipped:
    """A line that was not followed.

    Attributes:
        line: the name of the line.
        title: the title of the line.
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


def _two_positions(run: Run, found: Found) -> str | None:
    """The sentence that says why inputs cannot be arranged in a rectangle, or None if two positions vary."""
    varying = len(run.task.domain.varying)
    if varying != 2:
        return f"it needs two positions whose tokens vary, and this domain has {varying}"
    return _product(run, found)


def _product(run: Run, found: Found) -> str | None:
    if run.task.domain.is_product:
        return None
    return "it needs every combination of the positions' tokens, and this domain is a list of inputs"


def _one_layer(run: Run, found: Found) -> str | None:
    layers = run.network.config.n_layers
    return None if run.can.one_layer else f"it needs a network with one layer, and this one has {layers}"


def _mlp(run: Run, found: Found) -> str | None:
    return None if run.can.has_mlp else "it needs an MLP, and this network has only attention"


def _piecewise_linear(run: Run, found: Found) -> str | None:
    what = run.network.config.smooth_by
    return None if what is None else f"it needs a network that is piecewise linear after attention, and this one {what}"


TWO_CLASSES = Need(_two_classes)
"""The task has two classes."""
VARYING_ANSWERS = Need(_varying_answers)
"""The network does not give every input the same answer."""
TWO_POSITIONS = Need(_two_positions)
"""Exactly two positions of the input have tokens that vary."""


PRODUCT = Need(_product)
"""The domain holds every combination of the positions' tokens."""
ONE_LAYER = Need(_one_layer)
"""The network has one layer."""
HAS_MLP = Need(_mlp)
"""The network has hidden neurons."""
PIECEWISE_LINEAR = Need(_piecewise_linear)
"""The network is piecewise linear after attention, for given scales of its normalisations: ReLU or no MLP."""


def found_by(line: Line[Any]) -> Need:
    """The condition that an earlier line was followed."""

    def lacks(run: Run, found: Found) -> str | None:
        return None if line in found else f"it builds on “{line.title}”, which was skipped"

    return Need(lacks)
