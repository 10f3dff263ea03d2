"""Score all rival explanations of a network by the same measure, and test the reading of rows."""

from dataclasses import dataclass, replace

from scrubjay.core.stats import Stopping
from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.line import Found, Need, NothingToFollow
from scrubjay.evidence.rivals.kinds import kinds
from scrubjay.evidence.rivals.row_swaps import RowReading, read_rows
from scrubjay.evidence.rivals.yardstick import Explanation, Rival, Seen, compare_with
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.run import Run, Settings

FEWEST_INPUTS = 8
"""The smallest domain that is split into halves."""
MOST_INPUTS = 40_000
"""The largest domain on which rivals are fitted; the fits take seconds there."""
SHUFFLES = Stopping(most=20, width=0.1)
"""When a rival's control has been fitted to enough shuffles: ten or more, until its 95% interval is ten points wide."""
_MANY = 1_000
"""With at least this many answers to fit, the shares of different shuffles hardly differ, and three shuffles may do.
With few answers several shuffles may give the very same share by chance, which would look like certainty."""


@dataclass(frozen=True, eq=False)
class RivalsResult:
    """Rival explanations of the full network.

    Attributes:
        run: the run.
        scored: the rivals with their scores.
        fitted: the number of answers that each was fitted to.
        rows: the test of the reading of rows; None unless two positions vary.
    """

    run: Run
    scored: tuple[Rival, ...]
    fitted: int
    rows: RowReading | None


def _size_lacks(run: Run, found: Found) -> str | None:
    size = run.task.domain.size
    if FEWEST_INPUTS <= size <= MOST_INPUTS:
        return None
    return f"it compares explanations on {FEWEST_INPUTS} to {MOST_INPUTS:,} inputs, and this domain has {size:,}"


NEEDS = (Need(_size_lacks),)
"""The domain has enough inputs, and not too many."""


def shuffles(fitted: int) -> Stopping:
    """When a control has been fitted to enough shuffles of ``fitted`` answers."""
    return replace(SHUFFLES, least=min(3, SHUFFLES.least)) if fitted >= _MANY else SHUFFLES


def measure(run: Run, settings: Settings, found: Found) -> RivalsResult:
    """Fit every rival that applies to the full network's answers on the training half.

    Raises:
        NothingToFollow: the training half has fewer than two answers that lie in a class.
    """
    subspace, labels = found.of(SUBSPACE).sides["full"], found.get(LABELS)
    r = max(1, subspace.causal.r)
    seen = Seen.of(run.task, run.full.classes, run.full.resid_mid, subspace.pca, r, seed=settings.seed)
    if seen.n < 2:
        raise NothingToFollow("fewer than two answers of the training half lie in a class")
    program, length = (None, None) if labels is None else (labels.program, labels.length)
    condensed = found.get(INNER)
    coarse = None if condensed is None or condensed.inner.built is None else condensed.inner.coarse
    inner = None if coarse is None else Explanation(coarse.classes == 1, float(coarse.bits))
    every = kinds(seen, program, length, inner)
    scored = []
    for number, kind in enumerate(every):  # one after the other: many tiny operations would wait for Python's lock
        settings.progress(f"rival explanation: {kind.what}", 0.9 * number / len(every))
        scored.append(compare_with(kind, seen, run.full.classes, shuffles(seen.n)))
    settings.progress("extended embeddings exchanged between rows", 0.9)
    embeddings = found.get(EMBEDDINGS)
    rows = None if embeddings is None or len(run.task.domain.shape) != 2 else read_rows(run, embeddings.parts, settings)
    return RivalsResult(run, tuple(scored), seen.n, rows)
