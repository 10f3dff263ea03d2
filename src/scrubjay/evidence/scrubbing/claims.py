"""What is said of causal scrubbing."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, Verdict, share_claim, worse_of
from scrubjay.core.stats import Score
from scrubjay.core.table import Table
from scrubjay.evidence.ablations import Row, milder_rows
from scrubjay.evidence.scrubbing.measure import Scrubbed, ScrubbingResult
from scrubjay.evidence.scrubbing.wrong_hypotheses import strongest

_SECTION = "scrubbing"
_BEYOND = "1*"
"""The row that resamples outside the causal subspace, whatever the filters are."""
_HEADLINES = {_BEYOND: "resampling outside the causal subspace", "1": "resampling all but the filters"}


def claims(result: ScrubbingResult) -> list[Claim]:
    """Make one claim for each row of each network, and one for the network's refined directions."""
    return [claim for name, side in result.sides.items() for claim in (*_row_claims(name, side), _refined(name, side))]


def words(result: ScrubbingResult) -> list[str]:
    """Say what is left when everything but the full network's filters is resampled."""
    left = result.sides["full"].scores["1"].own
    interval = f"{left.low:.1%} to {left.high:.1%}"
    return [f"Resampling everything but the filters keeps {left.mean:.1%} of the answers ({interval})."]


def tables(result: ScrubbingResult) -> list[Table]:
    """Make a table of all rows for each network."""
    return [_table(name, side) for name, side in result.sides.items()]


def control_of(side: Scrubbed, row: str) -> Score:
    """The control of a row: what the strongest wrong hypothesis leaves, or what is left if everything is resampled."""
    everything = Score.exact(side.resampled)
    return max((strongest(side.controls, row) or everything, everything), key=lambda score: score.mean)


def _row_claims(name: str, side: Scrubbed) -> list[Claim]:
    """The claims of a network's rows.

    The verdict of a row is never better than that of a row that resamples only a part of what it resamples. That of a
    row that keeps the filters is never better than the verdict of the claim that these are the filters.
    """
    made: dict[str, Claim] = {}
    rows = {row: scores.row for row, scores in side.scores.items()}
    by_strictness = sorted(rows, key=lambda row: len(milder_rows(rows[row], list(rows.values()))))
    for row in by_strictness:
        milder = {id(each) for each in milder_rows(rows[row], list(rows.values()))}
        caps: list[Verdict] = [made[other].verdict or "holds" for other in rows if id(rows[other]) in milder]
        caps += [] if row == _BEYOND else [side.filters.gate.verdict]
        made[row] = _row_claim(name, side, row, worse_of(caps), is_last=row == list(rows)[-1])
    return [made[row] for row in rows]


def _row_claim(name: str, side: Scrubbed, row: str, at_best: Verdict, *, is_last: bool) -> Claim:
    scores, control = side.scores[row], control_of(side, row)
    spans = side.spans_subspace and row == "1"
    again = "; the filters span the causal subspace, so this is the same as [1*]" if spans else ""
    topics = {**({row: "all licensed resamplings together"} if is_last else {}), **_HEADLINES}
    return share_claim(
        f"scrub.{name}.{row}",
        _SECTION,
        f"The {name} network keeps its answers under ablation [{row}]: {_in_words(scores.row)} (control: the strongest "
        f"wrong hypothesis{again})",
        scores.own.mean,
        interval=scores.own.interval,
        chance=side.resampled,
        control=control.mean,
        control_interval=control.interval,
        at_best=at_best,
        headline=name == "full" and row in topics,
        topic=f"answers kept under {topics[row]}" if row in topics else "",
        facts={"ablations": [each.name for each in scores.row], "draws": scores.own.draws, "spans_subspace": spans},
    )


def _in_words(row: Row) -> str:
    *before, last = row
    if len(before) > 1:
        return f"{', '.join(f'[{each.name}]' for each in before)} and [{last.name}] together"
    return f"[{before[0].name}], and {last.title}" if before else last.title


def _refined(name: str, side: Scrubbed) -> Claim:
    last = list(side.scores)[-1]
    fitted, refined = side.refined.fitted_scores.own, side.refined.refined_scores[last].own
    control = control_of(side, last)
    return share_claim(
        f"scrub.{name}.refined.{last}",
        _SECTION,
        f"The {name} network keeps its answers under ablation [{last}] along causally refined directions, on inputs "
        f"that the refinement did not see (along the fitted directions it keeps {fitted.mean:.1%} of them there)",
        refined.mean,
        interval=refined.interval,
        chance=side.resampled,
        control=control.mean,
        control_interval=control.interval,
        at_best=side.filters.gate.verdict,
        facts={"fitted": fitted.mean, "draws": refined.draws},
    )


def _table(name: str, side: Scrubbed) -> Table:
    rows: list[Sequence[str]] = []
    for row, scores in side.scores.items():
        wrong = strongest(side.controls, row)
        rows.append(
            (
                f"[{row}]",
                f"{scores.own.mean:.1%}",
                f"{scores.own.low:.1%}-{scores.own.high:.1%}",
                f"{scores.own.worst:.1%}",
                f"{scores.own.draws}",
                f"{scores.full.mean:.1%}",
                "" if scores.truth is None else f"{scores.truth.mean:.1%}",
                "" if wrong is None else f"{wrong.mean:.1%}",
            )
        )
    rows.append(())
    b = side.baselines
    for what, own, full, truth in (
        ("unablated", 1.0, b.unablated_full, b.unablated_truth),
        ("majority class", b.majority, b.majority_full, b.majority_truth),
    ):
        rows.append((what, f"{own:.1%}", "", "", "", f"{full:.1%}", "" if truth is None else f"{truth:.1%}", ""))
    rows.append(("everything resampled", f"{side.resampled:.1%}", "", "", "", "", "", ""))
    return Table(
        f"Causal scrubbing of the {name} network (the rest is {side.filters.hypothesis.basis} to the filters)",
        ("ablation", "own answers", "95%", "worst", "draws", "full network's", "correct", "strongest wrong"),
        rows,
        "95%: Student's t interval for the mean over all possible draws; worst: the draw that leaves the fewest",
    )
