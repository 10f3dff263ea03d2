"""What is said of attention."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, share_claim, untested
from scrubjay.core.stats import majority_share, share_of
from scrubjay.core.table import Table
from scrubjay.evidence.attention.deep_heads import FrozenPart
from scrubjay.evidence.attention.measure import AttentionResult
from scrubjay.evidence.attention.row_losses import RowLosses
from scrubjay.evidence.attention.scaling import Scaling

_SECTION = "attention"


def claims(result: AttentionResult) -> list[Claim]:
    """Make the claims about the frozen network, and about what the first-order effect of attention predicts."""
    scaling = [] if result.scaling is None else [_first_order(result.scaling)]
    return [_agreement(result), *_accuracy(result), *scaling]


def words(result: AttentionResult) -> list[str]:
    """Say how much attention matters."""
    claim = _agreement(result)
    extent = {"holds": "hardly matters", "partly": "matters in part"}.get(str(claim.verdict), "matters")
    return [
        f"How the network attends to each input {extent}: with attention frozen to its mean, {claim.shown} of the "
        f"answers stay the same."
    ]


def tables(result: AttentionResult) -> list[Table]:
    """Make the table of what changes when heads are frozen: by layer and head in a deeper network, else by row."""
    if result.frozen:
        return [_frozen_table(result.frozen)]
    return [] if result.heads is None or result.heads.losses is None else [_losses_table(result.heads.losses)]


def _agreement(result: AttentionResult) -> Claim:
    run = result.run
    majority = majority_share(run.full.classes)
    return share_claim(
        "frozen.agreement",
        _SECTION,
        "With attention frozen to its mean the network gives the same answer (control: the most frequent answer)",
        share_of(run.frozen.classes == run.full.classes),
        chance=majority,
        control=majority,
        headline=True,
        topic="answers kept with one attention pattern for all inputs",
    )


def _accuracy(result: AttentionResult) -> list[Claim]:
    labels = result.run.task.labels
    if labels is None:
        return []
    majority = majority_share(labels)
    return [
        share_claim(
            "frozen.accuracy",
            _SECTION,
            "With attention frozen to its mean the network is right (control: the most frequent label)",
            share_of(result.run.frozen.classes == labels),
            chance=majority,
            control=majority,
        )
    ]


def _first_order(scaling: Scaling) -> Claim:
    claim_id, topic = "attention.first_order", "flipped answers that the first-order effect of attention predicts (F1)"
    if not scaling.flips:
        return untested(
            claim_id,
            _SECTION,
            "No answer flips between mean and full attention, so there is nothing for the first-order effect to "
            "predict",
            control=0.0,
            topic=topic,
        )
    return share_claim(
        claim_id,
        _SECTION,
        f"The first-order effect of attention around its mean tells which {scaling.flips:,} answers flip when each "
        f"input has its own pattern (F1; precision {scaling.precision:.1%}, recall {scaling.recall:.1%}; control: as "
        f"many answers at random)",
        scaling.f1,
        chance=scaling.chance,
        control=scaling.chance,
        topic=topic,
        facts={"flips": scaling.flips, "precision": scaling.precision, "recall": scaling.recall},
    )


def _frozen_table(parts: Sequence[FrozenPart]) -> Table:
    return Table(
        "Answers kept when attention is frozen to its mean, by layer and head",
        ("layer", "head", "only this part frozen", "everything else frozen"),
        [
            (str(part.layer), "all" if part.head is None else str(part.head), f"{part.alone:.1%}", f"{part.others:.1%}")
            for part in parts
        ],
        "A part matters if few answers are kept when it is frozen, and suffices if many are kept when all else is.",
    )


def _losses_table(losses: RowLosses) -> Table:
    rows = [("all heads", losses.all_frozen)]
    rows += [(f"head {head} alone", shares) for head, shares in enumerate(losses.alone)]
    rows += [(f"all but head {head}", shares) for head, shares in enumerate(losses.others)]
    counts = ", ".join(f"{int(n)} of {p}" for n, p in zip(losses.kinds.rows, losses.kinds.patterns, strict=True))
    return Table(
        "Answers that change when attention is frozen to its mean, by the pattern of their row",
        ("frozen", *losses.kinds.patterns),
        [(name, *(f"{share:.1%}" for share in shares.tolist())) for name, shares in rows],
        f"A row's pattern is the sequence of classes along it. Number of rows: {counts}.",
    )
