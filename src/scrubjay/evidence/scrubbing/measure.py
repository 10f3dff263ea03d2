"""Scrub both networks under their own hypotheses and under wrong ones."""

from dataclasses import dataclass

import torch

from scrubjay.core.axes import Classes
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.measure import SideFilters
from scrubjay.evidence.line import Found
from scrubjay.evidence.scrubber import Scrubber, ScrubScores, scrub
from scrubjay.evidence.scrubbing.refinement import Refined, refine_causally
from scrubjay.evidence.scrubbing.wrong_hypotheses import ScrubControl, scrub_controls
from scrubjay.run import Run, Settings

CONTROL_DRAWS = 5
"""The largest number of draws of each ablation under a wrong hypothesis."""


@dataclass(frozen=True)
class Baselines:
    """The three scores of the network without an ablation, and of always giving its most frequent answer.

    Attributes:
        unablated_full: how often the network without an ablation agrees with the full network.
        unablated_truth: how often it is right; None if there are no labels.
        majority: how often the network gives its most frequent answer.
        majority_full: how often the full network gives this answer.
        majority_truth: how often this answer is right; None if there are no labels.
    """

    unablated_full: float
    unablated_truth: float | None
    majority: float
    majority_full: float
    majority_truth: float | None


@dataclass(frozen=True, eq=False)
class Scrubbed:
    """One network under all licensed ablations.

    Attributes:
        filters: the hypothesis, and the filters that it was made from.
        scores: the scores of each licensed row, by its name.
        controls: what is left under wrong hypotheses.
        refined: the causally refined directions, judged beside the fitted ones.
        baselines: the scores without an ablation.
        resampled: the share of the answers that stay when everything is resampled.
    """

    filters: SideFilters
    scores: dict[str, ScrubScores]
    controls: tuple[ScrubControl, ...]
    refined: Refined
    baselines: Baselines
    resampled: float

    @property
    def spans_subspace(self) -> bool:
        """Whether there are as many variables as dimensions of the subspace, so that [1] resamples what [1*] does."""
        return self.filters.gate.fit.k >= self.filters.gate.fit.r


@dataclass(frozen=True, eq=False)
class ScrubbingResult:
    """The results for both networks.

    Attributes:
        run: the run.
        sides: the full and the frozen network, by name.
    """

    run: Run
    sides: dict[str, Scrubbed]


def measure(run: Run, settings: Settings, found: Found) -> ScrubbingResult:
    """Score all licensed rows, wrong hypotheses, and refined directions, for the full and the frozen network."""
    filters = found.of(FILTERS).sides
    scrubbers = {
        name: Scrubber.of(
            own.hypothesis, run.sides[name].resid_mid, own.pca.components[: own.gate.fit.r], settings.sampling
        )
        for name, own in filters.items()
    }
    settings.progress("causal scrubbing", 0.0)

    def scored(name: str) -> dict[str, ScrubScores]:
        own, truth = run.sides[name].classes, run.task.labels
        return scrub(
            scrubbers[name],
            run.readout,
            own,
            full=run.full.classes,
            truth=truth,
            stopping=settings.stopping,
            seed=settings.seed,
        )

    def refined(name: str) -> Refined:
        act, own = run.sides[name], filters[name]
        subspace = own.pca.components[: own.gate.fit.r]
        return refine_causally(own.gate.fit.filters, act.resid_mid, subspace, run.readout, act.classes, settings)

    scores = dict(zip(filters, side_by_side(scored, filters), strict=True))
    settings.progress("turning the filters' directions", 0.5)
    turned = dict(zip(filters, side_by_side(refined, filters), strict=True))
    settings.progress("scrubbing under wrong hypotheses", 0.75)
    until = settings.stopping.at_most(CONTROL_DRAWS)
    sides = {
        name: Scrubbed(
            filters=own,
            scores=scores[name],
            controls=scrub_controls(
                scrubbers[name], run.readout, run.sides[name].classes, stopping=until, seed=settings.seed
            ),
            refined=turned[name],
            baselines=_baselines(run.sides[name].classes, run.full.classes, run.task.labels),
            resampled=own.gate.fit.resampled,
        )
        for name, own in filters.items()
    }
    return ScrubbingResult(run, sides)


def _baselines(own: Classes, full: Classes, truth: Classes | None) -> Baselines:
    frequent = torch.full_like(own, int((own + 1).bincount().argmax()) - 1)
    return Baselines(
        unablated_full=share_of(own == full),
        unablated_truth=None if truth is None else share_of(own == truth),
        majority=share_of(frequent == own),
        majority_full=share_of(frequent == full),
        majority_truth=None if truth is None else share_of(frequent == truth),
    )
