"""Fill the tables of docs/what-recurs.md from the tables of sweeps in examples/.

    python docs/fill_recurs.py

A marker names a folder of examples/ and the claims that its table shows. There are three kinds of tables. The first has
a row for each claim over all networks, the second a row for each saved state of training, and the third a row for each
network:

    <!-- recurs: sixteen-networks accuracy.test gate.full -->
    <!-- along: along-training accuracy.test gate.full -->
    <!-- networks: weight-decay accuracy.test gate.full -->
    <!-- end -->

A sweep's table does not state what kind of value a claim has. Whole numbers are taken for counts and all other values
for shares; the page shows no other kind.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fill_tables import remade

from scrubjay.core.claim import Claim
from scrubjay.sweep.spread import Spread

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGE = Path(__file__).parent / "what-recurs.md"
_HEAD = (
    "claim",
    "published, original network",
    "median (least to most)",
    "mean (95%)",
    "control",
    "holds for (95%)",
    "at least partly",
)


@dataclass(frozen=True)
class Row:
    """One claim about one network, with the network's settings and the epoch at which it was explained."""

    settings: dict[str, str]
    epoch: int
    claim: Claim


def rows_of(table: Path) -> list[Row]:
    """Every row of a sweep's table."""
    with table.open(newline="") as file:
        read = csv.DictReader(file)
        names = list(read.fieldnames or [])
        settings = [name for name in names[: names.index("epoch")] if name != "network"]
        return [Row({name: row[name] for name in settings}, int(row["epoch"]), _claim(row)) for row in read]


def filled(page: str, examples: Path = EXAMPLES) -> str:
    """The page with every table filled.

    Raises:
        SystemExit: a table shows a claim that was measured in none of the networks.
    """
    for kind, table in (("recurs", _recurring), ("along", _along), ("networks", _networks)):
        page = remade(page, kind, partial(_from, examples, table))
    return page


def _from(examples: Path, table: Callable[[list[Row], list[str]], list[str]], words: list[str]) -> list[str]:
    folder, *ids = words
    return table(rows_of(examples / folder / "table.csv"), ids)


def _at_the_end(rows: list[Row]) -> list[Row]:
    """The rows about networks at the end of their training."""
    last = max(row.epoch for row in rows)
    return [row for row in rows if row.epoch == last]


def _recurring(rows: list[Row], ids: list[str]) -> list[str]:
    last = _at_the_end(rows)

    def spread(claim_id: str) -> Spread:
        found = Spread.of([row.claim for row in last if row.claim.id == claim_id])
        if found is None:
            raise SystemExit(f"a table shows the claim {claim_id}, which was measured in none of the networks")
        return found

    lines = [_line(spread(claim_id)) for claim_id in ids]
    used = [at for at, column in enumerate(zip(*lines, strict=True)) if any(column)]
    return _rows([[row[at] for at in used] for row in (_HEAD, *lines)])


def _along(rows: list[Row], ids: list[str]) -> list[str]:
    states = sorted({row.epoch for row in rows})
    return _table(["epoch"], ids, [([f"{at:,}"], [row for row in rows if row.epoch == at]) for at in states])


def _networks(rows: list[Row], ids: list[str]) -> list[str]:
    last = _at_the_end(rows)
    settings = list(dict.fromkeys(tuple(row.settings.items()) for row in last))
    names = [name.replace("_", " ") for name, _ in settings[0]]
    lines = [(list(dict(one).values()), [row for row in last if row.settings == dict(one)]) for one in settings]
    return _table([*names[1:], names[0]], ids, [([*words[1:], words[0]], some) for words, some in lines])


def _table(heads: list[str], ids: list[str], lines: Sequence[tuple[list[str], list[Row]]]) -> list[str]:
    shown = [{row.claim.id: row.claim for row in some} for _, some in lines]
    cells = [
        [*words, *(_cell(claims.get(each)) for each in ids)] for (words, _), claims in zip(lines, shown, strict=True)
    ]
    return _rows([[*heads, *(f"`{each}`" for each in ids)], *cells])


def _rows(cells: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown whose first row is its head."""
    head, *others = cells
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in others)]


def _cell(claim: Claim | None) -> str:
    """A value, and what was found, if the table says so."""
    if claim is None:
        return ""
    found = claim.facts.get("found", "")
    return f"{claim.shown} ({found})" if found else claim.shown


def _claim(row: dict[str, str]) -> Claim:
    value, verdict = row["value"], row["verdict"]
    is_count = value.lstrip("-").isdecimal()
    assert verdict in ("holds", "partly", "fails", "not applicable", "")

    def number(word: str) -> float | None:
        return float(word) if word else None

    return Claim(
        id=row["claim"],
        section="",
        statement="",
        kind="count" if is_count else "share",
        value=number(value),
        interval=None,
        chance=number(row["chance"]),
        control=float(row["control"]),
        control_interval=None,
        verdict=verdict or None,  # type: ignore[arg-type]  # one of the words above
        facts={"found": row["found"]},
        published=number(row["published"]),
    )


def _line(spread: Spread) -> list[str]:
    """The cells of a row; those of a column that a table leaves out if it is empty are empty."""
    told, held, partly = spread.told, "", ""
    if spread.holds is not None and spread.partly is not None:
        held = f"{spread.holds.count} of {spread.holds.n} ({spread.holds.low:.0%} to {spread.holds.high:.0%})"
        partly = f"{spread.partly.count}"
    values = f"{told(spread.middle)} ({told(min(spread.values))} to {told(max(spread.values))})"
    published = told(spread.published)
    return [f"`{spread.id}`", published, values, spread.average, told(spread.control), held, partly]


def main() -> None:
    """Fill the page."""
    PAGE.write_text(filled(PAGE.read_text()))


if __name__ == "__main__":
    main()
