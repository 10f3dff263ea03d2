"""One claim over many networks: its values, their mean with its interval, and for how many it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, median, stdev

import torch

from scrubjay.geometry.wilson import Share
from scrubjay.study.claims import Claim, as_shown


@dataclass(frozen=True, eq=False)
class Spread:
    """One claim over the networks that have it.

    Attributes:
        id: of the claim; statement: as the first of the networks words it, its own figures included.
        post: the published figure, of another network, or None.
        values, controls: one a network, in their order.
        mean: of the values; interval: 95% for the mean over networks (Student's t), or None for fewer than two.
        middle: the median of the values.
        control: the median of the controls.
        holds: the share of networks for which the claim holds, with its Wilson interval; partly: the share for which
            it holds at least in part.
        is_count: whether the values are counts, of dimensions say.
    """

    id: str
    statement: str
    post: float | None
    values: tuple[float, ...]
    controls: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None
    middle: float
    control: float
    holds: Share
    partly: Share
    is_count: bool

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> "Spread":
        """Gather one claim of several networks."""
        values = tuple(float(claim.value) for claim in claims)
        n = len(claims)
        return cls(
            id=claims[0].id,
            statement=claims[0].statement,
            post=claims[0].post,
            values=values,
            controls=tuple(float(claim.control) for claim in claims),
            mean=mean(values),
            interval=mean_interval(values),
            middle=median(values),
            control=median(float(claim.control) for claim in claims),
            holds=Share.counted(sum(claim.verdict == "holds" for claim in claims), n),
            partly=Share.counted(sum(claim.verdict != "fails" for claim in claims), n),
            is_count=all(isinstance(claim.value, int) for claim in claims),
        )

    def told(self, value: float | None) -> str:
        """A network's value, a control, a median or the post's figure as a reader wants it; nothing for None."""
        return as_shown(round(value) if self.is_count and value is not None else value, self.id)

    @property
    def average(self) -> str:
        """The mean, and its interval where there is one, as a reader wants them."""
        ends = "" if self.interval is None else f" ({' to '.join(self._averaged(end) for end in self.interval)})"
        return self._averaged(self.mean) + ends

    @property
    def held(self) -> str:
        """For how many networks the claim holds, with the interval of the share."""
        return f"{self.holds.count} of {self.holds.n} ({self.holds.low:.0%} to {self.holds.high:.0%})"

    def _averaged(self, value: float) -> str:
        return f"{value:.1f}" if self.is_count else as_shown(value, self.id)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """95% for the mean of the population that the values are drawn from (Student's t); None for fewer than two."""
    if len(values) < 2:
        return None
    half = _t_quantile(len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean(values) - half, mean(values) + half


def _t_quantile(freedom: int) -> float:
    """The 97.5% quantile of Student's t, by halving on its distribution function."""
    low, high = 0.0, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_tail(middle, freedom) > 0.025 else (low, middle)
    return low


def _t_tail(t: float, freedom: int) -> float:
    """P(T > t): half the regularised incomplete beta function at v / (v + t²), integrated numerically."""
    a, b = freedom / 2, 0.5
    grid = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    # With x = (v / (v + t²)) s^(1/a), the integrand's singularity at 0 is gone.
    end = freedom / (freedom + t * t)
    x = end * grid ** (1 / a)
    inner = (1 - x).clamp(min=1e-300) ** (b - 1)
    whole = torch.lgamma(torch.tensor(a)) + torch.lgamma(torch.tensor(b)) - torch.lgamma(torch.tensor(a + b))
    return 0.5 * float(torch.trapezoid(inner, grid)) * float(end**a) / a / float(whole.exp())
