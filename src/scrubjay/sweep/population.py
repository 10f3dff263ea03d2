"""A population: the networks of a sweep together, and which claims recur in them."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scrubjay.core.claim import Claim
from scrubjay.sweep.plan import Member
from scrubjay.sweep.spread import Spread
from scrubjay.sweep.summary import Summary

RECURS = 0.9
"""A claim recurs if it holds for at least this share of the networks, and in part if it holds at least partly there."""
VARIES = 0.1
"""A claim does not recur if it holds at least partly for at most this share. Otherwise it varies among networks."""
_FEW_NAMES = 2
"""As many different things that were found can always be told; more only if they recur."""
_BEST = 3
"""The number of measurements that the summary names from each ranking."""


@dataclass(frozen=True, eq=False)
class Network:
    """One network of a population.

    Attributes:
        member: its name, recipe and settings.
        summary: what was found about it.
    """

    member: Member
    summary: Summary


@dataclass(frozen=True, eq=False)
class Population:
    """What a sweep found.

    Attributes:
        title: a title for pages.
        task: the words that name the task.
        epochs: the number of epochs that each network was trained for.
        networks: the networks that could be explained, at the end of their training.
        along: the saved states of their training that were explained.
        failures: for each other network the error that stopped it, by the network's name.
        spreads: every claim with its values in all networks, in the order of the studies.
        sentences: which claims recur and which do not, in words.
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
        """Put the results of a sweep together.

        Args:
            task: the words that name the task.
            epochs: the number of epochs that each network was trained for. A summary of another epoch is of a saved
                state.
            found: the networks with what was found, as ``run_sweep`` returns them.
            failures: the errors that stopped the others, as ``run_sweep`` returns them.
        """
        networks = tuple(Network(*each) for each in found if each[1].epoch == epochs)
        spreads = tuple(spread for spread in map(Spread.of, _by_id(networks).values()) if spread is not None)
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
        """The fields of the recipe that the networks differ in, besides the seed."""
        return tuple(self.networks[0].member.settings) if self.networks else ()

    def spread(self, claim_id: str) -> Spread:
        """The values of one claim in all networks.

        Raises:
            KeyError: no network of this population has such a claim.
        """
        for spread in self.spreads:
            if spread.id == claim_id:
                return spread
        raise KeyError(f"this population has no claim {claim_id!r}; it has {', '.join(s.id for s in self.spreads)}")


def table_csv(population: Population) -> str:
    """Write one table with a row for each network, epoch and claim."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    settings = population.settings
    writer.writerow(
        [
            "network",
            "seed",
            *settings,
            "epoch",
            "claim",
            "value",
            "low",
            "high",
            "chance",
            "control",
            "verdict",
            "published",
            "found",
        ]
    )
    for network in (*population.networks, *population.along):
        member, summary = network.member, network.summary
        start = [member.name, member.recipe.seed, *(member.settings[key] for key in settings), summary.epoch]
        for claim in summary.claims:
            low, high = claim.interval or ("", "")
            told = [claim.value, low, high, claim.chance, claim.control, claim.verdict, claim.published]
            told.append(claim.facts.get("found"))
            writer.writerow([*start, claim.id, *("" if each is None else each for each in told)])
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
        + (f", and {len(failures)} more failed" if failures else "")
        + "."
    )
    told = [s for s in spreads if s.headline and s.holds is not None and len(s.values) == len(networks)]
    for kind, chosen in _kinds(told):
        if chosen:
            yield f"{kind}: {'; '.join(_clause(spread) for spread in chosen)}."
    yield from _what_was_found(told)
    yield from _rankings(spreads)


def _what_was_found(told: Sequence[Spread]) -> Iterator[str]:
    """For each headline that names what it found in each network: in how many networks it found what.

    Nothing is said if nearly every network has something else.
    """
    for spread in told:
        names = Counter(str(facts["found"]) for facts in spread.facts if "found" in facts)
        if names and len(names) <= max(_FEW_NAMES, names.total() / 2):
            counted = ", ".join(f"{name} in {count}" for name, count in names.most_common())
            yield f"{spread.topic.capitalize()}: {counted} of {names.total()}."


def _rankings(spreads: Sequence[Spread]) -> Iterator[str]:
    """The best of each ranking, by the median over networks."""
    rankings: dict[str, list[Spread]] = {}
    for spread in spreads:
        if "ranking" in spread.facts[0]:
            rankings.setdefault(str(spread.facts[0]["ranking"]), []).append(spread)
    for words, ranked in rankings.items():
        best = sorted(ranked, key=lambda spread: -spread.middle)[:_BEST]
        told = ", ".join(
            f"{spread.facts[0].get('rival', spread.topic or spread.id)} {spread.told(spread.middle)}" for spread in best
        )
        yield f"Best at predicting {words} (medians over networks): {told}."


def _kinds(told: Sequence[Spread]) -> Iterator[tuple[str, list[Spread]]]:
    most, few = f"at least {RECURS:.0%} of the networks", f"at most {VARIES:.0%}"
    kinds: dict[str, list[Spread]] = {
        f"What recurs (holds for {most})": [],
        f"What recurs in part (holds at least partly for {most})": [],
        "What varies from network to network": [],
        f"What does not recur (holds at least partly for {few})": [],
    }
    whole, in_part, varies, not_at_all = kinds.values()
    for spread in told:
        assert spread.holds is not None and spread.partly is not None
        if spread.holds.value >= RECURS:
            whole.append(spread)
        elif spread.partly.value >= RECURS:
            in_part.append(spread)
        else:
            (varies if spread.partly.value > VARIES else not_at_all).append(spread)
    yield from kinds.items()


def _clause(spread: Spread) -> str:
    assert spread.holds is not None and spread.partly is not None
    published = "" if spread.published is None else f"; published {spread.told(spread.published)}"
    between = f"{spread.told(min(spread.values))} to {spread.told(max(spread.values))}, median "
    of = f"holds for {spread.holds.count} of {spread.holds.n}"
    if spread.partly.count > spread.holds.count:
        of += f", at least partly for {spread.partly.count}"
    return f"{spread.topic} ({between}{spread.told(spread.middle)}{published}; {of})"
