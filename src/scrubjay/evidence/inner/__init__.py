"""Inner: which small network inside the network gives its answers, and what does it compute?"""

from scrubjay.evidence.inner.claims import claims, words
from scrubjay.evidence.inner.figures import figures
from scrubjay.evidence.inner.inner_answer import answer
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
    answer=answer,
    opens=3,
    stage="inner",
    method=(
        "Neurons that bend on nearly the same plane of the causal subspace are merged into one, and heads that attend "
        "alike are merged into one of low rank. Nothing is trained, and no label is used. To test the result as a "
        "mechanism, a group of the original's neurons or heads gets its value from another input, and the small "
        "network must predict the new answer."
    ),
    needs=(VARYING_ANSWERS, ONE_LAYER, PIECEWISE_LINEAR),
    weight=6.0,
)
"""The line of evidence."""
