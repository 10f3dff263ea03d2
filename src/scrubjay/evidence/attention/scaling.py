"""Interpolate attention between its mean pattern and the full one."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.run import Run

STEPS = tuple(step / 10 for step in range(11))
"""The values of t that are tried; 0 is the mean pattern and 1 the full one."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What happens when each input attends by ``mean + t * (pattern - mean)``.

    Attributes:
        steps: the values of t.
        agreement: the agreement with the full network's answers at each value of t.
        flips: the number of answers that differ between t = 0 and t = 1.
        precision: the share of the predicted flips that happen. A flip is predicted where the margin at t = 0 changes
            its sign when its derivative with respect to t is added.
        recall: the share of the flips that happen which were predicted.
        f1: the harmonic mean of precision and recall.
        chance: the f1 that as many flips predicted at random would have.
    """

    steps: tuple[float, ...]
    agreement: tuple[float, ...]
    flips: int
    precision: float
    recall: float
    f1: float
    chance: float


def scale_attention(run: Run) -> Scaling:
    """Interpolate the pattern. ``resid_mid`` is linear in it, so that no step needs a new run."""
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
