"""Embeddings: with attention frozen, what does each token add to each filter?"""

from scrubjay.evidence.embeddings.claims import answer, claims, tables
from scrubjay.evidence.embeddings.figures import figures
from scrubjay.evidence.embeddings.measure import EmbeddingsResult, measure
from scrubjay.evidence.line import ONE_LAYER, VARYING_ANSWERS, Line

EMBEDDINGS = Line[EmbeddingsResult](
    name="embeddings",
    title="From tokens to filters",
    question="Do tokens alone fix the filters' values, and do the filters' masks add up to the answers?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    answer=answer,
    stage="embeddings",
    method=(
        "With attention frozen, the residual stream is a constant plus one vector for each token: the extended "
        "embedding. The value of a filter is then a sum of one number for each token. The line measures how well "
        "these numbers alone predict the full network."
    ),
    needs=(VARYING_ANSWERS, ONE_LAYER),
    weight=2.0,
)
"""The line of evidence."""
