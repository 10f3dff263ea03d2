"""Find the network inside several networks, and print what recurs as one table.

    python examples/inner/table.py --runs runs [--grokked progress_measures_wd_10-1.pth]

The command trains what is missing in the folder given with --runs: four networks of the challenge for 500 epochs, two
for 1,500, and a control that memorises random labels. It takes about ten minutes on two idle cores, and half a minute
if everything has been trained before. It writes the table to examples/inner/table.md as well. The grokked network of
Nanda et al. (2023) is read if its checkpoint is given; see https://github.com/mechanistic-interpretability-grokking.
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import scrubjay
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.measure import InnerResult
from scrubjay.evidence.inner.naming import rule
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.study import Study
from scrubjay.tasks.named import split_task

SEEDS = {1: 500, 2: 500, 3: 500, 4: 500, 5: 1500, 6: 1500}
"""The epochs of training for each seed."""
RANDOM_EPOCHS = 1000
"""The epochs of training on random labels, until they are memorised."""
ONES = 0.44
"""The share of class 1 among the random labels, which is that of the challenge's."""
FEW = 4
"""The most hinges whose rule is written out."""
TOKENS = 113
"""The number of tokens at each position of the challenge."""


def trained(runs: Path, seed: int, epochs: int) -> SavedNetwork:
    """A network of the challenge, which is trained if the folder does not hold it yet."""
    folder = runs / f"seed-{seed}"
    if not (folder / "network.safetensors").exists():
        task = scrubjay.challenge2()
        assert task.recipe is not None
        scrubjay.train_into(folder, task, replace(task.recipe, seed=seed, epochs=epochs))
    return scrubjay.load_network(folder)


def memorised(runs: Path) -> tuple[SavedNetwork, Path]:
    """A network that memorises random labels on half of the inputs, and the file of these labels."""
    folder, labels = runs / "random", runs / "random.npz"
    if not labels.exists():
        runs.mkdir(parents=True, exist_ok=True)
        np.savez(labels, labels=np.random.default_rng(0).random((TOKENS, TOKENS)) < ONES)
    if not (folder / "network.safetensors").exists():
        task, recipe = split_task(str(labels), 0.5), scrubjay.challenge2().recipe
        assert recipe is not None
        scrubjay.train_into(folder, task, replace(recipe, epochs=RANDOM_EPOCHS))
    return scrubjay.load_network(folder), labels


def grokked(path: Path) -> SavedNetwork:
    """The grokked network of Nanda et al. (2023), from its checkpoint."""
    network = scrubjay.import_network(path).network
    return SavedNetwork(network, "grokked", f"modular_addition:p={TOKENS}", None, {})


ROWS: tuple[tuple[str, Callable[[InnerResult, Study], str]], ...] = (
    ("accuracy", lambda found, study: _share(study, "accuracy.all")),
    ("dimensions", lambda found, study: str(found.inner.parts.dimensions)),
    ("heads (of), ranks", lambda found, study: _heads(found)),
    ("hinges (neurons)", lambda found, study: f"{found.inner.parts.hinges} ({found.run.network.config.d_mlp})"),
    ("numbers", lambda found, study: f"{found.inner.parts.numbers:,}"),
    ("agreement", lambda found, study: f"{found.inner.agreement:.2%}"),
    ("smallest with 99%: numbers, heads, hinges", lambda found, study: _smallest(found)),
    ("fewest hinges, all heads", lambda found, study: _few(found)),
    ("mistakes reproduced", lambda found, study: _share(study, "inner.mistakes")),
    ("random groups of neurons: agreement", lambda found, study: _random(found)),
    ("interchange of hinges: all", lambda found, study: _fact(study, "hinges", "everywhere")),
    ("... where the answer changes", lambda found, study: _share(study, "inner.interchange.hinges")),
    ("... random groups, all / changes", lambda found, study: _control(study, "hinges", "random")),
    ("... renamed tokens, all / changes", lambda found, study: _control(study, "hinges", "renamed")),
    ("... untrained, all / changes", lambda found, study: _control(study, "hinges", "untrained")),
    ("interchange of heads: all", lambda found, study: _fact(study, "heads", "everywhere")),
    ("... where the answer changes", lambda found, study: _share(study, "inner.interchange.heads")),
    ("... random groups, all / changes", lambda found, study: _control(study, "heads", "random")),
    ("... renamed tokens, all / changes", lambda found, study: _control(study, "heads", "renamed")),
    ("... untrained, all / changes", lambda found, study: _control(study, "heads", "untrained")),
    ("scrubbed: answers left", lambda found, study: _share(study, "inner.scrub")),
    ("scrubbed, random groups", lambda found, study: _scrubbed_at_random(found)),
    ("additive: agreement", lambda found, study: _share(study, "inner.additive")),
    ("additive: unseen half", lambda found, study: _unseen(study)),
    ("mixed by attention, at most", lambda found, study: _mixed(found)),
    ("one token's numbers exchanged", lambda found, study: _share(study, "inner.numbers")),
    ("rule for class 1, with the fewest hinges", lambda found, study: _rule(found)),
    ("signs of z at small and at large B, most rows", lambda found, study: _signs(found)),
    ("rows: always", lambda found, study: _kind(found, "always")),
    ("rows: only for small B", lambda found, study: _kind(found, "only for small B")),
    ("rows: only for large B", lambda found, study: _kind(found, "only for large B")),
    ("rows: never", lambda found, study: _kind(found, "never")),
)
"""The rows of the table, each with how its entry is read off a study of one network."""


