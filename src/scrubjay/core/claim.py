"""Claims: a statement, its measurement, a control that should fail, and the verdict that follows.

The verdict depends on the *effect*: how far the value lies on the way from chance to perfection. Chance is what is left
when everything is resampled, or what always giving the most frequent answer would reach. Because all ablations of one
network share one chance level, a stricter ablation can never get a better verdict than a milder one that leaves more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Any, Literal

from scrubjay.core.stats import Share

Kind = Literal["share", "count", "error"]
Verdict = Literal["holds", "partly", "fails", "not applicable"]
Number = float | int
Interval = tuple[Number, Number] | None

HOLDS = 0.9
"""The effect from which a claim holds."""
PARTLY = 0.5
"""The effect from which a claim holds in part."""
_AT_MOST = 0.5
"""How large a count may be in multiples of its control."""
_RANK: tuple[Verdict, ...] = ("fails", "partly", "holds")


@dataclass(frozen=True)
class Claim:
    """One sentence about a network, with what supports it.

    Example:
        >>> from scrubjay.core.claim import share_claim
        >>> claim = share_claim("accuracy.all", "answers", "The network is right", 0.98, chance=0.57, control=0.57)
        >>> claim.shown, claim.verdict
        ('98.0%', 'holds')

    Attributes:
        id: stable, such as ``gate.full``.
        section: the line of evidence that it belongs to.
        statement: the claim in words.
        kind: what the value is: a share (of inputs, usually), a count (of dimensions), or an error that should vanish.
        value: the measurement; None where there was nothing to measure.
        interval: 95% interval of the value, or None where the value is exact.
        chance: what an explanation without content would reach; None for a measurement without a verdict.
        control: the same measurement where the statement must fail.
        control_interval: 95% interval of the control, or None where it is exact.
        verdict: what value, chance and control amount to; None for measurements that are ranked and not judged.
        headline: whether the claim is among the dozen or so that a reader should see first.
        topic: what the value is, in a few words that are the same for every network.
        facts: the same as data, for programs to read.
        published: the figure that somebody published for another network, or None.
    """

    id: str
    section: str
    statement: str
    kind: Kind
    value: Number | None
    interval: Interval
    chance: Number | None
    control: Number
    control_interval: Interval
    verdict: Verdict | None
    headline: bool = False
    topic: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    published: float | None = None

    @property
    def heading(self) -> str:
        """The topic, or the statement if there is none, as it stands in a list."""
        words = self.topic or self.statement
        return words[0].upper() + words[1:]

    @property
    def shown(self) -> str:
        """The value as a reader wants it."""
        return as_shown(self.value, self.kind)

    @property
    def shown_interval(self) -> str:
        """The interval in parentheses, or nothing."""
        return "" if self.interval is None else " (" + " to ".join(as_shown(e, self.kind) for e in self.interval) + ")"


def as_shown(value: Number | None, kind: Kind) -> str:
    """A figure as a reader wants it: a share in percent, a count as it is, an error with its exponent."""
    if value is None:
        return ""
    if kind == "error":
        return f"{value:.1e}"
    if kind == "count":
        return f"{value:,.10g}"
    return f"{100 * value:.1f}%"


def effect(value: float, chance: float) -> float:
    """How much of the way from chance to perfection a value has gone; 0 where chance is perfect itself."""
    return (value - chance) / (1 - chance) if chance < 1 else 0.0


def judged(value: float, low: float, chance: float, control_high: float) -> Verdict:
    """The verdict on a share.

    Args:
        value: the share.
        low: the lower end of its interval; the value itself where it is exact.
        chance: where the effect is 0.
        control_high: the upper end of the control's interval; the control itself where it is exact.

    Returns:
        *holds* from an effect of 0.9 and *partly* from 0.5, taken at the lower end of the interval, so that a verdict
        does not rest on the luck of the draws; *fails* below, and wherever the interval does not lie beyond the
        control's.
    """
    if low <= control_high:
        return "fails"
    reached = effect(min(value, low), chance)
    return "holds" if reached >= HOLDS else "partly" if reached >= PARTLY else "fails"


def worse_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of some verdicts; *holds* where there are none."""
    return min((v for v in verdicts if v in _RANK), key=_RANK.index, default="holds")


