"""Controls for causal scrubbing: the same ablations under hypotheses with wrong directions, gates or thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from scrubjay.core.axes import Classes
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Score, Stopping, share_of
from scrubjay.evidence.ablations import BeyondSubspace, Row, licensed, row_name
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import random_basis
from scrubjay.nets.readout import Readout

RANDOM_SETS = 8
"""The number of sets of random directions that are tried."""
_BREAKS = 0.01
"""An ablation under a wrong hypothesis counts as a control if at least this share of the answers should change."""


@dataclass(frozen=True)
class ScrubControl:
    """What is left under a wrong hypothesis.

    Attributes:
        name: a name that says what is wrong with the hypothesis.
        left: for each row that counts as a control, the share of the network's own answers that stay.
    """

    name: str
    left: dict[str, Score]


def scrub_controls(
    scrubber: Scrubber, readout: Readout, own: Classes, *, stopping: Stopping, seed: int
) -> tuple[ScrubControl, ...]:
    """Score the ablations under wrong hypotheses.

    The wrong hypotheses are:

    - a random subspace, for [1*];
    - several sets of random directions, with thresholds that are exceeded as often as those of the hypothesis. They lie
      in the causal subspace unless the variables span it. In that case they are drawn from the whole residual stream,
      since directions inside the subspace would amount to the hypothesis itself;
    - those gates among AND, OR and XOR that are not the hypothesis's own;
    - thresholds that are moved by one standard deviation of their variable, up and down.

    A row counts only if at least 1% of the answers should change under it if the hypothesis is right. XOR, for example,
    and thresholds that are moved to the safe side may license less than the hypothesis does, so that keeping all
    answers would say nothing against them.

    Args:
        scrubber: the hypothesis and the residual streams.
        readout: computes the answer from a residual stream.
        own: the network's own answers, shape [n].
        stopping: when enough has been drawn.
        seed: seed for directions and draws.
    """
    hypothesis, k = scrubber.hypothesis, scrubber.hypothesis.gate.k
    rows = [row for row in licensed(k) if row != (BeyondSubspace(),)]
    spread = scrubber.values.std(0)
    gates = [each for each in (Gate.conjunction(k), Gate.disjunction(k), Gate.parity(k)) if each != hypothesis.gate]
    wrong = [(f"gate {gate.name}", replace(hypothesis, gate=gate)) for gate in gates if k > 1]
    wrong += [
        (f"thresholds {sign:+d} sd", replace(hypothesis, thresholds=hypothesis.thresholds + sign * spread))
        for sign in (-1, 1)
    ]

    def left(each: Scrubber, these: Sequence[Row], until: Stopping) -> dict[str, Score]:
        breaking = [row for row in these if _broken(scrubber, each, row, seed) >= _BREAKS]
        scored = scrub(each, readout, own, stopping=until, seed=seed, rows=breaking)
        return {row: scores.own for row, scores in scored.items()}

    r, d = scrubber.subspace.shape
    elsewhere = replace(scrubber, subspace=random_basis(d, r, seed).T)
    jobs: list[tuple[Scrubber, Sequence[Row], Stopping]] = [
        *((_at_random(scrubber, seed + at), rows, Stopping(1)) for at in range(RANDOM_SETS)),
        (elsewhere, [(BeyondSubspace(),)], stopping),
        *((replace(scrubber, hypothesis=each), rows, stopping) for _, each in wrong),
    ]
    found = side_by_side(lambda job: left(*job), jobs)
    sets, subspace, others = found[:RANDOM_SETS], found[RANDOM_SETS], found[RANDOM_SETS + 1 :]
    names = [row_name(row) for row in rows]
    drawn = {row: [each[row].mean for each in sets if row in each] for row in names}
    return (
        ScrubControl("random directions", {row: Score.over(means) for row, means in drawn.items() if means}),
        ScrubControl("random subspace", subspace),
        *(ScrubControl(name, each) for (name, _), each in zip(wrong, others, strict=True)),
    )


def strongest(controls: Sequence[ScrubControl], row: str) -> Score | None:
    """What the wrong hypothesis that leaves the most answers leaves under a row; None if the row counts for none."""
    scores = [control.left[row] for control in controls if row in control.left]
    return max(scores, key=lambda score: score.mean, default=None)


def _broken(right: Scrubber, wrong: Scrubber, row: Row, seed: int) -> float:
    """The share of answers that should change under a wrong hypothesis's ablation if the right one is true."""
    state, hypothesis = wrong.ablated(row, wrong.donors(seed, 0)), right.hypothesis
    if state.beyond_from is None:
        kept = right.values if state.rest_from is None else right.values[state.rest_from]
        moved = kept + wrong.step(state) @ (wrong.hypothesis.carriers @ hypothesis.directions.T)
    else:
        moved = torch.cat([stream.double() @ hypothesis.directions.T for stream in wrong.streams(state)])
    return share_of(hypothesis.says_one(moved) != hypothesis.says_one(right.values))


def _at_random(scrubber: Scrubber, seed: int) -> Scrubber:
    hypothesis, k = scrubber.hypothesis, scrubber.hypothesis.gate.k
    draw = torch.Generator().manual_seed(seed)
    r, d = scrubber.subspace.shape
    among = scrubber.subspace if k < r else torch.eye(d, dtype=torch.float64)
    mixed = torch.randn(k, len(among), generator=draw, dtype=torch.float64)
    directions = torch.nn.functional.normalize(mixed @ among)
    off = (scrubber.values <= hypothesis.thresholds).double().mean(0)
    values = scrubber.resid_mid.double() @ directions.T
    thresholds = torch.stack([column.quantile(share) for column, share in zip(values.T, off, strict=True)])
    filters = Filters(directions, thresholds, hypothesis.gate, 0.0)
    other = Hypothesis.of(filters, scrubber.resid_mid, hypothesis.basis)
    return Scrubber.of(other, scrubber.resid_mid, scrubber.subspace, scrubber.sampling)
