"""What is said of filters and their gate."""

from collections.abc import Sequence
from itertools import product

from scrubjay.core.claim import HOLDS, Claim, effect, share_claim
from scrubjay.core.table import Table
from scrubjay.evidence.filters.measure import FiltersResult, Fit, Gated, SideFilters
from scrubjay.evidence.filters.site_filters import SiteFilters
from scrubjay.fit.gate import Gate

_SECTION = "filters"
_ONE_FILTER = ((0, 1, 2, 3), (0, 2, 1, 3))
"""Rows of the truth table of two filters, in pairs that have the same answer in a gate of one filter only."""
_FILTERS = {1: "one filter", 2: "two filters", 3: "three filters"}


def claims(result: FiltersResult) -> list[Claim]:
    """Make two claims for each network: in the causal subspace, and in the first two components."""
    return [
        _claim(name, gated, suffix)
        for name, side in result.sides.items()
        for suffix, gated in (("", side.gate), (".2pc", side.gate_2pc))
    ]


def words(result: FiltersResult) -> list[str]:
    """Say which gate the full network computes."""
    gated = result.sides["full"].gate
    claim, name = _claim("full", gated, ""), gated.fit.filters.gate.name
    filters = _FILTERS[gated.fit.k].replace("filter", "linear filter")
    best = _found(gated.fit).replace("filter", "linear filter")
    on = {"AND": "are both on", "OR": "are not both off", "α": "is on"}.get(name, f"give {name}")
    gives = f"{claim.shown} of its answers, where the strongest control gives {claim.control:.1%}"
    if claim.verdict == "fails" and not gated.fit.is_used:
        return [
            f"No gate of linear filters of its post-attention residual stream explains this network: the best, "
            f"{best}, gives {gives}, but the network does not use their directions, since resampling all else leaves "
            f"{gated.fit.scrubbed.mean:.1%}."
        ]
    if claim.verdict == "fails" and effect(claim.control, float(claim.chance or 0)) >= HOLDS:
        return [
            f"That {best} of its post-attention residual stream gives {claim.shown} of its answers "
            f"proves nothing of this network: the strongest control gives {claim.control:.1%}."
        ]
    if claim.verdict == "fails":
        return [
            f"No gate of linear filters of its post-attention residual stream explains this network: the best, "
            f"{best}, gives {gives}."
        ]
    start = "The network" if claim.verdict == "holds" else "In part, the network"
    sentence = f"{start} answers 1 where {filters} of its post-attention residual stream {on}; that gives {gives}."
    return [sentence, *_equals(gated), *_by_signs(result)]


def _equals(gated: Gated) -> list[str]:
    """Say so if other gates of the same two filters give the same answers."""
    also = _also(gated)
    if not also:
        return []
    gate = gated.fit.filters.gate.name
    return [
        f"{' or '.join(also)} of the same filters gives the same answers as {gate}, because no input has every "
        f"combination of the two: the answers cannot tell these gates apart."
    ]


def _also(gated: Gated) -> list[str]:
    """The names of the other gates that differ from the gate of two filters only where no input lies.

    Gates that leave out a filter are no explanations of their own: fewer filters would have been chosen.
    """
    gate = gated.fit.filters.gate
    if gate.k != 2:
        return []
    occupied = (gated.reading.counts.sum(1) > 0).tolist()
    if sum(occupied) < 3:
        return []
    others = (Gate(table) for table in product((False, True), repeat=4))
    return [
        other.name
        for other in others
        if other != gate
        and all(a == b for a, b, here in zip(other.table, gate.table, occupied, strict=True) if here)
        and all(other.table[i] != other.table[j] or other.table[k] != other.table[m] for i, j, k, m in _ONE_FILTER)
    ]


def _by_signs(result: FiltersResult) -> list[str]:
    """Say where the gate falls short of the inner network."""
    signs = result.by_signs
    if signs is None or signs.same is None or signs.mixed is None or signs.mixed >= signs.same:
        return []
    return [
        f"As long as the inner hinges keep their signs, the inner rule is a single half-space, as a filter is: the "
        f"gate agrees with {signs.same:.1%} of the answers where {_all(signs.hinges)} hinges lie on the same side, and "
        f"with {signs.mixed:.1%} where they do not."
    ]


