"""One claim over many networks: its values, their mean with its interval, and for how many it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from scrubjay.core.claim import Claim, Kind, as_shown
from scrubjay.core.stats import Share, mean_interval


@dataclass(frozen=True, eq=False)
class Spread:
    """One claim over the networks that have it.

    Attributes:
        id: of the claim.
        statement: as the first of the networks words it, its own figures included.
        topic: what the value is, the same for every network; empty where the claim has no short name.
        headline: whether it is among the claims that a reader should see first.
        kind: what the value is.
        published: the published figure, of another network, or None.
        values: one for each network in which there was something to measure, in their order.
        controls: likewise.
        mean: of the values.
        interval: 95% interval for the mean over networks (Student's t), or None for fewer than two.
        middle: the median of the values.
        control: the median of the controls.
        holds: the share of networks for which the claim holds, with its Wilson interval; None for measurements that
            get no verdict.
        partly: the share for which it holds at least in part; None likewise.
        facts: of each network.
    """

    id: str
    statement: str
    topic: str
    headline: bool
    kind: Kind
    published: float | None
    values: tuple[float, ...]
    controls: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None
    middle: float
    control: float
    holds: Share | None
    partly: Share | None
    facts: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> "Spread | None":
        """Gather one claim of several networks; None where there was nothing to measure in any of them."""
        measured = [claim for claim in claims if claim.value is not None]
        if not measured:
            return None
        values = tuple(float(claim.value) for claim in measured if claim.value is not None)
        first, n = measured[0], len(measured)
        is_judged = all(claim.verdict is not None for claim in measured)
        return cls(
            id=first.id,
            statement=first.statement,
            topic=first.topic,
            headline=first.headline,
            kind=first.kind,
            published=first.published,
            values=values,
            controls=tuple(float(claim.control) for claim in measured),
            mean=mean(values),
            interval=mean_interval(values),
            middle=median(values),
            control=median(float(claim.control) for claim in measured),
            holds=Share.counted(sum(claim.verdict == "holds" for claim in measured), n) if is_judged else None,
            partly=Share.counted(sum(claim.verdict != "fails" for claim in measured), n) if is_judged else None,
            facts=tuple(claim.facts for claim in measured),
        )

    def told(self, value: float | None) -> str:
        """A network's value, a control, a median or the published figure as a reader wants it; nothing for None."""
        return as_shown(value, self.kind)

    @property
    def average(self) -> str:
        """The mean, and its interval where there is one, as a reader wants them."""
        ends = "" if self.interval is None else f" ({' to '.join(self._averaged(end) for end in self.interval)})"
        return self._averaged(self.mean) + ends

    @property
    def held(self) -> str:
        """For how many networks the claim holds, with the interval of the share; “ranked” for measurements."""
        if self.holds is None or self.partly is None:
            return "ranked"
        held = f"{self.holds.count} of {self.holds.n} ({self.holds.low:.0%} to {self.holds.high:.0%})"
        return f"{held}; in part {self.partly.count}"

    def _averaged(self, value: float) -> str:
        return f"{value:.1f}" if self.kind == "count" else as_shown(value, self.kind)
