"""Condensed networks: every route to their answers agrees, and every part of the original is accounted for."""

import math
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise, product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import scrubjay
from scrubjay.condensation import Condensate, condense
from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.attention import ATTENTION
from scrubjay.evidence.inner.as_transformer import as_transformer
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.report.inner_function import python_function
from scrubjay.run import Settings
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task
from tests.data.small_network import PATH, TOKENS, small_task

P = 9
ADDITION = modular_addition(P)
SIZES = Config(d_vocab=P + 1, n_ctx=3, d_model=8, n_heads=2, d_head=4, d_mlp=12)

HEADS_ALONE = replace(SIZES, d_model=3, n_heads=6, d_head=1, d_mlp=2)
"""Sizes for which the tables of all heads are larger than the weights that they come from."""


def untrained(
    config: Config = SIZES, *, dtype: torch.dtype = torch.float32, frozen: Any = None, bias: float = 0.0
) -> Transformer:
    """A network whose weights are random, and so large that attention and answers depend on the input."""
    network = Transformer(config, dtype, frozen).requires_grad_(False)
    for name, weight in Transformer.initialised(config, seed=7).weights.items():
        getattr(network, name).copy_(2 * weight)
    network.b_in += bias
    network.b_out -= max(bias, 0) * network.W_out.sum(0)
    return network


def any_token(*positions: tuple[int, ...]) -> Task:
    """A task on which every token is an answer."""
    return Task("any token", Domain(positions), tuple((token,) for token in range(P + 1)))


def two_tokens() -> Transformer:
    """A network that answers with the token 0 or 1, each on about half of the inputs."""
    network = untrained(dtype=torch.float64)
    network.W_U[:, 2:] = 0
    network.W_U[:, 0] = -network.W_U[:, 1]
    tokens = Domain.square(P, last=P).tokens(torch.arange(P * P))
    u = network.W_U[:, 1]
    network.b_out -= u * network(tokens)[:, -1, 1].median() / (u @ u)
    return network


EVERY = tuple(range(P))
NETWORKS: dict[str, tuple[Transformer, Task]] = {
    "trained": (load_network(PATH).network, small_task()),
    "two tokens": (two_tokens(), replace(any_token(EVERY, EVERY, (P,)), classes=((0,), (1,)))),
    "all tokens": (untrained(), ADDITION),
    "two classes of several tokens": (untrained(), modular_addition(P, below=5)),
    "one varying position": (untrained(replace(SIZES, n_ctx=2)), any_token(EVERY, (P,))),
    "three varying positions": (
        untrained(replace(SIZES, n_ctx=4)),
        any_token((0, 1, 2, 3, 4), (2, 3, 4, 5), (8, 1, 0, 6), (P,)),
    ),
    "a constant position before the last": (untrained(replace(SIZES, n_ctx=4)), any_token(EVERY, (3,), EVERY, (P,))),
    "more positions than letters": (untrained(replace(SIZES, n_ctx=29)), any_token(*[(0,)] * 26, EVERY, EVERY, (P,))),
    "the last token elsewhere too": (untrained(), any_token((*EVERY, P), (P, 2, 3, 7), (P,))),
    "more heads than are compared in all ways": (untrained(replace(SIZES, n_heads=9)), ADDITION),
    "one head": (untrained(replace(SIZES, n_heads=1)), ADDITION),
    "no neurons": (untrained(replace(SIZES, d_mlp=0)), ADDITION),
    "neurons that are always on": (untrained(bias=100.0), ADDITION),
    "neurons that are never on": (untrained(bias=-100.0), ADDITION),
    "a fixed pattern": (untrained(frozen=((0.2, 0.3, 0.5), (0.25, 0.25, 0.5))), ADDITION),
    "float64": (untrained(dtype=torch.float64), ADDITION),
}


def every_input(task: Task) -> Tensor:
    return torch.tensor(list(product(*task.domain.positions)))


def plain(network: Transformer, task: Task) -> Tensor:
    """The tokens of a network's answers by its plain forward pass."""
    logits: Tensor = network(every_input(task))[:, -1]
    return logits.argmax(-1)


def share_alike(network: Transformer, other: Transformer, task: Task) -> float:
    """How often two networks answer with the same class, by their plain forward passes; a token of no class counts."""
    class_of = {token: number for number, group in enumerate(task.classes) for token in group}
    pairs = zip(plain(network, task).tolist(), plain(other, task).tolist(), strict=True)
    alike = [class_of.get(one) == class_of.get(two) for one, two in pairs]
    return sum(alike) / len(alike)


@pytest.fixture(scope="module")
def condensed() -> dict[str, Condensate]:
    return {}


