"""Inner: which small network inside the network gives its answers, and what does it compute?"""

from scrubjay.evidence.inner.claims import claims, words
from scrubjay.evidence.inner.figures import figures
from scrubjay.evidence.inner.inner_tables import tables
from scrubjay.evidence.inner.measure import InnerResult, measure
from scrubjay.evidence.line import ONE_LAYER, PIECEWISE_LINEAR, VARYING_ANSWERS, Line

INNER = Line[InnerResult](
    name="inner",
    title="The network inside the network",
    question="Which small network, read off the weights, gives the network's answers, and what does it compute?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    needs=(VARYING_ANSWERS, ONE_LAYER, PIECEWISE_LINEAR),
    weight=6.0,
)
"""The line of evidence."""
