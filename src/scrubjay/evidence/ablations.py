"""Ablations: the parts of a residual stream that a hypothesis allows to be resampled.

To resample a part of an input means to replace it by the same part of another input, its *donor*. A hypothesis says
that certain variables decide the answer through a gate, so it *licenses* these ablations, which should not change any
answer if it is true:

- everything but the variables may come from any input;
- each variable may come from any input on the same side of the variable's threshold;
- a variable may come from any input at all wherever the other variables already decide the gate.

For two variables and AND these are the ablations that the post calls [1], [2], [3a] and [3b]. Its names are used here
for any number of variables.

Sources: Chan et al. (2022), "Causal scrubbing"; Heimersheim and Hobbhahn (2023), "Solving the Mechanistic
Interpretability challenges: EIS VII Challenge 2", which is called "the post" here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Bits, Inputs, Mask
from scrubjay.core.stats import SEED_STRIDE
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.run import Sampling


@dataclass(frozen=True, eq=False)
class State:
    """What each input is made of after some ablations.

    Attributes:
        values: the values of the variables, shape [n, k].
        rest_from: for each input, the donor of everything but the variables, shape [n]; None if nothing of it was
            resampled.
        beyond_from: for each input, the donor of everything outside the causal subspace, shape [n]; None if nothing of
            it was resampled.
    """

    values: Float64[Tensor, "n k"]
    rest_from: Inputs | None = None
    beyond_from: Inputs | None = None


class Donors:
    """The random choices of one draw.

    All rows of a table share the donors of the rest, so that they differ only in what else they resample.

    Args:
        hypothesis: the hypothesis; its gate says where a variable is idle.
        original: the values of the variables before any ablation, shape [n, k].
        sampling: whether each donor is drawn independently, or the donors of a pool are a permutation of it.
        seed: the seed of the study.
        number: the number of the draw.
    """

    def __init__(
        self, hypothesis: Hypothesis, original: Float64[Tensor, "n k"], sampling: Sampling, seed: int, number: int
    ) -> None:
        self.hypothesis = hypothesis
        self.original = original
        self.sampling = sampling
        self._first = 2 * (seed * SEED_STRIDE + number)
        self._values = torch.Generator()

    def begin_row(self) -> None:
        """Start a row of the table. Its draws do not depend on which other rows are drawn."""
        self._values = torch.Generator().manual_seed(self._first + 1)

    @cached_property
    def anywhere(self) -> Inputs:
        """For each input, a donor among all inputs, shape [n]."""
        everything = torch.ones(len(self.original), dtype=torch.bool)
        return self._drawn(everything, len(everything), torch.Generator().manual_seed(self._first))

    def of_pool(self, pool: Mask, count: int) -> Int[Tensor, "_some"]:
        """``count`` donors among the inputs of a pool; under ``permute`` the whole pool in random order.

        Args:
            pool: which inputs belong to the pool, shape [n].
            count: how many donors are wanted; under ``permute`` this is the size of the pool.
        """
        return self._drawn(pool, count, self._values)

    def _drawn(self, pool: Mask, count: int, draw: torch.Generator) -> Int[Tensor, "_some"]:
        members = pool.nonzero()[:, 0]
        if self.sampling == "permute":
            return members[torch.randperm(len(members), generator=draw)]
        return members[torch.randint(len(members), (count,), generator=draw)]


@runtime_checkable
class Ablation(Protocol):
    """Something that a hypothesis allows to be resampled."""

    @property
    def name(self) -> str:
        """The post's name of the ablation, such as ``3a``."""

    @property
    def title(self) -> str:
        """What is resampled, in words."""

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""


@dataclass(frozen=True)
class RestFromAnywhere:
    """[1]: everything but the variables comes from any input."""

    name = "1"
    title = "everything but the variables comes from any input"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        return replace(state, rest_from=donors.anywhere)


@dataclass(frozen=True)
class BeyondSubspace:
    """[1*]: everything outside the causal subspace comes from any input."""

    name = "1*"
    title = "everything outside the causal subspace comes from any input"

    def apply(self, state: State, donors: Donors) -> State:
        """The state after this ablation."""
        return replace(state, beyond_from=donors.anywhere)


@dataclass(frozen=True)
class WithinSides:
    """[2]: each variable comes from an input on its side of the threshold."""

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
    """[3a], [3b], ...: a variable comes from any input wherever the others already decide the gate.

    Attributes:
        j: the number of the variable, from 0.
    """

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
"""A row of the table of ablations: ablations that are applied one after the other."""


def is_idle(hypothesis: Hypothesis, bits: Bits, j: int) -> Mask:
    """Where the other variables already decide the gate, so that variable j may have any value. Shape [n].

    Args:
        hypothesis: the hypothesis with the gate.
        bits: which variables are above their thresholds, shape [n, k].
        j: the number of the variable.
    """
    with_it, without = hypothesis.gate.either_way(bits, j)
    return with_it == without


def row_name(row: Row) -> str:
    """The post's name of a row, such as ``1+2+3a``."""
    return "+".join(ablation.name for ablation in row)


def licensed(k: int) -> tuple[Row, ...]:
    """The rows that a hypothesis of k variables licenses.

    For two variables these are [1], [1*], [1+2], [1+3a], [1+3b], [1+2+3a], [1+2+3b] and [1+2+3a+3b]. A single variable
    is never idle, so that there are only the first three.
    """
    rest, sides = RestFromAnywhere(), WithinSides()
    idle = [WhereIdle(j) for j in range(k)] if k > 1 else []
    rows: list[Row] = [(rest,), (BeyondSubspace(),), (rest, sides)]
    rows += [(rest, each) for each in idle]
    rows += [(rest, sides, each) for each in idle]
    if idle:
        rows.append((rest, sides, *idle))
    return tuple(rows)


def milder_rows(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The rows among ``rows`` that resample only a part of what ``row`` resamples.

    [1*] counts as a part of [1], because the causal subspace contains all variables.
    """

    def parts(each: Row) -> set[str]:
        return {ablation.name for ablation in each} | ({"1*"} if RestFromAnywhere() in each else set())

    return [other for other in rows if other != row and parts(other) <= parts(row)]
