"""What random draws add up to: a mean with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from scrubjay.axes import Mask


@dataclass(frozen=True)
class Score:
    """A share over random draws.

    Attributes:
        mean: over the draws.
        low, high: the 2.5% and 97.5% quantiles of the draws.
        worst: the smallest.
        draws: how many.
    """

    mean: float
    low: float
    high: float
    worst: float
    draws: int

    @classmethod
    def over(cls, values: Sequence[float]) -> "Score":
        """Summarise draws."""
        drawn = torch.tensor(values, dtype=torch.float64)
        low, high = torch.quantile(drawn, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
        return cls(float(drawn.mean()), low, high, float(drawn.min()), len(values))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        return self.low, self.high


def share_of(true: Mask) -> float:
    """The share of inputs for which something is true."""
    return float(true.double().mean())
