"""What is said of a network's errors and of the program behind its labels."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.table import Table
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.program.error_map import NEAR, ErrorMap

_SECTION = "labels"
FEW = 20
"""The smallest number of errors from which claims about the place of errors are made."""
_PLACES = {"resid_mid": "resid_mid", "filters": "the filters' values"}


def claims(result: LabelsResult) -> list[Claim]:
    """Make two claims about errors if there are enough of them, and a measurement for each part of the program."""
    return [*_error_claims(result), *_readable(result)]


def words(result: LabelsResult) -> list[str]:
    """Say where the errors lie."""
    return [
        f"Where it errs, it errs near the boundaries of the labels: {claim.shown} of its errors lie at most {NEAR} "
        f"cells from a change of label, where {claim.control:.1%} would by chance."
        for claim in _error_claims(result)
        if claim.id == "errors.boundary" and claim.verdict != "fails"
    ]


def tables(result: LabelsResult) -> list[Table]:
    """Make the table of the program, and the table of the errors if there are any."""
    length = result.length
    program = Table(
        f"The labels follow this program ({length.program:,.0f} bits, {length.exceptions:,} exceptions among "
        f"{length.n:,})",
        ("program",),
        [(result.program.mathematics(),)],
    )
    return [program] if result.errors is None else [program, _errors_table(result.errors)]


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
