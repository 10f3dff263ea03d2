"""Deeper networks, recorded and cut at their sites, agree with the plain forward pass with edits."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from scrubjay.nets import sites as sites_module
from scrubjay.nets.config import Config
from scrubjay.nets.recording import classes_with, record
from scrubjay.nets.sites import Capabilities, cuts
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from tests.nets.architectures import CONSTANT, DEEP, DOMAINS, ONE_LAYER, all_tokens, random_weights


def caught(network: Transformer, domain: Domain, edits: dict[str, Callable[[Tensor], Tensor]]) -> dict[str, Tensor]:
    """The values of all stream and pattern sites on whole inputs, from hooks."""
    found: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(lambda module, args, value, name=name: found.update({name: value}))
        for name, module in network.named_modules()
        if name.rsplit(".", 1)[-1] in ("resid_mid", "resid_post", "pattern", "logits")
    ]
    network(domain.tokens(domain.inputs()), edits)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())
@pytest.mark.parametrize("config", DEEP.values(), ids=DEEP.keys())
def test_a_deeper_network_is_recorded_as_it_runs(config: Config, domain: Domain) -> None:
    network = random_weights(config)
    act, plain, read = record(network, all_tokens(network, domain)), caught(network, domain, {}), domain.read_at
    assert len(act.layers) == config.n_layers
    for number, layer in enumerate(act.layers):
        for site in ("resid_mid", "resid_post"):
            torch.testing.assert_close(getattr(layer, site), plain[f"blocks.{number}.{site}"][:, read])
        torch.testing.assert_close(layer.pattern, plain[f"blocks.{number}.pattern"][:, :, read])
        length = layer.mean_pattern.shape[-1]
        mean = plain[f"blocks.{number}.pattern"].mean(0)[:, :length, :length]
        torch.testing.assert_close(layer.mean_pattern, mean)
    assert torch.equal(act.classes, plain["logits"][:, read].argmax(-1))
    assert act.resid_mid is act.layers[-1].resid_mid


@pytest.mark.parametrize("config", DEEP.values(), ids=DEEP.keys())
def test_freezing_replaces_every_pattern_by_its_mean(config: Config) -> None:
    network, domain = random_weights(config), DOMAINS["middle"]
    run = Run.of(network, all_tokens(network, domain))
    means = caught(network, domain, {})

    def held(number: int) -> Callable[[Tensor], Tensor]:
        mean = means[f"blocks.{number}.pattern"].mean(0)
        return lambda value: mean.expand_as(value)

    frozen = caught(network, domain, {f"blocks.{number}.pattern": held(number) for number in range(config.n_layers)})
    expected = frozen["logits"][:, domain.read_at].argmax(-1)
    assert torch.equal(run.frozen.classes, expected)
    assert not torch.equal(run.frozen.classes, run.full.classes)


@pytest.mark.parametrize("is_short_of_memory", [False, True])
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())
@pytest.mark.parametrize("config", DEEP.values(), ids=DEEP.keys())
def test_the_rest_of_a_network_runs_from_every_site(
    monkeypatch: pytest.MonkeyPatch, config: Config, domain: Domain, is_short_of_memory: bool
) -> None:
    if is_short_of_memory:
        monkeypatch.setattr(sites_module, "free_memory", lambda: 0)
    network = random_weights(config)
    run = Run.of(network, all_tokens(network, domain))
    found = cuts(network, run.task, run.full, run.readout)
    names = [cut.name for cut in found]
    assert len(set(names)) == len(names) == (config.n_layers if config.attn_only else 2 * config.n_layers - 1)
    donors = torch.randperm(domain.size, generator=torch.Generator().manual_seed(1))
    some = torch.arange(0, domain.size, 3)
    for cut in found:
        assert torch.equal(cut.rest.classes_at(cut.values, domain.inputs()), run.full.classes)

        def patched(value: Tensor, new: Tensor) -> Tensor:
            value = value.clone()
            value[:, domain.read_at] = new
            return value

        new = cut.values[donors]
        logits = network(domain.tokens(domain.inputs()), {cut.name: lambda value, new=new: patched(value, new)})
        expected = logits[:, domain.read_at].argmax(-1)
        assert torch.equal(cut.rest.classes_at(new, domain.inputs()), expected)
        assert torch.equal(cut.rest.classes_at(new[some], some), expected[some])
        along = torch.randn(2, config.d_model, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        step = torch.ones(domain.size, 2, dtype=torch.float64)
        (moved,) = cut.rest.moved_classes(cut.values, [step], along, donors)
        assert torch.equal(moved, cut.rest.classes_at(new + step @ along, domain.inputs()))


def test_patching_an_early_site_can_change_the_answer() -> None:
    network = random_weights(DEEP["two layers"])
    run = Run.of(network, all_tokens(network, DOMAINS["last"]))
    first = cuts(network, run.task, run.full, run.readout)[0]
    rolled = first.rest.classes_at(first.values.roll(1, 0), run.task.domain.inputs())
    assert not torch.equal(rolled, run.full.classes)


def test_edits_of_sites_give_the_classes_of_the_edited_network() -> None:
    network, domain = random_weights(DEEP["three layers, bidirectional"]), DOMAINS["middle"]
    task = all_tokens(network, domain)
    edits = {"blocks.1.resid_mid": torch.zeros_like}
    expected = network(domain.tokens(domain.inputs()), edits)[:, domain.read_at].argmax(-1)
    assert torch.equal(classes_with(network, task, edits), expected)


def test_capabilities_follow_from_the_config() -> None:
    can = {name: Capabilities.of(Transformer(config), CONSTANT) for name, config in ONE_LAYER.items()}
    assert {name for name, each in can.items() if not each.piecewise_linear} == {
        "LayerNorm and GELU",
        "RMSNorm and SiLU",
        "LayerNorm and ReLU",
        "RMSNorm and ReLU",
        "LayerNorm, attention only",
        "RMSNorm, attention only",
    }
    assert not can["attention only"].has_mlp and can["biases"].has_mlp
    assert all(each.one_layer and each.constant_query for each in can.values())
    assert not can["uniform attention"].ordinary_attention and can["biases"].ordinary_attention
    deep = Capabilities.of(Transformer(DEEP["two layers"]), DOMAINS["last"])
    assert not deep.one_layer and not deep.constant_query
