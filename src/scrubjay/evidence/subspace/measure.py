"""Find the principal components of ``resid_mid`` and the causal subspace of the full and the frozen network."""

from dataclasses import dataclass

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import majority_share
from scrubjay.evidence.balanced import balanced_untrained
from scrubjay.evidence.line import Found
from scrubjay.evidence.subspace.causal import CausalSubspace, causal_subspace
from scrubjay.evidence.subspace.site_subspaces import SiteSubspace, subspaces_at_sites
from scrubjay.fit.pca import PCA, random_basis
from scrubjay.nets.rest import Rest
from scrubjay.run import Run, Settings

VARIANCE = 0.99
"""The share of the variance that the components of the claim ``variance.components`` hold."""
_DRAWS = 10
"""The largest number of draws for each number of components."""
_CONTROL_DRAWS = 2
"""The largest number of draws for each number of random directions."""


@dataclass(frozen=True, eq=False)
class SideSubspace:
    """The components of one network's ``resid_mid``, and how many of them matter.

    Attributes:
        pca: the principal components.
        causal: the causal subspace that the first of them span.
    """

    pca: PCA
    causal: CausalSubspace


@dataclass(frozen=True, eq=False)
class SubspaceResult:
    """How few dimensions matter.

    Attributes:
        run: the run.
        sides: the components of the full and of the frozen network, by name.
        untrained: how many components hold the same share of the variance in an untrained network.
        untrained_causal: the causal subspace of the untrained network; None if it gives every input the same answer.
        at_random: the causal subspace that is found if components are replaced by random directions.
        sites: the causal subspace at every site of a network with several layers; empty for a network with one.
    """

    run: Run
    sides: dict[str, SideSubspace]
    untrained: int
    untrained_causal: CausalSubspace | None
    at_random: CausalSubspace
    sites: tuple[SiteSubspace, ...]


def measure(run: Run, settings: Settings, found: Found) -> SubspaceResult:
    """Find the fewest components that keep the answers, in both networks, in an untrained one and at random."""
    stopping = settings.stopping.at_most(_DRAWS)
    components = {name: PCA.of(act.resid_mid) for name, act in run.sides.items()}
    untrained = PCA.of(run.untrained.resid_mid)
    d = run.network.config.d_model

    def search(what: str) -> CausalSubspace | None:
        rest: Rest = run.readout
        if what == "untrained":
            rest, classes = balanced_untrained(run, settings.seed)
            if majority_share(classes) == 1:
                return None
            basis, streams, until = untrained.components, run.untrained.resid_mid, stopping.at_most(_CONTROL_DRAWS)
        elif what == "random":
            basis, until = random_basis(d, d, settings.seed), stopping.at_most(_CONTROL_DRAWS)
            streams, classes = run.full.resid_mid, run.full.classes
        else:
            basis, until = components[what].components, stopping
            streams, classes = run.sides[what].resid_mid, run.sides[what].classes
        return causal_subspace(streams, basis, rest, classes, draws=until.most, seed=settings.seed)

    random, blank, *searched = side_by_side(search, ["random", "untrained", *run.sides])
    assert random is not None
    return SubspaceResult(
        run,
        {name: SideSubspace(components[name], each) for name, each in zip(run.sides, searched, strict=True) if each},
        untrained=untrained.holding(VARIANCE),
        untrained_causal=blank,
        at_random=random,
        sites=subspaces_at_sites(run, settings),
    )
