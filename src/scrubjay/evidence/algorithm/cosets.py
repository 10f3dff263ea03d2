"""Are the neurons constant on the cosets of subgroups?

A neuron reads each factor through its main effect: its mean value before the activation, as a function of the factor's
element. If that is constant on the cosets gH (or Hg) of a subgroup H, the neuron knows of the element its coset only.

Source: Stander et al. (2023), "Grokking group multiplication with cosets".
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from scrubjay.functions.groups import Group

CONSTANT = 0.95
"""The share of the variance from which a function counts as constant on cosets."""
_PAIRS = 300
"""How many random pairs of elements generate subgroups, beside all single elements."""


@dataclass(frozen=True)
class CosetFit:
    """How many neurons are constant on the cosets of some subgroup.

    Attributes:
        constant: the share of live neurons.
        renamed: the same with the group's elements renamed at random.
        orders: the order of the best subgroup and how many of the constant neurons have it, most frequent first.
        subgroups: how many subgroups were tried.
    """

    constant: float
    renamed: float
    orders: tuple[tuple[int, int], ...]
    subgroups: int


def proper_subgroups(group: Group, *, seed: int) -> list[Int[np.ndarray, "_"]]:
    """Subgroups of one generator, and of random pairs of generators, but neither the trivial one nor the whole group.

    Args:
        group: the group.
        seed: seed for the pairs.
    """
    draw = np.random.default_rng(seed)
    pairs = draw.integers(group.n, size=(_PAIRS, 2)).tolist()
    found = {tuple(group.subgroup(generators).tolist()) for generators in ([[g] for g in range(group.n)] + pairs)}
    return [np.array(each) for each in sorted(found, key=lambda each: (len(each), each)) if 1 < len(each) < group.n]


def on_cosets(
    group: Group, effects: Float64[np.ndarray, "n m"], subgroups: list[Int[np.ndarray, "_"]]
) -> Float64[np.ndarray, "k m"]:
    """The share of each effect's variance that the means over cosets hold, the better of left and right cosets.

    Args:
        group: the group.
        effects: functions of the element, with mean 0, shape [n, m].
        subgroups: the subgroups.
    """
    total = np.square(effects).sum(0).clip(min=1e-300)
    rows = []
    for members in subgroups:
        left = effects[group.table[:, members]].mean(1)  # the mean over g H
        right = effects[group.table[members].T].mean(1)  # the mean over H g
        rows.append(np.maximum(np.square(left).sum(0), np.square(right).sum(0)) / total)
    return np.stack(rows)


def coset_fit(
    group: Group, effects: Float64[np.ndarray, "n m"], order: Int[np.ndarray, "n"], *, seed: int
) -> CosetFit | None:
    """Find for each neuron the subgroup on whose cosets it is most nearly constant; None if there is no subgroup.

    Args:
        group: the group.
        effects: the main effect of each live neuron, by element, shape [n, m].
        order: a random order of the elements, for the control.
        seed: seed for the subgroups.
    """
    subgroups = proper_subgroups(group, seed=seed)
    if not subgroups:
        return None
    effects = effects - effects.mean(0)
    shares = on_cosets(group, effects, subgroups)
    # Among subgroups that explain nearly as much, the largest says most.
    sizes = np.array([len(each) for each in subgroups])
    best = np.where(shares >= CONSTANT, sizes[:, None], 0).max(0)
    orders, counts = np.unique(best[best > 0], return_counts=True)
    by_count = sorted(zip(orders.tolist(), counts.tolist(), strict=True), key=lambda each: -each[1])
    renamed = on_cosets(group, effects[order], subgroups)
    return CosetFit(
        float((best > 0).mean()), float((renamed >= CONSTANT).any(0).mean()), tuple(by_count), len(subgroups)
    )
