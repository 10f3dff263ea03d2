"""Measure how a network multiplies in a group: its key representations and all tests of them."""

from dataclasses import dataclass

import torch

from scrubjay.core.stats import Share
from scrubjay.evidence.algorithm.family import Setting
from scrubjay.evidence.algorithm.group_readings import (
    AttentionNeeded,
    LogitFit,
    NeuronFit,
    Symmetry,
    attention_needed,
    logit_fit,
    neuron_fit,
    symmetry,
)
from scrubjay.evidence.algorithm.group_tests import Mosaic, SingleSwap, Swap, mosaic, single_swaps, swap
from scrubjay.evidence.algorithm.group_variables import GroupVariables, Variable
from scrubjay.evidence.algorithm.splicing import Splicer
from scrubjay.run import Settings

MOST_ELEMENTS = 1_000
"""The largest order of a group whose networks are tested; larger ones take minutes."""


@dataclass(frozen=True, eq=False)
class GroupResult:
    """How a network multiplies.

    Attributes:
        parts: the network, split by representation.
        variables: the key representations with their harmonics.
        lost: the share of answers that change if everything but the variables comes from other tokens.
        lost_renamed: the same for parts of the same ranks after the group's elements were renamed at random.
        mosaic: the interchange test with all variables.
        swap: the exchange of all variables of one factor together.
        singles: the interchange test of each variable alone.
        logits: how far formulas explain the logits.
        neurons: how far single variables explain the neurons; None without an MLP.
        attention: what is left with less of attention's work.
        symmetry: the published measures.
    """

    parts: GroupVariables
    variables: tuple[Variable, ...]
    lost: Share
    lost_renamed: Share
    mosaic: Mosaic
    swap: Swap
    singles: tuple[SingleSwap, ...]
    logits: LogitFit
    neurons: NeuronFit | None
    attention: AttentionNeeded
    symmetry: Symmetry

    @property
    def among(self) -> int:
        """How many representations the group has, without the trivial one."""
        return len(self.parts.irreps) - 1

    @property
    def key(self) -> int:
        """How many representations are key, harmonics included."""
        return sum(len(variable.members) for variable in self.variables)


def group_lacks(setting: Setting) -> str | None:
    """Why the family has no model of a network, "" if it computes no group's product, or None."""
    law, task = setting.law, setting.run.task
    if law is None:
        return ""
    if setting.lacks_single_tokens is not None:
        return setting.lacks_single_tokens
    if len(task.classes) != law.group.n or (law.outputs < 0).any():
        return "it does not answer with every element of the group"
    if law.group.n > MOST_ELEMENTS:
        return f"the group has {law.group.n:,} elements, and at most {MOST_ELEMENTS:,} are tested"
    return None


@torch.no_grad()
def measure_group(setting: Setting, settings: Settings) -> GroupResult | None:
    """Find the key representations and test them; None if no representation matters on its own."""
    assert setting.law is not None
    seed = settings.seed
    parts = GroupVariables.of(Splicer.of(setting.run), setting.law, seed=seed)
    variables = parts.key_variables(seed=seed)
    if not variables:
        return None
    members = [i for variable in variables for i in variable.members]
    settings.progress("interchange of representations", 0.5)
    lost = parts.changed(members, inside=False, seed=seed + 1)
    lost_renamed = parts.renamed(seed=seed).changed(members, inside=False, seed=seed + 1)
    return GroupResult(
        parts=parts,
        variables=variables,
        lost=lost,
        lost_renamed=lost_renamed,
        mosaic=mosaic(parts, variables, seed=seed),
        swap=swap(parts, variables, seed=seed),
        singles=single_swaps(parts, variables, seed=seed),
        logits=logit_fit(parts, variables, seed=seed),
        neurons=neuron_fit(parts, variables, seed=seed),
        attention=attention_needed(parts),
        symmetry=symmetry(parts, seed=seed),
    )
