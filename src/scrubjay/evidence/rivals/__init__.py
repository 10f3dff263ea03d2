"""Rivals: which explanation predicts answers that it never saw, and the network's mistakes among them?"""

from scrubjay.evidence.line import PRODUCT, TWO_CLASSES, VARYING_ANSWERS, Line, found_by
from scrubjay.evidence.rivals.claims import claims, tables
from scrubjay.evidence.rivals.figures import figures
from scrubjay.evidence.rivals.measure import NEEDS, RivalsResult, measure
from scrubjay.evidence.subspace import SUBSPACE

RIVALS = Line[RivalsResult](
    name="rivals",
    title="Rival explanations",
    question="Which explanation predicts answers that it never saw, and the network's mistakes among them?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    needs=(TWO_CLASSES, VARYING_ANSWERS, PRODUCT, found_by(SUBSPACE), *NEEDS),
    weight=8.0,
)
"""The line of evidence."""
