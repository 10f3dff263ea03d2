"""Where the network errs relative to the program of its labels, and which parts of the program it holds."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.table import Table
from scrubjay.evidence.labels.measure import LabelsResult
from scrubjay.program.error_map import NEAR, ErrorMap

_SECTION = "labels"
FEW = 20
"""Fewer errors than this say nothing about where errors lie."""
_PLACES = {"resid_mid": "resid_mid", "filters": "the filters' values"}


def claims(result: LabelsResult) -> list[Claim]:
    """Two claims about errors, where there are enough, and a measurement for each part of the program."""
    return [*_error_claims(result), *_readable(result)]


def words(result: LabelsResult) -> list[str]:
    """The sentence about errors."""
    return [
        f"Where it errs, it errs near the boundaries of the labels: {claim.shown} of its errors lie at most {NEAR} "
        f"cells from a change of label, where {claim.control:.1%} would by chance."
        for claim in _error_claims(result)
        if claim.id == "errors.boundary" and claim.verdict != "fails"
    ]


def tables(result: LabelsResult) -> list[Table]:
    """The program, and where the errors lie."""
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
            f"Its {errors.errors:,} errors lie at most {NEAR} cells from a change of label (control: thrown at random "
            f"into the same {errors.along}s, {near.low:.1%} to {near.high:.1%})",
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
            f"Its errors lie in {errors.along}s along which the label changes (control: thrown at random anywhere, "
            f"{changing.low:.1%} to {changing.high:.1%})",
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
            f"How well {part.what} can be read linearly from {_PLACES[place]}, on inputs left out of the fit (control: "
            f"tokens renamed at random)",
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