def _claim(study: Study, claim_id: str) -> scrubjay.Claim | None:
    return next((claim for claim in study.claims if claim.id == claim_id), None)


def _share(study: Study, claim_id: str) -> str:
    claim = _claim(study, claim_id)
    return "-" if claim is None or claim.value is None else f"{claim.value:.1%}"


def _fact(study: Study, kind: str, name: str) -> str:
    claim = _claim(study, f"inner.interchange.{kind}")
    value: Any = None if claim is None else claim.facts.get(name)
    return "-" if value is None else f"{value:.1%}"


def _control(study: Study, kind: str, control: str) -> str:
    return f"{_fact(study, kind, f'{control}_everywhere')} / {_fact(study, kind, control)}"


def _random(found: InnerResult) -> str:
    return "-" if found.random_groups is None else f"{found.random_groups[0]:.1%}"


def _scrubbed_at_random(found: InnerResult) -> str:
    return "-" if found.scrubbed.random is None else f"{found.scrubbed.random.mean:.1%}"


def _heads(found: InnerResult) -> str:
    ranks = found.inner.parts.ranks
    return f"{len(ranks)} ({found.run.network.config.n_heads}): {', '.join(map(str, ranks))}"


def _smallest(found: InnerResult) -> str:
    each = found.found.smallest[0.99]
    return "-" if each is None else f"{each.parts.numbers:,}, {len(each.parts.ranks)}, {each.parts.hinges}"


def _few(found: InnerResult) -> str:
    few = found.found.few_hinges
    return f"{len(few.layer.planes)}: {few.agreement:.2%}"


def _unseen(study: Study) -> str:
    claim = _claim(study, "inner.additive")
    return f"{claim.facts['unseen']:.1%}" if claim is not None and "unseen" in claim.facts else "-"


def _mixed(found: InnerResult) -> str:
    return "-" if found.meaning is None else f"{float(found.meaning.additive.shares[-1].max()):.1%}"


def _rule(found: InnerResult) -> str:
    few = found.meaning is not None and found.meaning.kinds is not None and len(found.meaning.quantities.outputs) <= FEW
    return rule(found.meaning).replace("|", "\\|") if few and found.meaning is not None else "-"


def _signs(found: InnerResult) -> str:
    if _rule(found) == "-" or found.meaning is None or found.meaning.kinds is None:
        return "-"
    counts: dict[tuple[str, str], int] = {}
    for members, signs in zip(found.meaning.kinds.members, found.meaning.kinds.signs, strict=True):
        counts[signs] = counts.get(signs, 0) + len(members)
    return " to ".join(max(counts, key=lambda signs: counts[signs]))


def _kind(found: InnerResult, name: str) -> str:
    if found.meaning is None or found.meaning.kinds is None:
        return "-"
    kinds = dict(zip(found.meaning.kinds.names, found.meaning.kinds.members, strict=True))
    return str(len(kinds.get(name, ())))


def main() -> None:
    """Train what is missing, follow the line of evidence in every network, and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=Path, required=True, help="the folder of the trained networks")
    arguments.add_argument("--grokked", type=Path, help="the checkpoint progress_measures_wd_10-1.pth")
    asked = arguments.parse_args()
    networks: dict[str, tuple[SavedNetwork, str | None]] = {"bundled": (scrubjay.load_network("bundled"), None)}
    for seed, epochs in SEEDS.items():
        networks[f"seed {seed}, {epochs} epochs"] = (trained(asked.runs, seed, epochs), None)
    network, labels = memorised(asked.runs)
    networks["random labels"] = (network, str(labels))
    if asked.grokked is not None:
        networks["grokked addition"] = (grokked(asked.grokked), None)
    from scrubjay.evidence.answers import ANSWERS

    columns: list[list[str]] = []
    for saved, task in networks.values():
        start = time.perf_counter()
        study = scrubjay.explain(saved, task, lines=[ANSWERS, INNER])
        seconds = time.perf_counter() - start
        found = study.found.of(INNER)
        columns.append([read(found, study) for _, read in ROWS] + [f"{seconds:.1f} s"])
    names = [*(name for name, _ in ROWS), "time, with all controls"]
    lines = [f"| | {' | '.join(networks)} |", "|---" * (1 + len(networks)) + "|"]
    lines += [f"| {name} | {' | '.join(column[at] for column in columns)} |" for at, name in enumerate(names)]
    text = "\n".join(lines) + "\n"
    print(text)
    print(f"Largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    (Path(__file__).parent / "table.md").write_text(text)


if __name__ == "__main__":
    main()
