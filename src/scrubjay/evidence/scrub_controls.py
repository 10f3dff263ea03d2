"""What a hypothesis must beat: the same ablations where its directions, its gate or its thresholds are wrong."""

from dataclasses import dataclass, replace

import torch

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes, Components
from scrubjay.evidence.scrubbing import Hypothesis, Scrubber, licensed, scrub
from scrubjay.geometry.draws import Score
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import Gate

_RANDOM_SETS = 8


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
    """Score the ablations under wrong hypotheses; only those rows in which the mistake can show.

    A random subspace for [1*]; random directions of the same subspace (several sets), with thresholds that split the
    inputs as the hypothesis's own do; the wrong gates among AND, OR and XOR, if they license anything; thresholds moved
    by one standard deviation of their variable, both ways.
    """
    hypothesis, k = scrubber.hypothesis, scrubber.hypothesis.gate.k
    every = [ablation.name for ablation in licensed(k) if ablation.name != "1*"]
    sides = tuple(name for name in every if name != "1")
    idle = tuple(name for name in sides if "3" in name)
    spread = scrubber.values.std(0)
    wrong: list[tuple[str, Scrubber, tuple[str, ...]]] = [
        ("random subspace", replace(scrubber, subspace=_random_subspace(scrubber, seed)), ("1*",))
    ]
    if k > 1:
        gates = [each for each in (Gate.conjunction(k), Gate.disjunction(k), Gate.parity(k)) if each != hypothesis.gate]
        others = [replace(scrubber, hypothesis=replace(hypothesis, gate=gate)) for gate in gates]
        wrong += [(f"gate {other.hypothesis.gate.name}", other, idle) for other in others if _licenses(other)]
    wrong += [
        (f"thresholds {sign:+d} sd", _with_thresholds(scrubber, hypothesis.thresholds + sign * spread), sides)
        for sign in (-1, 1)
    ]

    def left(each: Scrubber, rows: tuple[str, ...], count: int) -> dict[str, Score]:
        scored = scrub(each, readout, own, draws=count, seed=seed, only=rows)
        return {row: scores.own for row, scores in scored.items()}

    sets = [left(_at_random(scrubber, seed + at), tuple(every), 1) for at in range(_RANDOM_SETS)]
    at_random = {row: Score.over([each[row].mean for each in sets]) for row in every}
    return (
        ScrubControl("random directions", at_random),
        *(ScrubControl(name, left(each, rows, draws)) for name, each, rows in wrong),
    )


def _licenses(scrubber: Scrubber) -> bool:
    """Whether a gate lets any input's variable idle; XOR never does, so that it forbids more and can't be beaten."""
    bits = scrubber.values > scrubber.hypothesis.thresholds
    return any(bool(scrubber.idle(bits, j).any()) for j in range(bits.shape[1]))


def strongest(controls: tuple[ScrubControl, ...], row: str) -> float:
    """The control that leaves the most answers under an ablation."""
    return max((control.left[row].mean for control in controls if row in control.left), default=0.0)


def _with_thresholds(scrubber: Scrubber, thresholds: torch.Tensor) -> Scrubber:
    return replace(scrubber, hypothesis=replace(scrubber.hypothesis, thresholds=thresholds))


def _random_subspace(scrubber: Scrubber, seed: int) -> Components:
    r, d = scrubber.subspace.shape
    draw = torch.Generator().manual_seed(seed)
    basis: Components = torch.linalg.qr(torch.randn(d, r, generator=draw, dtype=torch.float64))[0].T
    return basis


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
