"""Claims over a population of networks: what recurs, what does not."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scrubjay.study.claims import Claim
from scrubjay.study.spread import Spread
from scrubjay.study.summary import Summary
from scrubjay.study.sweep import Member

RECURS, VARIES = 0.9, 0.1
"""From the first share of networks upwards a claim recurs, at the second and below it does not; between, it varies."""


@dataclass(frozen=True, eq=False)
class Network:
    """One network of a population: its sweep's member and what was found of it."""

    member: Member
    summary: Summary


@dataclass(frozen=True, eq=False)
class Population:
    """What a sweep found.

    Attributes:
        title: of the population.
        task: the words that name the task; epochs: that each network was trained for.
        networks: all that are explained, as they were at the end of training.
        along: the same networks at the epochs saved on the way.
        failures: what stopped the others, by name.
        spreads: every claim over the networks, in the order of the studies.
        sentences: what recurs and what does not, in words.
    """

    title: str
    task: str
    epochs: int
    networks: tuple[Network, ...]
    along: tuple[Network, ...]
    failures: Mapping[str, str]
    spreads: tuple[Spread, ...]
    sentences: tuple[str, ...]

    @classmethod
    def of(
        cls, task: str, epochs: int, found: Sequence[tuple[Member, Summary]], failures: Mapping[str, str]
    ) -> "Population":
        """Put the results of a sweep together."""
        networks = tuple(Network(*each) for each in found if each[1].epoch == epochs)
        spreads = tuple(Spread.of(claims) for claims in _by_id(networks).values())
        return cls(
            title=f"{len(networks)} networks on {task}",
            task=task,
            epochs=epochs,
            networks=networks,
            along=tuple(Network(*each) for each in found if each[1].epoch != epochs),
            failures=failures,
            spreads=spreads,
            sentences=tuple(_sentences(task, epochs, networks, spreads, failures)),
        )

    @property
    def paragraph(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that the population varies besides the seed."""
        return tuple(self.networks[0].member.settings) if self.networks else ()

    def spread(self, claim_id: str) -> Spread:
        """The spread of that claim."""
        return next(spread for spread in self.spreads if spread.id == claim_id)


def table_csv(population: Population) -> str:
    """One tidy table, a row a network, epoch and claim."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    settings = population.settings
    writer.writerow(
        ["network", "seed", *settings, "epoch", "claim", "value", "low", "high", "control", "verdict", "post"]
    )
    for network in (*population.networks, *population.along):
        member, summary = network.member, network.summary
        start = [member.name, member.recipe.seed, *(member.settings[key] for key in settings), summary.epoch]
        for claim in summary.claims:
            low, high = claim.interval or ("", "")
            post = "" if claim.post is None else claim.post
            writer.writerow([*start, claim.id, claim.value, low, high, claim.control, claim.verdict, post])
    return text.getvalue()


def _by_id(networks: Sequence[Network]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for network in networks:
        for claim in network.summary.claims:
            found.setdefault(claim.id, []).append(claim)
    return found


def _sentences(
    task: str, epochs: int, networks: Sequence[Network], spreads: Sequence[Spread], failures: Mapping[str, str]
) -> Iterator[str]:
    if not networks:
        yield f"No network of this sweep on {task} could be explained."
        return
    yield (
        f"{len(networks)} networks were trained on {task} for {epochs:,} epochs and explained"
        + (f"; {len(failures)} more failed" if failures else "")
        + "."
    )
    told = [spread for spread in spreads if len(spread.values) == len(networks) and spread.id in _TOLD]
    for kind, chosen in _kinds(told):
        if chosen:
            yield f"{kind}: {'; '.join(_clause(spread) for spread in chosen)}."
    yield from _gates(networks)
    yield from _rivalry(spreads)


def _gates(networks: Sequence[Network]) -> Iterator[str]:
    """Which gate the full network's answer is, as the claim about it says."""
    said = [claim.statement for network in networks for claim in network.summary.claims if claim.id == "gate.full"]
    gates = Counter(found[1] for found in map(_GATE.search, said) if found is not None)
    if gates:
        yield f"The gate: {', '.join(f'{gate} in {count}' for gate, count in gates.most_common())} of {len(said)}."


def _rivalry(spreads: Sequence[Spread]) -> Iterator[str]:
    """Which explanations foretell unseen answers best, and which the mistakes."""
    for words, ending in (("answers that they never saw", ""), ("the networks' mistakes among them", ".mistakes")):
        found = {
            spread.id.removeprefix("rival.").removesuffix(ending): spread
            for spread in spreads
            if spread.id.startswith("rival.") and spread.id.endswith(".mistakes") == bool(ending)
        }
        best = sorted(found, key=lambda name: -found[name].middle)[:_BEST]
        if best:
            told = ", ".join(f"{name} {found[name].middle:.1%}" for name in best)
            yield f"Of rival explanations fitted to the training half, these give most of {words} (medians): {told}."


_BEST = 3
_GATE = re.compile(r"answer is (.+?) in (?:the first )?\d+ component")
_TOLD = {
    "accuracy.test": "right answers on the test half",
    "frozen.agreement": "answers kept when attention is frozen to its mean",
    "subspace.causal": "directions of resid_mid that keep 99% of the answers",
    "gate.full": "a gate of the fewest filters in the causal subspace",
    "gate.full.2pc": "two filters in the first two principal components",
    "gate.frozen": "a gate of filters in the frozen network",
    "scrub.full.1": "answers kept when all but the filters' directions is resampled",
    "scrub.full.1+2+3a+3b": "answers kept under all licensed resamplings together",
    "steering.boundary": "shifts along a filter predicted from its boundary",
    "errors.boundary": "errors near a change of label",
}
"""The claims that the paragraph speaks of, in words."""


def _kinds(told: Sequence[Spread]) -> Iterator[tuple[str, list[Spread]]]:
    yield "What recurs (holds for 90% of the networks or more)", [s for s in told if s.holds.value >= RECURS]
    yield "What varies from network to network", [s for s in told if VARIES < s.holds.value < RECURS]
    yield "What does not recur (holds for 10% or fewer)", [s for s in told if s.holds.value <= VARIES]


def _clause(spread: Spread) -> str:
    of = f"holds for {spread.holds.count} of {spread.holds.n}"
    if spread.is_count:
        return f"{_TOLD[spread.id]} ({min(spread.values):.0f} to {max(spread.values):.0f}; {of})"
    post = "" if spread.post is None else f"; published {spread.post:.1%}"
    between = f"{min(spread.values):.1%} to {max(spread.values):.1%}, median {spread.middle:.1%}"
    return f"{_TOLD[spread.id]} ({between}{post}; {of})"
