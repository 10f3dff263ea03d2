"""Write claims over the networks of a sweep as a table between the markers of docs/what-recurs.md and the README.

    python docs/fill_recurs.py examples/sixteen-networks/table.csv

A page's markers name the claims that it shows: ``<!-- recurs: accuracy.test gate.full -->`` to ``<!-- end -->``;
``<!-- along: gate.full -->`` shows the way of claims along training, from the second table of the command line.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from fill_tables import remade

from scrubjay.core.claim import Claim
from scrubjay.sweep.spread import Spread

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs" / "what-recurs.md", ROOT / "README.md")


def claims_of(table: Path) -> list[tuple[str, int, Claim]]:
    """Every row of a sweep's table: network, epoch, claim."""
    with table.open(newline="") as file:
        return [(row["network"], int(row["epoch"]), _claim(row)) for row in csv.DictReader(file)]


def recurring(page: str, rows: Sequence[tuple[str, int, Claim]]) -> str:
    """The page with every table of spreads made anew."""
    last = max(epoch for _, epoch, _ in rows)
    head = ["| claim | post, original network | median (least to most) | mean (95%) | control | holds for (95%) |"]
    head.append("|---|---|---|---|---|---|")

    def line(claim_id: str) -> str:
        return _line(Spread.of([claim for _, epoch, claim in rows if claim.id == claim_id and epoch == last]))

    return remade(page, "recurs", lambda ids: [*head, *map(line, ids)])


def along(page: str, rows: Sequence[tuple[str, int, Claim]]) -> str:
    """The page with every table along training made anew."""

    def table(ids: list[str]) -> list[str]:
        lines = [f"| epoch | {' | '.join(f'`{each}`' for each in ids)} |", "|---" * (len(ids) + 1) + "|"]
        for at in sorted({epoch for _, epoch, _ in rows}):
            shown = {claim.id: claim.shown[1] for _, epoch, claim in rows if epoch == at}
            lines.append(f"| {at:,} | {' | '.join(shown.get(each, '') for each in ids)} |")
        return lines

    return remade(page, "along", table)


def _claim(row: dict[str, str]) -> Claim:
    is_count = "." not in row["value"] and "e" not in row["value"]

    def number(word: str) -> float | int:
        return int(word) if is_count and word.lstrip("-").isdecimal() else float(word)

    verdict = row["verdict"]
    assert verdict == "holds" or verdict == "partly" or verdict == "fails"
    return Claim(
        id=row["claim"],
        statement="",
        post=float(row["post"]) if row["post"] else None,
        value=number(row["value"]),
        interval=None,
        control=number(row["control"]),
        verdict=verdict,
    )


def _line(spread: Spread) -> str:
    told = spread.told
    return (
        f"| `{spread.id}` | {told(spread.post)} | {told(spread.middle)} ({told(min(spread.values))} to "
        f"{told(max(spread.values))}) | {spread.average} | {told(spread.control)} | {spread.held} |"
    )


if __name__ == "__main__":
    spreads = claims_of(Path(sys.argv[1]))
    ways = claims_of(Path(sys.argv[2])) if len(sys.argv) > 2 else []
    for path in PAGES:
        text = recurring(path.read_text(), spreads)
        path.write_text(along(text, ways) if ways else text)
        sys.stdout.write(f"filled {path.name}\n")
