"""Attention: does it matter how each input is attended to, or would one pattern do for all?"""

from scrubjay.evidence.attention.claims import claims, tables, words
from scrubjay.evidence.attention.figures import figures
from scrubjay.evidence.attention.measure import AttentionResult, measure
from scrubjay.evidence.line import VARYING_ANSWERS, Line

ATTENTION = Line[AttentionResult](
    name="attention",
    title="Attention",
    question="Does it matter how each input is attended to, or would one pattern do for all?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    stage="attention",
    method=(
        "The attention pattern of each head at the position where the answer is read is averaged over all inputs. The "
        "frozen network uses this mean on every input, and everything else runs as before. Values of t between 0 and "
        "1 blend the mean with each input's own pattern."
    ),
    needs=(VARYING_ANSWERS,),
    weight=2.0,
)
"""The line of evidence."""
