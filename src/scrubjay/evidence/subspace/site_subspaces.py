"""The causal subspace at every site of a deeper network's stream, at the position that is read."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.evidence.subspace.causal import CausalSubspace, causal_subspace
from scrubjay.fit.pca import PCA, random_basis
from scrubjay.nets.sites import Cut, cuts
from scrubjay.run import Run, Settings

_DRAWS = 5
"""The largest number of draws for each number of components; each runs the rest of the network on every input."""
_CONTROL_DRAWS = 2
"""The largest number of draws for each number of random directions."""


@dataclass(frozen=True, eq=False)
class SiteSubspace:
    """How few dimensions of the stream matter at one site.

    Attributes:
        cut: the site, and the rest of the network from there.
        pca: the principal components of the stream at the site.
        causal: the causal subspace that the first of them span.
        at_random: the causal subspace if components are replaced by random directions.
    """

    cut: Cut
    pca: PCA
    causal: CausalSubspace
    at_random: CausalSubspace


def subspaces_at_sites(run: Run, settings: Settings) -> tuple[SiteSubspace, ...]:
    """Find the causal subspace at every site of a network with several layers; nothing for a network with one."""
    if run.can.one_layer:
        return ()
    d = run.network.config.d_model

    def search(cut: Cut) -> SiteSubspace:
        pca = PCA.of(cut.values)

        def subspace(basis: PCA | None, draws: int) -> CausalSubspace:
            components = random_basis(d, d, settings.seed) if basis is None else basis.components
            classes, until = run.full.classes, settings.stopping.at_most(draws)
            return causal_subspace(cut.values, components, cut.rest, classes, draws=until.most, seed=settings.seed)

        return SiteSubspace(cut, pca, subspace(pca, _DRAWS), subspace(None, _CONTROL_DRAWS))

    return tuple(side_by_side(search, cuts(run.network, run.task, run.full, run.readout)))
