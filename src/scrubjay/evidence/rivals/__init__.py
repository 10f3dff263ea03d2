"""Rivals: which explanation predicts answers that it never saw, and the network's mistakes among them?"""

from scrubjay.evidence.line import PRODUCT, TWO_CLASSES, VARYING_ANSWERS, Line, found_by
from scrubjay.evidence.rivals.claims import answer, claims, tables
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
    answer=answer,
    method=(
        "Each explanation is fitted to the network's answers on the training half, and predicts those on the other "
        "half, which holds nearly all of the network's mistakes. An explanation of the mechanism should predict the "
        "mistakes too. The control is the same fit to shuffled answers."
    ),
    needs=(TWO_CLASSES, VARYING_ANSWERS, PRODUCT, found_by(SUBSPACE), *NEEDS),
    weight=8.0,
)
"""The line of evidence."""
