"""Modular addition, the task of the grokking literature."""

import torch

from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task, seeded_split


def modular_addition(p: int, *, below: int | None = None, fraction: float | None = None, seed: int = 0) -> Task:
    """Make the task (a + b) mod p, whose answer is read at the constant token p (written "=").

    Source: Nanda et al., "Progress measures for grokking via mechanistic interpretability", section 3, for the
    sequence a, b, = and for the recipe.

    Example:
        >>> modular_addition(113, fraction=0.3).name
        'modular_addition:p=113,fraction=0.3,seed=0'

    Args:
        p: the modulus. The tokens 0 to p-1 are the numbers that are added, and also the possible answers.
        below: if given, the task has two classes: class 1 holds the answers below this number, class 0 the others.
        fraction: the share of the inputs to train on. None means that the task has no split.
        seed: seed for the shuffle that makes the split.

    Raises:
        BadInput: p is less than 2, ``below`` is not between 1 and p-1, or the fraction leaves one part empty.
    """
    if p < 2:
        raise BadInput(f"modular addition needs a modulus of at least 2, and got {p}")
    if below is not None and not 0 < below < p:
        raise BadInput(f"`below` must lie between 1 and {p - 1}, so that both classes have an answer; it is {below}")
    domain = Domain.square(p, last=p)
    tokens = domain.tokens(domain.inputs())
    sums = (tokens[:, 0] + tokens[:, 1]) % p
    options = {"p": p, "below": below, "fraction": fraction, "seed": seed if fraction is not None else None}
    name = "modular_addition:" + ",".join(f"{key}={value}" for key, value in options.items() if value is not None)
    return Task(
        name=name,
        domain=domain,
        classes=_classes(p, below),
        labels=sums if below is None else (sums < below).to(torch.int64),
        train=None if fraction is None else seeded_split(domain, fraction, seed),
        recipe=Recipe(d_model=128, n_heads=4, d_head=32, d_mlp=512, epochs=40_000, learning_rate=1e-3),
        names=("a", "b", "="),
        source=name,
    )


def _classes(p: int, below: int | None) -> tuple[tuple[int, ...], ...]:
    if below is None:
        return tuple((answer,) for answer in range(p))
    return tuple(range(below, p)), tuple(range(below))
