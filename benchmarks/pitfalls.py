"""Networks that fall into published pitfalls of interpretability, and what the report says of them.

    python -m benchmarks.pitfalls

Each network is small and made on purpose. For each the table has a measure that is fooled, and the claims that a study
makes of the same network. It runs from the root of the repository and takes about a minute on one core.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from benchmarks.disguise import normal
from benchmarks.mechanisms import answers_of, binary, gated, looked_up
from tests.planted_algorithms import PlantedAlgorithm as Planting
from torch import Tensor

from scrubjay.core.claim import Claim, judged
from scrubjay.core.stats import Stopping, chance_share, share_of
from scrubjay.evidence.ablations import RestFromAnywhere
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.evidence.scrubbing import SCRUBBING
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named
from scrubjay.functions.recognition import name_function
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

SETTINGS = Settings(draws=10)
_LOUD = 30.0
"""How much larger the part of the stream that nothing reads is than the part that decides."""
_TABLES = 200


@dataclass(frozen=True)
class Pit:
    """A pitfall, a network that falls into it, and what the report says.

    Attributes:
        name: the pitfall and its source.
        network: the network.
        fooled: a measure that is fooled, in words with its value.
        said: what the report says.
        verdicts: the verdicts of the claims that matter, by id; "not made" for a claim that the study does not make.
        numbers: further figures, by name.
    """

    name: str
    network: str
    fooled: str
    said: str
    verdicts: dict[str, str]
    numbers: dict[str, float]


def between_inputs(seed: int = 0) -> Pit:
    """Scrubbing that passes because some inputs get right as often as others get wrong."""
    planted, u = _two_terms(seed)
    run = Run.of(planted.network, planted.task)
    stream = run.full.resid_mid
    filters = Filters(u[None], (stream.double() @ u).median()[None], Gate.conjunction(1), 1.0)
    scrubber = Scrubber.of(Hypothesis.of(filters, stream), stream, torch.eye(stream.shape[1], dtype=torch.float64)[:2])
    (score,) = scrub(
        scrubber,
        run.readout,
        run.full.classes,
        truth=planted.task.labels,
        stopping=Stopping(20),
        seed=seed,
        rows=[(RestFromAnywhere(),)],
    ).values()
    assert score.truth is not None and planted.task.labels is not None
    before = float((run.full.classes == planted.task.labels).double().mean())
    chance = chance_share(run.full.classes)
    verdict = judged(score.own.mean, score.own.low, chance, chance)
    return Pit(
        "scrubbing that passes by cancellation between inputs (Scheurer et al. 2023)",
        "answers by the sign of u + w, with labels by u; the hypothesis says that only u matters",
        f"accuracy {before:.1%} before and {score.truth.mean:.1%} after scrubbing: nothing seems lost",
        f"it counts own answers that stay, input by input: {score.own.mean:.1%} (chance {chance:.1%}): {verdict}",
        {"the hypothesis": verdict},
        {"before": before, "after": score.truth.mean, "own": score.own.mean},
    )


def between_components(seed: int = 0) -> Pit:
    """Scrubbing that passes because two neurons undo each other's effect."""
    planted = gated("half", seed)
    network = _with_opposite_neurons(planted.network, seed)
    study = explain(network, planted.task, SETTINGS, lines=(INNER, SUBSPACE, FILTERS, SCRUBBING))
    shuffled = torch.randperm(planted.task.domain.size, generator=torch.Generator().manual_seed(seed))
    alone = _answers_with_one_neuron_from(network, planted.task, shuffled)
    changed = float((alone != study.run.full.classes).double().mean())
    claims = ("gate.full", "scrub.full.1", "inner.scrub")
    verdicts = _verdicts(study, claims)
    held = all(verdict == "holds" for verdict in verdicts.values())
    return Pit(
        "scrubbing that passes by cancellation between components (Scheurer et al. 2023)",
        "one half-space, and two neurons with opposite outputs that read something else",
        f"resampled together, the two neurons change no answer; one of them alone changes {changed:.1%}",
        f"not caught: {_listed(verdicts)}. They are about directions of the stream, and are true of them; none is "
        "about single neurons that the inner network leaves out"
        if held
        else _listed(verdicts),
        verdicts,
        {"changed": changed},
    )


