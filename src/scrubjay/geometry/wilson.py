"""A share with its Wilson interval, where the inputs counted are taken as a sample of more of their kind."""

from dataclasses import dataclass
from math import sqrt

from scrubjay.axes import Mask

_Z = 1.959963984540054  # the normal distribution's 97.5% quantile


@dataclass(frozen=True)
class Share:
    """A share of counted things.

    Attributes:
        value: the share itself, exact for the things counted.
        low, high: 95% for the kind of thing that they are a sample of.
        n: how many were counted.
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, true: Mask) -> "Share | None":
        """The share of inputs for which something is true; None where there are no inputs."""
        return cls.counted(int(true.sum()), len(true)) if len(true) else None

    @classmethod
    def counted(cls, count: int, n: int) -> "Share":
        """So many of n > 0. Source: Wilson 1927, the score interval (no continuity correction)."""
        value, squared = count / n, _Z * _Z
        centre = (value + squared / (2 * n)) / (1 + squared / n)
        half = _Z / (1 + squared / n) * sqrt(value * (1 - value) / n + squared / (4 * n * n))
        return cls(value, max(0.0, centre - half), min(1.0, centre + half), n)

    @property
    def count(self) -> int:
        """How many of the n it is."""
        return round(self.value * self.n)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        return self.low, self.high