@pytest.fixture(params=NETWORKS)
def found(request: pytest.FixtureRequest, condensed: dict[str, Condensate]) -> Condensate:
    """Each network, condensed once."""
    name = request.param
    if name not in condensed:
        condensed[name] = condense(*NETWORKS[name], at_least=0.9)
    return condensed[name]


@pytest.fixture(scope="module")
def trained(small: SavedNetwork) -> Condensate:
    return condense(small, small_task())


def test_every_route_gives_the_same_answers_for_every_network_on_the_front(found: Condensate) -> None:
    original, task = found.parent.network, found.inner.task
    for each in found.found.front:
        network = as_transformer(each.parts, original, task)
        answers = plain(network, task)
        scores = each.parts.scores(task.domain.inputs())
        assert torch.equal(record(network, task).answers, answers)
        if scores.shape[1] == 1:
            assert torch.equal((scores[:, 0] > 0).long(), task.class_of(answers))
        else:
            assert torch.equal(scores.argmax(1), answers)
        assert each.agreement == pytest.approx(share_alike(network, original, task), abs=1e-12)


def test_the_front_rises_and_the_smallest_are_the_first_that_suffice(found: Condensate) -> None:
    front = found.found.front
    assert all(a.parts.numbers < b.parts.numbers and a.agreement < b.agreement for a, b in pairwise(front))
    assert set(found.found.smallest) == {0.9, 0.99, 0.995}
    for share, smallest in found.found.smallest.items():
        assert smallest is next((each for each in front if each.agreement >= share), None)
    assert found.inner.parts is found.found.smallest[0.9].parts  # type: ignore[union-attr]
    assert found.inner.agreement == share_alike(found.inner.network, found.parent.network, found.inner.task) >= 0.9


def test_the_python_function_gives_the_same_answers(found: Condensate) -> None:
    inner, task = found.inner, found.inner.task
    names: dict[str, Any] = {"__name__": "inner", "__builtins__": __builtins__}
    exec(compile(python_function(inner, "it"), "inner.py", "exec"), names)
    said = [names["answer"](*tokens) for *tokens, _ in product(*task.domain.positions)]
    if inner.parts.layer.outputs.shape[1] == 1:
        assert said == inner.classes.tolist() == task.class_of(plain(inner.network, task)).tolist()
    else:
        assert said == plain(inner.network, task).tolist()


def test_the_python_file_holds_the_numbers_that_are_counted(found: Condensate) -> None:
    """Counted in the file: what the first position adds is nothing, and each neuron's output has been set to 1."""
    inner = found.inner
    names: dict[str, Any] = {}
    exec(python_function(inner, "it"), names)
    first, *further = names["POSITIONS"]
    assert not any(chain(*first))
    tables = [*names["TOKENS"].values(), *further, *names["WRITES"]]
    outputs = [output for output, _ in names["NEURONS"]]
    normed = [abs(output) if isinstance(output, int) else max(map(abs, output)) for output in outputs]
    counted = sum(map(_count, [*tables, *(plane for _, plane in names["NEURONS"]), names["LINEAR"]]))
    further_outputs = sum(len(output) - 1 for output in outputs if isinstance(output, list))
    assert normed == [1] * inner.parts.hinges
    assert counted + further_outputs == inner.parts.numbers


def _count(values: Any) -> int:
    return sum(map(_count, values)) if isinstance(values, list) else 1


def test_every_neuron_and_every_head_is_in_exactly_one_group(found: Condensate) -> None:
    parentage, config = found.inner.parentage, found.parent.network.config
    neurons = [
        *chain(*parentage["hinges"]),
        *parentage["joined_the_linear_path"],
        *parentage["always_on"],
        *parentage["never_on"],
    ]
    assert Counter(neurons) == Counter(range(config.d_mlp))
    assert set(parentage["turned"]) <= set(chain(*parentage["hinges"]))
    heads = [*chain(*parentage["heads"]), *parentage["heads_held_at_their_mean"]]
    assert Counter(heads) == Counter(range(config.n_heads))
    assert len(parentage["hinges"]) == found.inner.network.config.d_mlp == found.inner.parts.hinges
    assert len(parentage["heads"]) == len(found.inner.parts.ranks) <= found.inner.network.config.n_heads


@pytest.mark.parametrize(("bias", "kept"), [(100.0, "always_on"), (-100.0, "never_on")])
def test_neurons_that_never_bend_are_folded(bias: float, kept: str) -> None:
    found = condense(untrained(bias=bias), ADDITION, at_least=0.9)
    assert found.inner.parentage[kept] == list(range(SIZES.d_mlp))
    assert all(each.parts.hinges == 0 for each in found.found.front)


