"""Scales of normalisations that are given for each input: what is read, what is exact, and what is found and said."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

import scrubjay
from scrubjay.core.parallel import one_thread_each
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.condensing import coordinates_of
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.interchange import head_exchange
from scrubjay.evidence.inner.parts import Anatomy
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.task import Task
from tests.hidden_inner import HiddenInner, Hiding, Sizes, hide
from tests.nets.architectures import BASE, DOMAINS, all_tokens, random_weights
from tests.normed_inner import normed

WITH_MLP = {norm: replace(BASE, norm=norm, attn_biases=True, unembed_bias=True) for norm in ("LN", "RMS")}
ATTENTION_ONLY = {
    f"{norm}, attention only": replace(config, attn_only=True, d_mlp=0) for norm, config in WITH_MLP.items()
}
NORMED = WITH_MLP | ATTENTION_ONLY


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """The operations are so small that several threads would mostly wait for each other."""
    with one_thread_each():
        yield


@cache
def few_parts() -> HiddenInner:
    """A hidden network of one head and two hinges."""
    return hide(2, Sizes((2,), 2, 2), Hiding(d_model=24, d_mlp=30, pieces=(2,)))


def logits(network: Transformer, task: Task) -> Tensor:
    """By the plain forward pass, at the position that is read of every input."""
    given: Tensor = network(task.domain.tokens(task.domain.inputs()))[:, task.domain.read_at]
    return given


def last_scale(network: Transformer, resid_mid: Tensor) -> Tensor:
    """What the last normalisation divides the streams by, by the plain forward pass."""
    resid_post = network.blocks[-1].think(resid_mid, {})  # type: ignore[operator]
    c = network.config
    power: Tensor = centred(c, resid_post).square().mean(1)
    return (power + c.eps).sqrt()


def centred(config: Config, stream: Tensor) -> Tensor:
    """What a normalisation divides: for LayerNorm the stream without its mean."""
    return stream - stream.mean(1, keepdim=True) if config.norm == "LN" else stream


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())
@pytest.mark.parametrize("config", NORMED.values(), ids=NORMED.keys())
def test_the_hinges_give_the_networks_scores_times_the_last_scale(config: Config, domain: scrubjay.Domain) -> None:
    network = random_weights(config)
    task = all_tokens(network, domain)
    run = Run.of(network, task)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    scale = last_scale(network, run.full.resid_mid)
    assert float(scale.std() / scale.mean()) > 0.03
    wanted = logits(network, task) * (scale / scale.mean())[:, None]
    torch.testing.assert_close(read.readout.scores(read.rows), wanted, rtol=1e-10, atol=1e-10)
    assert torch.equal(read.readout.classes(read.rows), logits(network, task).argmax(1))


@pytest.mark.parametrize("by_sign", [False, True])
@pytest.mark.parametrize("config", NORMED.values(), ids=NORMED.keys())
def test_a_class_margin_keeps_its_sign(config: Config, by_sign: bool) -> None:
    network = random_weights(replace(config, d_vocab_out=2))
    task = Task("two", DOMAINS["last"], ((0,), (1,)))
    if by_sign:
        task = Task("sign", DOMAINS["last"], ((), (1,)), answer="sign")
    run = Run.of(network, task)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    said = logits(network, task)
    margin = said[:, 1] if by_sign else said[:, 1] - said[:, 0]
    scale = last_scale(network, run.full.resid_mid)
    scores = read.readout.scores(read.rows)
    torch.testing.assert_close(scores[:, 0], margin * scale / scale.mean(), rtol=1e-10, atol=1e-10)
    assert torch.equal(scores[:, 0] > 0, margin > 0)


@pytest.mark.parametrize("config", NORMED.values(), ids=NORMED.keys())
def test_a_group_of_heads_moves_the_stream_and_no_scale(config: Config) -> None:
    network, domain = random_weights(config), DOMAINS["last"]
    task = all_tokens(network, domain)
    run = Run.of(network, task)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    x, y = torch.randint(domain.size, (2, 30), generator=torch.Generator().manual_seed(0))
    found = head_exchange(network, task, read, [(1,)]).swapped(0, x, y)
    added: list[Tensor] = []
    block = network.blocks[0]
    tokens = domain.tokens(domain.inputs())
    stream = block.before_attention(network.embed(tokens))  # type: ignore[operator]
    handle = block.pattern.register_forward_hook(lambda module, given, value: added.append(value))  # type: ignore
    network(tokens)
    handle.remove()
    values = stream @ block.W_V[1] + block.b_V[1]  # type: ignore[index]
    own = (added[0][:, 1, domain.read_at, :, None] * values).sum(1) @ block.W_O[1]  # type: ignore[index]
    moved = run.full.resid_mid[x] + own[y] - own[x]
    # The rest of the network by hand, with the scales that the inputs x have.
    c = config
    before = centred(c, run.full.resid_mid[x]).square().mean(1, keepdim=True).add(c.eps).sqrt()
    weights = network.weights
    post = moved
    if not c.attn_only:
        pre = centred(c, moved) / before * weights["ln2_w"] + weights.get("ln2_b", 0)
        post = moved + (pre @ weights["W_in"] + weights["b_in"]).relu() @ weights["W_out"] + weights["b_out"]
    scale = last_scale(network, run.full.resid_mid)
    normal = centred(c, post) / scale[x, None] * weights["ln_final_w"] + weights.get("ln_final_b", 0)
    wanted = (normal @ weights["W_U"] + weights["b_U"]) * (scale[x] / scale.mean())[:, None]
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("norm", "filling", "dimensions"), [("LN", 20.0, 2), ("LN", 1.02, 3), ("RMS", 1.02, 3)])
def test_a_network_that_is_hidden_behind_normalisations_is_found(norm: str, filling: float, dimensions: int) -> None:
    """If the scale hardly varies, the size is the hidden one. If it varies, the linear path and the hinges read the
    stream in different units, so that there is one dimension more."""
    hidden = few_parts()
    network, task = normed(hidden, norm, filling=filling)
    found = scrubjay.condense(network, task, at_least=1.0).inner
    assert torch.equal(found.classes, logits(network, task).argmax(1))
    assert share_of(found.classes == hidden.small.answers) > 0.85
    assert {frozenset(group) for group in found.parentage["heads"]} == hidden.groups_of_heads()
    assert {frozenset(group) for group in found.parentage["hinges"]} == hidden.groups_of_neurons()
    assert (found.parts.ranks, found.parts.hinges) == (hidden.sizes.ranks, hidden.sizes.hinges)
    assert (hidden.sizes.dimensions, found.parts.dimensions) == (2, dimensions)


def test_the_numbers_count_every_token_at_every_position_and_what_each_block_gets() -> None:
    network, task = normed(few_parts(), "LN", filling=1.02)
    run = Run.of(network, task)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    coordinates = coordinates_of(read.rows, CloseCalls.of(read.readout, read.rows, seed=0)).first(3)
    anatomy = Anatomy.of(network, task.domain, read, coordinates)
    head = 48 * (2 + 1) + (2 + 1) * 3 * 2  # values and scores of 24 tokens at two positions; writes into two blocks
    base = 3 + 3  # the token that is read and the last scale, each into every coordinate
    hinges = 2 * (3 + 1) + 3 + 1
    assert anatomy.numbers((2,), 2) == head + base + hinges


@pytest.fixture(scope="module")
def study() -> Study:
    hidden = few_parts()
    network, task = normed(hidden, "LN", filling=1.02)
    return explain(network, replace(task, labels=hidden.small.answers), Settings(draws=4), lines=[INNER])


def test_every_sentence_says_that_the_scales_are_given(study: Study) -> None:
    assert len(study.claims) >= 7
    for claim in study.claims:
        assert claim.statement.endswith("; the scales of LayerNorm are taken as they are for each input")
    sentences = INNER.words(study.found.of(INNER))
    assert len(sentences) >= 2 and all("scales of LayerNorm" in sentence for sentence in sentences)
    for picture in INNER.figures(study.found.of(INNER)):
        assert "the scales of LayerNorm are taken as they are for each input" in picture.caption
        picture.draw()
    assert all("scales of LayerNorm" in table.note for table in INNER.tables(study.found.of(INNER)))


def test_the_line_holds_where_the_mechanism_is_known(study: Study) -> None:
    for claim in ("inner.agreement", "inner.interchange.hinges", "inner.interchange.heads", "inner.scrub"):
        value = study.claim(claim).value
        assert value is not None and value > 0.97, claim


def test_it_is_measured_and_not_written(study: Study) -> None:
    inner = study.found.of(INNER).inner
    assert inner.built is None and study.claim("inner.size").facts["bits"] is None
    with pytest.raises(scrubjay.ScrubjayError, match="the scales of LayerNorm are given for each input"):
        inner.save("nowhere.safetensors")


def test_a_smooth_activation_is_refused() -> None:
    network = random_weights(replace(WITH_MLP["LN"], act_fn="gelu"))
    with pytest.raises(scrubjay.ScrubjayError, match="this one has the activation gelu"):
        scrubjay.condense(network, all_tokens(network, DOMAINS["last"]))
