"""A study as text for a terminal: in brief, or with all claims, the tables of each line, and the lines skipped."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from scrubjay.core.claim import Claim, Verdict, as_shown
from scrubjay.core.table import Table
from scrubjay.study import Study

_WIDTH = 120
"""The characters of a line in a file of tables."""
_STYLES: dict[Verdict, str] = {"holds": "green", "partly": "yellow", "fails": "red", "not applicable": "dim"}


def brief_text(study: Study) -> Group:
    """What the network computes, and the claims that a reader should see first, each in one line if there is room."""
    table = RichTable(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("claim")
    for column in ("here", "control", "verdict"):
        table.add_column(column, justify="right", no_wrap=True)
    for claim in study.headlines:
        table.add_row(Text(claim.heading), claim.shown, as_shown(claim.control, claim.kind), _verdict(claim))
    title = Text(f"{study.title} on {study.task.name}", style="bold")
    return Group(title, Text(), Text(study.opening or study.paragraph), Text(), table)


def study_text(study: Study) -> Group:
    """Everything that the study found, for rich's ``Console.print``. No part of any name is read as markup."""
    return Group(*_parts(study))


def claims_table(study: Study) -> RichTable:
    """A table with one row for each claim. It has a column of published figures if there are any."""
    table = RichTable(title=Text(f"{study.title} on {study.task.name}"), title_justify="left")
    published = any(claim.published is not None for claim in study.claims)
    table.add_column("claim", ratio=1)
    for column in (*(["published*"] if published else []), "here", "control", "verdict"):
        table.add_column(column, justify="right", no_wrap=True)
    for claim in study.claims:
        table.add_row(
            Text.assemble((claim.id, "bold"), "  ", claim.statement),
            *([as_shown(claim.published, claim.kind)] if published else []),
            claim.shown,
            as_shown(claim.control, claim.kind),
            _verdict(claim),
        )
    if published:
        table.caption = Text("* published for another network, which has other weights")
        table.caption_justify = "left"
    return table


def rich_table(table: Table) -> RichTable:
    """A line's table for the terminal."""
    made = RichTable(title=Text(table.title), title_justify="left")
    for number, column in enumerate(table.columns):
        made.add_column(Text(column), justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        if row:
            made.add_row(*map(Text, row))
        else:
            made.add_section()
    if table.note:
        made.caption = Text(table.note)
        made.caption_justify = "left"
    return made


def _parts(study: Study) -> Iterator[RenderableType]:
    yield claims_table(study)
    for tables in study.tables().values():
        for table in tables:
            yield Text()
            yield rich_table(table)
    if study.skipped:
        yield Text()
    for skipped in study.skipped:
        yield Text(f"Skipped: {skipped.title}, since {skipped.reason}.")
    yield Text()
    yield Text(study.paragraph)


def plain_text(study: Study, width: int = _WIDTH) -> str:
    """Everything that the study found as plain text with lines of at most ``width`` characters, for a file."""
    file = StringIO()
    Console(file=file, width=width, color_system=None, legacy_windows=False).print(study_text(study))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _verdict(claim: Claim) -> Text:
    return Text("ranked", style="dim") if claim.verdict is None else Text(claim.verdict, style=_STYLES[claim.verdict])