def _all(count: int) -> str:
    return "both" if count == 2 else f"all {count}"


def tables(result: FiltersResult) -> list[Table]:
    """Make the table of all fits: how well filters classify, and what is left when all else is resampled."""
    rows = [_row(name, side, fit) for name, side in result.sides.items() for fit in side.fits]
    found = [
        Table(
            "Filters: how often their gate gives the network's own answer (agreement), and how many of those answers\n"
            "stay when everything but the filters' directions is resampled (left)",
            ("network", "components", "filters", "gate", "agreement", "left", "reading"),
            rows,
            "probe: the filters tell the answers, but the network does not use their directions; trivial: there are as "
            "many\nfilters as dimensions, so that nothing inside the subspace is resampled",
        )
    ]
    signs = result.by_signs
    if signs is not None:
        found.append(
            Table(
                "Where the gate agrees with the network, by the signs of the inner network's hinges",
                ("signs of z", "inputs", "agreement"),
                [(name, f"{share:.1%}", f"{agrees:.1%}") for name, share, agrees in signs.rows],
            )
        )
    if result.sites:
        found.append(_sites_table(result.sites))
    return found


def _sites_table(sites: Sequence[SiteFilters]) -> Table:
    def row(site: SiteFilters) -> tuple[str, ...]:
        rest, *_, everything = site.scores.values()
        return (
            site.name,
            str(site.r),
            site.filters.gate.name,
            f"{site.agreement:.1%}",
            f"{rest.own.mean:.1%}",
            f"{everything.own.mean:.1%}",
        )

    return Table(
        "Filters at every site, tested by running the rest of the network from there",
        ("site", "components", "gate", "agreement", "left by [1]", "left by all"),
        [row(site) for site in sites],
        "[1]: everything but the filters' directions comes from another input; all: all licensed resamplings together.",
    )


def _claim(name: str, gated: Gated, suffix: str) -> Claim:
    fit = gated.fit
    control, control_interval = gated.controls.strongest
    where = "the first 2 components" if suffix else f"{fit.r} component{'s' * (fit.r > 1)}"
    trivial = _is_trivial(fit)
    spans = "; as many filters as dimensions" if trivial else ""
    used = "" if fit.is_used else "; too few answers stay when all else is resampled"
    found = _found(fit)
    topic = "answers given by two filters in the first two components" if suffix else "answers given by the gate"
    return share_claim(
        f"gate.{name}{suffix}",
        _SECTION,
        f"In {where} of resid_mid, {found} gives the {name} network's answer{spans}{used} (control: random directions, "
        f"or filters of an untrained network)",
        fit.agreement,
        chance=gated.controls.majority,
        control=control,
        control_interval=control_interval,
        at_best=gated.verdict,
        headline=name == "full" and not suffix,
        topic=topic,
        facts={
            "gate": fit.filters.gate.name,
            "filters": fit.k,
            "components": fit.r,
            "spans_subspace": fit.k >= fit.r,
            "also": _also(gated),
            "used": fit.is_used,
            "found": found,
        },
    )


def _found(fit: Fit) -> str:
    """The gate in words: a single filter needs no gate."""
    name = fit.filters.gate.name
    return _FILTERS[1] if name == "α" else f"{name} of {_FILTERS[fit.k]}"


def _is_trivial(fit: Fit) -> bool:
    return fit.k >= fit.r > 1


def _row(name: str, side: SideFilters, fit: Fit) -> tuple[str, ...]:
    components = str(fit.r)
    if fit.r == len(side.pca.mean):
        components = f"all {fit.r}"
    elif fit.r == side.gate.fit.r:
        components = f"{fit.r} (causal)"
    reading = "probe" if fit.is_probe else "trivial" if _is_trivial(fit) else ""
    return (
        name,
        components,
        str(fit.k),
        fit.filters.gate.name,
        f"{fit.agreement:.1%}",
        f"{fit.scrubbed.mean:.1%}",
        reading,
    )
