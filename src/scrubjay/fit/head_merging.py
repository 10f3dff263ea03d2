"""Merge attention heads that attend alike, and reduce the rank of what they move.

At the position that is read, a head adds ``y = sum_s p_s v_s`` to the stream, where p is a softmax over scores. If the
token there is the same in every input, the values v are taken relative to its value. A group of heads becomes one head:
its scores are the mean of theirs, weighted by the size of their values where the decision is close, and its values are
the sum of theirs. Values are then reduced to their leading directions, weighted by attention. The output of the merged
head is the linear map of what it moves (and of how much it attends to other positions) that comes nearest to the sum of
its members, by least squares over a sample of inputs. A head may also be held at its mean. Nothing is trained.

A partition of the heads is scored by the error of the answer's margins to first order: the gradients times the error in
the stream, where errors of different groups may cancel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float64, Int
from torch import Tensor

EXHAUSTIVE = 8
"""The largest number of heads for which all partitions are compared; 8 heads have 21,147 partitions."""
_BEAM = 8
"""How many partitions are kept at each step when there are more heads."""
_DEPENDENT = 1e-6
"""Features whose combination has less than this share of the largest singular value count as linearly dependent. An
attention that hardly varies is such a combination with the constant."""
SILENT = -700.0
"""The lowest score that is used, in place of minus infinity; its share of attention is 1e-304."""
Subset = tuple[int, ...]
"""The numbers of some heads, in ascending order."""


@dataclass(frozen=True, eq=False)
class HeadTables:
    """What heads do at the position that is read: a score and a value for each token at each position.

    Attributes:
        scores: for each position [q t, h], the score of each of its t tokens for each of the q tokens at the position
            that is read. If that is a single token, scores are relative to its own. ``SILENT`` or less marks positions
            that attention does not reach.
        values: for each position [t, h, r], what the head moves to the stream if it attends to the token, in the
            stream's coordinates. If a single token stands at the position that is read, they are relative to its value.
        read_at: the position that is read.
        attn_coeff: the share c of the softmax in the pattern ``c softmax + (1 - c)``.
    """

    scores: tuple[Float64[Tensor, "_qt h"], ...]
    values: tuple[Float64[Tensor, "_t h r"], ...]
    read_at: int = -1
    attn_coeff: float = 1.0

    @property
    def h(self) -> int:
        """The number of heads."""
        return self.scores[0].shape[1]

    @property
    def q(self) -> int:
        """The number of tokens that may stand at the position that is read."""
        return len(self.values[self.read_at])

    def patterns(self, choices: Int[Tensor, "n s"]) -> Float64[Tensor, "n h s"]:
        """Attention from the position that is read, shape [n, h, s]."""
        if self.q == 1:
            scores = torch.stack([table[choices[:, at]] for at, table in enumerate(self.scores)], -1)
        else:
            asked = choices[:, self.read_at]
            places = [asked * len(table) + choices[:, at] for at, table in enumerate(self.values)]
            scores = torch.stack([table[place] for table, place in zip(self.scores, places, strict=True)], -1)
        pattern = scores.softmax(-1)
        if self.attn_coeff == 1:
            return pattern
        return (self.attn_coeff * pattern + (1 - self.attn_coeff)).masked_fill(scores <= SILENT, 0.0)

    def moved(self, choices: Int[Tensor, "n s"]) -> Float64[Tensor, "n h r1"]:
        """What each head moves, and how much it attends to other positions, shape [n, h, r + 1]."""
        pattern = self.patterns(choices)
        values = sum(pattern[:, :, at, None] * table[choices[:, at]] for at, table in enumerate(self.values))
        assert isinstance(values, Tensor)
        own = pattern[:, :, self.read_at, None]
        others = 1 - own if self.attn_coeff == 1 else pattern.sum(-1, keepdim=True) - own
        return torch.cat([values, others], -1)


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """A sample of inputs, and what an error in the stream costs there.

    Attributes:
        choices: the sampled inputs, shape [n, s].
        gradients: the gradients of one or more margins at each of them, in the stream's coordinates, shape [n, p, r].
        weights: the cost of an error in each margin, shape [n, p], with the sum 1.
    """

    choices: Int[Tensor, "n s"]
    gradients: Float64[Tensor, "n p r"]
    weights: Float64[Tensor, "n p"]

    @property
    def by_input(self) -> Float64[Tensor, "n"]:
        """The cost of an error at each input, shape [n]."""
        return self.weights.sum(1)

    @property
    def metric(self) -> Float64[Tensor, "r r"]:
        """The mean cost of an error in the stream, shape [r, r]."""
        return torch.einsum("npi,npj,np->ij", self.gradients, self.gradients, self.weights)

    def errors(self, stream: Float64[Tensor, "n r"]) -> Float64[Tensor, "np"]:
        """The errors of all margins, times the root of their weights, for an error in the stream. Shape [n p]."""
        return (torch.einsum("nr,npr->np", stream, self.gradients) * self.weights.sqrt()).flatten()


@dataclass(frozen=True, eq=False)
class MergedHead:
    """One head in place of several.

    What it adds to the stream's coordinates is ``moved @ reads @ writes[:-2]``, plus ``writes[-2]`` for each unit of
    attention to other positions, plus ``writes[-1]``.

    Attributes:
        members: the numbers of the original's heads.
        shares: the weight of each member in the mean of the scores, shape [members], with the sum 1.
        reads: the directions of the values that are kept, shape [r, rank].
        writes: shape [rank + 2, r].
    """

    members: Subset
    shares: Float64[Tensor, "g"]
    reads: Float64[Tensor, "r rank"]
    writes: Float64[Tensor, "rank2 r"]

    @property
    def rank(self) -> int:
        """The number of directions of the values."""
        return self.reads.shape[1]

    def merged(self, tables: HeadTables) -> HeadTables:
        """The tables of the merged head before its values are reduced in rank."""
        return _merged(tables, self.members, self.shares)

    def adds(self, moved: Float64[Tensor, "n r1"]) -> Float64[Tensor, "n r"]:
        """What the head adds to the stream, shape [n, r], from what it moves at full rank, shape [n, r + 1]."""
        map_ = torch.cat([self.reads @ self.writes[:-2], self.writes[-2:-1]])
        return moved @ map_ + self.writes[-1]


@dataclass(frozen=True, eq=False)
class MergedHeads:
    """A partition of the heads with the rank of each group.

    Attributes:
        heads: the merged heads.
        held: the heads that are held at their mean.
        offset: what these add to the stream, shape [r].
        cost: the first-order error of the margins.
    """

    heads: tuple[MergedHead, ...]
    held: Subset
    offset: Float64[Tensor, "r"]
    cost: float


class HeadMerger:
    """Merges the heads of one network.

    Args:
        tables: what the heads do.
        sensitivity: the sample of inputs and the costs.
        d_head: the width of a head, if ranks that several of them cannot have are to be left out.
    """

    def __init__(self, tables: HeadTables, sensitivity: Sensitivity, d_head: int | None = None) -> None:
        self.tables, self.d_head = tables, d_head
        self.sensitivity = sensitivity
        self._root = sensitivity.by_input.sqrt()[:, None]
        moved = tables.moved(sensitivity.choices)
        self._adds = moved[:, :, :-1]  # [n, h, r], the original heads at full rank
        sizes = torch.einsum("nhr,rq,nhq->nh", self._adds, sensitivity.metric, self._adds)
        self._sizes = (sizes * sensitivity.by_input[:, None]).sum(0).clamp(min=0).sqrt()
        self._known: dict[tuple[Subset, int], tuple[MergedHead, Tensor]] = {}
        self._held = torch.stack([sensitivity.errors(self._centred(self._adds[:, h])) for h in range(tables.h)])

    def partitions(self, at_most: int) -> dict[int, list[tuple[tuple[Subset, ...], Subset]]]:
        """For each number of merged heads, the partitions of the lowest cost, the best first.

        Args:
            at_most: how many partitions to return for each number of heads.

        Returns:
            For each number of groups: the groups, and the heads that are held at their mean.
        """
        search = self._exhaustive if self.tables.h <= EXHAUSTIVE else self._greedy
        return {k: found[:at_most] for k, found in sorted(search().items())}

    def with_ranks(self, groups: tuple[Subset, ...], held: Subset) -> list[MergedHeads]:
        """A partition with the ranks of its groups, lowered one by one where it costs least, down to 1 each."""
        r, width = self._adds.shape[2], self.d_head
        ranks = [r if width is None else min(r, width * len(group)) for group in groups]
        options = [
            [self._of(group, rank + 1) for rank in range(most)] for group, most in zip(groups, ranks, strict=True)
        ]
        base = self._held[list(held)].sum(0)
        offset = self._weighted_mean(self._adds[:, list(held)].sum(1))
        found = []
        while True:
            at_rank = [option[rank - 1] for option, rank in zip(options, ranks, strict=True)]
            total = base + sum(error for _, error in at_rank)
            chosen = tuple(head for head, _ in at_rank)
            found.append(MergedHeads(chosen, held, offset, float(total.square().sum())))
            lower = [
                (float((total - at_rank[at][1] + options[at][rank - 2][1]).square().sum()), at)
                for at, rank in enumerate(ranks)
                if rank > 1
            ]
            if not lower:
                return found
            ranks[min(lower)[1]] -= 1

    def _of(self, group: Subset, rank: int) -> tuple[MergedHead, Tensor]:
        """The merged head of a group at a rank, and its error."""
        if (group, rank) not in self._known:
            members = list(group)
            sizes = self._sizes[members]
            shares = sizes / sizes.sum() if float(sizes.sum()) > 0 else torch.full_like(sizes, 1 / len(sizes))
            moved = _merged(self.tables, group, shares).moved(self.sensitivity.choices)[:, 0]
            wanted = self._adds[:, members].sum(1)
            most = self._adds.shape[2]
            reads = torch.eye(most, dtype=torch.float64) if rank == most else self._directions(group, shares)[:, :rank]
            features = torch.cat([moved[:, :-1] @ reads, moved[:, -1:], torch.ones(len(moved), 1).double()], 1)
            writes = torch.linalg.pinv(features * self._root, rtol=_DEPENDENT) @ (wanted * self._root)
            error = self.sensitivity.errors(wanted - features @ writes)
            self._known[group, rank] = MergedHead(group, shares, reads, writes), error
        return self._known[group, rank]

    def _directions(self, group: Subset, shares: Float64[Tensor, "g"]) -> Float64[Tensor, "r q"]:
        """The directions of the group's values, the most important first, as columns that read them."""
        merged = _merged(self.tables, group, shares)
        pattern = merged.patterns(self.sensitivity.choices)[:, 0] * self.sensitivity.by_input[:, None]
        values, masses = [], []
        for at, table in enumerate(merged.values[:-1]):
            mass = torch.zeros(len(table), dtype=torch.float64)
            masses.append(mass.index_add_(0, self.sensitivity.choices[:, at], pattern[:, at]))
            values.append(table[:, 0])
        value, mass = torch.cat(values), torch.cat(masses)[:, None]
        centred = value - (value * mass).sum(0) / mass.sum().clamp(min=torch.finfo(torch.float64).tiny)
        scale, vectors = torch.linalg.eigh(self.sensitivity.metric)
        half = vectors * scale.clamp(min=0).sqrt()
        _, _, turn = torch.linalg.svd(mass.sqrt() * centred @ half, full_matrices=False)
        directions: Tensor = half @ turn.T
        return directions

    def _error(self, group: Subset) -> Tensor:
        """The error of a group at full rank; a single head has none."""
        return self._of(group, self._adds.shape[2])[1]

    def _exhaustive(self) -> dict[int, list[tuple[tuple[Subset, ...], Subset]]]:
        every = range(self.tables.h)
        subsets = [group for size in range(1, self.tables.h + 1) for group in combinations(every, size)]
        place = {group: 1 + at for at, group in enumerate(subsets)}
        merged = [self._error(group) for group in subsets]
        held = [self._held[list(group)].sum(0) for group in subsets]
        nothing = torch.zeros_like(self._held[0])
        gram = torch.stack([nothing, *merged, *held])
        gram = gram @ gram.T
        options: dict[int, list[tuple[tuple[Subset, ...], Subset]]] = {}
        for labels in _labellings(self.tables.h):
            groups = [tuple(h for h in every if labels[h] == label) for label in range(1, max(labels) + 1)]
            options.setdefault(len(groups), []).append((tuple(groups), tuple(h for h in every if not labels[h])))
        found = {}
        for k, partitions in options.items():
            rows = torch.tensor(
                [
                    [*(place[group] for group in groups), len(subsets) + place[held] if held else 0]
                    for groups, held in partitions
                ]
            )
            cost = gram[rows[:, :, None], rows[:, None, :]].sum((1, 2))
            found[k] = [partitions[at] for at in cost.argsort(stable=True)[: 4 * _BEAM].tolist()]
        return found

    def _greedy(self) -> dict[int, list[tuple[tuple[Subset, ...], Subset]]]:
        start: tuple[tuple[Subset, ...], Subset] = tuple((h,) for h in range(self.tables.h)), ()
        found = {self.tables.h: [start]}
        for k in range(self.tables.h - 1, -1, -1):
            options: dict[tuple[tuple[Subset, ...], Subset], None] = {}
            for groups, held in found[k + 1]:
                for group in groups:
                    others = tuple(each for each in groups if each != group)
                    options[others, tuple(sorted(held + group))] = None
                for one, other in combinations(groups, 2):
                    others = tuple(each for each in groups if each not in (one, other))
                    options[tuple(sorted((*others, tuple(sorted(one + other))))), held] = None
            found[k] = sorted(options, key=self._cost)[:_BEAM]
        return found

    def _cost(self, partition: tuple[tuple[Subset, ...], Subset]) -> float:
        groups, held = partition
        error = self._held[list(held)].sum(0)
        for group in groups:
            error = error + self._error(group)
        return float(error.square().sum())

    def _weighted_mean(self, stream: Float64[Tensor, "n r"]) -> Float64[Tensor, "r"]:
        return (stream * self.sensitivity.by_input[:, None]).sum(0) / self.sensitivity.by_input.sum()

    def _centred(self, stream: Float64[Tensor, "n r"]) -> Float64[Tensor, "n r"]:
        return stream - self._weighted_mean(stream)


def _merged(tables: HeadTables, members: Sequence[int], shares: Float64[Tensor, "g"]) -> HeadTables:
    own = list(members)
    return HeadTables(
        tuple((table[:, own] * shares).sum(1, keepdim=True) for table in tables.scores),
        tuple(table[:, own].sum(1, keepdim=True) for table in tables.values),
        tables.read_at,
        tables.attn_coeff,
    )


def _labellings(h: int) -> Iterator[tuple[int, ...]]:
    """All partitions of all subsets of h heads: a number for each head, 0 for the heads outside the subset."""

    def extended(labels: tuple[int, ...], highest: int) -> Iterator[tuple[int, ...]]:
        if len(labels) == h:
            yield labels
            return
        for label in range(highest + 2):
            yield from extended((*labels, label), max(highest, label))

    return extended((), 0)
