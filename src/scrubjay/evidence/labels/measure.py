"""Search the program behind a task's labels, and compare the network with it."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.core.progress import part_of
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.labels.in_inner_parts import ProgramInParts, program_in_parts
from scrubjay.evidence.labels.readable import Readable, readable_parts
from scrubjay.evidence.line import Found, Need, NothingToFollow
from scrubjay.program.error_map import ErrorMap, error_map
from scrubjay.program.expression import Length, Program
from scrubjay.program.observed import Observed
from scrubjay.program.search import best_program
from scrubjay.run import Run, Settings

MOST_INPUTS = 40_000
"""The largest domain on which the search is made; it takes seconds there."""


@dataclass(frozen=True, eq=False)
class LabelsResult:
    """A network compared with the program that was found behind its task's labels.

    Attributes:
        run: the run.
        program: the program behind the labels.
        length: the number of bits of the program and of its exceptions.
        errors: where the network errs, or None if it does not err.
        readable: for each place, how well each part of the program can be read from it. The places are ``resid_mid``
            and, if filters are known, ``filters``.
        in_parts: which part of the program lives in which part of the inner network; None if there is none.
    """

    run: Run
    program: Program
    length: Length
    errors: ErrorMap | None
    readable: dict[str, tuple[Readable, ...]]
    in_parts: ProgramInParts | None


def _labels_lack(run: Run, found: Found) -> str | None:
    return None if run.task.labels is not None else f"it needs labels, and task {run.task.name} has none"


def _size_lacks(run: Run, found: Found) -> str | None:
    size = run.task.domain.size
    return None if size <= MOST_INPUTS else f"it searches at most {MOST_INPUTS:,} labels, and this domain has {size:,}"


NEEDS = (Need(_labels_lack), Need(_size_lacks))
"""The task has labels, and not too many of them."""


def measure(run: Run, settings: Settings, found: Found) -> LabelsResult:
    """Find the program, the errors relative to it, and what can be read of it.

    Raises:
        NothingToFollow: no program was found.
    """
    assert run.task.labels is not None
    searching = part_of(settings.progress, 0.0, 0.9)
    best = best_program(Observed.of_task(run.task, run.task.labels), searching, seed=settings.seed)
    if best is None:
        raise NothingToFollow("no short program was found behind the labels")
    settings.progress("errors and readouts, relative to the program", 0.9)
    filters = found.get(FILTERS)
    places = {"resid_mid": run.full.resid_mid.double()}
    if filters is not None:
        places["filters"] = filters.sides["full"].gate.fit.filters.values(run.full.resid_mid)

    def read(place: str) -> tuple[Readable, ...]:
        return readable_parts(best.program, run.task, places[place], seed=settings.seed)

    errors, inner = error_map(best.program, run.task, run.full.classes, seed=settings.seed), found.get(INNER)
    return LabelsResult(
        run,
        program=best.program,
        length=best.length,
        errors=errors,
        readable=dict(zip(places, side_by_side(read, places), strict=True)),
        in_parts=None if inner is None else program_in_parts(best.program, run.task, inner, errors),
    )
