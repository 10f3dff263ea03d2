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
    needs=(VARYING_ANSWERS,),
    weight=2.0,
)
"""The line of evidence."""
