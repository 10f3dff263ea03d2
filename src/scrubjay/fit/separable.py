"""Separable scores: class 1 where ``Σ_p f_p(token at p) + Σ_i F_i(a) G_i(b) > 0``, by penalised logistic regression.

Without products the score is a generalised additive model of the tokens. With q products, its matrix over two positions
is the sum of an additive matrix and one of rank q.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int
from torch import Tensor

from scrubjay.fit.lbfgs import minimised

_STEPS = 200
"""The largest number of steps of a descent."""
_MEMORY = 20
"""How many of the last steps L-BFGS remembers."""
_STARTS = 2
"""Random starts of a score with products."""
_SPREAD = 0.3
"""The standard deviation of the random entries of F and G that a descent starts from."""
_NATS = 1e-4
"""A step that gains fewer nats than this ends the descent."""


@dataclass(frozen=True, eq=False)
class Separable:
    """A score of the tokens at the varying positions.

    Attributes:
        tables: f of each varying position, with an entry for each token that may stand there.
        left: F, with a row for each token of the first position and a column for each product.
        right: G, with a row for each token of the second position and a column for each product.
    """

    tables: tuple[Float64[Tensor, "_t"], ...]
    left: Float64[Tensor, "_a q"]
    right: Float64[Tensor, "_b q"]

    @property
    def free(self) -> int:
        """How many numbers are free: a constant may move between tables, and products may be mixed with each other."""
        q = self.left.shape[1]
        return sum(len(table) - 1 for table in self.tables) + 1 + q * (len(self.left) + len(self.right) - q)

    def scores(self, choices: Int[Tensor, "n s"]) -> Float64[Tensor, "n"]:
        """The score of each input, shape [n]."""
        total = torch.zeros(len(choices), dtype=torch.float64)
        for at, table in enumerate(self.tables):
            total = total + table[choices[:, at]]
        if self.left.shape[1]:
            total = total + (self.left @ self.right.T)[choices[:, 0], choices[:, 1]]
        return total


def fit_separable(
    choices: Int[Tensor, "n s"],
    ones: Bool[Tensor, "n"],
    sizes: Sequence[int],
    *,
    products: int,
    penalty: float,
    seed: int = 0,
) -> Separable:
    """Fit a score by L-BFGS. Tokens that no input shows get 0.

    Args:
        choices: which member of its token set each input has at each varying position, shape [n, s].
        ones: which inputs are of class 1, shape [n].
        sizes: how many tokens may stand at each varying position.
        products: the number of products, q. With 1 or more there must be two varying positions.
        penalty: the price of a squared entry, in nats. A small one keeps scores finite where the classes can be
            separated.
        seed: seed for the starts of a fit with products, of which the one with the least loss is kept. An additive fit
            is convex and needs one start.
    """
    draw, loss = torch.Generator().manual_seed(seed), _Loss(choices, ones, sizes, products, penalty)
    descents = [
        minimised(loss, _start(sizes, products, draw), steps=_STEPS, memory=_MEMORY, tolerance=_NATS)
        for _ in range(_STARTS if products else 1)
    ]
    _, entries = min(descents, key=lambda descent: descent[0])
    tables, left, right = loss.parts(entries)
    shown = [torch.zeros(size, dtype=torch.bool) for size in sizes]
    for at, seen in enumerate(shown):
        seen[choices[:, at]] = True
    first, second = shown[0], shown[-1]
    return Separable(
        tuple(torch.where(seen, torch.from_numpy(table), 0.0) for seen, table in zip(shown, tables, strict=True)),
        torch.where(first[:, None], torch.from_numpy(left), 0.0),
        torch.where(second[:, None], torch.from_numpy(right), 0.0),
    )


def _start(sizes: Sequence[int], products: int, draw: torch.Generator) -> Float64[np.ndarray, "free"]:
    left, right = (
        _SPREAD * torch.randn(size, products, generator=draw, dtype=torch.float64) for size in (sizes[0], sizes[-1])
    )
    return np.concatenate([np.zeros(sum(sizes)), left.numpy().ravel(), right.numpy().ravel()])


class _Loss:
    """The penalised logistic loss of a score, in nats, and its slope, as functions of all entries in one vector."""

    def __init__(
        self,
        choices: Int[Tensor, "n s"],
        ones: Bool[Tensor, "n"],
        sizes: Sequence[int],
        products: int,
        penalty: float,
    ) -> None:
        self._columns = [column.contiguous().numpy() for column in choices.T]
        self._signs = np.where(ones.numpy(), 1.0, -1.0)
        self._sizes, self._products, self._penalty = tuple(sizes), products, penalty
        if products:
            self._cells = self._columns[0] * sizes[1] + self._columns[1]

    def parts(self, entries: Float64[np.ndarray, "free"]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """The tables, F and G."""
        *tables, rest = np.split(entries, np.cumsum(self._sizes))
        left, right = np.split(rest, [self._sizes[0] * self._products])
        return tables, left.reshape(self._sizes[0], self._products), right.reshape(self._sizes[-1], self._products)

    def __call__(self, entries: Float64[np.ndarray, "free"]) -> tuple[float, Float64[np.ndarray, "free"]]:
        tables, left, right = self.parts(entries)
        score = sum((table[column] for table, column in zip(tables, self._columns, strict=True)), start=np.zeros(1))
        if self._products:
            score = score + (left @ right.T).ravel()[self._cells]
        short = -self._signs * score  # by how much the score falls short of the own class's side
        odds = np.exp(-np.abs(short))
        loss = float((np.maximum(short, 0) + np.log1p(odds)).sum()) + self._penalty * float(entries @ entries)
        residuals = -self._signs * np.where(short > 0, 1.0, odds) / (1 + odds)
        slopes = [
            np.bincount(column, residuals, minlength=size)
            for column, size in zip(self._columns, self._sizes, strict=True)
        ]
        if self._products:
            cells = np.bincount(self._cells, residuals, minlength=len(left) * len(right)).reshape(len(left), len(right))
            slopes += [(cells @ right).ravel(), (cells.T @ left).ravel()]
        return loss, np.concatenate(slopes) + 2 * self._penalty * entries
