"""What is said of shifted residual streams."""

from scrubjay.core.claim import Claim, Verdict, share_claim
from scrubjay.core.stats import Score
from scrubjay.evidence.steering.measure import SteeringResult
from scrubjay.evidence.steering.shifts import Steering

_SECTION = "steering"


def claims(result: SteeringResult) -> list[Claim]:
    """Make two claims for each network: about random shifts, and about shifts along the filters."""
    return [
        claim
        for name in result.random
        for claim in (
            _random(name, result.random[name], result.at_best[name]),
            _boundary(name, result.boundary[name], result.at_best[name]),
        )
    ]


def answer(result: SteeringResult) -> str:
    """Say how often the filters predict the full network's answer after a shift."""
    random = _random("full", result.random["full"], result.at_best["full"])
    along = _boundary("full", result.boundary["full"], result.at_best["full"])
    return (
        f"After a shift along the filters, they predict {along.shown} of the answers (their prediction before it: "
        f"{along.control:.1%}); after a random shift, {random.shown} ({random.control:.1%})."
    )


def _random(name: str, steering: Steering, at_best: Verdict) -> Claim:
    """The claim about random shifts. Their directions are a sample of all directions, so the mean has an interval."""
    area, control = Score.over(steering.area.tolist()), Score.over(steering.control_area.tolist())
    return share_claim(
        f"steering.random{_tail(name)}",
        _SECTION,
        f"Under random shifts of length 0 to {steering.lengths[-1]:g} the filters predict the {name} network's answer "
        f"(mean over lengths; {_reach(steering.reach)}; control: their prediction before the shift)",
        area.mean,
        interval=area.interval,
        chance=control.mean,
        control=control.mean,
        control_interval=control.interval,
        at_best=at_best,
        facts={"directions": area.draws, "reach": steering.reach},
    )


def _boundary(name: str, steering: Steering, at_best: Verdict) -> Claim:
    return share_claim(
        f"steering.boundary{_tail(name)}",
        _SECTION,
        f"Under shifts along the filters the filters predict the {name} network's answer (mean over lengths; "
        f"{_reach(steering.reach)}; control: their prediction before the shift)",
        float(steering.area.mean()),
        chance=steering.control,
        control=steering.control,
        at_best=at_best,
        headline=name == "full",
        topic="answers predicted under shifts along the filters",
        facts={"reach": steering.reach},
    )


def _tail(name: str) -> str:
    return "" if name == "full" else f".{name}"


def _reach(length: float | None) -> str:
    return "never below 90%" if length is None else f"below 90% from length {length:g}"
