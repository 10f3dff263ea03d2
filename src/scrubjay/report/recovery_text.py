"""A recovered program as text and as JSON."""

import json

from scrubjay.program.expression import Length
from scrubjay.recovery import Recovery

_LISTED = 12


def recovery_text(recovery: Recovery) -> str:
    """The program as Python and as mathematics, its bits against the table's, its exceptions and its controls."""
    found = recovery.recovered
    lines = [f"Searched {recovery.source}: {found.n:,} labels, {found.ones:,} of them 1.", ""]
    if found.program is None or found.length is None:
        lines.append(
            f"Nothing found: no program of the space is worth the name. The table takes {_bits(found.table_bits)}."
        )
    else:
        length = found.length
        lines += [found.program.python(), found.program.mathematics(), ""]
        lines += [
            f"program     {_bits(length.program)}",
            f"exceptions  {length.exceptions:,}, listed in {_bits(length.exception_bits)}",
            f"together    {_bits(length.total)}; the table takes {_bits(found.table_bits)}, "
            f"{found.table_bits - length.total:,.0f} more",
            f"agreement   {found.agreement:.4%} of these labels",
            *(f"unseen      {share:.4%} of {words}, which the search did not see" for words, share in recovery.unseen),
        ]
        if found.exceptions:
            more = len(found.exceptions) - _LISTED
            listed = " ".join(f"({a}, {b})" for a, b in found.exceptions[:_LISTED])
            lines += [f"not given   (a, b) = {listed}{f' and {more:,} more (--json lists all)' if more > 0 else ''}"]
    lines += [
        "",
        "The same search where there is nothing to find:",
        f"  shuffled labels: {_control(found.shuffled)}",
        f"  random labels of the same density: {_control(found.random)}",
    ]
    return "\n".join(lines) + "\n"


def recovery_json(recovery: Recovery) -> str:
    """The same as JSON, every exception listed."""
    found = recovery.recovered
    content = {
        "source": recovery.source,
        "found": found.program is not None,
        "python": None if found.program is None else found.program.python(),
        "mathematics": None if found.program is None else found.program.mathematics(),
        "labels": found.n,
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
