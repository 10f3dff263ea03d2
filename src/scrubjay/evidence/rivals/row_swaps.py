"""Test the reading that the first token's extended embedding decides the pattern of its row.

A row holds the inputs with the same first token a, and its pattern is the sequence of classes along it. There are two
tests:

- A row's answers are predicted from the row whose first token has the nearest extended embedding.
- Extended embeddings are exchanged: in ``resid_mid`` of every input [a, b] of a row, what token a adds is replaced by
  what another token a' adds. In the frozen network this gives exactly the input [a', b]. In the full network it does
  not, since attention has already seen a. If a and a' have rows of the same pattern, the row should keep its answers;
  otherwise it should take over the answers of the row of a'.

Source: RGRGRG, "Thoughts about the Mechanistic Interpretability Challenge #2".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import SEED_STRIDE, Score, Stopping, share_of
from scrubjay.fit.row_patterns import patterns_of
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.readout import Readout
from scrubjay.run import Run, Settings

DRAWS = 10
"""The largest number of draws of another row for each row."""


@dataclass(frozen=True)
class NearestRow:
    """How well rows are predicted from the row whose first token has the nearest extended embedding.

    Attributes:
        agreement: the share of inputs [a, b] that have the same answer as [a', b], where a' is the token whose extended
            embedding is nearest to that of a.
        same_pattern: the share of rows that have the same pattern as their nearest row.
        random: what ``agreement`` would be with any other row, averaged over all of them.
        random_pattern: what ``same_pattern`` would be with any other row, averaged over all of them.
    """

    agreement: float
    same_pattern: float
    random: float
    random_pattern: float


@dataclass(frozen=True)
class Swapped:
    """What becomes of a row's answers when its extended embedding is exchanged for that of another row.

    Attributes:
        kept: the share of inputs that keep their own answer.
        carried: the share of inputs that get the answer which the other row has at the same second token.
        unswapped: the share of inputs on which the two rows agree without an exchange.
        rows: the number of rows that have another row to exchange with.
    """

    kept: Score
    carried: Score
    unswapped: Score
    rows: int


@dataclass(frozen=True)
class Swaps:
    """Exchanges between rows.

    Attributes:
        within: exchanges between rows of the same pattern; None if there are no two such rows.
        across: exchanges between rows of different patterns; None if all rows have the same pattern.
    """

    within: Swapped | None
    across: Swapped | None


@dataclass(frozen=True)
class RowReading:
    """The results of both tests.

    Attributes:
        patterns: the pattern of each row of the frozen network's answers, such as ``01``.
        nearest: how well rows are predicted from their nearest row.
        swaps: the exchanges in the networks ``full`` and ``frozen``.
    """

    patterns: tuple[str, ...]
    nearest: NearestRow
    swaps: dict[str, Swaps]


def read_rows(run: Run, parts: ExtendedEmbedding, settings: Settings) -> RowReading:
    """Make both tests on a domain of two varying positions.

    Args:
        run: the run.
        parts: the extended embeddings.
        settings: the settings; seed and stopping are used.
    """
    domain, table = run.task.domain, parts.tables[0]
    patterns = patterns_of(domain.image(run.frozen.classes).numpy())

    def swapped(name: str) -> Swaps:
        act, stopping = run.sides[name], settings.stopping.at_most(DRAWS)
        return swap_rows(
            act.resid_mid, table, run.readout, act.classes, patterns, stopping=stopping, seed=settings.seed
        )

    return RowReading(
        patterns,
        nearest_rows(table, domain.image(run.full.classes), patterns),
        dict(zip(run.sides, side_by_side(swapped, run.sides), strict=True)),
    )


def nearest_rows(table: Float[Tensor, "a d"], answers: Int[Tensor, "a b"], row_patterns: Sequence[str]) -> NearestRow:
    """Predict each row from its nearest row.

    Args:
        table: the extended embedding of each row's token, shape [a, d], with two rows or more.
        answers: the network's answers, arranged by rows, shape [a, b].
        row_patterns: the pattern of each row.
    """
    rows = len(table)
    vectors = table.double()
    away = torch.cdist(vectors, vectors, compute_mode="donot_use_mm_for_euclid_dist")
    closest = away.fill_diagonal_(float("inf")).argmin(1)
    same = torch.stack([(answers == row).double().mean(1) for row in answers])
    of_kind = torch.tensor([[mine == other for other in row_patterns] for mine in row_patterns]).double()
    others = ~torch.eye(rows, dtype=torch.bool)
    every = torch.arange(rows)
    return NearestRow(
        agreement=float(same[every, closest].mean()),
        same_pattern=float(of_kind[every, closest].mean()),
        random=float(same[others].mean()),
        random_pattern=float(of_kind[others].mean()),
    )


def swapped_answers(
    resid_mid: Residual, table: Float[Tensor, "a d"], readout: Readout, rows: Int[Tensor, "p"], others: Int[Tensor, "p"]
) -> Int[Tensor, "p b"]:
    """The answers of p rows if each has the extended embedding of another row's token instead of its own.

    Args:
        resid_mid: the residual streams of the full or the frozen network on all inputs, shape [n, d].
        table: the extended embeddings of the first of two varying positions, shape [a, d].
        readout: computes the answer from a residual stream.
        rows: the numbers of the rows, shape [p].
        others: for each of them, the number of the row whose extended embedding it gets, shape [p].
    """
    streams = readout.task.domain.image(resid_mid)[rows]
    moved = streams + (table[others] - table[rows])[:, None]
    return readout.classes(moved.flatten(0, 1)).cpu().view(moved.shape[:2])


def swap_rows(
    resid_mid: Residual,
    table: Float[Tensor, "a d"],
    readout: Readout,
    own: Classes,
    row_patterns: Sequence[str],
    *,
    stopping: Stopping,
    seed: int,
) -> Swaps:
    """Exchange every row's extended embedding for that of a random row of the same pattern, and of another pattern.

    Args:
        resid_mid: the residual streams of a network on all inputs, shape [n, d].
        table: the extended embeddings of the first of two varying positions, shape [a, d].
        readout: computes the answer from a residual stream.
        own: the network's answers without an exchange, shape [n].
        row_patterns: the pattern of each row.
        stopping: when enough other rows have been drawn for each row.
        seed: seed for the draws.
    """
    alike = torch.tensor([[mine == other for other in row_patterns] for mine in row_patterns])
    itself = torch.eye(len(alike), dtype=torch.bool)
    answers = readout.task.domain.image(own)

    def swapped(allowed: Tensor, first_seed: int) -> Swapped | None:
        rows = allowed.any(1).nonzero()[:, 0]
        if not len(rows):
            return None
        shares: list[tuple[float, float, float]] = []
        while not stopping.is_enough([kept for kept, *_ in shares]):
            draw = torch.Generator().manual_seed(first_seed + len(shares))
            others = torch.multinomial(allowed[rows].double(), 1, generator=draw)[:, 0]
            found = swapped_answers(resid_mid, table, readout, rows, others).flatten()
            mine, theirs = answers[rows].flatten(), answers[others].flatten()
            shares.append((share_of(found == mine), share_of(found == theirs), share_of(mine == theirs)))
        kept, carried, unswapped = (Score.over(values) for values in zip(*shares, strict=True))
        return Swapped(kept, carried, unswapped, len(rows))

    return Swaps(
        within=swapped(alike & ~itself, seed * SEED_STRIDE),
        across=swapped(~alike, seed * SEED_STRIDE + stopping.most),
    )