def flexible_map(seed: int = 0, p: int = 11) -> Pit:
    """Interchange accuracy of 100% on a random network whose map to the variables may be anything."""
    planted = _random_body(seed, p)
    study = explain(planted.network, planted.task, SETTINGS, lines=(ALGORITHM,))
    states, classes = study.run.full.resid_mid, study.run.full.classes
    accuracy = _interchange_by_lookup(states, classes, p, seed)
    labels = planted.task.labels
    assert labels is not None
    ids = ("algorithm.function", "algorithm.keys", "algorithm.swap", "algorithm.mosaic", "algorithm.single")
    verdicts = _verdicts(study, ids)
    return Pit(
        "interchange accuracy of 100% on a random network with a flexible enough map (arXiv 2507.08802)",
        f"untrained but for its unembedding, which is fitted so that it adds modulo {p}",
        f"a map that lists resid_mid for each pair of tokens has an interchange accuracy of {accuracy:.1%}",
        _listed(verdicts),
        verdicts,
        {"accuracy": accuracy, "right": share_of(classes == labels)},
    )


def high_metric(seed: int = 0) -> Pit:
    """A metric that stays high while behaviour breaks: the explained variance."""
    planted = gated("AND", seed)
    network = _loud(planted.network, seed)
    study = explain(network, planted.task, SETTINGS, lines=(SUBSPACE, FILTERS, SCRUBBING))
    few, needed = study.claim("variance.components"), study.claim("subspace.causal")
    kept = _kept_by(study, int(few.value or 0))
    verdicts = _verdicts(study, ("variance.components", "subspace.causal", "gate.full.2pc", "gate.full"))
    return Pit(
        "a metric that stays high while behaviour breaks",
        f"AND of two filters, beside two directions of {_LOUD:g} times the spread that nothing reads",
        f"{few.value} components hold 99% of the variance, but keep {kept:.1%} of the answers",
        f"{needed.value} components are needed for the answers; {_listed(verdicts)}",
        verdicts,
        {"components": float(few.value or 0), "needed": float(needed.value or 0), "kept": kept},
    )


def best_of_many(seed: int = 0, tokens: int = 6) -> Pit:
    """The best of many fits to random labels."""
    labels = torch.randint(2, (tokens, tokens), generator=torch.Generator().manual_seed(seed))
    planted = looked_up(labels, 2, words="random labels")
    study = explain(planted.network, planted.task, SETTINGS, lines=(SUBSPACE, FILTERS, SCRUBBING))
    claim = study.claim("gate.full")
    verdicts = _verdicts(study, ("gate.full", "scrub.full.1"))
    return Pit(
        "selection of the best of many fits: gates of filters",
        f"a table of {tokens * tokens} random labels, looked up; the best of hundreds of fitted gates",
        f"{claim.facts['found']} gives {claim.shown} of the answers",
        f"the same search in an untrained network, or with random directions, gives {claim.control:.1%}; "
        f"{_listed(verdicts)}",
        verdicts,
        {"agreement": float(claim.value or 0), "control": float(claim.control)},
    )


def best_function(tables: int = _TABLES) -> Pit:
    """The best of all functions of a catalogue, in tables of random answers."""
    draw = np.random.default_rng(0)
    fitting = named = 0
    for _ in range(tables):
        found = name_function(AnswerTable.of(draw.integers(0, 2, (3, 3))))
        named += isinstance(found, Named)
        fitting += isinstance(found, Named) or found.words.startswith("9 answers are too few")
    return Pit(
        "selection of the best of many fits: names of functions",
        f"{tables} tables of nine random answers",
        f"{fitting} of them are given without an exception by some function of the catalogue",
        f"{named} are named, because a name must save bits against the table",
        {},
        {"fitting": fitting, "named": named},
    )


def two_functions() -> Pit:
    """Two different functions give the same answers."""
    x = np.indices((2,) * 7)
    found = name_function(AnswerTable.of((x.sum(0) > 3).astype(np.int64)))
    return Pit(
        "two explanations that both fit (Méloux et al. 2025): functions",
        "answers of a majority of seven tokens",
        "the shortest function alone would be named: a median",
        f"both are named: “{found.words}”",
        {},
        {"named": len(found.facts.get("also", ())) + 1 if isinstance(found, Named) else 0},
    )


