"""Causal scrubbing: resample what a hypothesis calls irrelevant, and count the answers that stay the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes, Components, Inputs, Residual
from scrubjay.core.stats import Score, Stopping, share_of
from scrubjay.evidence.ablations import Donors, Row, State, licensed, row_name
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import ROWS, projections
from scrubjay.nets.rest import Rest
from scrubjay.run import Sampling


@dataclass(frozen=True, eq=False)
class Scrubber:
    """A hypothesis together with the residual streams that it is tested on.

    Attributes:
        hypothesis: the hypothesis, which licenses the ablations.
        values: the values of its variables, shape [n, k].
        resid_mid: the residual streams of all inputs, shape [n, d].
        subspace: the components of the causal subspace, shape [r, d].
        sampling: how donors are drawn.
    """

    hypothesis: Hypothesis
    values: Float64[Tensor, "n k"]
    resid_mid: Residual
    subspace: Components
    sampling: Sampling = "independent"

    @classmethod
    def of(
        cls, hypothesis: Hypothesis, resid_mid: Residual, subspace: Components, sampling: Sampling = "independent"
    ) -> "Scrubber":
        """Read the values of a hypothesis's variables off residual streams."""
        return cls(hypothesis, projections(resid_mid, hypothesis.directions), resid_mid, subspace, sampling)

    def donors(self, seed: int, number: int) -> Donors:
        """The random choices of one draw: draw number ``number`` of a study with this seed."""
        return Donors(self.hypothesis, self.values, self.sampling, seed, number)

    def ablated(self, row: Row, donors: Donors) -> State:
        """The state of all inputs after a row's ablations have been applied one after the other."""
        donors.begin_row()
        state = State(self.values)
        for ablation in row:
            state = ablation.apply(state, donors)
        return state

    def streams(self, state: State) -> Iterator[Residual]:
        """The residual streams of a state, as chunks of [n, d] in the order of the inputs."""
        if state.beyond_from is not None:
            yield from self._beyond(state.beyond_from)
            return
        base = self.resid_mid if state.rest_from is None else self.resid_mid.index_select(0, state.rest_from)
        yield base + (self.step(state) @ self.hypothesis.carriers).to(base.dtype)

    def step(self, state: State) -> Float64[Tensor, "n k"]:
        """The variables of a state minus those of the donors of the rest, shape [n, k].

        A donor's residual stream has to be moved by this much along the carriers to become that of the state.
        """
        return state.values - (self.values if state.rest_from is None else self.values[state.rest_from])

    def _beyond(self, sources: Inputs) -> Iterator[Residual]:
        basis = self.subspace.to(self.resid_mid.dtype)
        for own, donors in zip(torch.split(self.resid_mid, ROWS), torch.split(sources, ROWS), strict=True):
            other = self.resid_mid.index_select(0, donors)
            yield other + ((own - other) @ basis.T) @ basis


@dataclass(frozen=True)
class ScrubScores:
    """How many answers are left under one row of ablations, counted in three ways.

    Attributes:
        row: the ablations.
        own: agreement with the answers that the same network gives without an ablation.
        full: agreement with the answers of the full network; for the full network this equals ``own``.
        truth: accuracy, or None if the task has no labels.
    """

    row: Row
    own: Score
    full: Score
    truth: Score | None

    @property
    def name(self) -> str:
        """The post's name of the row."""
        return row_name(self.row)


def scrub(
    scrubber: Scrubber,
    readout: Rest,
    own: Classes,
    *,
    full: Classes | None = None,
    truth: Classes | None = None,
    stopping: Stopping,
    seed: int,
    rows: Sequence[Row] | None = None,
) -> dict[str, ScrubScores]:
    """Score rows of ablations over random draws.

    In one draw all rows take the rest from the same donors, so that they share one product [n, d] x [d, m]. A row whose
    score is known well enough is not drawn again. A row that is scored alone gets the same score as among others, up to
    rounding.

    Args:
        scrubber: the hypothesis and the residual streams.
        readout: the rest of the network, from the residual stream to the answer.
        own: the network's answers without an ablation, shape [n].
        full: the full network's answers, shape [n]; by default ``own``.
        truth: the labels, shape [n], if there are any.
        stopping: when enough has been drawn.
        seed: seed of the draws.
        rows: the rows to score; by default all rows that the hypothesis licenses.

    Returns:
        The scores, by the names of the rows.
    """
    chosen = licensed(scrubber.hypothesis.gate.k) if rows is None else tuple(rows)
    references = [own, own if full is None else full, *([] if truth is None else [truth])]
    shares: dict[Row, list[list[float]]] = {row: [] for row in chosen}
    number = 0
    while active := [row for row in chosen if not _is_enough(shares[row], stopping)]:
        for row, answers in zip(active, _answers(scrubber, readout, active, seed, number), strict=True):
            shares[row].append([share_of(answers == reference) for reference in references])
        number += 1
    return {row_name(row): _scores(row, drawn) for row, drawn in shares.items()}


def _is_enough(drawn: list[list[float]], stopping: Stopping) -> bool:
    return stopping.is_enough([own for own, *_ in drawn])


def _answers(scrubber: Scrubber, readout: Rest, rows: Sequence[Row], seed: int, number: int) -> list[Classes]:
    """The answers [n] under each row in one draw. Rows that resample the rest share one product with ``W_in``."""
    donors = scrubber.donors(seed, number)
    states = [scrubber.ablated(row, donors) for row in rows]
    shared = [at for at, state in enumerate(states) if state.rest_from is not None and state.beyond_from is None]
    found: dict[int, Classes] = {}
    if shared:
        moves = [scrubber.step(states[at]) for at in shared]
        carriers = scrubber.hypothesis.carriers
        answers = readout.moved_classes(scrubber.resid_mid, moves, carriers, donors.anywhere)
        found.update(zip(shared, answers, strict=True))
    for at, state in enumerate(states):
        if at not in found:
            found[at] = torch.cat([readout.classes_at(*some) for some in _with_inputs(scrubber.streams(state))])
    return [found[at] for at in range(len(rows))]


def _with_inputs(streams: Iterator[Residual]) -> Iterator[tuple[Residual, Inputs]]:
    """Chunks of streams in the order of the inputs, each with the indices of its inputs."""
    first = 0
    for some in streams:
        yield some, torch.arange(first, first + len(some))
        first += len(some)


def _scores(row: Row, drawn: list[list[float]]) -> ScrubScores:
    own, full, *truth = (Score.over(list(values)) for values in zip(*drawn, strict=True))
    return ScrubScores(row, own, full, truth[0] if truth else None)
