"""Terminal tables relative to the program of the labels."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scrubjay.program.errors import ErrorMap
from scrubjay.study.records import Labelling


def program_tables(labelling: Labelling) -> Group:
    """The program, and where the errors lie."""
    length = labelling.length
    parts: list[RenderableType] = [
        Text(
            f"The labels follow this program ({length.program:,.0f} bits, {length.exceptions:,} exceptions among "
            f"{length.n:,}):"
        ),
        Text(labelling.program.mathematics()),
    ]
    if labelling.errors is not None:
        parts += [Text(), errors_table(labelling.errors)]
    return Group(*parts)


def errors_table(errors: ErrorMap) -> Table:
    """Errors by boundary, line pattern, region and half of the split."""
    table = Table(title=f"Where the {errors.errors:,} errors lie, along the {errors.along}s", title_justify="left")
    for column in ("", "inputs", "errors", "share", "changes", "per change"):
        table.add_column(column, justify="left" if not column else "right")
    for row in _rows(errors):
        if row:
            table.add_row(*row)
        else:
            table.add_section()
    return table


def _rows(errors: ErrorMap) -> Iterator[tuple[str, ...]]:
    for words, parts in (
        ("nearest ", errors.boundaries),
        (f"{errors.along}s ", errors.patterns),
        ("", errors.regions),
        ("", errors.halves),
    ):
        for part in parts:
            yield (
                f"{words}{part.name}",
                f"{part.inputs:,}",
                f"{part.errors:,}",
                f"{part.errors / part.inputs:.1%}",
                f"{part.changes}" if part.changes else "",
                f"{part.errors / part.changes:.2f}" if part.changes else "",
            )
        yield ()
