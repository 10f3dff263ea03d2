"""A survey as a Markdown table, as JSON, and as a file with the table."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scrubjay.core.errors import UsageError
from scrubjay.core.files import read_whole
from scrubjay.survey.row import SurveyRow

BEGIN, END = "<!-- survey -->\n", "<!-- end -->"
"""The markers around the table in a file."""
_LONGEST = 300
"""The number of characters from which a sentence is cut in the table; the JSON has all of it."""
_HEAD = (
    "network",
    "architecture",
    "inputs",
    "right",
    "dimensions that matter",
    "the network inside: dimensions, heads, hinges, agreement",
    "what it computes",
    "seconds (of one core)",
    "peak memory",
)


def survey_json(rows: Sequence[SurveyRow]) -> str:
    """All rows as JSON."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n"


def survey_table(rows: Sequence[SurveyRow]) -> str:
    """The table in Markdown, with a line for each network. A column that is empty in every row is left out."""
    table = [_HEAD, *map(_cells, rows)]
    shown = [at for at in range(len(_HEAD)) if any(row[at] for row in table[1:])]
    head, *lines = [f"| {' | '.join(row[at] for at in shown)} |" for row in table]
    return "\n".join([head, "|" + "---|" * len(shown), *lines, ""])


def survey_summary(rows: Sequence[SurveyRow]) -> str:
    """How many networks came how far, in a sentence."""
    counts = {outcome: sum(row.outcome == outcome for row in rows) for outcome in ("opened", "refused", "failed")}
    others = [f"{count} {outcome}" for outcome, count in counts.items() if count]
    explained = f"{sum(row.outcome == 'explained' for row in rows)} of {len(rows)} networks were explained"
    return f"{explained}; {', '.join(others)}" if others else explained


def page_around(file: str | Path) -> tuple[str, str]:
    """What stands before and after the table in a file; a new file gets an introduction.

    Raises:
        UsageError: the file exists and has no two markers to put the table between.
        BadInput: the file may not be read.
    """
    file = Path(file)
    if not file.exists():
        return "# A survey of networks\n\n" + _INTRODUCTION + "\n\n", "\n"
    before, begins, rest = read_whole(file).decode(errors="replace").partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise UsageError(
            f"{file} exists, and has no lines {BEGIN.strip()} and {END} to put the table between; add them, or name a "
            f"new file"
        )
    return before, after


def survey_page(around: tuple[str, str], rows: Sequence[SurveyRow]) -> str:
    """The whole file, from what ``page_around`` has found."""
    before, after = around
    return f"{before}{BEGIN}\n{survey_table(rows)}\n{END}{after}"


_INTRODUCTION = (
    "Each network was read from its file and explained over all inputs of its task, or over a sample where the table "
    "says so. The command `scrubjay survey` has written the table."
)


def _cells(row: SurveyRow) -> tuple[str, ...]:
    if row.outcome != "explained":
        reason = row.reason if row.reason.startswith("opened") else f"{row.outcome}: {row.reason}"
        about = [row.architecture, *_assumed(row), _one_line(reason)]
        return (f"`{row.file}`", "; ".join(filter(None, about)), "", "", "", "", "", _time(row), _memory(row))
    inputs = f"{row.inputs:,}"
    return (
        f"`{row.file}`",
        "; ".join([row.architecture, *_assumed(row)]),
        f"sample of {inputs}" if row.is_sample else inputs,
        _right(row),
        "" if row.dimensions is None else f"{row.dimensions}",
        _inner(row),
        _one_line(row.computes),
        _time(row),
        _memory(row),
    )


def _right(row: SurveyRow) -> str:
    if row.right is None:
        return "no labels"
    share = "100%" if row.mistakes == 0 else f"{min(row.right, 0.9999):.2%}"
    if row.interval is not None:
        share += f" ({row.interval[0]:.2%} to {row.interval[1]:.2%})"
    return f"{share}, {row.mistakes:,} mistake{'' if row.mistakes == 1 else 's'}"


def _inner(row: SurveyRow) -> str:
    if row.inner is None:
        return f"skipped: {_one_line(row.inner_skipped)}"
    inner = row.inner
    return f"{inner.dimensions}, {inner.heads}, {inner.hinges}, {inner.agreement:.2%}"


def _assumed(row: SurveyRow) -> list[str]:
    return [_one_line(" ".join(row.assumed))] if row.assumed else []


def _time(row: SurveyRow) -> str:
    return "" if row.seconds is None else f"{row.seconds:.1f} ({row.cpu_seconds:.1f})"


def _memory(row: SurveyRow) -> str:
    return "" if row.peak_mib is None else f"{row.peak_mib:,} MiB"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) < _LONGEST else f"{line[:_LONGEST]} ...").replace("|", "\\|")
