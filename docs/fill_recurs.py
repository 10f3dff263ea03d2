"""Fill the tables of docs/what-recurs.md from the table of a sweep.

    python docs/fill_recurs.py examples/sixteen-networks/table.csv [examples/along-training/table.csv]

The first file fills the tables over many networks, whose markers name the claims that they show:

    <!-- recurs: accuracy.test gate.full -->
    <!-- end -->

The second file, if there is one, fills the tables along training:

    <!-- along: accuracy.test gate.full -->
    <!-- end -->

A sweep's table does not state what kind of value a claim has. Whole numbers are taken for counts and all other values
for shares; the page shows no other kind.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from fill_tables import remade

from scrubjay.core.claim import Claim
from scrubjay.sweep.spread import Spread

PAGE = Path(__file__).parent / "what-recurs.md"
HEAD = (
    "| claim | published, original network | median (least to most) | mean (95%) | control | holds for (95%) | at "
    "least partly |",
    "|---|---|---|---|---|---|---|",
)

Row = tuple[int, Claim]
"""The epoch at which a network was explained, and one of its claims."""


def rows_of(table: Path) -> list[Row]:
    """Every row of a sweep's table."""
    with table.open(newline="") as file:
        return [(int(row["epoch"]), _claim(row)) for row in csv.DictReader(file)]


def recurring(page: str, rows: Sequence[Row]) -> str:
    """The page with every table over many networks filled, from the networks at the end of their training.

    Raises:
        SystemExit: a table shows a claim that was measured in none of the networks.
    """
    last = max(epoch for epoch, _ in rows)

    def line(claim_id: str) -> str:
        spread = Spread.of([claim for epoch, claim in rows if claim.id == claim_id and epoch == last])
        if spread is None:
            raise SystemExit(f"a table shows the claim {claim_id}, which was measured in none of the networks")
        return _line(spread)

    return remade(page, "recurs", lambda ids: [*HEAD, *map(line, ids)])


def along(page: str, rows: Sequence[Row]) -> str:
    """The page with every table along training filled."""

    def table(ids: list[str]) -> list[str]:
        lines = [f"| epoch | {' | '.join(f'`{each}`' for each in ids)} |", "|---" * (len(ids) + 1) + "|"]
        for at in sorted({epoch for epoch, _ in rows}):
            shown = {claim.id: claim.shown for epoch, claim in rows if epoch == at}
            lines.append(f"| {at:,} | {' | '.join(shown.get(each, '') for each in ids)} |")
        return lines

    return remade(page, "along", table)


def _claim(row: dict[str, str]) -> Claim:
    """A claim from a row of the table. Tables of the first release call ``published`` ``post`` and have no chance."""
    value, published, verdict = row["value"], row.get("published", row.get("post")), row["verdict"]
    is_count = value.lstrip("-").isdecimal()
    assert verdict in ("holds", "partly", "fails", "not applicable", "")

    def number(word: str | None) -> float | None:
        return float(word) if word else None

    return Claim(
        id=row["claim"],
        section="",
        statement="",
        kind="count" if is_count else "share",
        value=number(value),
        interval=None,
        chance=number(row.get("chance")),
        control=float(row["control"]),
        control_interval=None,
        verdict=verdict or None,  # type: ignore[arg-type]  # one of the words above
        published=number(published),
    )


def _line(spread: Spread) -> str:
    told = spread.told
    held, partly = "ranked", ""
    if spread.holds is not None and spread.partly is not None:
        held = f"{spread.holds.count} of {spread.holds.n} ({spread.holds.low:.0%} to {spread.holds.high:.0%})"
        partly = f"{spread.partly.count}"
    return (
        f"| `{spread.id}` | {told(spread.published)} | {told(spread.middle)} ({told(min(spread.values))} to "
        f"{told(max(spread.values))}) | {spread.average} | {told(spread.control)} | {held} | {partly} |"
    )


def main() -> None:
    """Fill the page."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python docs/fill_recurs.py SWEEP.csv [ALONG-TRAINING.csv]")
    text = recurring(PAGE.read_text(), rows_of(Path(sys.argv[1])))
    if len(sys.argv) == 3:
        text = along(text, rows_of(Path(sys.argv[2])))
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
