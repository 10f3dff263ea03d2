"""Subspace: in how few dimensions of the residual stream does the computation live?"""

from scrubjay.evidence.line import VARYING_ANSWERS, Line
from scrubjay.evidence.subspace.claims import claims, tables, words
from scrubjay.evidence.subspace.measure import SubspaceResult, measure

SUBSPACE = Line[SubspaceResult](
    name="subspace",
    title="Few dimensions",
    question="In how few dimensions of the residual stream does the computation live?",
    measure=measure,
    claims=claims,
    tables=tables,
    words=words,
    stage="space",
    method=(
        "The residual stream after attention is split into principal components over all inputs. The components "
        "beyond the first r are taken from another, random input, and r grows until 99% of the answers stay. The "
        "control uses random directions, or the components of untrained networks, whichever needs fewer."
    ),
    needs=(VARYING_ANSWERS,),
    weight=1.5,
)
"""The line of evidence."""
