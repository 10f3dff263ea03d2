"""How often the network inside a network is recovered where it was put there, and how much noise that bears.

    python -m benchmarks.planted_inner [--plants 100] [--noisy 40] [--others 20] [--untrained 5]

Small networks of 1 to 4 heads, 2 to 4 dimensions and 1 to 5 hinges are drawn at random and hidden in networks of 128
dimensions, up to 8 heads and 128 neurons (`tests/hidden_inner.py`). Without noise the smallest network that gives every
answer is compared with the hidden one; with noise, the smallest that gives 99.5% of the answers. The last table has
untrained networks of the same sizes, where nothing was hidden. It runs from the root of the repository and takes some
minutes on one core.
"""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import mean

import torch
from tests.hidden_inner import HiddenInner, Hiding, Sizes, hide, share

import scrubjay
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.evidence.inner.condensing import condense_run
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.nets.config import Config
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

NOISES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""The standard deviations of the noise that is added to every weight, as shares of each weight's own."""
NOISY_TARGET = 0.995
"""The share of the answers that the network found must give where there is noise."""
TARGETS = (0.99, 0.995)
"""The shares of the answers for which untrained networks are condensed."""


@dataclass(frozen=True)
class Trial:
    """What was found of one hidden network.

    Attributes:
        kept: the share of the small network's answers that the network which hides it gives.
        is_found: whether a smaller network gives enough answers.
        size: whether its dimensions, heads, ranks and hinges are those of the small network.
        numbers: whether it is made of fewer numbers than the small network (-1), as many (0), or more (1).
        heads: whether the groups of heads are right.
        neurons: whether the groups of neurons are right, and those that are always on, and never.
        placed: the share of the neurons that bend which are in the right group.
        agreement: how often the network found gives the answer.
        seconds: the time that it took.
    """

    kept: float
    is_found: bool
    size: bool = False
    numbers: int = 0
    heads: bool = False
    neurons: bool = False
    placed: float = 0.0
    agreement: float = 0.0
    seconds: float = 0.0


def tried(hidden: HiddenInner, at_least: float) -> Trial:
    """Condense a hidden network and compare what is found with what was hidden.

    Args:
        hidden: the network, and the truth about it.
        at_least: the share of the answers that the network found must give.
    """
    domain = hidden.task.domain
    said = hidden.network(domain.tokens(domain.inputs()))[:, -1].argmax(1)
    kept = share(hidden.task.class_of(said), hidden.small.answers)
    start = time.perf_counter()
    try:
        inner = scrubjay.condense(hidden.network, hidden.task, at_least=at_least).inner
    except BadInput:
        return Trial(kept, False)
    seconds = time.perf_counter() - start
    sizes, parts = hidden.sizes, inner.parts
    hidden_size = (sizes.dimensions, sorted(sizes.ranks), sizes.hinges)
    found_size = (parts.dimensions, sorted(parts.ranks), parts.hinges)
    numbers = parts.numbers - _numbers(sizes)
    return Trial(
        kept=kept,
        is_found=True,
        size=found_size == hidden_size,
        numbers=(numbers > 0) - (numbers < 0),
        heads=_sets(inner.parentage["heads"]) == hidden.groups_of_heads(),
        neurons=_neurons_are_right(inner, hidden),
        placed=_placed(inner.parentage["hinges"], hidden),
        agreement=inner.agreement,
        seconds=seconds,
    )


def _numbers(sizes: Sizes) -> int:
    """How many numbers the small network is made of."""
    r, c = sizes.dimensions, sizes.columns if sizes.classes == 2 else sizes.tokens + 1
    return sum((rank + 1) * (sizes.tokens + 1 + r) for rank in sizes.ranks) + sizes.hinges * (r + c) + (r + 1) * c


def _sets(groups: Iterable[Iterable[int]]) -> set[frozenset[int]]:
    return {frozenset(group) for group in groups}


def _neurons_are_right(inner: InnerNetwork, hidden: HiddenInner) -> bool:
    idle = [{*inner.parentage[name]} for name in ("always_on", "never_on")]
    return _sets(inner.parentage["hinges"]) == hidden.groups_of_neurons() and idle == hidden.idle_neurons()


def _placed(found: Sequence[Sequence[int]], hidden: HiddenInner) -> float:
    """The share of the neurons that bend in the group of their own hinge, under the best naming of the groups."""
    true = [*hidden.groups_of_neurons()]
    both = [[len({*group} & own) for own in true] for group in found]
    both += [[0] * len(true)] * (len(true) - len(found))
    if len(both) > 2 * len(true):  # most of the groups are too many; the largest ones may be named
        both = sorted(both, key=max, reverse=True)[: 2 * len(true)]
    most = max(sum(both[at][to] for to, at in enumerate(order)) for order in permutations(range(len(both)), len(true)))
    return most / sum(len(own) for own in true)


