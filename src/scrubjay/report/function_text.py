"""A named function as text and as JSON."""

import json

from scrubjay.functions.found_function import Named
from scrubjay.recovery import FunctionRecovery

_LISTED = 12
"""How many exceptions are printed; JSON has all of them."""
_SHOWN = 2000
"""Longer source than this, in characters, is cut in the text; JSON has all of it."""


def function_text(found: FunctionRecovery) -> str:
    """The function in words and as Python, its bits beside the table's, its exceptions, and facts about the table."""
    named, table = found.function, found.table
    lines = [f"Looked at {found.source}: {table.n:,} answers, {len(table.given):,} different ones.", ""]
    if isinstance(named, Named):
        count = len(named.exceptions)
        wrong = f", with {count:,} exception{'s' if count > 1 else ''}" if count else ""
        lines += [f"It computes {named.words}{wrong}.", "", _cut(named.python), ""]
        lines += [
            f"function    {named.function_bits:,.0f} bits",
            f"exceptions  {len(named.exceptions):,}; their list takes {named.exception_bits:,.0f} bits",
            f"together    {named.bits:,.0f} bits; the table takes {named.table_bits:,.0f}, {named.saved:,.0f} more",
            f"agreement   {named.agreement:.4%} of these answers",
            *(f"unseen      {share:.4%} of {words}, which was not shown" for words, share in found.unseen),
        ]
        if named.exceptions:
            more = len(named.exceptions) - _LISTED
            listed = " ".join(f"({', '.join(map(str, tokens))})" for tokens in _exceptions(found)[:_LISTED])
            names = ", ".join(table.inputs)
            lines.append(
                f"wrong at    ({names}) = {listed}{f' and {more:,} more (--json lists all)' if more > 0 else ''}"
            )
    else:
        lines.append(f"Nothing found: {named.words}.")
    structure = found.structure
    if structure is not None:
        matter = ", ".join(structure.matter) or "none"
        order = "does not depend" if structure.is_symmetric else "depends"
        states = " ".join(f"{count:,}" for count in structure.prefix_states)
        lines += [
            "",
            f"The answer depends on the positions {matter}, and {order} on their order.",
            f"Different states after 0, 1, 2, ... tokens, for a reader from left to right: {states}.",
        ]
    return "\n".join(lines) + "\n"


def function_json(found: FunctionRecovery) -> str:
    """The same as JSON, with every exception. Keys that a label program has too mean the same there."""
    named, structure = found.function, found.structure
    content = {
        "source": found.source,
        "found": isinstance(named, Named),
        "python": named.python if isinstance(named, Named) else None,
        "words": named.words,
        "labels": found.table.n,
        "answers": len(found.table.given),
        "unseen": dict(found.unseen),
    }
    if isinstance(named, Named):
        content |= {
            "family": named.family,
            "facts": dict(named.facts),
            "agreement": named.agreement,
            "bits": {
                "table": named.table_bits,
                "program": named.function_bits,
                "exceptions": named.exception_bits,
                "total": named.bits,
            },
            "exceptions": [list(tokens) for tokens in _exceptions(found)],
        }
    if structure is not None:
        content["structure"] = {
            "positions": list(structure.matter),
            "symmetric": structure.is_symmetric,
            "prefix_states": list(structure.prefix_states),
        }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _exceptions(found: FunctionRecovery) -> list[tuple[int, ...]]:
    """The tokens of each exception."""
    if not isinstance(found.function, Named):
        return []
    table, at = found.table, list(found.function.exceptions)
    columns = [tokens[table.choices[at, place]].tolist() for place, tokens in enumerate(table.tokens)]
    return list(zip(*columns, strict=True))


def _cut(source: str) -> str:
    source = source.rstrip()
    if len(source) <= _SHOWN:
        return source
    kept = [
        line if len(line) <= 160 else f"{line[:140]} ...  # --json has the whole line" for line in source.split("\n")
    ]
    return "\n".join(kept)
