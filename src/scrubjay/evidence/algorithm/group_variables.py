"""The variables of an algorithm on a group: what a token's embedding says in each irreducible representation.

A function of the tokens at one position is a vector of n numbers, and the representations of the group split these
vectors (``functions/irreps.py``). So each token's embedding is a sum of *parts*, one for each representation, and a
part can be taken from another token while the others stay. A representation is *key* if taking its parts from other
tokens, at all positions, changes more than ``MATTERS`` of the answers.

Source: Chughtai, Chan and Nanda (2023), "A toy model of universality", section 4, for key representations; they choose
them by their share of the embedding's norm, and we by what changes in the answers. Nanda et al. (2023), section 4.1,
for key frequencies, which are the key representations of a cyclic group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Inputs
from scrubjay.core.stats import Share
from scrubjay.evidence.algorithm.splicing import Splicer
from scrubjay.functions.irreps import Irrep, irreps
from scrubjay.functions.law import GroupLaw

MATTERS = 0.01
"""The share of the answers that must change for a representation to be key."""
_SECONDARY = 0.01
"""A key representation with a smaller share of the logits' variance moves together with another; see ``Variable``."""
_TRIED = 2_000
"""How many inputs each representation is tried on."""


@dataclass(frozen=True)
class Variable:
    """A variable of the causal model: a key representation, with those that follow from it.

    In some networks a token's embedding also holds harmonics: representations that take part in the computation but are
    absent from the logits. (Of a frequency k this is 2k, which the neurons make from k.) They belong to the key
    representation in whose tensor square they occur, and move with it.

    Attributes:
        name: of the representation, such as "frequency 5".
        members: the numbers of the representation and of its harmonics among all representations of the group.
        power: the share of the tokens' variance that lies in them, mean over the positions.
        matters: the share of the answers that change if this representation alone comes from other tokens.
    """

    name: str
    members: tuple[int, ...]
    power: float
    matters: float


@dataclass(frozen=True, eq=False)
class TokenParts:
    """The embeddings of the tokens at one position, split by representation.

    Attributes:
        position: the position.
        bases: for each representation an orthonormal basis of functions of this position's tokens, shape [n, r].
        centred: the embedding of each token minus their mean, shape [n, d].
    """

    position: int
    bases: tuple[Float64[Tensor, "n _"], ...]
    centred: Float64[Tensor, "n d"]

    def part(self, members: Sequence[int]) -> Float64[Tensor, "n d"]:
        """What some representations hold of each token's embedding."""
        found = torch.zeros_like(self.centred)
        for number in members:
            basis = self.bases[number]
            found += basis @ (basis.T @ self.centred)
        return found

    def renamed(self, order: Int[Tensor, "n"]) -> "TokenParts":
        """The same split with the names of the group's elements exchanged: a wrong one of the same ranks."""
        return TokenParts(self.position, tuple(basis[order] for basis in self.bases), self.centred)