def row(name: str, trials: Sequence[Trial]) -> str:
    """A line of the first table."""
    found = [trial for trial in trials if trial.is_found]
    counts = [sum(getattr(trial, what) for trial in trials) for what in ("size", "heads", "neurons")]
    smaller, larger = (sum(trial.numbers == sign for trial in found) for sign in (-1, 1))
    cells: list[object] = [
        name,
        len(trials),
        f"{mean(trial.kept for trial in trials):.1%}",
        counts[0],
        smaller,
        larger,
        len(trials) - len(found),
        counts[1],
        counts[2],
        f"{mean(trial.placed for trial in found):.1%}" if found else "",
        f"{mean(trial.agreement for trial in found):.2%}" if found else "",
        f"{mean(trial.seconds for trial in found):.1f}" if found else "",
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEADER = (
    "| hidden networks | number | small network's answers kept | size right | smaller | larger | none found "
    "| heads right | neurons right | neurons placed right | agreement of what is found | seconds |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def many_heads(seed: int) -> HiddenInner:
    """A hidden network of more than eight heads."""
    sizes = Sizes.drawn(torch.Generator().manual_seed(seed))
    each = 12 // len(sizes.ranks)
    return hide(seed, sizes, Hiding(pieces=(each,) * len(sizes.ranks)))


def four_classes(seed: int) -> HiddenInner:
    """A hidden network of four classes, which are told by all logits."""
    return hide(seed, Sizes.drawn(torch.Generator().manual_seed(seed), classes=4))


def untrained(seed: int) -> str:
    """A line of the second table: an untrained network of the sizes that networks are hidden in.

    Its two logits are opposite, and its margin is taken relative to the median, so that both answers are equally
    frequent.
    """
    hiding = Hiding()
    domain = Domain.square(24, last=24)
    config = Config(25, 3, hiding.d_model, 8, hiding.d_head, hiding.d_mlp)
    network = Transformer.initialised(config, seed).requires_grad_(False).double()
    network.W_U[:, 0], network.W_U[:, 2:] = -network.W_U[:, 1], 0
    logits = network(domain.tokens(domain.inputs()))[:, -1]
    u = network.W_U[:, 1] - network.W_U[:, 0]
    ordered = (logits[:, 1] - logits[:, 0]).sort().values
    network.b_out -= u * ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1].mean() / u.square().sum()
    task = Task("untrained", domain, ((0,), (1,)))
    full = record(network, task)
    found = condense_run(network, task, full, Readout.of(network, task, full))
    few = found.few_hinges
    cells = [
        seed,
        len(few.anatomy.bending),
        few.anatomy.coordinates.r,
        f"{len(few.layer.planes)} ({few.agreement:.2%})",
    ]
    for target in TARGETS:
        best = found.smallest[target]
        parts = None if best is None else best.parts
        cells.append(
            "none" if parts is None else f"{parts.dimensions}, {', '.join(map(str, parts.ranks))}, {parts.hinges}"
        )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


UNTRAINED_HEADER = (
    "| untrained network | neurons that bend | dimensions | hinges for 99% with all heads "
    + "".join(f"| dimensions, ranks, hinges for {target:.1%} " for target in TARGETS)
    + "|\n|---|---|---|---|---|---|"
)


def main(given: Sequence[str] | None = None) -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--plants", type=int, default=100, help="the number of hidden networks without noise")
    asked.add_argument("--noisy", type=int, default=40, help="the number of hidden networks for each size of noise")
    asked.add_argument("--others", type=int, default=20, help="the number of hidden networks of each other kind")
    asked.add_argument("--untrained", type=int, default=5, help="the number of untrained networks")
    words = asked.parse_args(given)
    with one_thread_each():
        compare(words.plants, words.noisy, words.others, words.untrained)


def compare(plants: int, noisy: int, others: int, without_training: int) -> None:
    """Print both tables, line by line."""
    print(HEADER)
    print(row("no noise", [tried(hide(seed), 1.0) for seed in range(plants)]), flush=True)
    print(row("no noise, four classes", [tried(four_classes(seed), 1.0) for seed in range(others)]), flush=True)
    print(row("no noise, 12 heads", [tried(many_heads(seed), 1.0) for seed in range(others)]), flush=True)
    for noise in NOISES:
        trials = [tried(hide(seed, hiding=Hiding(noise=noise)), NOISY_TARGET) for seed in range(noisy)]
        print(row(f"noise of {noise:.1%}", trials), flush=True)
    print("\n" + UNTRAINED_HEADER)
    for seed in range(without_training):
        print(untrained(seed), flush=True)


if __name__ == "__main__":
    main()
