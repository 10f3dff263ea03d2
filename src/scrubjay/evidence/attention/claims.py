"""What is said of attention."""

from scrubjay.core.claim import Claim, share_claim, untested
from scrubjay.core.stats import majority_share, share_of
from scrubjay.core.table import Table
from scrubjay.evidence.attention.measure import AttentionResult
from scrubjay.evidence.attention.row_losses import RowLosses

_SECTION = "attention"


def claims(result: AttentionResult) -> list[Claim]:
    """Make the claims about the frozen network, and about what the first-order effect of attention predicts."""
    return [_agreement(result), *_accuracy(result), _first_order(result)]


def words(result: AttentionResult) -> list[str]:
    """Say how much attention matters."""
    claim = _agreement(result)
    extent = {"holds": "hardly matters", "partly": "matters in part"}.get(str(claim.verdict), "matters")
    return [
        f"How the network attends to each input {extent}: with attention frozen to its mean, {claim.shown} of the "
        f"answers stay the same."
    ]


def tables(result: AttentionResult) -> list[Table]:
    """Make the table of the answers that change when heads are frozen, if the domain has rows."""
    return [] if result.heads.losses is None else [_losses_table(result.heads.losses)]


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
        topic="answers kept when attention is frozen to its mean",
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


def _first_order(result: AttentionResult) -> Claim:
    scaling = result.scaling
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
