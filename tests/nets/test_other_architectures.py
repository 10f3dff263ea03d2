"""Tables, readouts and extended embeddings of one-layer networks of all architectures, against the plain pass."""

from dataclasses import replace

import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.recording import record
from scrubjay.nets.tables import Tables
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain, ListedDomain
from scrubjay.tasks.task import Answer, Task
from tests.nets.architectures import BASE, DEEP, DOMAINS, ONE_LAYER, all_tokens, random_weights
from tests.nets.test_tables import assert_equal_everywhere

ARCHITECTURES = pytest.mark.parametrize("config", ONE_LAYER.values(), ids=ONE_LAYER.keys())
EVERY_DOMAIN = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())


@EVERY_DOMAIN
@ARCHITECTURES
def test_tables_give_every_site(config: Config, domain: Domain) -> None:
    assert_equal_everywhere(random_weights(config), domain)


@ARCHITECTURES
def test_tables_give_every_site_of_listed_inputs(config: Config) -> None:
    tokens = torch.randint(7, (40, 4), generator=torch.Generator().manual_seed(3))
    assert_equal_everywhere(random_weights(config), ListedDomain.of(tokens, sampled=True))


def test_tables_of_several_layers_are_refused() -> None:
    with pytest.raises(BadInput, match="tables need a network with one layer, and this one has 2"):
        Tables.of(random_weights(DEEP["two layers"]), DOMAINS["last"])


@EVERY_DOMAIN
@ARCHITECTURES
def test_readouts_give_the_logits_of_any_stream(config: Config, domain: Domain) -> None:
    network = random_weights(config)
    readout = Readout.logits(network, all_tokens(network, domain))
    streams = torch.randn(50, config.d_model, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    block = network.blocks[0]
    expected = network.unembed(block.think(streams, {}))  # type: ignore[operator]  # a Block
    torch.testing.assert_close(readout.scores(streams), expected)
    assert isinstance(readout, HingeReadout) == (config.norm == "none" and config.act_fn == "relu")
    along, step = torch.randn_like(streams), 1e-6
    slopes = (readout.scores(streams + step * along) - readout.scores(streams - step * along)) / (2 * step)
    torch.testing.assert_close(readout.slopes(streams, along), slopes, rtol=1e-4, atol=1e-4)


@ARCHITECTURES
def test_moves_are_additions_to_the_stream(config: Config) -> None:
    network, draw = random_weights(config), torch.Generator().manual_seed(5)
    readout = Readout.logits(network, all_tokens(network, DOMAINS["last"]))
    streams = torch.randn(60, config.d_model, generator=draw, dtype=torch.float64)
    along = torch.randn(2, config.d_model, generator=draw, dtype=torch.float64)
    steps = [torch.randn(60, 2, generator=draw, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64)]
    donors = torch.randint(60, (60,), generator=draw)
    moved = readout.moved_classes(streams, steps, along, donors)
    for step, found in zip(steps, moved, strict=True):
        assert torch.equal(found, readout.classes(streams[donors] + step @ along))
    start = readout.hidden_layer(streams)
    assert torch.equal(readout.classes_moved(start, steps[0], along), readout.classes(streams + steps[0] @ along))


@pytest.mark.parametrize(
    ("answer", "classes"), [("argmax", ((0,), (1, 2))), ("groups", ((0,), (4, 2))), ("sign", ((), (3,)))]
)
def test_answers_are_read_as_the_task_says(answer: Answer, classes: tuple[tuple[int, ...], ...]) -> None:
    network, domain = random_weights(ONE_LAYER["biases"]), DOMAINS["middle"]
    task = Task("read", domain, classes, answer=answer)
    logits = network(domain.tokens(domain.inputs()))[:, domain.read_at]
    if answer == "sign":
        expected = (logits[:, 3] > 0).long()
    elif answer == "groups":
        expected = (logits[:, [4, 2]].amax(1) > logits[:, 0]).long()
    else:
        expected = torch.tensor([{0: 0, 1: 1, 2: 1}.get(int(token), -1) for token in logits.argmax(1)])
    run = Run.of(network, task)
    assert torch.equal(run.full.classes, expected) and torch.equal(run.readout.classes(run.full.resid_mid), expected)
    assert run.readout.reads_margin == (answer == "sign")


def test_hinges_of_another_architecture_are_refused_with_the_reason() -> None:
    for name, reason in (("LayerNorm and GELU", r"normalises its stream \(LN\)"), ("RMSNorm and SiLU", "RMS")):
        network = random_weights(ONE_LAYER[name])
        with pytest.raises(BadInput, match=reason):
            Readout.logits(network, all_tokens(network, DOMAINS["last"])).as_hinges()
    network = random_weights(replace(BASE, act_fn="gelu"))
    with pytest.raises(BadInput, match="has the activation gelu"):
        Readout.logits(network, all_tokens(network, DOMAINS["last"])).as_hinges()


@EVERY_DOMAIN
@ARCHITECTURES
def test_the_frozen_stream_is_a_sum_over_tokens(config: Config, domain: Domain) -> None:
    network = random_weights(config)
    task = all_tokens(network, domain)
    mean = record(network, task).pattern.mean(0)
    parts = ExtendedEmbedding.of(network, domain, mean)
    rebuilt = parts.resid_mid(domain.choices(domain.inputs()))
    torch.testing.assert_close(rebuilt, record(network, task, frozen_at=mean).resid_mid)
