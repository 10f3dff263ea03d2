"""Causal scrubbing: what a hypothesis says does not matter is resampled, and the answers should stay.

From the hypothesis alone follow the licensed ablations: [1] resample the rest (the complement of the variables) from
any input; [2] resample each variable within its side of the threshold; [3a], [3b], ... resample a variable freely
wherever the others already decide the gate. They are applied in order, the variables recomputed after every step. [1*]
resamples only what lies beyond the causal subspace.

Source: Chan et al., "Causal scrubbing", and the post, whose names the ablations of two variables bear.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.activations.readout import Readout
from scrubjay.axes import Bits, Classes, Components, Directions, Inputs, Mask, Residual
from scrubjay.geometry.draws import Score, share_of
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import Gate
from scrubjay.geometry.pca import ROWS, projections

Basis = Literal["orthogonal", "uncorrelated"]
Sampling = Literal["independent", "permute"]


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Variables of ``resid_mid`` in a reversible basis, and a gate over them.

    A residual stream is ``values @ carriers + rest``: ``directions`` read the values off, ``carriers`` write them, and
    the rest has none of them.

    Attributes:
        directions, thresholds, gate: the variables, when each is on, and what class 1 is.
        carriers: what one unit of each variable adds to the residual stream; directions @ carriers.T is the identity.
        basis: how the rest was chosen: orthogonal to the directions, or uncorrelated with them over the domain.
    """

    directions: Directions
    thresholds: Float64[Tensor, "k"]
    gate: Gate
    carriers: Directions
    basis: Basis

    @classmethod
    def of(cls, filters: Filters, resid_mid: Residual, basis: Basis = "orthogonal") -> "Hypothesis":
        """The hypothesis that a network uses these filters and nothing else."""
        D = filters.directions
        if basis == "orthogonal":
            written = D
        else:
            centred = resid_mid.double() - resid_mid.double().mean(0)
            written = (centred @ D.T).T @ centred / len(centred)
        return cls(D, filters.thresholds, filters.gate, torch.linalg.pinv(written @ D.T) @ written, basis)


@dataclass(frozen=True)
class Ablation:
    """A licensed combination of resamplings, under its name in the table."""

    name: str
    steps: tuple[str, ...]


def licensed(k: int) -> tuple[Ablation, ...]:
    """The ablations of k variables. For two: [1], [1*], [1+2], [1+3a], [1+3b], [1+2+3a], [1+2+3b], [1+2+3a+3b]."""
    idle = [f"3{chr(ord('a') + j)}" for j in range(k)] if k > 1 else []
    rows = [["1"], ["1*"], ["1", "2"], *(["1", each] for each in idle), *(["1", "2", each] for each in idle)]
    if idle:
        rows.append(["1", "2", *idle])
    return tuple(Ablation("+".join(steps), tuple(steps)) for steps in rows)


