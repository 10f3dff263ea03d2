"""Test whether the frozen network disagrees with the full one near the thresholds of the filters."""

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from scrubjay.fit.filters import Filters
from scrubjay.nets.recording import Activations


def nearness(filters: Filters, full: Activations, frozen: Activations) -> float:
    """The AUC by which a small distance to the nearest threshold tells where the frozen network disagrees.

    Distances are measured in standard deviations of each filter's value. An AUC of 0.5 is chance.

    Args:
        filters: the filters of the full network.
        full: the full network's activations.
        frozen: the frozen network's activations.
    """
    values = filters.values(full.resid_mid)
    spread = values.std(0).clamp(min=torch.finfo(torch.float64).tiny)
    distance = (values.abs() / spread).min(1).values
    return auc(-distance, full.classes != frozen.classes)


def auc(scores: Float64[Tensor, "n"], positive: Bool[Tensor, "n"]) -> float:
    """The area under the ROC curve: how probable it is that a positive input's score exceeds a negative input's.

    A tie counts as half. The result is 0.5 if all inputs are positive or all are negative.

    Args:
        scores: the score of each input, shape [n].
        positive: which inputs are positive, shape [n].
    """
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return 0.5
    values, ranks = torch.unique(scores, return_inverse=True)
    sizes = ranks.bincount(minlength=len(values)).double()
    middle = sizes.cumsum(0) - (sizes - 1) / 2
    return float((middle[ranks[positive]].sum() - ups * (ups + 1) / 2) / (ups * downs))
