"""Answers: how often is the network right?"""

from scrubjay.evidence.answers.claims import claims, words
from scrubjay.evidence.answers.figures import figures
from scrubjay.evidence.answers.measure import AnswersResult, measure
from scrubjay.evidence.line import Line

ANSWERS = Line[AnswersResult](
    name="answers",
    title="The network and its labels",
    question="How often is the network right, and where does it err?",
    measure=measure,
    claims=claims,
    figures=figures,
    words=words,
    weight=0.1,
)
"""The line of evidence."""
