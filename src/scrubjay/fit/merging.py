"""Merge hidden neurons that bend along nearly the same plane into a few hinges.

A hidden layer reads ``x = (coordinates, 1)`` and writes ``sum_j relu(a_j · x) h_j``. Since ``relu(z) = (z + |z|) / 2``,
only the absolute values bend; all else is an affine function of x. So the layer is an affine function plus
``sum_j |a_j · x| h_j / 2``, and the sign of ``a_j`` no longer matters. From each absolute value we also take its best
affine approximation over a sample of inputs. What remains, its *bend* ρ_j(x), is all that merging can change. A group
of neurons becomes one hinge: its plane is the leading direction of ``sum_j o_j a_j h_jᵀ``, where the flips o_j = ±1
align the planes, and its output is the least-squares amplitude of its bend. Both are formulas, and nothing is trained.

The search is agglomerative. Neurons that bend along almost the same plane are put together first, so that at most
``MICRO`` groups are left. Then Ward's rule merges the pair of groups, or removes the group, that adds the least to the
squared error of the bends. The last steps keep several candidates and score them by the error of the whole layer. The
error counts most where the decision is close (see ``Weights``).

Source: the groups are those of "condensation": Luo et al. (2021), "Phase diagram for two-layer ReLU neural networks at
infinite-width limit", and Xu, Zhang & Zhou (2025), arXiv 2504.09484, who observe that the input weights of trained
neurons gather on few directions. Ward (1963) is the agglomerative rule. The formulas for flips, bends and amplitudes
are our own.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.fit.hinges import LINEAR, Bends, Layer, MergedLayer, Partition, Weights

MICRO = 200
"""The largest number of groups that Ward's rule starts from; its first step compares all pairs of them."""
_EVERY = 24
"""Up to this number of hinges every number is reported; beyond it, each is at least a fifth larger than the last."""
_LAST = 12
"""The number of groups from which on several candidates are kept."""
_CANDIDATES = 8
"""How many candidates are kept at each of the last steps."""
_SWEEPS = 20
"""The largest number of times that a refinement goes through all groups."""


def merged_layers(
    layer: Layer, weights: Weights, *, refine: bool = False, most: int = MICRO, merge: bool = True
) -> dict[int, list[MergedLayer]]:
    """Merge the neurons of a layer, down to none.

    Args:
        layer: the layer. Neurons that are on, or off, for every input should have been taken out before.
        weights: the sample of inputs and the costs.
        refine: whether to move single groups of nearly equal neurons between the hinges of the best candidates
            afterwards, as long as this lowers the error of the whole layer. This fits the partition to the network's
            own scores on the sample; without it the partition is only ever merged.
        most: the largest number of groups that Ward's rule starts from.
        merge: whether to merge these groups any further.

    Returns:
        For each number of hinges up to 24, and for larger ones in steps, the candidates, the best first. There is one
        candidate for more than twelve hinges, and there are at most eight for fewer.

    Cost: O(m n r) for the neurons, and O(MICRO² n q) for the pairs, where q is the rank of the outputs.
    """
    bends = Bends.of(layer, weights, most)
    if not merge:
        return {len(bends.sums): [bends.finished(_finest(len(bends.sums)))]}
    found = dict(_ward(bends))
    for k in range(min(_LAST, max(found)), 0, -1):
        found[k - 1] = _merged_once(bends, found[k])
    if refine:
        found = {k: [_refined(bends, best), *others] if k <= _LAST else [best] for k, (best, *others) in found.items()}
    reported = _reported(max(found))
    return {k: [bends.finished(state) for state in states] for k, states in found.items() if k in reported}


