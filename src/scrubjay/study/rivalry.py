"""A network's rivals on one yardstick, and the row-class reading put to its own test."""

from collections.abc import Callable

from scrubjay.activations.readout import Readout
from scrubjay.evidence.rival_kinds import kinds
from scrubjay.evidence.rivals import Seen, hold_against
from scrubjay.evidence.swaps import nearest_rows, swap_rows
from scrubjay.geometry.row_patterns import patterns_of
from scrubjay.study.records import Comparison, Labelling, Rivals, RowReading, Side

_FEWEST_INPUTS, _MOST_INPUTS = 8, 40_000
_DRAWS = 8


def rivals_of(
    readout: Readout,
    full: Side,
    frozen: Side,
    comparison: Comparison,
    labelling: Labelling | None,
    *,
    draws: int,
    seed: int,
    progress: Callable[[str], None],
) -> Rivals | None:
    """Fit every rival that applies to the full network's answers on the training half.

    Args:
        readout: from ``resid_mid`` to an answer; has the task.
        full: the network taken apart; its answers are what rivals are fitted to.
        frozen: the frozen one; the pattern of its answers is the class of a row.
        comparison: has the extended embeddings.
        labelling: the program of the labels, where one was found.
        draws: of the exchanges between rows, at most a few.
        seed: of every start and draw.
        progress: told each stage as it begins.

    Returns:
        None where the task has not two classes, hardly any inputs, or so many that the fits would take long.
    """
    task, act = readout.task, full.activations
    if not task.is_binary or not _FEWEST_INPUTS <= task.domain.size <= _MOST_INPUTS:
        return None
    seen = Seen.of(task, act.classes, act.resid_mid, full.pca, max(1, full.subspace.r), seed=seed)
    if seen.n < 2:
        return None
    program, length = (None, None) if labelling is None else (labelling.program, labelling.length)
    scored = []
    for kind in kinds(seen, program, length):
        progress(f"rival: {kind.what}")
        scored.append(hold_against(kind, seen, act.classes))
    return Rivals(
        scored=tuple(scored),
        fitted=seen.n,
        rows=_row_reading(readout, full, frozen, comparison, draws=min(_DRAWS, draws), seed=seed, progress=progress),
    )


def _row_reading(
    readout: Readout,
    full: Side,
    frozen: Side,
    comparison: Comparison,
    *,
    draws: int,
    seed: int,
    progress: Callable[[str], None],
) -> RowReading | None:
    domain = readout.task.domain
    if len(domain.shape) != 2:
        return None
    progress("extended embeddings exchanged between rows")
    table = comparison.embedding.parts.tables[0]
    patterns = patterns_of(domain.image(frozen.activations.classes).numpy())
    nearest = nearest_rows(table, domain.image(full.activations.classes), patterns)
    swaps = {
        side.name: swap_rows(
            side.activations.resid_mid, table, readout, side.activations.classes, patterns, draws=draws, seed=seed
        )
        for side in (full, frozen)
    }
    return RowReading(patterns, nearest, swaps)
