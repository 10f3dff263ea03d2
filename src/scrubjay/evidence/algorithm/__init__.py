"""Algorithm: which function does the network compute, and by which algorithm?"""

from scrubjay.evidence.algorithm.claims import answer, claims, figures, tables, words
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
    answer=answer,
    opens=2,
    method=(
        "The function is named from the answers to all inputs. An algorithm for it is a causal model with variables, "
        "such as one angle for each key frequency. To test it, a variable is taken from another input inside the "
        "network, and the model must predict the new answer; random parts of the same size must not."
    ),
    needs=(VARYING_ANSWERS,),
    weight=4.0,
)
"""The line of evidence."""
