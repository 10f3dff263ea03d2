"""Fill the tables of claims in the README and in the documentation.

    python docs/fill_tables.py out/claims.json

A table stands between two markers. The first one names the claims that the table shows, in order:

    <!-- claims: accuracy.all gate.full -->
    <!-- end -->

Filling a page twice gives the same page.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scrubjay.core.claim import as_shown

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "post.md", ROOT / "docs" / "labelling-function.md")
HEAD = (
    "| claim | published, original network | here, replica | chance | control | verdict |",
    "|---|---|---|---|---|---|",
)


def filled(page: str, claims: Sequence[dict[str, Any]]) -> str:
    """The page with every table of claims filled.

    Args:
        page: the text of the page.
        claims: the list ``claims`` of a ``claims.json``.

    Raises:
        SystemExit: a marker names a claim that is not in the list.
    """
    by_id = {claim["id"]: claim for claim in claims}

    def table(ids: list[str]) -> list[str]:
        missing = [claim_id for claim_id in ids if claim_id not in by_id]
        if missing:
            raise SystemExit(f"a table shows the claims {', '.join(missing)}, which the file of claims does not have")
        return [*HEAD, *(_row(by_id[claim_id]) for claim_id in ids)]

    return remade(page, "claims", table)


def remade(page: str, kind: str, table: Callable[[list[str]], list[str]]) -> str:
    """The page with every table of one kind replaced.

    Args:
        page: the text of the page.
        kind: the first word of the markers, such as ``claims``.
        table: makes the lines of a table from the other words of its marker.
    """

    def filled_in(match: re.Match[str]) -> str:
        return "\n".join([f"<!-- {kind}: {match[1]} -->", *table(match[1].split()), "<!-- end -->"])

    return re.sub(rf"<!-- {kind}: ([^>]*?) -->\n.*?<!-- end -->", filled_in, page, flags=re.S)


def between(page: str, marker: str, table: str) -> str:
    """The page with ``table`` between ``<!-- marker -->`` and the next ``<!-- end -->``; the benchmarks use this.

    Raises:
        ValueError: the page has no such markers.
    """
    begin, end = f"<!-- {marker} -->\n", "<!-- end -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page has no {begin.strip()} ... {end}")
    return f"{before}{begin}{table}{end}{after}"


def _row(claim: dict[str, Any]) -> str:
    published, value, chance, control = (
        as_shown(claim[key], claim["kind"]) for key in ("published", "value", "chance", "control")
    )
    if claim["interval"] is not None:
        low, high = (as_shown(end, claim["kind"]) for end in claim["interval"])
        value += f" ({low} to {high})"
    return f"| `{claim['id']}` | {published} | {value} | {chance} | {control} | {claim['verdict'] or 'ranked'} |"


def main() -> None:
    """Fill every page."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/fill_tables.py CLAIMS.json")
    claims = json.loads(Path(sys.argv[1]).read_text())["claims"]
    for page in PAGES:
        page.write_text(filled(page.read_text(), claims))


if __name__ == "__main__":
    main()
