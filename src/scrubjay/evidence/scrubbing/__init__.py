"""Causal scrubbing: what is left of the answers when everything that the hypothesis calls irrelevant is resampled?"""

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Line, found_by
from scrubjay.evidence.scrubbing.claims import claims, tables, words
from scrubjay.evidence.scrubbing.figures import figures
from scrubjay.evidence.scrubbing.measure import ScrubbingResult, measure

SCRUBBING = Line[ScrubbingResult](
    name="scrubbing",
    title="Causal scrubbing",
    question="What is left of the answers when everything is resampled that the hypothesis calls irrelevant?",
    measure=measure,
    claims=claims,
    figures=figures,
    tables=tables,
    words=words,
    method=(
        "Causal scrubbing replaces parts of the residual stream by those of another, random input, wherever the "
        "hypothesis says that the answer cannot change. The share of answers that stay is the mean over independent "
        "draws. The control is the strongest of several wrong hypotheses."
    ),
    needs=(found_by(FILTERS),),
    weight=8.0,
)
"""The line of evidence."""
