"""A recovered program as text and as JSON."""

import json

from scrubjay.program.expression import Length
from scrubjay.program.search import MOST_SEARCHED
from scrubjay.recovery import Recovery

_LISTED = 12
"""How many exceptions are printed; JSON has all of them."""


def recovery_text(recovery: Recovery) -> str:
    """The program as Python and in mathematical notation, its bits beside the table's, its exceptions and controls."""
    found = recovery.recovered
    lines = [f"Searched {recovery.source}: {found.n:,} labels, {found.ones:,} of them 1."]
    if found.searched < found.n:
        lines.append(
            f"A search looks at about {MOST_SEARCHED:,} labels at most, so it saw a random sample of "
            f"{found.searched:,}. The figures below count all {found.n:,}."
        )
    lines.append("")
    if found.program is None or found.length is None:
        lines.append(
            f"Nothing found: no program that was searched is much shorter than the table of labels, which takes "
            f"{_bits(found.table_bits)}."
        )
    else:
        length = found.length
        lines += [found.program.python(), found.program.mathematics(), ""]
        lines += [
            f"program     {_bits(length.program)}",
            f"exceptions  {length.exceptions:,}; their list takes {_bits(length.exception_bits)}",
            f"together    {_bits(length.total)}; the table takes {_bits(found.table_bits)}, "
            f"{found.table_bits - length.total:,.0f} more",
            f"agreement   {found.agreement:.4%} of these labels",
            *(f"unseen      {share:.4%} of {words}, which the search did not see" for words, share in recovery.unseen),
        ]
        if found.exceptions:
            more = len(found.exceptions) - _LISTED
            listed = " ".join(f"({a}, {b})" for a, b in found.exceptions[:_LISTED])
            lines += [f"wrong at    (a, b) = {listed}{f' and {more:,} more (--json lists all)' if more > 0 else ''}"]
    lines += [
        "",
        "Controls: the same search, where there is no program to find:",
        f"  shuffled labels: {_control(found.shuffled)}",
        f"  random labels of the same density: {_control(found.random)}",
    ]
    return "\n".join(lines) + "\n"


def recovery_json(recovery: Recovery) -> str:
    """The same as JSON, with every exception."""
    found = recovery.recovered
    content = {
        "source": recovery.source,
        "found": found.program is not None,
        "python": None if found.program is None else found.program.python(),
        "mathematics": None if found.program is None else found.program.mathematics(),
        "labels": found.n,
        "searched": found.searched,
        "ones": found.ones,
        "agreement": found.agreement,
        "unseen": dict(recovery.unseen),
        "bits": {"table": found.table_bits, **_lengths(found.length)},
        "exceptions": [list(pair) for pair in found.exceptions],
        "controls": {"shuffled": _lengths(found.shuffled) or None, "random": _lengths(found.random) or None},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _bits(bits: float) -> str:
    return f"{bits:,.0f} bits"


def _control(length: Length | None) -> str:
    if length is None:
        return "nothing"
    return f"a program of {_bits(length.program)} with {length.exceptions:,} exceptions"


def _lengths(length: Length | None) -> dict[str, float]:
    if length is None:
        return {}
    return {"program": length.program, "exceptions": length.exception_bits, "total": length.total}
