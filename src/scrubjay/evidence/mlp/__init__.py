"""MLP: what does the MLP make of the filters?"""

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import HAS_MLP, Line, found_by
from scrubjay.evidence.mlp.claims import claims
from scrubjay.evidence.mlp.figures import figures
from scrubjay.evidence.mlp.measure import MlpResult, measure

MLP = Line[MlpResult](
    name="mlp",
    title="The MLP",
    question="What does the MLP make of the filters?",
    measure=measure,
    claims=claims,
    figures=figures,
    needs=(HAS_MLP, found_by(FILTERS)),
    weight=2.0,
)
"""The line of evidence."""
