"""How often each claim holds where it is true, and how often where it is false, in networks that were planted.

    python -m benchmarks.calibration [--rounds 6] [--out RESULTS.jsonl] [--table-of RESULTS.jsonl]

Networks of known mechanism (`benchmarks/mechanisms.py`, `tests/planted_algorithms.py`, `tests/hidden_inner.py`) are
disguised in 128 dimensions, with noise of 0, 1, 3 and 10% of each weight's spread, and studied. Others are trained on
the answers of planted ones, memorise random labels, or are untrained. `benchmarks/declared_truth.py` says in which of
them each claim is true. It runs from the root of the repository, on one thread.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from benchmarks import declared_truth as truth
from benchmarks.disguise import disguised
from benchmarks.mechanisms import binary, gated, looked_up, multiplying, trained, untrained
from tests.hidden_inner import Hiding, Sizes, hide
from tests.planted_algorithms import PlantedAlgorithm as Planting
from tests.planted_algorithms import by_attention, by_contributions, by_frequencies

from scrubjay.core.parallel import one_thread_each
from scrubjay.core.stats import Share
from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.line import Found, Line
from scrubjay.evidence.rivals import RIVALS
from scrubjay.evidence.rivals.measure import RivalsResult
from scrubjay.evidence.rivals.row_swaps import read_rows
from scrubjay.run import Run, Settings
from scrubjay.study import LINES, explain
from scrubjay.tasks.task import Task

NOISES = (0.0, 0.01, 0.03, 0.1)
"""The standard deviations of the noise, as shares of each weight's own."""
TOKENS = 12
"""How many tokens stand at each of two positions of most networks."""
SETTINGS = Settings(draws=10)


def _rows_only(run: Run, settings: Settings, found: Found) -> RivalsResult:
    """The test of rows without the rivals, which take half of a study's time and get no verdict."""
    embeddings = found.get(EMBEDDINGS)
    rows = None if embeddings is None or len(run.task.domain.shape) != 2 else read_rows(run, embeddings.parts, settings)
    return RivalsResult(run, (), 0, rows)


ALL: tuple[Line[Any], ...] = tuple(
    replace(line, measure=_rows_only) if line is RIVALS else line for line in LINES if line is not LABELS
)
"""All lines but the one about the labels' program, and of the rivals only the test of rows."""
NO_INNER = tuple(line for line in ALL if line is not INNER)
"""The search for an inner network takes longest; it is left out where nothing is declared of it."""
NO_FILTERS = tuple(line for line in ALL if line is not FILTERS)
"""Nothing is declared of filters in networks that were planted for their inner network."""
ANSWERS_ONLY = (ANSWERS,)


@dataclass(frozen=True)
class Family:
    """Networks of one kind.

    Attributes:
        name: as in the declared truth.
        make: makes a network and its task from a seed and a size of noise.
        noises: the sizes of noise.
        times: how many networks each round makes for each size of noise; 0.5 stands for one in every second round.
        lines: the lines of evidence that are followed.
    """

    name: str
    make: Callable[[int, float], Planting]
    noises: Sequence[float] = (0.0,)
    times: float = 1.0
    lines: tuple[Line[Any], ...] = ALL


def _hidden_away(make: Callable[[int], Planting]) -> Callable[[int, float], Planting]:
    def both(seed: int, noise: float) -> Planting:
        planted = make(seed)
        return Planting(disguised(planted.network, seed, noise), planted.task)

    return both


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _inner(seed: int, noise: float) -> Planting:
    """An inner network of two heads or more and two hinges or more."""
    draw = _generator(seed)
    sizes = Sizes.drawn(draw, tokens=TOKENS)
    while len(sizes.ranks) < 2 or sizes.hinges < 2:
        sizes = Sizes.drawn(draw, tokens=TOKENS)
    found = hide(seed, sizes, Hiding(noise=noise))
    return Planting(found.network, found.task)


def _sum(seed: int) -> Planting:
    values = torch.tensor([-4, -2, -1, 0, 1, 3])[torch.randperm(6, generator=_generator(seed))]
    return by_contributions(values.tolist(), 3)


