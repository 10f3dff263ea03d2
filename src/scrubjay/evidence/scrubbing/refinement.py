"""Directions refined causally: turned inside the subspace until the licensed ablations keep the most answers.

They are learned on half of the inputs and judged on the other half, so that a reader sees whether the hypothesis or
the fit was at fault.

Source: interchange interventions with learned directions, as in Distributed Alignment Search (Geiger et al. 2023). The
rotation is searched by random steps of falling size, not by gradient, since answers are what counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from scrubjay.core.axes import Classes, Components, Mask, Residual
from scrubjay.core.stats import Stopping
from scrubjay.evidence.ablations import Row, licensed
from scrubjay.evidence.scrubber import Scrubber, ScrubScores, scrub
from scrubjay.fit.exact_steps import best_thresholds, deciding
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import read_gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.nets.readout import Readout
from scrubjay.run import Settings

JUDGING_DRAWS = 10
"""Draws of each ablation when the fitted and the refined directions are judged."""
_SCALES = (0.3, 0.1, 0.03, 0.01)
"""Sizes of the random steps, largest first."""
_STEPS = 32
"""Random steps of each size."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Fitted and refined directions, both judged on the half of the inputs that the refinement did not see.

    Attributes:
        filters: the refined ones.
        fitted_scores: of every licensed ablation along the fitted directions, on the judging half.
        refined_scores: of every licensed ablation along the refined directions, on the judging half.
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
    settings: Settings,
) -> Refined:
    """Turn a hypothesis's directions inside a subspace.

    Args:
        filters: the fit to start from.
        resid_mid: over the whole domain.
        subspace: the components inside which the directions may turn.
        readout: from a residual stream to an answer.
        classes: the network's own answers.
        settings: seed, basis and sampling are used.
    """
    draw = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(len(resid_mid), generator=draw)
    learn, judge = order[: len(order) // 2], order[len(order) // 2 :]
    streams, own = resid_mid[learn], classes[learn]
    everything = licensed(filters.gate.k)[-1]

    def left(
        candidate: Filters, inputs: torch.Tensor, rows: Sequence[Row] | None, until: Stopping
    ) -> dict[str, ScrubScores]:
        of_these = streams if inputs is learn else resid_mid[inputs]
        hypothesis = Hypothesis.of(candidate, of_these, settings.basis)
        scrubber = Scrubber.of(hypothesis, of_these, subspace, settings.sampling)
        return scrub(scrubber, readout, classes[inputs], stopping=until, seed=settings.seed, rows=rows)

    def kept(candidate: Filters) -> float:
        (scores,) = left(candidate, learn, [everything], Stopping(1)).values()
        return scores.own.mean

    best, reached = filters, kept(filters)
    for scale in _SCALES:
        for _ in range(_STEPS):
            turn = torch.randn(filters.gate.k, len(subspace), generator=draw, dtype=torch.float64) @ subspace
            turned = torch.nn.functional.normalize(best.directions + scale * turn / len(subspace) ** 0.5)
            candidate = _with_best_thresholds(replace(best, directions=turned), streams, own == 1)
            found = kept(candidate)
            if found > reached:
                best, reached = candidate, found
    until = settings.stopping.at_most(JUDGING_DRAWS)
    return Refined(best, left(filters, judge, None, until), left(best, judge, None, until))


def _with_best_thresholds(filters: Filters, resid_mid: Residual, ones: Mask) -> Filters:
    projections = resid_mid.double() @ filters.directions.T
    thresholds = filters.thresholds.clone()
    bits = projections > thresholds
    for i in range(filters.gate.k):
        matters, wanted = deciding(bits, ones, filters.gate, i)
        if bool(matters.any()):
            thresholds[i] = best_thresholds(projections[matters, i][None], wanted)[0][0]
            bits[:, i] = projections[:, i] > thresholds[i]
    return replace(filters, thresholds=thresholds, agreement=read_gate(bits, ones).agreement)
