"""Condensed networks as text and as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from scrubjay.condensation import Condensate
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.condensing import Condensed

_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)
"""The levels of agreement for which the text names the smallest network."""


def condensate_json(found: Condensate) -> str:
    """The inner network and the whole front, as JSON."""
    inner = found.inner
    smallest = found.found.smallest
    return (
        json.dumps(
            {
                **_sizes(Condensed(inner.parts, inner.agreement)),
                "bits": None if inner.built is None else inner.coarse.bits,
                "mistakes": inner.mistakes,
                "at_least": found.at_least,
                "smallest": {str(target): None if each is None else _sizes(each) for target, each in smallest.items()},
                "front": [_sizes(each) for each in found.found.front],
            },
            indent=2,
        )
        + "\n"
    )


def condensate_text(found: Condensate) -> str:
    """The inner network in a few sentences, then the smallest networks for several levels of agreement."""
    inner, parts = found.inner, found.inner.parts
    size = inner.original.config
    rows = [
        ("", "network", "inside it"),
        ("dimensions", f"{size.d_model:,}", f"{parts.dimensions:,}"),
        ("heads", f"{size.n_heads:,}", f"{len(parts.ranks):,}"),
        ("neurons", f"{size.d_mlp:,}", f"{parts.hinges:,}"),
        ("numbers", f"{inner.original.numbers:,}", f"{parts.numbers:,}"),
    ]
    answers = inner.task.domain.size
    mistakes = "" if inner.mistakes is None else f", and makes {inner.mistakes:.2%} of its mistakes"
    rounded = []
    if inner.built is not None:
        coarse = inner.coarse
        kept = f"{share_of(coarse.classes == inner.wanted):.2%}"
        rounded = [f"With numbers of {coarse.per_number} bits, {coarse.bits:,} bits in all, it gives {kept} of them."]
    given = []
    if size.norm != "none":
        given = [f"The scales of {size.norm_in_words} are taken as they are for each input, and not counted.", ""]
    return "\n".join(
        [
            f"The network inside {found.parent.name}, on {inner.task.name}:",
            "",
            *_aligned("<>>", rows),
            "",
            f"The inner network gives {inner.agreement:.2%} of the network's {answers:,} answers{mistakes}.",
            *rounded,
            "",
            *given,
            "The smallest network for each level of agreement:",
            "",
            *_aligned(
                ">>>>><",
                [
                    ("agreement", "numbers", "dimensions", "hinges", "heads", "ranks of the heads"),
                    *(_row(each, each.parts is parts) for each in _that_matter(found)),
                ],
            ),
            "",
            "A hinge is a neuron of an inner network, and stands for a group of the network's",
            "neurons. A head of an inner network stands for a group of the network's heads.",
            "The rank of a head is the number of values that it moves from each token.",
            "",
        ]
    )


def _that_matter(found: Condensate) -> list[Condensed]:
    """The smallest network for each level of agreement, the chosen one, and the one that agrees most often."""
    front = found.found.front
    levels = {*_LEVELS, found.at_least, front[-1].agreement}
    chosen = {next((at for at, each in enumerate(front) if each.agreement >= level), None) for level in levels}
    return [each for at, each in enumerate(front) if at in chosen]


def _row(each: Condensed, is_chosen: bool) -> tuple[str, ...]:
    parts = each.parts
    ranks = ", ".join(map(str, parts.ranks)) or "-"
    sizes = (parts.numbers, parts.dimensions, parts.hinges, len(parts.ranks))
    return (f"{each.agreement:.2%}", *(f"{size:,}" for size in sizes), ranks + " <- this one" * is_chosen)


def _aligned(sides: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows of a table; a column of side ``<`` is set to the left, and one of side ``>`` to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{text:{side}{width}}" for text, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def _sizes(found: Condensed) -> dict[str, Any]:
    parts = found.parts
    return {
        "dimensions": parts.dimensions,
        "heads": len(parts.ranks),
        "ranks": list(parts.ranks),
        "hinges": parts.hinges,
        "numbers": parts.numbers,
        "agreement": found.agreement,
    }
