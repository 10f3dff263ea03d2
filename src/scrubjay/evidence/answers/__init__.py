"""Answers: how often is the network right?"""

from scrubjay.evidence.answers.claims import answer, claims, words
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
    answer=answer,
    opens=1,
    stage="domain",
    method=(
        "The network is run on every input, and its answer is compared with the label. Where training saw only a part "
        "of the inputs, both parts are counted. The control is to give always the most frequent label. The network is "
        "also run in float64; if any answer is another one there, the page says so."
    ),
    weight=0.1,
)
"""The line of evidence."""
