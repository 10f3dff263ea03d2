"""Separable scores: class 1 where ``Σ_p f_p(token at p) + Σ_i F_i(a) G_i(b) > 0``, by penalised logistic regression.

Without products the score is additive (a generalised additive model of the tokens); with q of them its matrix over two
positions is an additive one plus one of rank q.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64, Int
from torch import Tensor

_STEPS, _STARTS, _SPREAD = 200, 2, 0.3
_NATS = 1e-4  # a step that gains less ends the descent


@dataclass(frozen=True, eq=False)
class Separable:
    """A score of the tokens.

    Attributes:
        tables: f of each varying position.
        left, right: F and G, a column a product; without columns for an additive score.
    """

    tables: tuple[Float64[Tensor, "_t"], ...]
    left: Float64[Tensor, "_a q"]
    right: Float64[Tensor, "_b q"]

    @property
    def free(self) -> int:
        """How many numbers are free: a constant goes from table to table, and products may be mixed with each other."""
        q = self.left.shape[1]
        return sum(len(table) - 1 for table in self.tables) + 1 + q * (len(self.left) + len(self.right) - q)

    def scores(self, choices: Int[Tensor, "n s"]) -> Float64[Tensor, "n"]:
        """The score of each input."""
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
    """The logistic fit by L-BFGS; tokens that no input shows get 0.

    Args:
        choices: which member of its token set each input has at each varying position.
        ones: which inputs are of class 1.
        sizes: of the token sets.
        products: q; above 0 there must be two varying positions.
        penalty: what a squared entry costs, in nats; a small one keeps scores finite where the classes come apart.
        seed: of the starts. An additive fit is convex and needs one; of several the least loss is taken.
    """
    draw = torch.Generator().manual_seed(seed)
    starts = [
        _descend(_start(sizes, products, draw), choices, ones, penalty) for _ in range(_STARTS if products else 1)
    ]
    _, found = min(starts, key=lambda start: start[0])
    shown = [torch.zeros(size, dtype=torch.bool) for size in sizes]
    for at, seen in enumerate(shown):
        seen[choices[:, at]] = True
    first, second = shown[0], shown[-1]
    return Separable(
        tuple(torch.where(seen, table, 0.0) for seen, table in zip(shown, found.tables, strict=True)),
        torch.where(first[:, None], found.left, 0.0),
        torch.where(second[:, None], found.right, 0.0),
    )


def _start(sizes: Sequence[int], products: int, draw: torch.Generator) -> Separable:
    left, right = (
        _SPREAD * torch.randn(size, products, generator=draw, dtype=torch.float64) for size in (sizes[0], sizes[-1])
    )
    return Separable(tuple(torch.zeros(size, dtype=torch.float64) for size in sizes), left, right)


def _descend(
    start: Separable, choices: Int[Tensor, "n s"], ones: Bool[Tensor, "n"], penalty: float
) -> tuple[float, Separable]:
    """The loss that is reached, and where."""
    score = Separable(
        tuple(table.requires_grad_() for table in start.tables),
        start.left.requires_grad_(),
        start.right.requires_grad_(),
    )
    free = [*score.tables, *([score.left, score.right] if score.left.shape[1] else [])]
    signs = 2 * ones.double() - 1
    solver = torch.optim.LBFGS(
        free, max_iter=_STEPS, history_size=20, line_search_fn="strong_wolfe", tolerance_change=_NATS
    )

    def loss() -> Tensor:
        fit = torch.nn.functional.softplus(-signs * score.scores(choices)).sum()
        return fit + penalty * torch.stack([each.square().sum() for each in free]).sum()

    def closure() -> float:
        solver.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    with torch.enable_grad():
        solver.step(closure)  # type: ignore[no-untyped-call]
    for each in (*score.tables, score.left, score.right):
        each.requires_grad_(False)
    with torch.no_grad():
        return float(loss()), score
