"""Filters: is class 1 a Boolean function of a few half-spaces of the residual stream?"""

from scrubjay.evidence.filters.claims import claims, tables, words
from scrubjay.evidence.filters.figures import figures
from scrubjay.evidence.filters.measure import FiltersResult, measure
from scrubjay.evidence.line import TWO_CLASSES, Line, found_by
from scrubjay.evidence.subspace import SUBSPACE

FILTERS = Line[FiltersResult](
    name="filters",
    title="Filters and their gate",
    question="Is class 1 a Boolean function of a few half-spaces of the residual stream?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    answer=lambda result: " ".join(words(result)[:2]),
    stage="filters",
    method=(
        "A filter is a direction of the residual stream with a threshold. A few filters and a Boolean gate are fitted "
        "to the network's answers in the causal subspace. The controls fit as many filters in random directions, and "
        "in an untrained network."
    ),
    needs=(TWO_CLASSES, found_by(SUBSPACE)),
    weight=6.0,
)
"""The line of evidence."""
