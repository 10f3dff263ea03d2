"""MLP: what does the MLP make of the filters?"""

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import HAS_MLP, Line, found_by
from scrubjay.evidence.mlp.claims import answer, claims
from scrubjay.evidence.mlp.figures import figures
from scrubjay.evidence.mlp.measure import MlpResult, measure

MLP = Line[MlpResult](
    name="mlp",
    title="The MLP",
    question="What does the MLP make of the filters?",
    measure=measure,
    claims=claims,
    figures=figures,
    answer=answer,
    stage="mlp",
    method=(
        "A half-space is fitted to the answers before and after the MLP, and the MLP is switched on gradually and "
        "neuron by neuron. Then everything but the filters is held at its mean, and the network's answers are mapped "
        "over the plane of the filters. The control of a gate is the next best gate."
    ),
    needs=(HAS_MLP, found_by(FILTERS)),
    weight=2.0,
)
"""The line of evidence."""
