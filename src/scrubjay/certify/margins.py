"""Which answer follows from logits that are enclosed in balls, and by which margin."""

from collections.abc import Sequence
from functools import reduce
from typing import Any


def decided(
    logits: Sequence[Any], classes: Sequence[Sequence[int]], answer: str, width: int
) -> tuple[int | None, float]:
    """The class of the answer, and a lower bound on its margin.

    Args:
        logits: a ball for each logit.
        classes: the tokens of each class.
        answer: how the class follows from the logits; see ``scrubjay.tasks.task.Task``.
        width: the number of logits.

    Returns:
        The class, -1 if the answer is in no class, or None if the balls leave it open; and a number that the margin
        is not below, which is 0 if the answer is open. The margin is that of the class's largest logit over the largest
        logit of all others, or for the answer ``sign`` the size of the logit.
    """
    if answer == "sign":
        logit = logits[classes[1][0]]
        return (1, _below(logit)) if logit > 0 else (0, _below(-logit)) if logit < 0 else (None, 0.0)
    groups = {number: group for number, group in enumerate(classes) if group}
    others = set(range(width)).difference(*classes)
    if answer == "argmax" and others:
        groups[-1] = sorted(others)
    # arb.max encloses the largest of two numbers, so this encloses each class's largest logit.
    best = {
        number: reduce(lambda x, y: x.max(y), (logits[token] for token in group)) for number, group in groups.items()
    }
    leader = reduce(lambda x, y: y if best[y].mid() > best[x].mid() else x, best)
    margins = [best[leader] - value for number, value in best.items() if number != leader]
    least = reduce(lambda x, y: x.min(y), margins)
    return (leader, _below(least)) if least > 0 else (None, 0.0)


def _below(margin: Any) -> float:
    """A float that is not above any number in a ball, and not below zero."""
    return max(0.0, float(margin.lower()) * (1 - 2**-30))
