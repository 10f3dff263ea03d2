"""Where the frozen network disagrees with the full one: near a threshold of the filters?"""

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from scrubjay.fit.filters import Filters
from scrubjay.nets.recording import Activations


def nearness(filters: Filters, full: Activations, frozen: Activations) -> float:
    """The AUC by which a small distance to the nearest threshold tells where the frozen network disagrees.

    Distances are in standard deviations of each filter's value; 0.5 is chance.
    """
    values = filters.values(full.resid_mid)
    spread = values.std(0).clamp(min=torch.finfo(torch.float64).tiny)
    distance = (values.abs() / spread).min(1).values
    return auc(-distance, full.classes != frozen.classes)


def auc(scores: Float64[Tensor, "n"], positive: Bool[Tensor, "n"]) -> float:
    """The chance that a positive's score exceeds a negative's, ties counting half; 0.5 where one kind is missing."""
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return 0.5
    values, ranks = torch.unique(scores, return_inverse=True)
    sizes = ranks.bincount(minlength=len(values)).double()
    middle = sizes.cumsum(0) - (sizes - 1) / 2
    return float((middle[ranks[positive]].sum() - ups * (ups + 1) / 2) / (ups * downs))