@dataclass(frozen=True, eq=False)
class Scrubber:
    """A hypothesis laid over a network's residual streams.

    Attributes:
        hypothesis: what licenses the resamplings.
        values: of the variables, for each input.
        rest: of each residual stream.
        resid_mid, subspace: for [1*], which keeps the coordinates along these components.
        sampling: each donor drawn independently within its class, or the class permuted (the post's way).
    """

    hypothesis: Hypothesis
    values: Float64[Tensor, "n k"]
    rest: Residual
    resid_mid: Residual
    subspace: Components
    sampling: Sampling = "independent"

    @classmethod
    def of(
        cls, hypothesis: Hypothesis, resid_mid: Residual, subspace: Components, sampling: Sampling = "independent"
    ) -> "Scrubber":
        """Split residual streams into variables and rest."""
        values = projections(resid_mid, hypothesis.directions)
        rest = torch.empty_like(resid_mid)
        for chunk, some, left in zip(*(torch.split(each, ROWS) for each in (resid_mid, values, rest)), strict=True):
            left.copy_(chunk.double() - some @ hypothesis.carriers)
        return cls(hypothesis, values, rest, resid_mid, subspace, sampling)

    def rest_donors(self, draw: torch.Generator) -> Inputs:
        """[1]: for each input, the one that its rest comes from."""
        return self._donors(torch.ones(len(self.values), dtype=torch.bool), draw)

    def resampled_values(self, ablation: Ablation, draw: torch.Generator) -> Float64[Tensor, "n k"]:
        """The variables after the ablation's steps [2], [3a], ..., recomputed after each."""
        values, everywhere = self.values.clone(), torch.ones(len(self.values), dtype=torch.bool)
        for step in ablation.steps:
            if step == "2":
                for j in range(self.hypothesis.gate.k):
                    values[:, j] = self._within_side(values[:, j], j, draw)
            elif step.startswith("3"):
                j = ord(step[1]) - ord("a")
                idle = self.idle(values > self.hypothesis.thresholds, j)
                source = values[:, j].clone() if self.sampling == "permute" else self.values[:, j]
                pool = idle if self.sampling == "permute" else everywhere
                values[idle, j] = source[self._donors(pool, draw, int(idle.sum()))]
        return values

    def beyond_resampled(self, draw: torch.Generator) -> Residual:
        """[1*]: everything beyond the causal subspace from another input."""
        return torch.cat(list(self.beyond_in_chunks(draw)))

    def beyond_in_chunks(self, draw: torch.Generator) -> Iterator[Residual]:
        """The same, some inputs at a time."""
        basis = self.subspace.to(self.resid_mid.dtype)
        for own, donors in zip(
            torch.split(self.resid_mid, ROWS), torch.split(self.rest_donors(draw), ROWS), strict=True
        ):
            other = self.resid_mid.index_select(0, donors)
            yield other + ((own - other) @ basis.T) @ basis

    def idle(self, bits: Bits, j: int) -> Mask:
        """Where the other variables already decide the gate, so that variable j may be anything."""
        with_it, without = self.hypothesis.gate.either_way(bits, j)
        return with_it == without

    def _within_side(self, values: Float64[Tensor, "n"], j: int, draw: torch.Generator) -> Float64[Tensor, "n"]:
        on, resampled = values > self.hypothesis.thresholds[j], values.clone()
        for side in (on, ~on):
            if bool(side.any()):
                resampled[side] = values[self._donors(side, draw, int(side.sum()))]
        return resampled

    def _donors(self, pool: Mask, draw: torch.Generator, count: int | None = None) -> Int[Tensor, "_some"]:
        members = pool.nonzero()[:, 0]
        if self.sampling == "permute":
            return members[torch.randperm(len(members), generator=draw)]
        return members[torch.randint(len(members), (len(pool) if count is None else count,), generator=draw)]


@dataclass(frozen=True)
class ScrubScores:
    """What one ablation leaves, scored three ways that are never mixed.

    Attributes:
        name: of the ablation.
        own: agreement with the ablated network's own unablated answers.
        full: with the full network's answers (the same as ``own`` for the full network).
        truth: accuracy, where the task has labels.
    """

    name: str
    own: Score
    full: Score
    truth: Score | None


def scrub(
    scrubber: Scrubber,
    readout: Readout,
    own: Classes,
    *,
    full: Classes | None = None,
    truth: Classes | None = None,
    draws: int,
    seed: int,
    only: tuple[str, ...] | None = None,
) -> dict[str, ScrubScores]:
    """Score every licensed ablation over random draws.

    Args:
        scrubber: the hypothesis over the network's residual streams.
        readout: from a residual stream to an answer.
        own: the network's unablated answers.
        full: the full network's answers; by default ``own``.
        truth: labels.
        draws: of each ablation. In a draw all ablations take the rest from the same donors, so that they differ by
            what else they resample only, and share one product [n, d] x [d, m].
        seed: of the draws; an ablation alone gives what it gives among the others, but for rounding.
        only: the names of the ablations to run; by default all that are licensed.
    """
    ablations = [each for each in licensed(scrubber.hypothesis.gate.k) if only is None or each.name in only]
    references = [own, own if full is None else full, *([] if truth is None else [truth])]
    shares: dict[str, list[list[float]]] = {each.name: [] for each in ablations}

    def score(name: str, answers: Classes) -> None:
        shares[name].append([share_of(answers == reference) for reference in references])

    of_values = [each for each in ablations if each.steps != ("1*",)]
    for number in range(draws):
        at = 2 * (seed * 1_000_003 + number)
        if of_values:
            donors = scrubber.rest_donors(torch.Generator().manual_seed(at))
            moves = [scrubber.resampled_values(each, torch.Generator().manual_seed(at + 1)) for each in of_values]
            left = readout.moved_classes(scrubber.rest, moves, scrubber.hypothesis.carriers, donors)
            for each, answers in zip(of_values, left, strict=True):
                score(each.name, answers)
        if "1*" in shares:
            mixed = scrubber.beyond_in_chunks(torch.Generator().manual_seed(at))
            score("1*", torch.cat([readout.classes(some) for some in mixed]))
    return {name: _scores(name, drawn) for name, drawn in shares.items()}


def _scores(name: str, drawn: list[list[float]]) -> ScrubScores:
    own, full, *truth = (Score.over(list(values)) for values in zip(*drawn, strict=True))
    return ScrubScores(name, own, full, truth[0] if truth else None)
