"""The family of networks that multiply in a group by its representations; for modular addition, by frequencies."""

from scrubjay.evidence.algorithm.family import CausalFamily
from scrubjay.evidence.algorithm.group_claims import group_brief, group_claims, group_tables, group_words
from scrubjay.evidence.algorithm.group_figures import group_figures
from scrubjay.evidence.algorithm.group_measure import GroupResult, group_lacks, measure_group

GROUPS: CausalFamily[GroupResult] = CausalFamily(
    "groups", group_lacks, measure_group, group_claims, group_figures, group_tables, group_words, group_brief
)
"""The family."""
