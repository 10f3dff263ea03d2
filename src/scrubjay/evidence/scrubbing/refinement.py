"""Directions refined causally: turned inside the subspace until the licensed ablations keep the most answers.

They are learned on half of the inputs and judged on the other half, so that a reader sees whether the hypothesis or
the fit was at fault.

Source: interchange interventions with learned directions, as in Distributed Alignment Search (Geiger et al. 2023). The
rotation is searched by random steps of falling size, not by gradient, since answers are what counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Components, Inputs, Residual
from scrubjay.core.stats import share_of
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
_LEARN_FROM = 8192
"""Inputs that directions are learned on, at the most; their hidden layer is kept."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Fitted and refined directions, both judged on the half of the inputs that the refinement did not see.

    Attributes:
        filters: the refined ones.
        fitted_scores: of all licensed ablations together along the fitted directions, on the judging half.
        refined_scores: of every licensed ablation along the refined directions, on the judging half.
    """

    filters: Filters
    fitted_scores: ScrubScores
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
    half = len(order) // 2
    learner = _Learner.of(filters, order[: min(half, _LEARN_FROM)], resid_mid, subspace, readout, classes, settings)
    best = filters
    reached = learner.kept(best)
    for scale in _SCALES:
        for _ in range(_STEPS):
            turn = torch.randn(filters.gate.k, len(subspace), generator=draw, dtype=torch.float64) @ subspace
            turned = torch.nn.functional.normalize(best.directions + scale * turn / len(subspace) ** 0.5)
            candidate = learner.with_best_thresholds(replace(best, directions=turned))
            found = learner.kept(candidate)
            if found > reached:
                best, reached = candidate, found
    judge = order[half:]

    def judged(candidate: Filters, rows: Sequence[Row] | None = None) -> dict[str, ScrubScores]:
        streams = resid_mid[judge]
        scrubber = Scrubber.of(Hypothesis.of(candidate, streams, settings.basis), streams, subspace, settings.sampling)
        until = settings.stopping.at_most(JUDGING_DRAWS)
        return scrub(scrubber, readout, classes[judge], stopping=until, seed=settings.seed, rows=rows)

    (fitted,) = judged(filters, [licensed(filters.gate.k)[-1]]).values()
    return Refined(best, fitted, judged(best))


@dataclass(frozen=True, eq=False)
class _Learner:
    """The inputs that directions are learned on.

    Candidates lie in the causal subspace and are all judged with the same donors. So the streams are needed only by
    their coordinates in the subspace, and the hidden layer that the donors' rests give is computed once.
    """

    streams: Residual
    coordinates: Float64[Tensor, "n r"]
    subspace: Components
    readout: Readout
    classes: Classes
    settings: Settings
    start: tuple[Float[Tensor, "n m"], Float[Tensor, "n c"]]
    rest_from: Inputs

    @classmethod
    def of(
        cls,
        filters: Filters,
        inputs: Int[Tensor, "_some"],
        resid_mid: Residual,
        subspace: Components,
        readout: Readout,
        classes: Classes,
        settings: Settings,
    ) -> "_Learner":
        streams = resid_mid[inputs]
        coordinates = streams.double() @ subspace.T
        hypothesis = Hypothesis.of(filters, streams, settings.basis)
        rest_from = Scrubber.of(hypothesis, streams, subspace, settings.sampling).donors(settings.seed, 0).anywhere
        start = readout.hidden_layer(streams[rest_from])
        return cls(streams, coordinates, subspace, readout, classes[inputs], settings, start, rest_from)

    def values(self, filters: Filters) -> Float64[Tensor, "n k"]:
        return self.coordinates @ (filters.directions @ self.subspace.T).T

    def kept(self, filters: Filters) -> float:
        """The share of answers that all licensed ablations together leave, in one draw."""
        hypothesis = Hypothesis.of(filters, self.streams, self.settings.basis)
        values = self.values(filters)
        scrubber = Scrubber(hypothesis, values, self.streams, self.subspace, self.settings.sampling)
        donors = scrubber.donors(self.settings.seed, 0)
        state = scrubber.ablated(licensed(filters.gate.k)[-1], donors)
        step = state.values - values[self.rest_from]
        return share_of(self.readout.classes_moved(self.start, step, hypothesis.carriers) == self.classes)

    def with_best_thresholds(self, filters: Filters) -> Filters:
        """The same directions, each with the threshold that is best given the others."""
        values, ones = self.values(filters), self.classes == 1
        thresholds = filters.thresholds.clone()
        bits = values > thresholds
        for i in range(filters.gate.k):
            matters, wanted = deciding(bits, ones, filters.gate, i)
            if bool(matters.any()):
                thresholds[i] = best_thresholds(values[matters, i][None], wanted)[0][0]
                bits[:, i] = values[:, i] > thresholds[i]
        return replace(filters, thresholds=thresholds, agreement=read_gate(bits, ones).agreement)