@dataclass(frozen=True, eq=False)
class GroupVariables:
    """A network that multiplies in a group, with its inputs and outputs split by representation.

    Attributes:
        splicer: runs the network.
        law: the group, and which element each token stands for.
        irreps: the representations, the trivial one first.
        tokens: the split embeddings of both factors.
        answers: for each representation an orthonormal basis of functions of the answer, shape [n, r].
    """

    splicer: Splicer
    law: GroupLaw
    irreps: tuple[Irrep, ...]
    tokens: tuple[TokenParts, TokenParts]
    answers: tuple[Float64[Tensor, "n _"], ...]

    @classmethod
    def of(cls, splicer: Splicer, law: GroupLaw, *, seed: int) -> "GroupVariables":
        """Split a network's embeddings and answers.

        Args:
            splicer: runs the network.
            law: the group, and which element each token stands for.
            seed: seed for the numerical decomposition.
        """
        found = irreps(law.group, seed=seed)
        first, second = splicer.run.task.domain.varying

        def split(elements: np.ndarray) -> tuple[Float64[Tensor, "n _"], ...]:
            return tuple(torch.from_numpy(each.basis[elements]) for each in found)

        def tokens(position: int, elements: np.ndarray) -> TokenParts:
            embedded = splicer.embedded(position)
            return TokenParts(position, split(elements), embedded - embedded.mean(0))

        sides = tokens(first, law.left), tokens(second, law.right)
        return cls(splicer, law, found, sides, split(law.elements_of_answers))

    def renamed(self, *, seed: int) -> "GroupVariables":
        """The same network split wrongly: the names of the group's elements are exchanged at random."""
        order = torch.randperm(self.n, generator=torch.Generator().manual_seed(seed))
        first, second = (side.renamed(order) for side in self.tokens)
        return replace(self, tokens=(first, second), answers=tuple(basis[order] for basis in self.answers))

    def mixed(self, variables: Sequence[Variable], *, seed: int) -> "GroupVariables":
        """The same network, where what the variables hold together is split into random parts of the same ranks."""
        members = [i for variable in variables for i in variable.members]
        ranks = [self.irreps[i].basis.shape[1] for i in members]
        draw = torch.Generator().manual_seed(seed)
        turn = torch.linalg.qr(torch.randn(sum(ranks), sum(ranks), generator=draw, dtype=torch.float64)).Q

        def turned(bases: Sequence[Float64[Tensor, "n _"]]) -> tuple[Float64[Tensor, "n _"], ...]:
            parts = (torch.cat([bases[i] for i in members], 1) @ turn).split(ranks, 1)
            new = dict(zip(members, parts, strict=True))
            return tuple(new.get(i, basis) for i, basis in enumerate(bases))

        first, second = (replace(side, bases=turned(side.bases)) for side in self.tokens)
        return replace(self, tokens=(first, second), answers=turned(self.answers))

    @property
    def n(self) -> int:
        """The order of the group."""
        return self.law.group.n

    def inputs(self, first: Int[Tensor, "k"], second: Int[Tensor, "k"]) -> Inputs:
        """The inputs with these tokens, by their numbers among the tokens of the position."""
        return first * self.n + second

    @cached_property
    def powers(self) -> Float64[Tensor, "i"]:
        """The share of the tokens' variance in each representation, mean over both positions; 0 for the trivial one."""
        shares = [
            torch.stack([(basis.T @ side.centred).square().sum() for basis in side.bases]) / side.centred.square().sum()
            for side in self.tokens
        ]
        mean: Tensor = torch.stack(shares).mean(0)
        mean[0] = 0.0
        return mean

    def drawn(self, count: int, draw: torch.Generator) -> tuple[Int[Tensor, "k"], Int[Tensor, "k"]]:
        """Some inputs, as the numbers of their tokens."""
        some = torch.randint(self.n * self.n, (count,), generator=draw)
        return some // self.n, some % self.n

    def changed(self, members: Sequence[int], *, inside: bool, seed: int) -> Share:
        """The share of answers that change if parts of both tokens come from other tokens.

        Args:
            members: some representations.
            inside: whether the parts of these representations are exchanged; otherwise those of all others are.
            seed: seed for the inputs and for the other tokens.
        """
        draw = torch.Generator().manual_seed(seed)
        tokens = self.drawn(_TRIED, draw)
        inputs, moves = self.inputs(*tokens), {}
        for side, own in zip(self.tokens, tokens, strict=True):
            other = torch.randint(self.n, (_TRIED,), generator=draw)
            part = side.part(members) if inside else side.centred - side.part(members)
            moves[side.position] = part[other] - part[own]
        before = self.splicer.run.full.classes[inputs]
        return Share.counted(int((self.splicer.spliced(inputs, moves).argmax(1) != before).sum()), _TRIED)

    def logit_variance(self, *, seed: int) -> Float64[Tensor, "i"]:
        """The share of the logits' variance, as functions of the answer, in each representation; 0 for the trivial."""
        draw = torch.Generator().manual_seed(seed)
        logits = self.splicer.logits(self.inputs(*self.drawn(_TRIED, draw)))
        logits = logits - logits.mean(0)
        powers = torch.stack([(logits @ basis).square().sum() for basis in self.answers])
        powers[0] = 0.0
        return powers / powers.sum()

    def key_variables(self, *, seed: int) -> tuple[Variable, ...]:
        """The key representations, each with its harmonics, the one that matters most first."""
        matters = [0.0] + [
            self.changed([number], inside=True, seed=seed).value for number in range(1, len(self.irreps))
        ]
        keys = sorted((i for i, share in enumerate(matters) if share > MATTERS), key=lambda i: -matters[i])
        spoken = self.logit_variance(seed=seed)
        primary = [i for i in keys if spoken[i] >= _SECONDARY] or keys
        members = {i: [i] for i in primary}
        for i in (i for i in keys if i not in members):
            squares = [self._in_square(j, i) for j in primary]
            if max(squares) > 0.5:
                members[primary[squares.index(max(squares))]].append(i)
            else:
                members[i] = [i]
        return tuple(
            Variable(self.irreps[i].name, tuple(own), float(self.powers[own].sum()), matters[i])
            for i, own in members.items()
        )

    def _in_square(self, of: int, irrep: int) -> float:
        """How often a representation occurs in the tensor square of another one, from their characters."""
        squared = self.irreps[of].character ** 2
        return float((squared * self.irreps[irrep].character).mean())
