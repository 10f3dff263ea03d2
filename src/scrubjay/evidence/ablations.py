"""Ablations: what a hypothesis allows to be resampled, each an object of its own.

From a hypothesis alone follow the *licensed* ablations: the rest may come from any input; a variable may take any value
on its side of the threshold; and a variable may take any value at all wherever the others already decide the gate.
For two variables and AND these are the post's [1], [2], [3a] and [3b].

Source: Chan et al. (2022), "Causal scrubbing", and the post, whose names the ablations of two variables bear.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Bits, Inputs, Mask
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.run import Sampling

_SEED_STRIDE = 1_000_003
"""Seeds of a study are spread by this prime, so that the draws of two seeds never coincide."""


@dataclass(frozen=True, eq=False)
class State:
    """Every input in the course of an ablation.

    Attributes:
        values: of the variables, shape [n, k].
        rest_from: for each input, the one whose rest it has; None if it has its own.
        beyond_from: for each input, the one from which everything outside the causal subspace comes; None if from
            itself.
    """

    values: Float64[Tensor, "n k"]
    rest_from: Inputs | None = None
    beyond_from: Inputs | None = None


class Donors:
    """The random choices of one draw.

    All rows of a table share the donors of the rest, so that they differ only in what else they resample.

    Args:
        hypothesis: says where a variable is idle.
        original: the values of the variables before any ablation, shape [n, k].
        sampling: whether donors are drawn independently or as a permutation of a pool.
        seed: seed of the study.
        number: number of the draw.
    """

    def __init__(
        self, hypothesis: Hypothesis, original: Float64[Tensor, "n k"], sampling: Sampling, seed: int, number: int
    ) -> None:
        self.hypothesis = hypothesis
        self.original = original
        self.sampling = sampling
        self._first = 2 * (seed * _SEED_STRIDE + number)
        self._values = torch.Generator()

    def begin_row(self) -> None:
        """Start a row: its draws are the same whichever rows are drawn beside it."""
        self._values = torch.Generator().manual_seed(self._first + 1)

    @cached_property
    def anywhere(self) -> Inputs:
        """For each input, any input."""
        everything = torch.ones(len(self.original), dtype=torch.bool)
        return self._drawn(everything, len(everything), torch.Generator().manual_seed(self._first))

    def of_pool(self, pool: Mask, count: int) -> Int[Tensor, "_some"]:
        """``count`` donors among the inputs of a pool (all of them, permuted, under ``permute``)."""
        return self._drawn(pool, count, self._values)

    def _drawn(self, pool: Mask, count: int, draw: torch.Generator) -> Int[Tensor, "_some"]:
        members = pool.nonzero()[:, 0]
        if self.sampling == "permute":
            return members[torch.randperm(len(members), generator=draw)]
        return members[torch.randint(len(members), (count,), generator=draw)]


@runtime_checkable
class Ablation(Protocol):
    """One thing that a hypothesis allows to be resampled."""

    @property
    def name(self) -> str:
        """The post's name, such as ``3a``."""

    @property
    def title(self) -> str:
        """What is resampled, in words."""

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""


@dataclass(frozen=True)
class RestFromAnywhere:
    """[1]: everything but the variables comes from any other input."""

    name = "1"
    title = "everything but the variables comes from any input"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        return replace(state, rest_from=donors.anywhere)


@dataclass(frozen=True)
class BeyondSubspace:
    """[1*]: everything outside the causal subspace comes from any other input."""

    name = "1*"
    title = "everything outside the causal subspace comes from any input"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        return replace(state, beyond_from=donors.anywhere)


@dataclass(frozen=True)
class WithinSides:
    """[2]: each variable takes the value of another input on its side of the threshold."""

    name = "2"
    title = "each variable comes from an input on its side of the threshold"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        values = state.values.clone()
        for j, threshold in enumerate(donors.hypothesis.thresholds):
            before = values[:, j].clone()
            on = before > threshold
            for side in (on, ~on):
                if bool(side.any()):
                    values[side, j] = before[donors.of_pool(side, int(side.sum()))]
        return replace(state, values=values)


@dataclass(frozen=True)
class WhereIdle:
    """[3a], [3b], ...: variable j takes any value wherever the others already decide the gate."""

    j: int

    @property
    def name(self) -> str:
        """``3a`` for the first variable, ``3b`` for the second."""
        return f"3{chr(ord('a') + self.j)}"

    @property
    def title(self) -> str:
        """What is resampled, in words."""
        return f"variable {self.j + 1} comes from any input wherever the others decide the gate"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        values = state.values.clone()
        idle = is_idle(donors.hypothesis, values > donors.hypothesis.thresholds, self.j)
        if donors.sampling == "permute":
            source, pool = values[:, self.j].clone(), idle
        else:
            source, pool = donors.original[:, self.j], torch.ones_like(idle)
        values[idle, self.j] = source[donors.of_pool(pool, int(idle.sum()))]
        return replace(state, values=values)


Row = tuple[Ablation, ...]
"""Ablations that are applied one after the other; a row of the table."""


def is_idle(hypothesis: Hypothesis, bits: Bits, j: int) -> Mask:
    """Where the other variables already decide the gate, so that variable j may be anything."""
    with_it, without = hypothesis.gate.either_way(bits, j)
    return with_it == without


def row_name(row: Row) -> str:
    """The post's name of a combination, such as ``1+2+3a``."""
    return "+".join(ablation.name for ablation in row)


def licensed(k: int) -> tuple[Row, ...]:
    """The rows of k variables. For two: [1], [1*], [1+2], [1+3a], [1+3b], [1+2+3a], [1+2+3b], [1+2+3a+3b]."""
    rest, sides = RestFromAnywhere(), WithinSides()
    idle = [WhereIdle(j) for j in range(k)] if k > 1 else []
    rows: list[Row] = [(rest,), (BeyondSubspace(),), (rest, sides)]
    rows += [(rest, each) for each in idle]
    rows += [(rest, sides, each) for each in idle]
    if idle:
        rows.append((rest, sides, *idle))
    return tuple(rows)


def milder_rows(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The other rows that resample only a part of what this one does.

    [1*] resamples less than [1], since the causal subspace holds all variables.
    """

    def parts(each: Row) -> set[str]:
        return {ablation.name for ablation in each} | ({"1*"} if RestFromAnywhere() in each else set())

    return [other for other in rows if other != row and parts(other) <= parts(row)]