def two_gates(seed: int = 0) -> Pit:
    """Two different gates of the same filters give the same answers."""
    planted = band(seed)
    study = explain(planted.network, planted.task, SETTINGS, lines=(SUBSPACE, FILTERS))
    gates = [str(study.claim("gate.full").facts["gate"]), *study.claim("gate.full").facts.get("also", ())]
    return Pit(
        "two explanations that both fit (Méloux et al. 2025): gates",
        "answers 1 where one direction of the stream lies between two bounds",
        "one gate gives all answers, and so does another one",
        f"both are named: {' and '.join(gates)}; “{study.paragraph.split('. ')[-1]}”",
        _verdicts(study, ("gate.full",)),
        {"named": len(gates)},
    )


PITS = (
    between_inputs,
    between_components,
    flexible_map,
    high_metric,
    best_of_many,
    best_function,
    two_functions,
    two_gates,
)


def band(seed: int, tokens: int = 12) -> Planting:
    """Answers 1 where one direction of ``resid_mid`` lies between two bounds, so that both filters are never off."""
    planted = gated("half", seed, tokens=tokens)
    network, run = planted.network, Run.of(planted.network, planted.task)
    reads = network.W_in[:, 0].clone()
    values = (run.full.resid_mid.double() @ reads).sort().values
    low, high = (
        float(values[int(share * len(values))] + values[int(share * len(values)) + 1]) / 2 for share in (0.3, 0.75)
    )
    network.W_in[:, 0], network.W_in[:, 1] = reads, -reads
    network.b_in[:] = torch.tensor([-high, low])
    output = int(network.W_U[:, 1].argmax())
    network.W_out[:, output], network.b_out[output] = -30.0, 1.0
    task = binary("band", tokens, None)
    return Planting(network, replace(task, labels=answers_of(network, task)))


def _two_terms(seed: int, tokens: int = 16) -> tuple[Planting, Tensor]:
    """A network that answers by the sign of u + w, with labels by u, and the direction of u."""
    draw = torch.Generator().manual_seed(seed)
    network = Transformer(Config(tokens + 1, 3, 3, 1, 2, 1), dtype=torch.float64).requires_grad_(False)
    for weight in network.weights.values():
        weight.zero_()
    half = normal(draw, tokens // 2, 2)
    mirrored = torch.cat([half, -half])  # so that both classes are equally frequent
    network.W_E[:-1, :2] = mirrored
    one = torch.eye(2, dtype=torch.float64)
    network.W_V[0, :2], network.W_O[0, :, :2] = one, 3 * one
    network.W_U[:2, 1], network.W_U[:2, 0] = 1.0, -1.0
    network.W_U[2, 2:] = 1.0
    network.b_out[2] = -1.0
    domain = Domain.square(tokens, last=tokens)
    sums = mirrored[domain.varying_tokens()].sum(1)
    task = Task("the sign of u", domain, ((0,), (1,)), labels=(sums[:, 0] > 0).long())
    return Planting(network, task), torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)


def _with_opposite_neurons(small: Transformer, seed: int) -> Transformer:
    """The same network with two further neurons that read another direction and write opposite amounts."""
    m, old = small.config.d_mlp, small.config
    network = Transformer(replace(old, d_mlp=m + 2), dtype=torch.float64).requires_grad_(False)
    for name, weight in small.weights.items():
        getattr(network, name)[tuple(slice(0, size) for size in weight.shape)] = weight
    other = torch.linalg.svd(small.W_in[:, :1].T).Vh[1:]
    data = other @ torch.diag((small.W_E.abs().sum(0) > 0).double())
    reads = data[int(data.norm(dim=1).argmax())]
    network.W_in[:, m:], network.b_in[m:] = reads[:, None], 0.5
    output = int(small.W_U[:, 1].argmax())
    network.W_out[m:] = 0
    network.W_out[m, output], network.W_out[m + 1, output] = 5.0, -5.0
    return network


