"""Claims relative to the program of the labels: where the network errs, and which parts of the program it holds."""

from scrubjay.program.errors import NEAR
from scrubjay.study.claims import Claim, share_claim
from scrubjay.study.records import Labelling

_FEW = 20
"""Fewer errors than this say nothing about where errors lie."""


def program_claims(labelling: Labelling | None) -> list[Claim]:
    """All claims that need a program; none where none was found."""
    return [] if labelling is None else [*_error_claims(labelling), *_readable_claims(labelling)]


def _error_claims(labelling: Labelling) -> list[Claim]:
    errors = labelling.errors
    if errors is None or errors.errors < _FEW:
        return []
    near, changing = errors.near_null, errors.changing_null
    return [
        share_claim(
            "errors.boundary",
            f"Its {errors.errors} errors lie at most {NEAR} cells from a change of label (control: thrown at random in "
            f"the same {errors.along}s, {near.low:.1%} to {near.high:.1%})",
            None,
            errors.near,
            near.mean,
        ),
        share_claim(
            "errors.rows",
            f"Its errors lie in {errors.along}s along which the label changes (control: thrown at random anywhere, "
            f"{changing.low:.1%} to {changing.high:.1%})",
            None,
            errors.changing,
            changing.mean,
        ),
    ]


def _readable_claims(labelling: Labelling) -> list[Claim]:
    claims = []
    for place, parts in labelling.readable.items():
        where = "resid_mid" if place == "resid_mid" else "the filters' values"
        for part in parts:
            claims.append(
                share_claim(
                    f"program.readable.{part.name}{'' if place == 'resid_mid' else f'.{place}'}",
                    f"On inputs left out of the fit, {part.what} can be read linearly from {where} (control: tokens "
                    f"renamed at random)",
                    None,
                    part.accuracy,
                    part.control,
                )
            )
    return claims
