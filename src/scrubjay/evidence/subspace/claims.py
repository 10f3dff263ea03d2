"""What is said of the dimensions of ``resid_mid``."""

from scrubjay.core.claim import Claim, count_claim
from scrubjay.core.table import Table
from scrubjay.evidence.subspace.causal import KEEPS
from scrubjay.evidence.subspace.measure import VARIANCE, SubspaceResult
from scrubjay.evidence.subspace.site_subspaces import SiteSubspace

_SECTION = "subspace"


def claims(result: SubspaceResult) -> list[Claim]:
    """Make two claims: how few components hold the variance, and how few keep the answers."""
    side = result.sides["full"]
    d_model = len(side.pca.mean)
    kept = side.causal.kept[side.causal.r]
    controls = {"random": result.at_random.r}
    if result.untrained_causal is not None:
        controls["untrained"] = result.untrained_causal
    return [
        count_claim(
            "variance.components",
            _SECTION,
            f"Few components of resid_mid hold {VARIANCE:.0%} of its variance (control: untrained network)",
            side.pca.holding(VARIANCE),
            of=d_model,
            control=result.untrained,
        ),
        count_claim(
            "subspace.causal",
            _SECTION,
            f"Few components of resid_mid keep {KEEPS:.0%} of the answers when all others are resampled "
            f"({kept.mean:.1%} kept; control: the components of untrained networks, or random directions)",
            side.causal.r,
            of=d_model,
            control=min(controls.values()),
            interval=(side.causal.lowest, side.causal.highest),
            headline=True,
            topic=f"dimensions of resid_mid that keep {KEEPS:.0%} of the answers",
            facts={"d_model": d_model, "kept": kept.mean, "draws": kept.draws, **controls},
        ),
        *(_at_site(site) for site in result.sites),
    ]


def _at_site(site: SiteSubspace) -> Claim:
    name, causal = site.cut.name, site.causal
    return count_claim(
        f"subspace.causal.{name}",
        _SECTION,
        f"Few components of {name} keep {KEEPS:.0%} of the answers when all others are resampled and the rest of the "
        f"network is run ({causal.kept[causal.r].mean:.1%} kept; control: random directions)",
        causal.r,
        of=len(site.pca.mean),
        control=site.at_random.r,
        interval=(causal.lowest, causal.highest),
        topic=f"components of {name} that keep {KEEPS:.0%} of the answers",
    )


def tables(result: SubspaceResult) -> list[Table]:
    """Make the table of all sites of a network with several layers."""
    if not result.sites:
        return []
    rows = [
        (
            site.cut.name,
            str(site.pca.holding(VARIANCE)),
            str(site.causal.r),
            f"{site.causal.kept[site.causal.r].mean:.1%}",
            str(site.at_random.r),
        )
        for site in result.sites
    ]
    return [
        Table(
            "Dimensions that matter, by site",
            (
                "site",
                f"components for {VARIANCE:.0%} of the variance",
                "components that matter",
                "answers kept",
                "random",
            ),
            rows,
            "The stream at the position that is read keeps these components; all others come from another input, and "
            "the rest of the network is run from there. “random”: as many random directions are needed instead.",
        )
    ]


def words(result: SubspaceResult) -> list[str]:
    """Say how many dimensions matter."""
    side = result.sides["full"]
    return [
        f"Of the {len(side.pca.mean)} dimensions of its residual stream after attention, {_matter(side.causal.r)}: "
        f"resampling all others keeps {side.causal.kept[side.causal.r].mean:.1%} of the answers."
    ]


def _matter(r: int) -> str:
    return {0: "none matters", 1: "1 matters"}.get(r, f"{r} matter")
