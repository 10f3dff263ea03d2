"""Where the gate of filters agrees with the network, by the signs of the inner network's hinges.

The network inside the network answers by a sum of absolute values, ``l + ½|z0| - ½|z1| > 0``. Wherever the signs of the
z do not change, this is a half-space, and each combination of signs has one of its own. A gate of two filters has two.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.measure import InnerResult


@dataclass(frozen=True)
class SignsAgreement:
    """How often a gate gives the network's answer, by the signs of the hinges' inputs.

    Attributes:
        hinges: the number of hinges.
        same: on the inputs where all have the same sign; None if there are none.
        mixed: on the other inputs; None if there are none.
        mixed_share: the share of the other inputs.
        rows: each combination of signs that occurs, its share of the inputs, and how often the gate agrees there.
    """

    hinges: int
    same: float | None
    mixed: float | None
    mixed_share: float
    rows: tuple[tuple[str, float, float], ...]


def agreement_by_signs(inner: InnerResult, predicted: Mask, classes: Classes) -> SignsAgreement | None:
    """Compare a gate with the network for each combination of the hinges' signs.

    Args:
        inner: the network inside the network.
        predicted: where the gate says class 1, shape [n].
        classes: the network's answers, shape [n].

    Returns:
        The comparison, or None unless the answers are read from a class margin and there are two to four hinges.
    """
    meaning = inner.meaning
    if meaning is None or meaning.kinds is None or not 2 <= len(meaning.quantities.outputs) <= 4:
        return None
    signs: Bool[Tensor, "n k"] = meaning.quantities.hinges > 0
    right = predicted.long() == classes
    same = (signs == signs[:, :1]).all(1)
    combinations, place = torch.unique(signs, dim=0, return_inverse=True)
    rows = tuple(
        ("".join("+" if sign else "-" for sign in signs_here), share_of(place == at), share_of(right[place == at]))
        for at, signs_here in enumerate(combinations.tolist())
    )
    return SignsAgreement(
        hinges=signs.shape[1],
        same=share_of(right[same]) if bool(same.any()) else None,
        mixed=share_of(right[~same]) if bool((~same).any()) else None,
        mixed_share=share_of(~same),
        rows=rows,
    )
