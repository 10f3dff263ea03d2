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
_UNTRAINED = 5
"""The largest number of untrained networks. On few inputs a single one needs many or few dimensions by chance."""
_UNTRAINED_INPUTS = 20_000
"""On how many inputs all untrained networks together are run, unless a single one has more."""


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
        untrained_causal: the number of dimensions of the smallest causal subspace of some untrained networks; None if
            each of them gives every input the same answer.
        at_random: the causal subspace that is found if components are replaced by random directions.
        sites: the causal subspace at every site of a network with several layers; empty for a network with one.
    """

    run: Run
    sides: dict[str, SideSubspace]
    untrained: int
    untrained_causal: int | None
    at_random: CausalSubspace
    sites: tuple[SiteSubspace, ...]


def measure(run: Run, settings: Settings, found: Found) -> SubspaceResult:
    """Find the fewest components that keep the answers, in both networks, in an untrained one and at random."""
    stopping = settings.stopping.at_most(_DRAWS)
    components = {name: PCA.of(act.resid_mid) for name, act in run.sides.items()}
    d = run.network.config.d_model
    others = list(range(max(1, min(_UNTRAINED, _UNTRAINED_INPUTS // run.task.domain.size))))

    def search(what: str | int) -> CausalSubspace | None:
        rest: Rest = run.readout
        until = stopping if what in run.sides else stopping.at_most(_CONTROL_DRAWS)
        if isinstance(what, int):
            rest, streams, classes = balanced_untrained(run, settings.seed, what)
            if majority_share(classes) == 1:
                return None
            basis = PCA.of(streams).components
        else:
            act = run.full if what == "random" else run.sides[what]
            streams, classes = act.resid_mid, act.classes
            basis = random_basis(d, d, settings.seed) if what == "random" else components[what].components
        return causal_subspace(streams, basis, rest, classes, draws=until.most, seed=settings.seed)

    every: list[str | int] = ["random", *run.sides, *others]
    random, *searched = side_by_side(search, every)
    assert random is not None
    untrained = [each.r for each in searched[len(run.sides) :] if each is not None]
    return SubspaceResult(
        run,
        {name: SideSubspace(components[name], each) for name, each in zip(run.sides, searched, strict=False) if each},
        untrained=PCA.of(run.untrained.resid_mid).holding(VARIANCE),
        untrained_causal=min(untrained, default=None),
        at_random=random,
        sites=subspaces_at_sites(run, settings),
    )
