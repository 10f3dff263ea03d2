"""Write the claims of ``claims.json`` as a table between the markers of the README and of docs/post.md.

    python docs/fill_tables.py out/claims.json

A page's markers name the claims that it shows: ``<!-- claims: accuracy.all gate.full -->`` to ``<!-- end -->``.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scrubjay.core.claim import as_shown

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "post.md", ROOT / "docs" / "labelling-function.md")


def filled(page: str, claims: list[dict[str, Any]]) -> str:
    """The page with every table of claims made anew."""
    by_id = {claim["id"]: claim for claim in claims}
    head = ["| claim | post, original network | here, replica | control | verdict |", "|---|---|---|---|---|"]
    return remade(page, "claims", lambda ids: [*head, *(_row(by_id[claim_id]) for claim_id in ids)])


def remade(page: str, kind: str, table: Callable[[list[str]], list[str]]) -> str:
    """The page with the lines of every table of a kind made anew from the words in its marker."""

    def filled_in(match: re.Match[str]) -> str:
        return "\n".join([f"<!-- {kind}: {match[1]} -->", *table(match[1].split()), "<!-- end -->"])

    return re.sub(rf"<!-- {kind}: ([^>]*?) -->\n.*?<!-- end -->", filled_in, page, flags=re.S)


def between(page: str, marker: str, table: str) -> str:
    """The page with other text from ``<!-- marker -->`` to the next ``<!-- end -->``; benchmarks fill theirs so.

    Raises:
        ValueError: a page without the markers.
    """
    begin, end = f"<!-- {marker} -->\n", "<!-- end -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page has no {begin.strip()} ... {end}")
    return f"{before}{begin}{table}{end}{after}"


def _row(claim: dict[str, Any]) -> str:
    post, value, control = (as_shown(claim[key], claim["id"]) for key in ("post", "value", "control"))
    if claim["interval"] is not None:
        low, high = (as_shown(end, claim["id"]) for end in claim["interval"])
        value += f" ({low} to {high})"
    return f"| `{claim['id']}` | {post} | {value} | {control} | {claim['verdict']} |"


def main() -> None:
    """Fill every page."""
    claims = json.loads(Path(sys.argv[1]).read_text())["claims"]
    for page in PAGES:
        page.write_text(filled(page.read_text(), claims))


if __name__ == "__main__":
    main()
