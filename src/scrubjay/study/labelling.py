"""A network held against the program of its task's labels: where it errs, and which parts of the program it holds."""

from collections.abc import Callable

from scrubjay.evidence.readable import readable_parts
from scrubjay.program.errors import error_map
from scrubjay.program.observed import Observed
from scrubjay.program.search import best_program
from scrubjay.study.records import Labelling, Side
from scrubjay.task.task import Task

_MOST_INPUTS = 40_000


def held_against_program(task: Task, full: Side, *, seed: int, progress: Callable[[str], None]) -> Labelling | None:
    """Search the program behind a task's labels and lay the network over it.

    Args:
        task: any; without two classes and two varying positions, or with a domain that makes the search long, there is
            nothing to search.
        full: the network taken apart.
        seed: of the errors thrown at random and of the readout's halves.
        progress: told each stage as it begins.

    Returns:
        None where no program is found.
    """
    if task.labels is None or not task.is_binary or len(task.domain.shape) != 2 or task.domain.size > _MOST_INPUTS:
        return None
    progress("searching the program behind the labels")
    found = best_program(Observed.of_task(task, task.labels))
    if found is None:
        return None
    progress("errors and readouts, relative to the program")
    act = full.activations
    readable = {"resid_mid": readable_parts(found.program, task, act.resid_mid.double(), seed=seed)}
    if full.gate is not None:
        values = full.gate.fit.filters.values(act.resid_mid)
        readable["filters"] = readable_parts(found.program, task, values, seed=seed)
    return Labelling(
        program=found.program,
        length=found.length,
        errors=error_map(found.program, task, act.classes, seed=seed),
        readable=readable,
    )
