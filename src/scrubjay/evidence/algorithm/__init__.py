"""Algorithm: which function does the network compute, and by which algorithm?"""

from scrubjay.evidence.algorithm.claims import claims, figures, tables, words
from scrubjay.evidence.algorithm.measure import AlgorithmResult, measure
from scrubjay.evidence.line import VARYING_ANSWERS, Line

ALGORITHM = Line[AlgorithmResult](
    name="algorithm",
    title="The algorithm",
    question="Which function does the network compute, and by which algorithm?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    needs=(VARYING_ANSWERS,),
    weight=4.0,
)
"""The line of evidence."""