def test_a_neuron_is_turned_where_its_hinge_is_off_while_it_is_on(trained: Condensate) -> None:
    """On the trained network a neuron's input, by a hook on the plain forward pass, goes up and down with its hinge."""
    tokens, seen = every_input(small_task()), {}
    for name, network in (("original", trained.parent.network), ("inner", trained.inner.network)):
        handle = network.mlp_pre.register_forward_hook(lambda _, __, pre, name=name: seen.update({name: pre[:, -1]}))
        network(tokens)
        handle.remove()
    parentage = trained.inner.parentage
    found = {}
    for number, group in enumerate(parentage["hinges"]):
        for neuron in group:
            pair = torch.stack([seen["original"][:, neuron].double(), seen["inner"][:, number]])
            found[neuron] = float(torch.corrcoef(pair)[0, 1])
    assert {neuron for neuron, along in found.items() if along < 0} == set(parentage["turned"])
    assert min(map(abs, found.values())) > 0.5 and len(found) > 3


def test_the_coordinates_are_the_inner_networks_stream(trained: Condensate) -> None:
    """The stated coordinates of the original's stream, by a hook, are what the inner network's first channels hold."""
    tokens, streams = every_input(small_task()), []
    for network in (trained.parent.network, trained.inner.network):
        handle = network.resid_mid.register_forward_hook(lambda _, __, stream: streams.append(stream[:, -1].double()))
        network(tokens)
        handle.remove()
    readers = torch.tensor(trained.inner.parentage["coordinates"], dtype=torch.float64)
    stated = streams[0] @ readers.T - torch.tensor(trained.inner.parentage["origin"], dtype=torch.float64)
    assert torch.allclose(stated.mean(0), torch.zeros(2).double(), atol=1e-5)
    lost = (stated - streams[1][:, :2]).square().mean(0) / stated.square().mean(0)
    assert float(lost.max()) < 0.05


def test_the_trained_network_shrinks_and_keeps_its_mistakes(trained: Condensate) -> None:
    inner, original = trained.inner, trained.parent.network
    assert inner.parts.dimensions <= 3 and inner.parts.hinges <= 3 and inner.parts.numbers < 250
    labels = small_task().labels
    assert labels is not None
    theirs, ours = plain(original, small_task()), plain(inner.network, small_task())
    wrong = theirs != labels
    assert inner.mistakes == pytest.approx(float((ours == theirs)[wrong].double().mean()))
    assert inner.departures == pytest.approx(float((ours != labels).double().mean()))


def test_mistakes_need_labels() -> None:
    found = condense(untrained(), replace(ADDITION, labels=None), at_least=0.9)
    assert found.inner.mistakes is None and found.inner.departures is None


def test_the_bits_are_those_of_the_sizes_and_give_nearly_as_many_answers(trained: Condensate) -> None:
    inner, coarse = trained.inner, trained.inner.coarse
    r, k, ranks = inner.parts.dimensions, inner.parts.hinges, inner.parts.ranks
    channels = sum(rank + 1 for rank in ranks)
    kinds = [r, *[TOKENS, 1] * channels, *[r] * channels, r * k, k, r, 1]
    assert coarse.bits == sum(min(32 * count, 64 + coarse.per_number * count) for count in kinds)
    alike = float((coarse.classes == inner.wanted).double().mean())
    assert alike >= inner.agreement - 0.005
    wrong = round((1 - alike) * TOKENS**2)
    assert coarse.exceptions == pytest.approx(math.log2(TOKENS**2 + 1) + math.log2(math.comb(TOKENS**2, wrong)))
    assert coarse.length == coarse.bits + coarse.exceptions


def test_an_exception_says_which_of_the_other_classes_it_is() -> None:
    found = condense(*NETWORKS["all tokens"], at_least=0.9)
    wrong = int((found.inner.coarse.classes != found.inner.wanted).sum())
    places = math.log2(P**2 + 1) + math.log2(math.comb(P**2, wrong))
    assert wrong > 2 and found.inner.coarse.exceptions == pytest.approx(places + wrong * math.log2(P - 1))


def test_an_inner_network_does_not_get_bigger_when_it_is_condensed_again(trained: Condensate) -> None:
    again = condense(trained.inner.network, small_task(), at_least=1.0)
    assert again.inner.parts.numbers <= trained.inner.parts.numbers
    assert again.inner.agreement == 1.0


def test_a_seed_gives_the_same_network_again(small: SavedNetwork, trained: Condensate) -> None:
    again = condense(small, small_task()).inner.network.weights
    assert all(torch.equal(again[name], weight) for name, weight in trained.inner.network.weights.items())


def test_refining_finds_networks_of_its_own() -> None:
    network, task = NETWORKS["two tokens"]
    refined, merged = (condense(network, task, at_least=0.9, refine=refine) for refine in (True, False))
    assert refined.inner.agreement == share_alike(refined.inner.network, network, task) >= 0.9
    sizes = [[(each.parts.numbers, each.agreement) for each in found.found.front] for found in (refined, merged)]
    assert sizes[0] != sizes[1]


