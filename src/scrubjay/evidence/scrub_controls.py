"""What a hypothesis must beat: the same ablations where its directions, its gate or its thresholds are wrong."""

from dataclasses import dataclass, replace

import torch

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes
from scrubjay.evidence.scrubbing import Ablation, Hypothesis, Scrubber, licensed, scrub
from scrubjay.geometry.draws import Score, share_of
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import Gate
from scrubjay.geometry.subspace import random_directions

_RANDOM_SETS, _BREAKS = 8, 0.01


@dataclass(frozen=True)
class ScrubControl:
    """The ablations under a wrong hypothesis.

    Attributes:
        name: what is wrong with it.
        left: for each ablation that it licenses differently, the share of own answers left.
    """

    name: str
    left: dict[str, Score]


def scrub_controls(
    scrubber: Scrubber, readout: Readout, own: Classes, *, draws: int, seed: int
) -> tuple[ScrubControl, ...]:
    """Score the ablations under wrong hypotheses.

    A random subspace for [1*]; random directions of the same subspace (several sets), with thresholds that split the
    inputs as the hypothesis's own do; the wrong gates among AND, OR and XOR; thresholds moved by one standard deviation
    of their variable, both ways. A row counts only if it breaks the hypothesis: if, by its own account, at least 1% of
    the answers should change. (XOR, and thresholds moved to the safe side, may license less than the hypothesis, and
    then prove nothing.)
    """
    hypothesis, k = scrubber.hypothesis, scrubber.hypothesis.gate.k
    rows = [ablation for ablation in licensed(k) if ablation.steps != ("1*",)]
    spread = scrubber.values.std(0)
    gates = [each for each in (Gate.conjunction(k), Gate.disjunction(k), Gate.parity(k)) if each != hypothesis.gate]
    wrong = [(f"gate {gate.name}", replace(hypothesis, gate=gate)) for gate in gates if k > 1]
    wrong += [
        (f"thresholds {sign:+d} sd", replace(hypothesis, thresholds=hypothesis.thresholds + sign * spread))
        for sign in (-1, 1)
    ]

    def left(each: Scrubber, these: list[Ablation], count: int) -> dict[str, Score]:
        breaking = tuple(row.name for row in these if _broken(scrubber, each, row, seed) >= _BREAKS)
        scored = scrub(each, readout, own, draws=count, seed=seed, only=breaking)
        return {row: scores.own for row, scores in scored.items()}

    sets = [left(_at_random(scrubber, seed + at), rows, 1) for at in range(_RANDOM_SETS)]
    drawn = {row.name: [each[row.name].mean for each in sets if row.name in each] for row in rows}
    r, d = scrubber.subspace.shape
    elsewhere = replace(scrubber, subspace=random_directions(d, r, seed).T)
    return (
        ScrubControl("random directions", {row: Score.over(means) for row, means in drawn.items() if means}),
        ScrubControl("random subspace", left(elsewhere, [each for each in licensed(k) if each not in rows], draws)),
        *(ScrubControl(name, left(replace(scrubber, hypothesis=each), rows, draws)) for name, each in wrong),
    )


def _broken(right: Scrubber, wrong: Scrubber, ablation: Ablation, seed: int) -> float:
    """The share of answers that should change under a wrong hypothesis's ablation, by the right one's account."""
    draw = torch.Generator().manual_seed(seed)
    if ablation.steps == ("1*",):
        moved = wrong.beyond_resampled(draw)
    else:
        base = wrong.rest[wrong.rest_donors(draw)]
        moved = base + (wrong.resampled_values(ablation, draw) @ wrong.hypothesis.carriers).to(base.dtype)
    hypothesis = right.hypothesis
    after = hypothesis.gate(moved.double() @ hypothesis.directions.T > hypothesis.thresholds)
    return share_of(after != hypothesis.gate(right.values > hypothesis.thresholds))


def strongest(controls: tuple[ScrubControl, ...], row: str) -> float:
    """The control that leaves the most answers under an ablation."""
    return max((control.left[row].mean for control in controls if row in control.left), default=0.0)


def _at_random(scrubber: Scrubber, seed: int) -> Scrubber:
    hypothesis = scrubber.hypothesis
    draw = torch.Generator().manual_seed(seed)
    mixed = torch.randn(hypothesis.gate.k, len(scrubber.subspace), generator=draw, dtype=torch.float64)
    directions = torch.nn.functional.normalize(mixed @ scrubber.subspace)
    off = (scrubber.values <= hypothesis.thresholds).double().mean(0)
    values = scrubber.resid_mid.double() @ directions.T
    thresholds = torch.stack([column.quantile(share) for column, share in zip(values.T, off, strict=True)])
    filters = Filters(directions, thresholds, hypothesis.gate, 0.0)
    other = Hypothesis.of(filters, scrubber.resid_mid, hypothesis.basis)
    return Scrubber.of(other, scrubber.resid_mid, scrubber.subspace, scrubber.sampling)
