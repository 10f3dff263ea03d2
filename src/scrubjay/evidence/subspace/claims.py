"""What is said of the dimensions of ``resid_mid``."""

from scrubjay.core.claim import Claim, count_claim
from scrubjay.evidence.subspace.causal import KEEPS
from scrubjay.evidence.subspace.measure import VARIANCE, SubspaceResult

_SECTION = "subspace"


def claims(result: SubspaceResult) -> list[Claim]:
    """Make two claims: how few components hold the variance, and how few keep the answers."""
    side = result.sides["full"]
    d_model = len(side.pca.mean)
    kept = side.causal.kept[side.causal.r]
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
            f"({kept.mean:.1%} kept; control: random directions)",
            side.causal.r,
            of=d_model,
            control=result.at_random.r,
            interval=(side.causal.lowest, side.causal.highest),
            headline=True,
            topic=f"components of resid_mid that keep {KEEPS:.0%} of the answers",
            facts={"d_model": d_model, "kept": kept.mean, "draws": kept.draws},
        ),
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