def _answers_with_one_neuron_from(network: Transformer, task: Task, sources: Tensor) -> Tensor:
    """The answers if the last neuron takes its value from other inputs."""

    def put(value: Tensor) -> Tensor:
        value = value.clone()
        value[:, :, -1] = value[sources, :, -1]
        return value

    domain = task.domain
    logits = network(domain.tokens(domain.inputs()), {"blocks.0.mlp_post": put})
    return task.class_of(logits[:, domain.read_at].argmax(1))


def _random_body(seed: int, p: int) -> Planting:
    """An untrained network whose unembedding is fitted to addition modulo p on all pairs."""
    domain = Domain.square(p, last=p)
    network = Transformer.initialised(Config(p + 1, 3, 128, 4, 32, 512, d_vocab_out=p), seed)
    network = network.requires_grad_(False).double()
    network.W_in *= 4
    tokens = domain.tokens(domain.inputs())
    found: dict[str, Tensor] = {}
    network(tokens, {"blocks.0.resid_post": lambda value: found.setdefault("post", value)})
    labels = (tokens[:, 0] + tokens[:, 1]) % p
    wanted = torch.nn.functional.one_hot(labels, p).double() - 1 / p
    network.W_U[:] = torch.linalg.lstsq(found["post"][:, -1], wanted).solution
    task = Task("addition", domain, tuple((c,) for c in range(p)), labels=labels)
    return Planting(network, task)


def _interchange_by_lookup(states: Tensor, classes: Tensor, p: int, seed: int) -> float:
    """The interchange accuracy if the map may be any one-to-one map of the states to pairs of tokens.

    The state whose first variable comes from another input is the one that the map lists for the new pair. So every
    network that gives the right answers passes.
    """
    assert len(torch.unique(states, dim=0)) == len(states), "the map lists every state once"
    draw = torch.Generator().manual_seed(seed)
    own, source = (torch.randint(len(states), (1000,), generator=draw) for _ in range(2))
    swapped = source // p * p + own % p
    wanted = (swapped // p + swapped % p) % p
    return float((classes[swapped] == wanted).double().mean())


def _loud(small: Transformer, seed: int) -> Transformer:
    """The same network with two further dimensions of a large spread that nothing reads."""
    draw = torch.Generator().manual_seed(seed)
    d, old = small.config.d_model, small.config
    network = Transformer(replace(old, d_model=d + 2, n_heads=old.n_heads + 1), dtype=torch.float64)
    network.requires_grad_(False)
    for name, weight in network.weights.items():
        weight.zero_()
        given = small.weights[name]
        weight[tuple(slice(0, size) for size in given.shape)] = given
    network.W_E[:-1, d:] = _LOUD * normal(draw, old.d_vocab - 1, 2)
    one = torch.eye(2, dtype=torch.float64)
    network.W_V[-1, d:, :2], network.W_O[-1, :2, d:] = one, 3 * one
    return network


def _kept_by(study: Study, components: int) -> float:
    """The share of answers that stay when only the leading components are kept and all else is resampled."""
    run, pca = study.run, study.found.of(SUBSPACE).sides["full"].pca
    draw, stream = torch.Generator().manual_seed(0), run.full.resid_mid
    basis = pca.components[:components].to(stream.dtype)
    other = stream[torch.randperm(len(stream), generator=draw)]
    mixed = other + ((stream - other) @ basis.T) @ basis
    return float((run.readout.classes(mixed) == run.full.classes).double().mean())


def _verdicts(study: Study, ids: Sequence[str]) -> dict[str, str]:
    made: dict[str, Claim] = {claim.id: claim for claim in study.claims}
    return {each: str(made[each].verdict) if each in made else "not made" for each in ids}


def _listed(verdicts: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {verdict}" for name, verdict in verdicts.items())


def main() -> None:
    """Print the table."""
    print("| pitfall | test network | the measure that is fooled | what the report says |\n|---|---|---|---|")
    for make in PITS:
        pit = make()
        print(f"| {pit.name} | {pit.network} | {pit.fooled} | {pit.said} |", flush=True)


if __name__ == "__main__":
    main()
