"""The family of networks that answer by a gate over filters: half-spaces of the residual stream after attention."""

from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from scrubjay.core.claim import Claim, Verdict, judged, measurement, share_claim, untested, worse_of
from scrubjay.core.stats import Share
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm.family import SECTION, CausalFamily, Setting
from scrubjay.evidence.algorithm.gate_tests import FilterExchange, GateExchange, GateModel
from scrubjay.evidence.drawing import CONTROL, INK, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.fit.gate import FILTER_NAMES
from scrubjay.run import Settings

_COUNTED = {2: "two filters", 3: "three filters"}
_CONTROLS = (
    ("random", "at_random"),
    ("leading", "top"),
    ("wrong sources", "wrong_sources"),
    ("renamed", "renamed"),
)
"""The controls, as the table and the figure call them."""


@dataclass(frozen=True, eq=False)
class GateResult:
    """How far a gate over filters is the algorithm of a network.

    Attributes:
        model: the gate and the network.
        together: what the exchange of each filter's value gave.
        singles: the same for each filter.
        chance: how often the answer of a random input is the prediction, where it changes.
        at_best: the verdict of the gate's own claim.
    """

    model: GateModel
    together: FilterExchange
    singles: tuple[FilterExchange, ...]
    chance: float
    at_best: Verdict

    @property
    def gate(self) -> str:
        """The gate and its filters in words."""
        gate = self.model.hypothesis.gate
        if gate.k == 1:
            return "the state of one filter"
        return f"the {gate.name.removesuffix(f' of {gate.k}')} of {_COUNTED[gate.k]}"

    @property
    def why_vacuous(self) -> str:
        """Why an exchange of a filter's value could say nothing of the algorithm; "" if it could."""
        if len(self.model.subspace) < 2:
            return "Only one direction matters, and its exchange exchanges everything"
        if self.model.run.network.config.attn_only:
            return "The answer is read from this site"
        return ""

    @property
    def verdict(self) -> Verdict | None:
        """What the exchange amounts to; None if it is vacuous or no prediction changes.

        It is worth no more than the claim that these are the filters.
        """
        found, control = self.together.found.changed, self.together.control
        if self.why_vacuous or found is None or control is None:
            return None
        return worse_of([judged(found.value, found.low, self.chance, control.high), self.at_best])


def _lacks(setting: Setting) -> str | None:
    return None if setting.filters is not None else ""


def _measure(setting: Setting, settings: Settings) -> GateResult:
    filters = setting.filters
    assert filters is not None
    subspace = filters.pca.components[: filters.gate.fit.r]
    model = GateModel(setting.run, filters.hypothesis, subspace)
    return GateResult(model, *model.tested(seed=settings.seed), at_best=filters.gate.verdict)


def _claims(result: GateResult) -> list[Claim]:
    words = (
        f"The answer follows {result.gate}: if one filter's value comes from another input, in resid_mid, and the gate "
        "then says another answer, the network gives that answer"
    )
    controls = (
        "(control: a random direction of the causal subspace, its leading component, wrong sources, or tokens renamed)"
    )
    topic = "interchange accuracy of the filters"
    test, overall = result.together, result.together.found.overall
    found, control, random = test.found.changed, test.control, test.at_random.overall
    if found is None or control is None:
        return [untested("algorithm.gate", SECTION, f"{words} {controls}", control=0.0, topic=topic)]
    values = {name: _value(getattr(test, name)) for _, name in _CONTROLS}
    as_well = control.high >= found.low
    facts = {
        "gate": result.model.hypothesis.gate.name,
        "filters": result.model.hypothesis.gate.k,
        "by_filter": [_value(single.found) for single in result.singles],
        **values,
        "vacuous": bool(result.why_vacuous) or as_well,
        "inputs": found.n,
    }
    about: dict[str, Any] = {
        "interval": found.interval,
        "control": control.value,
        "control_interval": control.interval,
        "facts": facts,
        "topic": topic,
    }
    if result.why_vacuous:
        words += f" {controls}. {result.why_vacuous}, so this test is vacuous and gets no verdict"
        gate = measurement("algorithm.gate", SECTION, words, found.value, **about)
    else:
        words += f" {controls}" + (". A control does as well, so this test is vacuous" if as_well else "")
        gate = share_claim(
            "algorithm.gate", SECTION, words, found.value, chance=result.chance, at_best=result.at_best, **about
        )
    return [
        gate,
        measurement(
            "algorithm.gate.all_pairs",
            SECTION,
            "The same on all pairs of inputs, whether the gate's answer changes or not (beside it: a random direction "
            "of the causal subspace)",
            overall.value,
            interval=overall.interval,
            control=random.value,
            control_interval=random.interval,
            topic="interchange accuracy of the filters, all pairs",
            facts={"inputs": overall.n},
        ),
    ]


