"""The second EIS VII challenge: its labelling function, its split and its recipe.

The challenge is one task among others. Only this module and the bundled network know it.

Sources: Casper, "EIS VII: A Challenge for Mechanists" (the network and its labels); Heimersheim & Hobbhahn, "Solving
the Mechanistic Interpretability challenges: EIS VII Challenge 2" (the architecture and the training). The labelling
function was recovered from the public label matrix. It reproduces all 12,769 entries of that matrix.
"""

from math import isqrt

import torch
from jaxtyping import Int
from torch import Tensor

from scrubjay.core.axes import Classes
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task, seeded_split

TOKENS = 113
"""Number of tokens that may stand at each of the two varying positions."""

SPLIT_SEED = 0

RECIPE = Recipe(d_model=128, n_heads=8, d_head=16, d_mlp=1024, epochs=5000, learning_rate=5e-4)

POST = {
    "accuracy.all": 0.986,
    "accuracy.test": 0.9727,
    "frozen.agreement": 0.929,
    "frozen.accuracy": 0.927,
    "gate.full.2pc": 0.974,
    "gate.frozen.2pc": 0.979,
    "mask.full": 0.915,
    "scrub.full.1+2+3a+3b": 0.94,
}
"""Figures that Heimersheim & Hobbhahn's post reports for the original network. Our networks have other weights."""


def label(a: Int[Tensor, "n"], b: Int[Tensor, "n"]) -> Classes:
    """Compute the challenge's label of each pair of tokens, in exact integer arithmetic.

    Args:
        a: the first token of each pair, shape [n].
        b: the second token of each pair, shape [n].

    Returns:
        The class of each pair, 0 or 1, shape [n].
    """
    root = torch.tensor([isqrt(int(x) ** 3) for x in a])
    k = root % 8 + 3 * (a**4 < 40_000 * b).long() + 2 * (b**4 >= 360_000 * a).long()
    return ((k >= 7) | ((k == 2) | (k == 3)) & (a + b < 133)).long()


def challenge2() -> Task:
    """Make the challenge's task.

    The inputs are all pairs A, B of the tokens 0 to 112, followed by the constant token C = 113, at which the answer is
    read. The answer is the token 0 or 1.

    Example:
        >>> import scrubjay
        >>> scrubjay.challenge2().domain.size
        12769
    """
    domain = Domain.square(TOKENS, last=TOKENS)
    tokens = domain.tokens(domain.inputs())
    return Task(
        name="challenge2",
        domain=domain,
        classes=((0,), (1,)),
        labels=label(tokens[:, 0], tokens[:, 1]),
        train=seeded_split(domain, 0.5, SPLIT_SEED),
        recipe=RECIPE,
        published=POST,
        names=("A", "B", "C"),
        source="challenge2",
    )