def share_claim(
    claim_id: str,
    section: str,
    statement: str,
    value: float,
    *,
    chance: float,
    control: float,
    interval: Interval = None,
    control_interval: Interval = None,
    at_best: Verdict = "holds",
    **about: Any,
) -> Claim:
    """A claim whose value is a share; ``at_best`` caps its verdict."""
    low = value if interval is None else interval[0]
    control_high = control if control_interval is None else control_interval[1]
    verdict = worse_of([judged(value, low, chance, control_high), at_best])
    return Claim(
        claim_id, section, statement, "share", value, interval, chance, control, control_interval, verdict, **about
    )


def count_claim(
    claim_id: str,
    section: str,
    statement: str,
    value: int,
    *,
    of: int,
    control: int,
    interval: Interval = None,
    **about: Any,
) -> Claim:
    """A claim that few of ``of`` things suffice, judged by the share of them that is not needed.

    It fails if the control needs less than twice as many. Counts differ little from network to network, so being just
    below a control is no evidence.
    """
    high = value if interval is None else interval[1]
    verdict = judged(1 - value / of, 1 - high / of, 0.0, 0.0) if _AT_MOST * control >= high else "fails"
    return Claim(claim_id, section, statement, "count", value, interval, of, control, None, verdict, **about)


def error_claim(claim_id: str, section: str, statement: str, value: float, *, control: float, **about: Any) -> Claim:
    """A claim that a difference vanishes, judged by how much smaller it is than the control's."""
    remaining = value / control if control > 0 else 1.0
    verdict = judged(1 - remaining, 1 - remaining, 0.0, 0.0)
    return Claim(claim_id, section, statement, "error", value, None, control, control, None, verdict, **about)


def measurement(
    claim_id: str,
    section: str,
    statement: str,
    value: float,
    *,
    control: float,
    interval: Interval = None,
    control_interval: Interval = None,
    **about: Any,
) -> Claim:
    """A share that is ranked beside others of its kind and gets no verdict."""
    return Claim(claim_id, section, statement, "share", value, interval, None, control, control_interval, None, **about)


def of_sample(claim: Claim, n: int, inputs: str) -> Claim:
    """The same claim where the inputs are a sample, so that every share is uncertain, and the statement says so.

    The interval of a share joins two sources of chance, which are independent: the sample of inputs (Wilson's interval
    for as many inputs as the fact ``inputs`` says, or else ``n``) and, where there is one, the interval over draws.

    Args:
        claim: the claim, computed as if the inputs were all.
        n: the number of inputs in the sample.
        inputs: the sample in words, such as "a sample of 5,000 inputs".
    """
    statement = f"{claim.statement} (of {inputs})"
    if claim.kind != "share" or claim.value is None:
        return replace(claim, statement=statement)
    n = claim.facts.get("inputs", n)
    interval = _joined(claim.value, claim.interval, n)
    control_interval = _joined(claim.control, claim.control_interval, n)
    verdict = claim.verdict
    if verdict in _RANK and claim.chance is not None:
        verdict = worse_of([verdict, judged(claim.value, interval[0], claim.chance, control_interval[1])])
    return replace(claim, statement=statement, interval=interval, control_interval=control_interval, verdict=verdict)


def _joined(value: Number, drawn: Interval, n: int) -> tuple[float, float]:
    sampled = Share.counted(round(min(max(value, 0.0), 1.0) * n), n)
    low, high = (value, value) if drawn is None else drawn
    return (
        max(0.0, value - hypot(value - low, value - min(sampled.low, value))),
        min(1.0, value + hypot(high - value, max(sampled.high, value) - value)),
    )


def untested(claim_id: str, section: str, statement: str, *, control: float, **about: Any) -> Claim:
    """A claim that this network gives no occasion to test."""
    return Claim(claim_id, section, statement, "share", None, None, None, control, None, "not applicable", **about)
