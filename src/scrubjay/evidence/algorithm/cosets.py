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
        subgroup: the elements of the subgroup that is the best of most neurons; () if none is constant.
        on_left: whether more of these neurons are constant on its left cosets g H than on its right cosets H g.
    """

    constant: float
    renamed: float
    orders: tuple[tuple[int, int], ...]
    subgroups: int
    subgroup: tuple[int, ...]
    on_left: bool


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
    return np.stack([np.maximum(*_held(group, effects, members)) for members in subgroups])


def _held(
    group: Group, effects: Float64[np.ndarray, "n m"], members: Int[np.ndarray, "_"]
) -> tuple[Float64[np.ndarray, "m"], Float64[np.ndarray, "m"]]:
    """The shares that the means over the left cosets g H and over the right cosets H g hold."""
    total = np.square(effects).sum(0).clip(min=1e-300)
    left, right = effects[group.table[:, members]].mean(1), effects[group.table[members].T].mean(1)
    return np.square(left).sum(0) / total, np.square(right).sum(0) / total


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
    chosen = np.where((shares >= CONSTANT) & (sizes[:, None] == best), 1, 0).sum(1)
    most = subgroups[int(chosen.argmax())] if chosen.any() else np.array([], dtype=np.int64)
    on_left = True
    if len(most):
        left, right = _held(group, effects, most)
        on_left = bool((left >= CONSTANT).sum() >= (right >= CONSTANT).sum())
    return CosetFit(
        float((best > 0).mean()),
        float((renamed >= CONSTANT).any(0).mean()),
        tuple(by_count),
        len(subgroups),
        tuple(most.tolist()),
        on_left,
    )


def sorted_by_cosets(
    group: Group, members: Int[np.ndarray, "h"], *, on_left: bool
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """The elements coset by coset, and the number of each element's coset; H itself is the first.

    Args:
        group: the group.
        members: the elements of a subgroup H.
        on_left: whether the cosets are g H; otherwise they are H g.
    """
    cosets = group.table[:, members] if on_left else group.table[members].T
    least = cosets.min(1)
    least[members] = -1
    _, numbers = np.unique(least, return_inverse=True)
    return np.argsort(numbers, kind="stable"), numbers