def _value(test: GateExchange | None) -> float | None:
    return None if test is None or test.changed is None else test.changed.value


def _words(result: GateResult) -> list[str]:
    found, random = result.together.found.changed, result.together.at_random.changed
    gate = f"T{result.gate[1:]}"
    if found is None or random is None:
        return [f"{gate} was not tested as its algorithm, because no exchange changes what the gate says."]
    moves = f"swapping one filter's value moves the answer as predicted in {found.value:.1%} of cases"
    if result.why_vacuous:
        return [f"{gate} was tested as its algorithm: {moves}, but {_lowered(result.why_vacuous)}."]
    beside = f"(random directions inside the same subspace: {random.value:.1%})"
    said = {"holds": "is its algorithm", "partly": "is an approximation of its algorithm"}
    return [f"{gate} {said.get(str(result.verdict), 'is not its algorithm')}: {moves} {beside}."]


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _brief(result: GateResult) -> str:
    found, control = result.together.found.changed, result.together.control
    if found is None or control is None:
        return f"{result.gate}, not tested"
    vacuous = ", vacuous" if result.why_vacuous else ""
    return (
        f"{result.gate}; one exchanged {found.value:.1%} ({found.low:.1%} to {found.high:.1%}), control "
        f"{control.value:.1%}{vacuous}"
    )


def _tables(result: GateResult) -> list[Table]:
    def shown(test: GateExchange | None) -> str:
        return "" if test is None or test.changed is None else f"{test.changed.value:.1%}"

    def row(name: str, test: FilterExchange) -> tuple[str, ...]:
        share: Share | None = test.found.changed
        return (
            name,
            f"{0 if share is None else share.n:,}",
            shown(test.found),
            *(shown(getattr(test, field)) for _, field in _CONTROLS),
            f"{test.found.overall.value:.1%}",
        )

    singles = [row(name, test) for name, test in zip(FILTER_NAMES, result.singles, strict=False)]
    return [
        Table(
            f"The algorithm: {result.gate}, and one filter's value from another input",
            ("filter", "changes", "found", *(name for name, _ in _CONTROLS), "all pairs"),
            [*singles, *([row("each", result.together)] if len(singles) > 1 else [])],
            "“changes”: pairs of inputs on which the gate's answer changes; “found”: how often the network then gives "
            "it;\nbeside it the same with a random direction of the causal subspace, its leading component, wrong "
            "sources, and\nrenamed tokens; “all pairs”: how often the network gives the gate's answer on all pairs.",
        )
    ]


def _figures(result: GateResult) -> list[Picture]:
    return [
        Picture(
            "gate.png",
            "How often the answer is the gate's after one filter's value is exchanged, beside the controls",
            "Each dark bar is the share of answers as predicted where one filter's value comes from another input and "
            "the gate's answer changes; grey bars are controls.",
            lambda: _draw(result),
        )
    ]


def _draw(result: GateResult) -> Figure:
    figure = new_figure(7, 1.2 + 1.3 * len(result.singles))
    axes = figure.add_subplot()
    bars: list[tuple[str, float, str]] = []
    for name, test in zip(FILTER_NAMES, result.singles, strict=False):
        shares = [("found", test.found, INK)]
        shares += [(title, getattr(test, field), CONTROL) for title, field in _CONTROLS]
        bars += [(f"{name}: {title}", 100 * (_value(each) or 0.0), colour) for title, each, colour in shares]
    names, values, colours = zip(*reversed(bars), strict=True)
    axes.barh(names, values, color=colours)
    axes.set(title="answers as predicted", xlabel="% of pairs whose prediction changes")
    axes.set(xlim=(0, 102), ylabel="filter: where its value comes from")
    finish(figure, result.model.run, classes=False)
    return figure


GATES = CausalFamily("gates", _lacks, _measure, _claims, _figures, _tables, _words, _brief)
"""The family."""
