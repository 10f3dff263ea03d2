"""Which explanation predicts answers that it never saw; rivals are ranked, the reading of rows is judged."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.stats import Score, Share, chance_share
from scrubjay.core.table import Table
from scrubjay.evidence.rivals.measure import RivalsResult
from scrubjay.evidence.rivals.row_swaps import RowReading, Swapped
from scrubjay.evidence.rivals.yardstick import Rival

_SECTION = "rivals"
FEW = 20
"""Fewer mistakes than this say nothing about an explanation."""
UNSEEN = "answers that it never saw"
"""The name of the first ranking."""
MISTAKES = "the network's mistakes among them"
"""The name of the second ranking."""


def claims(result: RivalsResult) -> list[Claim]:
    """Two measurements for each rival, and the claims about rows."""
    found = [claim for rival in result.scored for claim in _of_rival(rival)]
    if result.rows is None:
        return found
    return [*found, *_row_claims(result.rows, chance_share(result.run.full.classes))]


def tables(result: RivalsResult) -> list[Table]:
    """Every rival on the yardstick, and rows exchanged."""
    return [_rivals_table(result), *([] if result.rows is None else [_rows_table(result.rows)])]


def _of_rival(rival: Rival) -> list[Claim]:
    what = rival.what[0].upper() + rival.what[1:]
    given = "found from the labels" if not rival.is_fitted else "fitted to the training half"
    control = "fitted to shuffled answers" if rival.is_fitted else "the majority answer"
    scores, chance = rival.scores, rival.control
    found = [
        measurement(
            f"rival.{rival.name}",
            _SECTION,
            f"{what}, {given}: the share of the network's answers that it gives on the other half (control: {control})",
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
                f"{what}, {given}: the share of the network's {mistakes.n} mistakes on the other half that it predicts "
                f"(control: as many departures from the labels anywhere there; {control}: {chance.mistakes.mean:.1%})",
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
            f"The row whose first token has the nearest extended embedding gives a row's answers (for "
            f"{nearest.same_pattern:.1%} of rows its pattern is of the same kind; control: any other row)",
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
                f"Rows keep their answers when the first token's extended embedding is exchanged within a class of "
                f"rows (the two rows' answers agree on {within.unswapped.mean:.1%}; control: exchanged across classes)",
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
                "Rows take over the other row's answers when it is exchanged across classes (control: how far the two "
                "rows agree without any exchange)",
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
    note = "exceptions: their bits; shuffled: fitted to shuffled answers, 95%"
    if judged:
        columns += ["mistakes", "95%", "if right"]
        note += (
            "; mistakes: those on the other half that\nare predicted; if right: departures from the label where the "
            "network is right (of two classes,\na coin predicts half of all mistakes, and departs from half)"
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
        "a class of rows: those of the same pattern of frozen answers, such as 01",
    )


def _swapped(swapped: Swapped) -> tuple[str, ...]:
    return tuple(f"{score.mean:.1%}" for score in (swapped.kept, swapped.carried, swapped.unswapped))
