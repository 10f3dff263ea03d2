"""The second EIS VII challenge: its labelling function, its split, its recipe.

Nothing else in the program knows the challenge, but for the bundled network.

Sources: Casper, "EIS VII: A Challenge for Mechanists" (the network and its labels); Heimersheim & Hobbhahn, "Solving
the Mechanistic Interpretability challenges: EIS VII Challenge 2" (architecture and training). The labelling function
was recovered from the public label matrix, all 12,769 entries of which it reproduces.
"""

from math import isqrt

import torch
from jaxtyping import Int
from torch import Tensor

from scrubjay.axes import Classes
from scrubjay.task.domain import Domain
from scrubjay.task.recipe import Recipe
from scrubjay.task.task import Task, seeded_split

TOKENS = 113
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
"""What the post reports of the original network, whose weights ours are not."""


def label(a: Int[Tensor, "n"], b: Int[Tensor, "n"]) -> Classes:
    """The challenge's label of each pair of tokens, in whole numbers throughout."""
    root = torch.tensor([isqrt(int(x) ** 3) for x in a])
    k = root % 8 + 3 * (a**4 < 40_000 * b).long() + 2 * (b**4 >= 360_000 * a).long()
    return ((k >= 7) | ((k == 2) | (k == 3)) & (a + b < 133)).long()


def challenge2() -> Task:
    """The challenge's task: pairs [A, B] of 113 tokens, read at a third token; the answer is token 0 or 1."""
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
    )