def _frequencies(seed: int) -> Planting:
    p = (11, 13)[seed % 2]
    chosen = (torch.randperm(p // 2, generator=_generator(seed))[:2] + 1).tolist()
    return by_frequencies(p, chosen, rename=torch.randperm(p, generator=_generator(seed)))


def _parity(seed: int) -> Planting:
    planted = by_frequencies(13, (torch.randperm(6, generator=_generator(seed))[:2] + 1).tolist())
    even_odd = tuple(tuple(range(first, 13, 2)) for first in (0, 1))
    labels = planted.task.labels
    assert labels is not None
    return Planting(planted.network, Task("parity", planted.task.domain, even_odd, labels=labels % 2))


def _residues(seed: int) -> Planting:
    planted = by_frequencies(13, (torch.randperm(6, generator=_generator(seed))[:2] + 1).tolist())
    chosen, labels = torch.randperm(13, generator=_generator(seed + 1)).tolist(), planted.task.labels
    assert labels is not None
    ones = tuple(sorted(chosen[:6]))
    classes = (tuple(sorted(chosen[6:])), ones)
    return Planting(
        planted.network,
        Task("residues", planted.task.domain, classes, labels=torch.isin(labels, torch.tensor(ones)).long()),
    )


def _square(t: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(t)[:, None], torch.arange(t)[None, :]


def _addition_looked_up(seed: int) -> Planting:
    a, b = _square(11)
    return looked_up((a + b) % 11, 11, words="addition looked up")


def _largest_looked_up(seed: int) -> Planting:
    return looked_up(torch.maximum(*_square(10)), 10, words="largest looked up")


def _sum_looked_up(seed: int) -> Planting:
    values = torch.randint(-4, 5, (TOKENS,), generator=_generator(seed))
    return looked_up((values[:, None] + values[None, :]).sign() + 1, 3, words="sum looked up")


def _random_labels(seed: int) -> torch.Tensor:
    return torch.randint(2, (TOKENS, TOKENS), generator=_generator(seed))


def _random_looked_up(seed: int) -> Planting:
    return looked_up(_random_labels(seed), 2, words="random labels")


def _memorised(seed: int, noise: float) -> Planting:
    return trained(binary("random labels", TOKENS, _random_labels(seed).flatten()), seed)


def _shuffled(seed: int) -> Planting:
    planted = gated("AND", seed)
    assert planted.task.labels is not None
    order = torch.randperm(len(planted.task.labels), generator=_generator(seed))
    return Planting(planted.network, replace(planted.task, labels=planted.task.labels[order]))


def families() -> tuple[Family, ...]:
    """All families, with the number of networks of each."""
    attended = [name.partition(",")[0] for name in truth.ATTENDING]
    groups = [("dihedral", 5, (1, 2)), ("symmetric", 3, ()), ("dihedral", 7, (1,))]
    lookups = (_addition_looked_up, _largest_looked_up, _sum_looked_up)
    once, twice = NOISES[:1], NOISES[:2]
    return (
        Family(truth.INNER[0], _inner, NOISES, 2 / 3, NO_FILTERS),
        *(Family(g, _hidden_away(partial(gated, g)), NOISES, 0.5) for g in truth.GATES),
        *(
            Family(name, _hidden_away(partial(gated, g, attending=True)), NOISES, 1 / 3)
            for name, g in zip(truth.ATTENDING, attended, strict=True)
        ),
        Family(truth.HALF[0], _hidden_away(partial(gated, "half")), NOISES, 0.5),
        Family(truth.SUMS[0], _hidden_away(_sum), NOISES),
        Family(truth.FREQUENCIES[0], _hidden_away(_frequencies), NOISES, 1.0, NO_INNER),
        *(
            Family(name, _hidden_away(partial(multiplying, *of)), NOISES, 0.5, NO_INNER)
            for name, of in zip(truth.GROUPS, groups, strict=True)
        ),
        Family(truth.MAXIMUM[0], _hidden_away(lambda seed: by_attention(5 + seed % 3, 3)), NOISES),
        *(
            Family(name, _hidden_away(make), twice, 1.0, NO_INNER)
            for name, make in zip(truth.LOOKED_UP, lookups, strict=True)
        ),
        Family(truth.PARITY[0], _hidden_away(_parity), once, 1.0, NO_INNER),
        Family(truth.RESIDUES[0], _hidden_away(_residues), twice, 1.5, NO_INNER),
        Family(truth.RANDOM[0], _hidden_away(_random_looked_up), once, 1.5, NO_INNER),
        Family(truth.RANDOM[1], _memorised, once, 2.0),
        Family(truth.UNTRAINED[0], lambda seed, _: untrained(seed), once, 3.5),
        Family(truth.UNTRAINED_MANY[0], lambda seed, _: untrained(seed, tokens=11, classes=11), once, 1.5, NO_INNER),
        Family(truth.SHUFFLED[0], _hidden_away(_shuffled), once, 3.0, ANSWERS_ONLY),
        Family(truth.TRAINED[0], lambda seed, _: trained(gated("AND", seed).task, seed), once, 0.5),
        Family(truth.TRAINED[1], lambda seed, _: trained(gated("half", seed).task, seed), once, 0.5),
        Family(truth.TRAINED[2], lambda seed, _: trained(_inner(seed, 0.0).task, seed), once, 0.5, NO_FILTERS),
        Family(truth.TRAINED[3], lambda seed, _: trained(_addition_looked_up(seed).task, seed), once, 0.5, NO_INNER),
    )


def study_all(rounds: int, first_seed: int, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Study every network, one after the other; yields what is kept of each.

    Each round has networks of all families, so that a run that is cut short is balanced.
    """
    for number in range(rounds):
        for family in families():
            seeds = range(*(int(family.times * at + 1e-9) for at in (number, number + 1)))
            if only and family.name not in only:
                continue
            for seed, noise in product(seeds, family.noises):
                planted = family.make(first_seed + seed, noise)
                began = time.process_time()
                study = explain(planted.network, planted.task, SETTINGS, lines=family.lines)
                yield {
                    "family": family.name,
                    "noise": noise,
                    "seed": first_seed + seed,
                    "seconds": round(time.process_time() - began, 2),
                    "verdicts": {c.id: c.verdict for c in study.claims if c.verdict not in (None, "not applicable")},
                    "values": {c.id: [c.value, c.chance, c.control] for c in study.claims if c.verdict},
                    "skipped": {each.line: each.reason for each in study.skipped},
                }


def rate(networks: Sequence[dict[str, Any]], row: truth.Row) -> tuple[int, int]:
    """In how many networks the claim of a row holds, and how many there are; a claim that is not made does not hold."""
    return sum(row.verdict(network["verdicts"]) == "holds" for network in networks), len(networks)


def cell(count: int, n: int) -> str:
    """A count of networks as a share with Wilson's interval."""
    if not n:
        return ""
    share = Share.counted(count, n)
    return f"{count}/{n} ({100 * share.low:.0f}–{100 * share.high:.0f}%)"


def table(networks: Sequence[dict[str, Any]]) -> str:
    """The calibration table in Markdown: a row for each claim."""
    lines = [
        "| claim | true: no noise | noise 1% | noise 3% | noise 10% "
        "| false: something else planted | random or shuffled labels | untrained | false, together |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    kept = []
    for noise in NOISES:
        some = [e for e in networks if e["family"] in truth.PLANTED and e["noise"] == noise and e["values"]]
        shares = [e["values"]["accuracy.all"][0] for e in some if "accuracy.all" in e["values"]]
        kept.append(f"{mean(shares):.1%} of {len(shares)}" if shares else "")
    lines.append(f"| planted answers that the networks give, mean | {' | '.join(kept)} | | | | |")
    for row in truth.ROWS:
        true = [[e for e in networks if e["family"] in row.true and e["noise"] == noise] for noise in NOISES]
        groups = (row.other, row.shuffled, row.untrained)
        false = [[e for e in networks if e["family"] in some and row.counts(e["verdicts"])] for some in groups]
        cells = [cell(*rate(some, row)) for some in (*true, *false, [e for some in false for e in some])]
        if any(cells):
            lines.append(f"| `{row.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def trained_table(networks: Sequence[dict[str, Any]]) -> str:
    """How often each claim holds in trained networks, whose mechanism nobody planted."""
    lines = ["| claim | " + " | ".join(truth.TRAINED) + " |", "|---|" + "---|" * len(truth.TRAINED)]
    for row in truth.ROWS:
        counts = [rate([e for e in networks if e["family"] == name], row) for name in truth.TRAINED]
        if any(held for held, _ in counts):
            lines.append(f"| `{row.name}` | " + " | ".join(f"{held}/{n}" for held, n in counts) + " |")
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    """Study the networks and print the tables, or print the tables of an earlier run."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=6, help="rounds, of about 54 networks each")
    asked.add_argument("--seed", type=int, default=1000, help="the first seed")
    asked.add_argument("--only", nargs="*", default=[], help="the families to study")
    asked.add_argument("--out", type=Path, help="write a line of JSON for each network")
    asked.add_argument("--table-of", type=Path, nargs="*", help="print the tables of the lines of earlier runs")
    words = asked.parse_args(given)
    networks: list[dict[str, Any]] = []
    if words.table_of:
        networks = [json.loads(line) for path in words.table_of for line in path.read_text().splitlines()]
    else:
        with one_thread_each():
            for found in study_all(words.rounds, words.seed, words.only):
                networks.append(found)
                if words.out is not None:
                    with words.out.open("a") as file:
                        file.write(json.dumps(found) + "\n")
    seconds = sum(network["seconds"] for network in networks)
    print(f"{len(networks)} networks, {seconds / 60:.0f} minutes of one core\n")
    print(f"{table(networks)}\n\n{trained_table(networks)}")


if __name__ == "__main__":
    main()
