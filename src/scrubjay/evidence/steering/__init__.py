"""Steering: when the residual stream is pushed, do the filters still predict the answer?"""

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Line, found_by
from scrubjay.evidence.steering.claims import answer, claims
from scrubjay.evidence.steering.figures import figures
from scrubjay.evidence.steering.measure import SteeringResult, measure

STEERING = Line[SteeringResult](
    name="steering",
    title="Shifts of the residual stream",
    question="When the residual stream is pushed, do the filters still predict the answer?",
    measure=measure,
    claims=claims,
    figures=figures,
    answer=answer,
    stage="shift",
    method=(
        "The same vector is added to the residual stream of all inputs, along a filter or in a random direction, with "
        "growing length. After each shift, the filters' prediction is compared with what the network answers. The "
        "control is their prediction before the shift."
    ),
    needs=(found_by(FILTERS),),
    weight=3.0,
)
"""The line of evidence."""
