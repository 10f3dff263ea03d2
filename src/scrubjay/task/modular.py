"""Modular arithmetic: the tasks of the grokking literature."""

import torch

from scrubjay.errors import BadInput
from scrubjay.task.domain import Domain
from scrubjay.task.recipe import Recipe
from scrubjay.task.task import Task, seeded_split


def modular_addition(p: int, *, below: int | None = None, fraction: float | None = None, seed: int = 0) -> Task:
    """(a + b) mod p, read at the token p.

    Source: Nanda et al., "Progress measures for grokking via mechanistic interpretability", section 3, for the
    sequence [a, b, =] and the recipe.

    Args:
        p: the modulus; the tokens 0 .. p-1 are both numbers and answers.
        below: where it is given, an answer counts as class 1 if it is less than this, else as class 0.
        fraction: of the inputs that train; None for no split.
        seed: of the split's shuffle.

    Raises:
        BadInput: p below 2, or ``below`` outside 1 .. p-1.
    """
    if p < 2:
        raise BadInput(f"modular addition needs a modulus of at least 2, and got {p}")
    if below is not None and not 0 < below < p:
        raise BadInput(f"`below` must lie between 1 and {p - 1}, so that both classes have an answer; it is {below}")
    domain = Domain.square(p, last=p)
    tokens = domain.tokens(domain.inputs())
    sums = (tokens[:, 0] + tokens[:, 1]) % p
    options = {"p": p, "below": below, "fraction": fraction, "seed": seed if fraction is not None else None}
    return Task(
        name="modular_addition:" + ",".join(f"{key}={value}" for key, value in options.items() if value is not None),
        domain=domain,
        classes=_classes(p, below),
        labels=sums if below is None else (sums < below).to(torch.int64),
        train=None if fraction is None else seeded_split(domain, fraction, seed),
        recipe=Recipe(d_model=128, n_heads=4, d_head=32, d_mlp=512, epochs=40_000, learning_rate=1e-3),
    )


def _classes(p: int, below: int | None) -> tuple[tuple[int, ...], ...]:
    if below is None:
        return tuple((answer,) for answer in range(p))
    return tuple(range(below, p)), tuple(range(below))
