"""Embeddings: with attention frozen, what does each token add to each filter?"""

from scrubjay.evidence.embeddings.claims import claims, tables
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
    needs=(VARYING_ANSWERS, ONE_LAYER),
    weight=2.0,
)
"""The line of evidence."""
