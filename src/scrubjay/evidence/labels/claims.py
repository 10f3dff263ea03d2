"""What is said of a network's errors and of the program behind its labels."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.table import Table
from scrubjay.evidence.labels.in_inner_parts import SMALLEST, ProgramInParts
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.program.error_map import NEAR, ErrorMap

_SECTION = "labels"
FEW = 20
"""The smallest number of errors from which claims about the place of errors are made."""
_SHORT = 300
"""A longer program, in characters, is left to the table."""
_PLACES = {"resid_mid": "resid_mid", "filters": "the filters' values"}


def claims(result: LabelsResult) -> list[Claim]:
    """Make claims about errors if there are enough of them, and a measurement for each part of the program."""
    return [*_error_claims(result), *_small_margins(result), *_readable(result)]


def words(result: LabelsResult) -> list[str]:
    """Say where the errors lie."""
    return [
        f"Where it errs, it errs near the boundaries of the labels: {claim.shown} of its errors lie at most {NEAR} "
        f"cells from a change of label, where {claim.control:.1%} would by chance."
        for claim in _error_claims(result)
        if claim.id == "errors.boundary" and claim.verdict != "fails"
    ] + [
        f"There the inner network's margin is small: {claim.shown} of the errors lie in the tenth of the inputs where "
        f"it is smallest."
        for claim in _small_margins(result)
        if claim.verdict != "fails"
    ]


def answer(result: LabelsResult) -> str:
    """Say which program the labels follow, and where the errors lie."""
    length = result.length
    but = f" on all but {length.exceptions:,} inputs" if length.exceptions else ""
    program = f"The labels follow this program{but}: {result.program.mathematics()}."
    return " ".join([program, *words(result)[:1]]) if len(program) <= _SHORT else " ".join(words(result)[:1])


def tables(result: LabelsResult) -> list[Table]:
    """Make the table of the program, and the table of the errors if there are any."""
    length = result.length
    program = Table(
        f"The labels follow this program ({length.program:,.0f} bits, {length.exceptions:,} exceptions among "
        f"{length.n:,})",
        ("program",),
        [(result.program.mathematics(),)],
    )
    found = [program] if result.errors is None else [program, _errors_table(result.errors)]
    return found if result.in_parts is None else [*found, *_parts_tables(result.in_parts)]


def _error_claims(result: LabelsResult) -> list[Claim]:
    errors = result.errors
    if errors is None or errors.errors < FEW:
        return []
    near, changing = errors.near_null, errors.changing_null
    return [
        share_claim(
            "errors.boundary",
            _SECTION,
            f"The network's {errors.errors:,} errors lie at most {NEAR} cells from a change of label (control: errors "
            f"at random places of the same {errors.along}s, {near.low:.1%} to {near.high:.1%})",
            errors.near,
            chance=near.mean,
            control=near.mean,
            control_interval=near.interval,
            headline=True,
            topic="errors near a change of label",
            facts={"errors": errors.errors, "cells": NEAR},
        ),
        share_claim(
            "errors.rows",
            _SECTION,
            f"The network's errors lie in {errors.along}s along which the label changes (control: errors at random "
            f"places of the whole domain, {changing.low:.1%} to {changing.high:.1%})",
            errors.changing,
            chance=changing.mean,
            control=changing.mean,
            control_interval=changing.interval,
        ),
    ]


def _small_margins(result: LabelsResult) -> list[Claim]:
    small = None if result.in_parts is None else result.in_parts.small_margins
    if small is None or small.n < FEW:
        return []
    return [
        share_claim(
            "errors.margin",
            _SECTION,
            f"The network's errors lie in the {SMALLEST:.0%} of the inputs where the margin of the inner hinges is "
            f"smallest (control: errors at random inputs)",
            small.value,
            interval=small.interval,
            chance=SMALLEST,
            control=SMALLEST,
            facts={"errors": small.n},
        )
    ]


def _parts_tables(parts: ProgramInParts) -> list[Table]:
    found = [
        Table(
            "Which part of the program lives where: answers that change when a part of the inner network is held at "
            "its mean",
            ("part", "all inputs", *(f"on {name}" for name in parts.curves)),
            [(name, f"{all_:.1%}", *(f"{share:.1%}" for share in shares)) for name, all_, shares in parts.rows],
            "on curve1: among the inputs whose label would change on the other side of this curve; on stripes: among "
            "those whose label depends on the phase. "
            + "; ".join(f"{name}: {count:,}" for name, count in zip(parts.curves, parts.depend, strict=True))
            + " inputs.",
        )
    ]
    if parts.steps:
        found.append(
            Table(
                "Margins and errors by the distance from the nearest change of label",
                ("cells", "inputs", "errors", "errors of the inner hinges", "margin"),
                [
                    (
                        step.name,
                        f"{step.inputs:,}",
                        f"{step.errors:.1%}",
                        f"{step.inner_errors:.1%}",
                        f"{step.margin:.2f}",
                    )
                    for step in parts.steps
                ],
                "none: inputs in lines without a change. margin: the median size of the inner margin, divided by its "
                "median over all inputs.",
            )
        )
    return found


def _readable(result: LabelsResult) -> list[Claim]:
    return [
        measurement(
            f"program.readable.{part.name}{'' if place == 'resid_mid' else f'.{place}'}",
            _SECTION,
            f"How often {part.what} is read correctly from {_PLACES[place]} by a linear readout, on inputs left out of "
            f"its fit (control: tokens renamed at random)",
            part.accuracy,
            control=part.control,
            facts={"part": part.name, "read_from": place},
        )
        for place, parts in result.readable.items()
        for part in parts
    ]


def _errors_table(errors: ErrorMap) -> Table:
    rows: list[Sequence[str]] = []
    for words, parts in (
        ("nearest ", errors.boundaries),
        (f"{errors.along}s ", errors.patterns),
        ("", errors.regions),
        ("", errors.halves),
    ):
        rows += [
            (
                f"{words}{part.name}",
                f"{part.inputs:,}",
                f"{part.errors:,}",
                f"{part.errors / part.inputs:.1%}",
                f"{part.changes}" if part.changes else "",
                f"{part.errors / part.changes:.2f}" if part.changes else "",
            )
            for part in parts
        ]
        rows.append(())
    title = f"Where the {errors.errors:,} errors lie, along the {errors.along}s"
    return Table(title, ("", "inputs", "errors", "share", "changes", "per change"), rows[:-1])