def test_the_bundled_network_shrinks_as_far_as_is_stated(bundled: SavedNetwork, challenge: Task) -> None:
    found = condense(bundled)
    parts = found.inner.parts
    assert (parts.dimensions, len(parts.ranks)) == (3, 4) and parts.hinges <= 5 and parts.numbers < 1600
    assert share_alike(found.inner.network, bundled.network, challenge) == found.inner.agreement >= 0.995
    assert torch.equal(plain(found.inner.network, challenge), record(found.inner.network, challenge).answers)
    assert found.inner.mistakes is not None and found.inner.mistakes > 0.85
    at_99 = found.found.smallest[0.99]
    assert at_99 is not None and len(at_99.parts.ranks) <= 4 and at_99.parts.numbers < parts.numbers


@pytest.fixture
def file(trained: Condensate, tmp_path: Path) -> Path:
    trained.save(tmp_path / "inner.safetensors")
    return tmp_path / "inner.safetensors"


def test_the_file_states_its_parentage(file: Path, trained: Condensate, small: SavedNetwork) -> None:
    stated = load_network(file).manifest
    inner = stated["inner"]
    assert (inner["parent"], inner["parent_sha256"]) == ("small", small.manifest["sha256"])
    assert len(inner["parent_sha256"]) == 64 and inner["agreement"] == trained.inner.agreement
    assert stated["task"] == "small"
    assert {key: inner[key] for key in trained.inner.parentage} == trained.inner.parentage


def test_a_network_without_a_file_has_no_digest(tmp_path: Path) -> None:
    condense(untrained(), ADDITION, at_least=0.9).save(tmp_path / "inner.safetensors")
    saved = load_network(tmp_path / "inner.safetensors")
    assert (saved.manifest["inner"]["parent"], saved.manifest["inner"]["parent_sha256"]) == ("network", None)
    assert saved.task == ADDITION.name


def test_a_changed_byte_is_refused(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in (100, len(content) - 100):
        changed = content.copy()
        changed[place] ^= 1
        file.write_bytes(changed)
        with pytest.raises(RefusedFile):
            load_network(file)
    file.write_bytes(content)
    assert load_network(file).name == "inner"


def test_the_file_is_a_network_like_any_other(file: Path, trained: Condensate, small: SavedNetwork) -> None:
    saved = load_network(file)
    assert torch.equal(plain(saved.network, small_task()), plain(trained.inner.network, small_task()))
    study = scrubjay.explain(saved, small_task(), Settings(draws=10), lines=(ANSWERS, ATTENTION))
    theirs = scrubjay.explain(small, small_task(), Settings(draws=10), lines=(ANSWERS, ATTENTION))
    accuracy, theirs_accuracy = (each.claim("accuracy.all").value for each in (study, theirs))
    assert accuracy == pytest.approx(theirs_accuracy, abs=1 - trained.inner.agreement + 1e-12)


def test_the_file_becomes_a_transformer_lens_model(file: Path) -> None:
    _: ModuleType = pytest.importorskip("transformer_lens.model_bridge", reason="the extra is not installed")
    saved, tokens = load_network(file), every_input(small_task())
    with torch.no_grad():
        assert torch.allclose(scrubjay.to_transformer_lens(saved)(tokens), saved.network(tokens), atol=1e-10)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused_before_anything_is_run(share: float) -> None:
    with pytest.raises(BadInput, match="at_least is a share of the answers, above 0 and at most 1, and was given as"):
        condense("there is no such file", at_least=share)


def test_a_network_that_gives_one_answer_is_refused() -> None:
    with pytest.raises(BadInput, match="gives all 81 inputs the same answer; there is nothing to condense"):
        condense(Transformer(SIZES), ADDITION)


def test_a_network_that_does_not_shrink_says_how_far_it_goes() -> None:
    with pytest.raises(BadInput) as error:
        condense(untrained(HEADS_ALONE), ADDITION, at_least=1.0)
    said = str(error.value)
    assert "no smaller network was found that gives 100.00% of the answers of network; the best one gives " in said
    assert said.endswith("%. A network that training has not condensed does not shrink")


def test_a_network_of_no_task_or_of_another_is_refused(small: SavedNetwork) -> None:
    with pytest.raises(BadInput, match="network small names no task, so one must be given"):
        condense(small)
    with pytest.raises(BadInput, match="the task uses the token 24, but the network has only the tokens 0 to 22"):
        condense(small, modular_addition(24))
    with pytest.raises(BadInput, match="class 1 of task small has the token 99"):
        condense(small, replace(small_task(), classes=((0,), (99,))))
    with pytest.raises(BadInput, match="there is no task called 'mnist'"):
        condense(small, "mnist")
