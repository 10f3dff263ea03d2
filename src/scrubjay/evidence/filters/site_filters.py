"""Filters and their gate at every site of a deeper network's stream, tested by running the rest of the network."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Stopping
from scrubjay.evidence.filters.choice import fitted_gate, simplest
from scrubjay.evidence.scrubber import Scrubber, ScrubScores, scrub
from scrubjay.evidence.subspace.site_subspaces import SiteSubspace
from scrubjay.fit.filters import Filters
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.run import Run, Settings

_NUMBERS = (1, 2)
"""The numbers of filters that are fitted."""
_DRAWS = 5
"""The largest number of draws of each ablation; each runs the rest of the network on every input."""


@dataclass(frozen=True, eq=False)
class SiteFilters:
    """The filters at one site.

    Attributes:
        name: the site.
        r: the number of components of the causal subspace there.
        filters: the filters, and their gate.
        agreement: how often the gate gives the network's answer.
        scores: the scores of the licensed ablations, by the names of their rows.
    """

    name: str
    r: int
    filters: Filters
    agreement: float
    scores: dict[str, ScrubScores]


def filters_at_sites(run: Run, sites: tuple[SiteSubspace, ...], settings: Settings) -> tuple[SiteFilters, ...]:
    """Fit one or two filters in the causal subspace of each site, and scrub everything that they license.

    Args:
        run: the run of a task of two classes.
        sites: the causal subspaces; none for a network with one layer.
        settings: seed, draws and the like.
    """
    return tuple(side_by_side(lambda site: _at_site(run, site, settings), sites))


def _at_site(run: Run, site: SiteSubspace, settings: Settings) -> SiteFilters:
    values, classes, r = site.cut.values, run.full.classes, max(1, site.causal.r)
    chosen = simplest([fitted_gate(values, site.pca, classes, r, k, seed=settings.seed) for k in _NUMBERS])
    hypothesis = Hypothesis.of(chosen.filters, values, settings.basis)
    scrubber = Scrubber.of(hypothesis, values, site.pca.components[:r], settings.sampling)
    until = Stopping(min(_DRAWS, settings.draws), settings.width)
    scores = scrub(scrubber, site.cut.rest, classes, stopping=until, seed=settings.seed)
    return SiteFilters(site.cut.name, r, chosen.filters, chosen.agreement, scores)
