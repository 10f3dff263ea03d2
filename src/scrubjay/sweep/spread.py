"""The spread of one claim: its value in each of many networks, their mean, and for how many networks it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from scrubjay.core.claim import Claim, Kind, as_shown
from scrubjay.core.stats import Share, mean_interval


@dataclass(frozen=True, eq=False)
class Spread:
    """One claim in all networks that have it.

    Networks in which there was nothing to measure are left out of everything below.

    Attributes:
        id: the claim's id.
        statement: the claim's words for the first network, with the numbers of that network.
        topic: a short name of the value, the same for all networks; empty if the claim has none.
        headline: whether the claim is among those that a reader should see first.
        kind: whether the value is a share, a count or an error.
        published: a figure that was published for another network, or None.
        values: the value in each network.
        controls: the control in each network.
        mean: the mean of the values.
        interval: the 95% interval (Student's t) for the mean over networks; None for fewer than two networks.
        middle: the median of the values.
        control: the median of the controls.
        holds: the share of networks for which the claim holds, with its 95% interval (Wilson); None for a measurement
            that has no verdict.
        partly: the share of networks for which the claim holds at least in part; None for a measurement that has no
            verdict.
        facts: the claim's facts in each network.
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
        """Gather the claims of one id; None if there was nothing to measure in any network."""
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
        """Format a value of this claim for readers, such as ``93.1%``; an empty text for None."""
        return as_shown(value, self.kind)

    @property
    def average(self) -> str:
        """The mean for readers, with its interval if there is one."""
        ends = "" if self.interval is None else f" ({' to '.join(self._averaged(end) for end in self.interval)})"
        return self._averaged(self.mean) + ends

    @property
    def held(self) -> str:
        """For how many networks the claim holds, for readers; “ranked” for a measurement that has no verdict."""
        if self.holds is None or self.partly is None:
            return "ranked"
        held = f"{self.holds.count} of {self.holds.n} ({self.holds.low:.0%} to {self.holds.high:.0%})"
        return f"{held}; in part {self.partly.count}"

    def _averaged(self, value: float) -> str:
        return f"{value:.1f}" if self.kind == "count" else as_shown(value, self.kind)
