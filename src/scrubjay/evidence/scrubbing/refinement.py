"""Causally refined directions: turn the filters' directions until the licensed ablations keep the most answers.

The directions are learned on one half of the inputs and judged on the other. If refined directions keep many more
answers than fitted ones, then the fit was at fault, and not the hypothesis.

Source: Geiger et al. (2023), "Finding alignments between interpretable causal variables and distributed neural
representations" (Distributed Alignment Search). Unlike there, the rotation is found by random steps of falling size and
not by gradient descent, since the number of answers kept has no gradient.
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
"""The largest number of draws of each ablation when the directions are judged."""
_SCALES = (0.3, 0.1, 0.03, 0.01)
"""The sizes of the random steps, largest first."""
_STEPS = 32
"""The number of random steps of each size."""
_LEARN_FROM = 8192
"""The largest number of inputs that directions are learned on; their hidden layer is held in memory."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Fitted and refined directions, both judged on the half of the inputs that the refinement did not see.

    Attributes:
        filters: the filters with refined directions and thresholds.
        fitted_scores: the scores of all licensed ablations together, along the fitted directions.
        refined_scores: the scores of each licensed row along the refined directions, by its name.
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
    """Turn the directions of filters inside a subspace.

    Args:
        filters: the filters to start from.
        resid_mid: the residual streams of all inputs, shape [n, d].
        subspace: the components inside which the directions may turn, shape [r, d].
        readout: computes the answer from a residual stream.
        classes: the network's own answers, shape [n].
        settings: the settings; seed, basis, sampling and stopping are used.
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
    """The inputs that directions are learned on, and what all candidates share.

    Candidate directions lie in the causal subspace, so that only the coordinates of the streams in it are needed. All
    candidates take the rest from the same donors, so that the hidden layer of the donors is computed only once.
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
        """The share of answers kept in one draw of all licensed ablations together."""
        hypothesis = Hypothesis.of(filters, self.streams, self.settings.basis)
        values = self.values(filters)
        scrubber = Scrubber(hypothesis, values, self.streams, self.subspace, self.settings.sampling)
        donors = scrubber.donors(self.settings.seed, 0)
        state = scrubber.ablated(licensed(filters.gate.k)[-1], donors)
        step = state.values - values[self.rest_from]
        return share_of(self.readout.classes_moved(self.start, step, hypothesis.carriers) == self.classes)

    def with_best_thresholds(self, filters: Filters) -> Filters:
        """Filters of the same directions, each with the threshold that is best given the others."""
        values, ones = self.values(filters), self.classes == 1
        thresholds = filters.thresholds.clone()
        bits = values > thresholds
        for i in range(filters.gate.k):
            matters, wanted = deciding(bits, ones, filters.gate, i)
            if bool(matters.any()):
                thresholds[i] = best_thresholds(values[matters, i][None], wanted)[0][0]
                bits[:, i] = values[:, i] > thresholds[i]
        return replace(filters, thresholds=thresholds, agreement=read_gate(bits, ones).agreement)
