"""Attention on the way from its mean to its full pattern."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.run import Run

STEPS = tuple(step / 10 for step in range(11))
"""Values of t between the mean pattern (0) and the full one (1)."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """From the mean pattern to the full one: pattern = mean + t (pattern - mean).

    Attributes:
        steps: the values of t.
        agreement: with the full network's answers at each of them.
        flips: how many answers differ between t = 0 and t = 1.
        precision: of the flips that the first-order effect of t at 0 predicts, the share that happen.
        recall: of the flips that happen, the share that is predicted.
        f1: the harmonic mean of the two.
        chance: the f1 of as many flips predicted at random.
    """

    steps: tuple[float, ...]
    agreement: tuple[float, ...]
    flips: int
    precision: float
    recall: float
    f1: float
    chance: float


def scale_attention(run: Run) -> Scaling:
    """Interpolate the pattern; ``resid_mid`` is linear in it, so a step is an interpolation and no new run."""
    full, frozen, readout = run.full, run.frozen, run.readout
    way = full.resid_mid - frozen.resid_mid

    def kept(t: float) -> float:
        return share_of(readout.classes(frozen.resid_mid + t * way) == full.classes)

    agreement = tuple(side_by_side(kept, STEPS))
    start = readout.scores(frozen.resid_mid)
    predicted = readout.classes_from(start + readout.slopes(frozen.resid_mid, way)) != frozen.classes
    flipped = full.classes != frozen.classes
    hit, said, true = int((predicted & flipped).sum()), int(predicted.sum()), int(flipped.sum())
    n = len(flipped)
    return Scaling(
        steps=STEPS,
        agreement=agreement,
        flips=true,
        precision=hit / said if said else 0.0,
        recall=hit / true if true else 0.0,
        f1=2 * hit / (said + true) if said + true else 0.0,
        chance=2 * (said * true / n) / (said + true) if said + true else 0.0,
    )
