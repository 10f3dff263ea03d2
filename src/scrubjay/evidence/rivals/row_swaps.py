"""The row-class reading: does the first token's extended embedding decide the pattern of its row?

Two tests. A row's answers are predicted from the row whose extended embedding is nearest. And extended embeddings are
exchanged: into ``resid_mid`` of every input of row a goes what token a' adds in the place of what a adds. In the frozen
network that is the input [a', b] itself; in the full one attention has already seen a, so there it is a test. Within a
class of rows (by the pattern of the frozen network's answers) a row should keep its answers, across classes it should
take over those of a'.

Source: RGRGRG, "Thoughts about the Mechanistic Interpretability Challenge #2".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Score, Stopping, share_of
from scrubjay.fit.row_patterns import patterns_of
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.readout import Readout
from scrubjay.run import Run, Settings

DRAWS = 10
"""Draws of a partner for each row."""
_SEED_STRIDE = 1_000_003
"""Spreads the seeds of a study."""


@dataclass(frozen=True)
class NearestRow:
    """Rows predicted from the nearest other row.

    Attributes:
        agreement: the share of inputs [a, b] whose answer is that of [a', b], with a' the row nearest to a in extended
            embedding.
        same_pattern: the share of rows whose nearest row has a pattern of the same kind.
        random, random_pattern: the same of any other row, averaged over all of them.
    """

    agreement: float
    same_pattern: float
    random: float
    random_pattern: float


@dataclass(frozen=True)
class Swapped:
    """What becomes of the answers when a row's extended embedding is exchanged for another's, over draws of the other.

    Attributes:
        kept: the share of inputs that keep their own answer.
        carried: the share that have the unswapped answer of the other row at the same column.
        unswapped: the share on which the two rows agree without any exchange.
        rows: how many rows have another one to exchange with.
    """

    kept: Score
    carried: Score
    unswapped: Score
    rows: int


@dataclass(frozen=True)
class Swaps:
    """Exchanges within classes of rows and across them; None where no row has such a partner."""

    within: Swapped | None
    across: Swapped | None


@dataclass(frozen=True)
class RowReading:
    """The reading that the first token's extended embedding decides the pattern of its row, put to the test.

    Attributes:
        patterns: of each row of the frozen network's answers, such as ``01``.
        nearest: rows predicted from the row of the nearest extended embedding.
        swaps: extended embeddings exchanged between rows, in the networks ``full`` and ``frozen``.
    """

    patterns: tuple[str, ...]
    nearest: NearestRow
    swaps: dict[str, Swaps]


def read_rows(run: Run, parts: ExtendedEmbedding, settings: Settings) -> RowReading:
    """Test the reading on a domain of two varying positions."""
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
    """Predict each row from its nearest.

    Args:
        table: the extended embedding of each row's token, two rows or more.
        answers: the network's, arranged by rows.
        row_patterns: the kind of each row's pattern.
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
    """The answers of some rows when each has the extended embedding of another row's token in the place of its own.

    Args:
        resid_mid: of the full or the frozen network on every input.
        table: extended embeddings of the first of two varying positions.
        readout: from ``resid_mid`` to an answer.
        rows: which rows.
        others: whose extended embedding each of them gets.
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
    """Exchange every row's extended embedding for that of a random row of its class, and of another class.

    Args:
        resid_mid: of the network in question.
        table: extended embeddings of the first of two varying positions.
        readout: from ``resid_mid`` to an answer.
        own: that network's unswapped answers.
        row_patterns: the class of each row.
        stopping: when enough partners have been drawn for each row.
        seed: seed of the draws.
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
        within=swapped(alike & ~itself, seed * _SEED_STRIDE),
        across=swapped(~alike, seed * _SEED_STRIDE + stopping.most),
    )
