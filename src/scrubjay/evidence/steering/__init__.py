"""Steering: when the residual stream is pushed, do the filters still predict the answer?"""

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Line, found_by
from scrubjay.evidence.steering.claims import claims
from scrubjay.evidence.steering.figures import figures
from scrubjay.evidence.steering.measure import SteeringResult, measure

STEERING = Line[SteeringResult](
    name="steering",
    title="Shifts of the residual stream",
    question="When the residual stream is pushed, do the filters still predict the answer?",
    measure=measure,
    claims=claims,
    figures=figures,
    needs=(found_by(FILTERS),),
    weight=3.0,
)
"""The line of evidence."""
