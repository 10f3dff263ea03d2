"""What is said of rival explanations, which are ranked, and of the reading of rows, which is judged."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.stats import Score, Share, chance_share
from scrubjay.core.table import Table
from scrubjay.evidence.rivals.measure import RivalsResult
from scrubjay.evidence.rivals.row_swaps import RowReading, Swapped
from scrubjay.evidence.rivals.yardstick import Rival

_SECTION = "rivals"
FEW = 20
"""The smallest number of mistakes from which explanations are ranked by the mistakes that they predict."""
UNSEEN = "answers that it never saw"
"""The name of the first ranking."""
MISTAKES = "the network's mistakes among them"
"""The name of the second ranking."""


def claims(result: RivalsResult) -> list[Claim]:
    """Make one or two measurements for each rival, and the claims about rows if the domain has rows."""
    found = [claim for rival in result.scored for claim in _of_rival(rival)]
    if result.rows is None:
        return found
    return [*found, *_row_claims(result.rows, chance_share(result.run.full.classes))]


def answer(result: RivalsResult) -> str:
    """Say which explanation predicts most of the network's mistakes, and which most of its unseen answers."""
    unseen = max(result.scored, key=lambda rival: rival.scores.unseen.value)
    counted = {r.name: r.scores.mistakes for r in result.scored if r.scores.mistakes and r.scores.mistakes.n >= FEW}
    first = f"Of {len(result.scored)} explanations, {_named(unseen)} predicts most answers that it never saw"
    said = f"{first} ({unseen.scores.unseen.value:.1%})"
    if not counted:
        return f"{said}."
    best = max((r for r in result.scored if r.name in counted), key=lambda rival: counted[rival.name].value)
    most = f"most of the network's mistakes ({counted[best.name].value:.1%})"
    return f"{said}, and {most}." if best is unseen else f"{said}; {_named(best)} predicts {most}."


def _named(rival: Rival) -> str:
    return f"“{rival.what}”"


def tables(result: RivalsResult) -> list[Table]:
    """Make the table of all rivals, and the table of exchanged rows if the domain has rows."""
    return [_rivals_table(result), *([] if result.rows is None else [_rows_table(result.rows)])]


def _of_rival(rival: Rival) -> list[Claim]:
    what = rival.what[0].upper() + rival.what[1:]
    control = "fitted to shuffled answers" if rival.is_fitted else "the majority answer"
    scores, chance = rival.scores, rival.control
    found = [
        measurement(
            f"rival.{rival.name}",
            _SECTION,
            f"{what}, {rival.origin}: the share of the network's answers on the other half that it predicts (control: "
            f"{control})",
            scores.unseen.value,
            interval=scores.unseen.interval,
            control=chance.unseen.mean,
            control_interval=chance.unseen.interval,
            facts={"ranking": UNSEEN, "rival": rival.name, "reads": rival.reads, "bits": rival.length.total},
        )
    ]
    mistakes, departures = scores.mistakes, scores.departures
    if mistakes is not None and departures is not None and chance.mistakes is not None and mistakes.n >= FEW:
        found.append(
            measurement(
                f"rival.{rival.name}.mistakes",
                _SECTION,
                f"{what}, {rival.origin}: the share of the network's {mistakes.n} mistakes on the other half that it "
                f"predicts (control: as many departures from the labels at random inputs; {control}: "
                f"{chance.mistakes.mean:.1%})",
                mistakes.value,
                interval=mistakes.interval,
                control=departures,
                facts={"ranking": MISTAKES, "rival": rival.name, "reads": rival.reads, "mistakes": mistakes.n},
            )
        )
    return found


def _row_claims(rows: RowReading, resampled: float) -> list[Claim]:
    nearest, full = rows.nearest, rows.swaps["full"]
    found = [
        share_claim(
            "rows.embedding",
            _SECTION,
            f"A row has the answers of the row whose first token has the nearest extended embedding "
            f"({nearest.same_pattern:.1%} of rows have its pattern; control: any other row)",
            nearest.agreement,
            chance=nearest.random,
            control=nearest.random,
        )
    ]
    within, across = full.within, full.across
    if within is not None and across is not None:
        found.append(
            share_claim(
                "swap.within",
                _SECTION,
                f"Rows keep their answers when the first token's extended embedding is exchanged for that of a row of "
                f"the same pattern (without an exchange {within.unswapped.mean:.1%} of the two rows' answers agree; "
                f"control: a row of another pattern)",
                within.kept.mean,
                interval=within.kept.interval,
                chance=resampled,
                control=across.kept.mean,
                control_interval=across.kept.interval,
                facts={"draws": within.kept.draws},
            )
        )
    if across is not None:
        found.append(
            share_claim(
                "swap.across",
                _SECTION,
                "Rows take over the other row's answers when the first token's extended embedding is exchanged for "
                "that of a row of another pattern (control: how often the two rows agree without an exchange)",
                across.carried.mean,
                interval=across.carried.interval,
                chance=across.unswapped.mean,
                control=across.unswapped.mean,
                control_interval=across.unswapped.interval,
                facts={"draws": across.carried.draws},
            )
        )
    return found


def _rivals_table(result: RivalsResult) -> Table:
    judged = any(rival.scores.departures is not None for rival in result.scored)
    columns = ["rival", "reads", "bits", "exceptions", "all", "other half", "shuffled"]
    note = "exceptions: bits of the list of exceptions; shuffled: fitted to shuffled answers, 95% interval"
    if judged:
        columns += ["mistakes", "95%", "if right"]
        note += (
            "; mistakes: share of the\nmistakes on the other half that are predicted; if right: share of departures "
            "from the label where the network\nis right (with two classes, a coin predicts half of all mistakes, and "
            "departs from half of the labels)"
        )
    return Table(
        f"Rival explanations, fitted to {result.fitted:,} answers: how often they give the network's answer",
        columns,
        [_rival_row(rival, judged) for rival in result.scored],
        note,
    )


def _rival_row(rival: Rival, judged: bool) -> Sequence[str]:
    scores, length = rival.scores, rival.length
    row = [
        rival.name,
        rival.reads,
        f"{length.program:,.0f}",
        f"{length.exception_bits:,.0f}",
        f"{scores.everywhere:.1%}",
        f"{scores.unseen.value:.1%}",
        _ends(rival.control.unseen),
    ]
    if judged:
        row += ["", ""] if scores.mistakes is None else [f"{scores.mistakes.value:.1%}", _ends(scores.mistakes)]
        row.append("" if scores.alarms is None else f"{scores.alarms:.1%}")
    return row


def _ends(share: Share | Score) -> str:
    return f"{100 * share.low:.0f}-{share.high:.0%}"


def _rows_table(rows: RowReading) -> Table:
    nearest = rows.nearest
    return Table(
        f"The row whose token has the nearest extended embedding gives {nearest.agreement:.1%} of a row's answers, any "
        f"other row {nearest.random:.1%}.\nExtended embeddings exchanged between rows:",
        ("network", "exchanged", "keeps its answer", "has the other row's", "rows agree unexchanged"),
        [
            (name, words, *_swapped(swapped))
            for name, swaps in rows.swaps.items()
            for words, swapped in (("within a class", swaps.within), ("across classes", swaps.across))
            if swapped is not None
        ],
        "a class of rows: rows of the same pattern of the frozen network's answers, such as 01",
    )


def _swapped(swapped: Swapped) -> tuple[str, ...]:
    return tuple(f"{score.mean:.1%}" for score in (swapped.kept, swapped.carried, swapped.unswapped))
