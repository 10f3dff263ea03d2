"""Labels: where do the errors lie, and which parts of the labelling function does the network hold?"""

from scrubjay.evidence.labels.claims import answer, claims, tables, words
from scrubjay.evidence.labels.figures import figures
from scrubjay.evidence.labels.measure import NEEDS, LabelsResult, measure
from scrubjay.evidence.line import TWO_CLASSES, TWO_POSITIONS, Line

LABELS = Line[LabelsResult](
    name="labels",
    title="The labelling program",
    question="Where do the errors lie, and which parts of the labelling function can be read off the residual stream?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    answer=answer,
    method=(
        "A short program is searched that gives all labels. The network's errors are placed on the map of that "
        "program, and each of its parts is read from the residual stream by a linear readout on inputs left out of "
        "its fit. The controls place the errors at random and rename the tokens."
    ),
    needs=(TWO_CLASSES, TWO_POSITIONS, *NEEDS),
    weight=4.0,
)
"""The line of evidence."""