def _reported(most: int) -> set[int]:
    """All small numbers of hinges, and larger ones in steps, up to a number."""
    reported, k = {*range(min(_EVERY, most) + 1), most}, _EVERY
    while k < most:
        reported.add(k)
        k = -(-k * 6 // 5)
    return reported


def hinges_of_groups(layer: Layer, weights: Weights, groups: Int[Tensor, "m"]) -> MergedLayer:
    """Make one hinge of each of some given groups of neurons; random groups are a control for merged ones.

    Args:
        layer: the layer.
        weights: the sample of inputs and the costs.
        groups: for each neuron the number of its group, from 0 on, or ``LINEAR``, shape [m].
    """
    bends = Bends.of(layer, weights, None)
    flips = torch.ones(len(groups), dtype=torch.float64)
    sizes = bends.planes.norm(dim=1) * bends.outputs.norm(dim=1)
    for group in range(1 + max(groups.tolist(), default=LINEAR)):
        own = groups == group
        largest = bends.planes[own][sizes[own].argmax()]
        flips[own] = torch.where(bends.planes[own] @ largest < 0, -1.0, 1.0).double()
    return bends.finished(Partition(groups, flips))


def _finest(count: int) -> Partition:
    """The partition in which every micro group is a hinge."""
    return Partition(torch.arange(count), torch.ones(count, dtype=torch.float64))


def _ward(bends: Bends) -> Iterator[tuple[int, list[Partition]]]:
    """Merge the cheapest pair, or remove the cheapest group, until ``_LAST`` groups are left."""
    sums, totals = bends.sums.clone(), bends.totals.clone()
    count = len(sums)
    state = _finest(count)
    yield count, [state]
    if count <= _LAST:
        return
    alive = torch.ones(count, dtype=torch.bool)
    powers = totals.square().sum((1, 2))
    errors = powers - bends.explained(sums, totals)
    costs, flips = torch.full((count, count), torch.inf, dtype=torch.float64), torch.ones(count, count).double()

    def against_all(one: int) -> None:
        best = torch.full((count,), torch.inf, dtype=torch.float64)
        both = powers[one] + powers + 2 * totals.flatten(1) @ totals[one].flatten()
        for flip in (1.0, -1.0):
            cost = both - bends.explained(sums[one] + flip * sums, totals, totals[one]) - errors[one] - errors
            flips[one] = torch.where(cost < best, flip, flips[one])
            best = torch.minimum(best, cost)
        best[one] = torch.inf
        best[~alive] = torch.inf
        costs[one], costs[:, one], flips[:, one] = best, best, flips[one]

    for one in range(count):
        against_all(one)
    groups, turns = state.groups.clone(), state.flips.clone()
    for left in range(count - 1, _LAST - 1, -1):
        one, other = divmod(int(costs.argmin()), count)
        removal = torch.where(alive, powers - errors, torch.inf)
        weakest = int(removal.argmin())
        if removal[weakest] < costs[one, other]:
            one, gone = LINEAR, weakest
        else:
            flip, gone = float(flips[one, other]), other
            sums[one] += flip * sums[other]
            totals[one] += totals[other]
            turns[groups == other] *= flip
        groups[groups == gone] = one
        alive[gone] = False
        costs[gone], costs[:, gone] = torch.inf, torch.inf
        sums[gone], totals[gone], powers[gone], errors[gone] = 0.0, 0.0, 0.0, 0.0
        if one != LINEAR:
            powers[one] = totals[one].square().sum()
            errors[one] = powers[one] - bends.explained(sums[one : one + 1], totals[one : one + 1])[0]
            against_all(one)
        yield left, [_numbered(groups, turns)]


def _numbered(groups: Int[Tensor, "g"], flips: Float64[Tensor, "g"]) -> Partition:
    """A partition whose groups are numbered from 0 on, in the order of their first members."""
    names = {LINEAR: LINEAR}
    for name in groups.tolist():
        names.setdefault(name, len(names) - 1)
    return Partition(torch.tensor([names[name] for name in groups.tolist()], dtype=torch.int64), flips.clone())


def _merged_once(bends: Bends, states: list[Partition]) -> list[Partition]:
    """The best partitions that have one group fewer, by the error of the whole layer."""
    whole = bends.totals.sum(0)
    costs: list[Tensor] = []
    moves: list[tuple[Partition, int, int, float]] = []
    for state in states:
        sums, totals = bends.of_state(state)
        k = len(sums)
        hinges = bends.hinges(sums, totals)
        left = whole - hinges.sum(0)
        costs.append((left + hinges).square().sum((1, 2)))
        moves += [(state, LINEAR, gone, 1.0) for gone in range(k)]
        one, other = torch.triu_indices(k, k, 1)
        for flip in (1.0, -1.0):
            both = bends.hinges(sums[one] + flip * sums[other], totals[one] + totals[other])
            costs.append((left + hinges[one] + hinges[other] - both).square().sum((1, 2)))
            moves += [(state, int(a), int(b), flip) for a, b in zip(one, other, strict=True)]
    found: dict[tuple[int, ...], Partition] = {}
    for at in torch.cat(costs).argsort(stable=True).tolist():
        state, one_group, gone, flip = moves[at]
        groups, flips = state.groups.clone(), state.flips.clone()
        flips[groups == gone] *= flip
        groups[groups == gone] = one_group
        new = _numbered(groups, flips)
        found.setdefault(tuple(new.groups.tolist()), new)
        if len(found) == _CANDIDATES:
            break
    return list(found.values())


def _refined(bends: Bends, state: Partition) -> Partition:
    """Move single micro groups to other hinges, or to the affine path, while this lowers the whole layer's error."""
    groups, flips = state.groups.clone(), state.flips.clone()
    k = 1 + max(groups.tolist(), default=LINEAR)
    if k == 0:
        return state
    sums, totals = bends.of_state(state)
    hinges = bends.hinges(sums, totals)
    left = bends.totals.sum(0) - hinges.sum(0)
    largest_first = bends.totals.square().sum((1, 2)).argsort(descending=True).tolist()
    for _ in range(_SWEEPS):
        moved = False
        for micro in largest_first:
            own, flip = int(groups[micro]), float(flips[micro])
            own_sums, own_totals = bends.sums[micro], bends.totals[micro]
            away, without = hinges.clone(), left
            away_sums, away_totals = sums.clone(), totals.clone()
            if own != LINEAR:
                if int((groups == own).sum()) == 1:
                    continue
                away_sums[own] -= flip * own_sums
                away_totals[own] -= own_totals
                away[own] = bends.hinges(away_sums[own : own + 1], away_totals[own : own + 1])[0]
                without = left + hinges[own] - away[own]
            both = torch.cat([away_sums + own_sums, away_sums - own_sums])
            joined = bends.hinges(both, (away_totals + own_totals).repeat(2, 1, 1))
            change = joined - away.repeat(2, 1, 1)
            costs = (without - change).square().sum((1, 2))
            best = int(costs.argmin())
            linear = float(without.square().sum())
            to, turn = (LINEAR, 1.0) if linear <= float(costs[best]) else (best % k, 1.0 if best < k else -1.0)
            error = min(linear, float(costs[best]))
            if error >= float(left.square().sum()) * (1 - 1e-9) or (to, turn) == (own, flip):
                continue
            moved = True
            groups[micro], flips[micro] = to, turn
            sums, totals, hinges, left = away_sums, away_totals, away, without
            if to != LINEAR:
                sums[to], totals[to], hinges[to] = both[best], totals[to] + own_totals, joined[best]
                left = without - change[best]
        if not moved:
            break
    return Partition(groups, flips)
