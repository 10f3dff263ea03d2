"""Directions refined causally: turned inside the subspace until the licensed ablations keep the most answers.

Learned on half of the inputs, judged on the other half, so that a reader sees whether the hypothesis or the fit was at
fault. Source: interchange interventions with learned directions, as in Distributed Alignment Search (Geiger et al.
2023); the rotation is searched by falling random steps, not by gradient, since answers are what counts.
"""

from dataclasses import dataclass, replace

import torch

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes, Components, Residual
from scrubjay.evidence.scrubbing import Basis, Hypothesis, Sampling, Scrubber, ScrubScores, licensed, scrub
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import read_gate
from scrubjay.geometry.sweep import best_thresholds, deciding

_SCALES, _STEPS = (0.3, 0.1, 0.03, 0.01), 32


@dataclass(frozen=True, eq=False)
class Refined:
    """Fitted and refined directions, both judged on the half of the inputs that the refinement did not see.

    Attributes:
        filters: the refined ones.
        fitted_scores, refined_scores: of every licensed ablation on the judging half.
    """

    filters: Filters
    fitted_scores: dict[str, ScrubScores]
    refined_scores: dict[str, ScrubScores]


def refine_causally(
    filters: Filters,
    resid_mid: Residual,
    subspace: Components,
    readout: Readout,
    classes: Classes,
    *,
    draws: int,
    seed: int,
    basis: Basis = "orthogonal",
    sampling: Sampling = "independent",
) -> Refined:
    """Turn a hypothesis's directions inside a subspace.

    Args:
        filters: the fit to start from.
        resid_mid: over the whole domain.
        subspace: the components inside which the directions may turn.
        readout: from a residual stream to an answer.
        classes: the network's own answers.
        draws: of each ablation when the two are judged.
        seed: of the halves, the steps and the draws.
        basis: how the complement of the directions is chosen.
        sampling: of the donors.
    """
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(resid_mid), generator=draw)
    learn, judge = order[: len(order) // 2], order[len(order) // 2 :]
    everything = licensed(filters.gate.k)[-1].name

    def left(
        candidate: Filters, inputs: torch.Tensor, rows: tuple[str, ...] | None, count: int
    ) -> dict[str, ScrubScores]:
        hypothesis = Hypothesis.of(candidate, resid_mid[inputs], basis)
        scrubber = Scrubber.of(hypothesis, resid_mid[inputs], subspace, sampling)
        return scrub(scrubber, readout, classes[inputs], draws=count, seed=seed, only=rows)

    best, reached = filters, left(filters, learn, (everything,), 1)[everything].own.mean
    for scale in _SCALES:
        for _ in range(_STEPS):
            turn = torch.randn(filters.gate.k, len(subspace), generator=draw, dtype=torch.float64) @ subspace
            turned = torch.nn.functional.normalize(best.directions + scale * turn / len(subspace) ** 0.5)
            candidate = _with_best_thresholds(replace(best, directions=turned), resid_mid[learn], classes[learn] == 1)
            kept = left(candidate, learn, (everything,), 1)[everything].own.mean
            if kept > reached:
                best, reached = candidate, kept
    return Refined(best, left(filters, judge, None, draws), left(best, judge, None, draws))


def _with_best_thresholds(filters: Filters, resid_mid: Residual, ones: torch.Tensor) -> Filters:
    projections = resid_mid.double() @ filters.directions.T
    thresholds = filters.thresholds.clone()
    bits = projections > thresholds
    for i in range(filters.gate.k):
        matters, wanted = deciding(bits, ones, filters.gate, i)
        if bool(matters.any()):
            thresholds[i] = best_thresholds(projections[matters, i][None], wanted)[0][0]
            bits[:, i] = projections[:, i] > thresholds[i]
    return replace(filters, thresholds=thresholds, agreement=read_gate(bits, ones).agreement)
