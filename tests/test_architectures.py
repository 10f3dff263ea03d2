"""Whole studies of networks of many architectures: what is followed, what is skipped and why, and what is said."""

import dataclasses

import pytest
import torch

import scrubjay
from scrubjay.core.stats import share_of
from scrubjay.evidence.attention import ATTENTION
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.inner.as_transformer import as_transformer
from scrubjay.evidence.inner.condensing import condense_run, coordinates_of
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.parts import Anatomy, with_one
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.nets.config import Config
from scrubjay.nets.recording import classes_with, record
from scrubjay.run import Run, Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.domain import Domain, ListedDomain, sampled_from
from scrubjay.tasks.task import Task
from tests.nets.architectures import DEEP, DOMAINS, ONE_LAYER, all_tokens, random_weights

QUICK = Settings(draws=4)
HINGED = {name: config for name, config in ONE_LAYER.items() if config.smooth_by is None}
WRITTEN = {name: config for name, config in HINGED.items() if config.norm == "none"}


def skipped(study: Study) -> dict[str, str]:
    return {each.line: each.reason for each in study.skipped}


def drawn(study: Study) -> None:
    assert study.tables() and study.paragraph
    for pictures in study.pictures().values():
        for picture in pictures:
            picture.draw()


@pytest.mark.parametrize(
    ("architecture", "domain"),
    [
        (architecture, domain)
        for number, architecture in enumerate(ONE_LAYER)
        for at, domain in enumerate(DOMAINS)
        if at == number % len(DOMAINS)
    ],
)
def test_every_one_layer_network_is_explained(architecture: str, domain: str) -> None:
    config = ONE_LAYER[architecture]
    network = random_weights(config)
    study = explain(network, all_tokens(network, DOMAINS[domain]), QUICK)
    if study.run.is_constant:
        assert {line.name for line in study.lines} == {"answers"}
        return
    followed = {line.name for line in study.lines}
    assert {"answers", "attention", "subspace", "embeddings"} <= followed
    if config.smooth_by is not None:
        assert f"has the activation {config.act_fn}" in skipped(study)["inner"]
    else:
        assert "inner" in followed or "fewer numbers" in skipped(study)["inner"]
    drawn(study)


@pytest.mark.parametrize("config", DEEP.values(), ids=DEEP.keys())
def test_every_deeper_network_is_explained(config: Config) -> None:
    network = random_weights(config)
    study = explain(network, all_tokens(network, DOMAINS["middle"]), QUICK)
    assert {line.name for line in study.lines} == {"answers", "attention", "subspace"}
    reasons = skipped(study)
    assert reasons["inner"] == f"it needs a network with one layer, and this one has {config.n_layers}"
    assert reasons["embeddings"] == reasons["inner"]
    frozen = study.found.of(ATTENTION).frozen
    assert [(part.layer, part.head) for part in frozen] == [
        (layer, head) for layer in range(config.n_layers) for head in (None, 0, 1)
    ]
    names = [site.cut.name for site in study.found.of(SUBSPACE).sites]
    assert names[-1] == f"blocks.{config.n_layers - 1}.resid_mid"
    assert [claim.id for claim in study.claims if claim.id.startswith("subspace.causal.")] == [
        f"subspace.causal.{name}" for name in names
    ]
    drawn(study)


def test_freezing_a_part_holds_its_pattern_and_no_other() -> None:
    network, domain = random_weights(DEEP["two layers"]), DOMAINS["last"]
    task = all_tokens(network, domain)
    run = Run.of(network, task)
    study = explain(network, task, QUICK)
    parts = {(part.layer, part.head): part for part in study.found.of(ATTENTION).frozen}

    def held(layer: int, heads: list[int]) -> dict[str, object]:
        mean = run.full.layers[layer].mean_pattern

        def hold(pattern: torch.Tensor) -> torch.Tensor:
            return torch.stack(
                [mean[h].expand(len(pattern), -1, -1) if h in heads else pattern[:, h] for h in (0, 1)], 1
            )

        return {f"blocks.{layer}.pattern": hold}

    alone = classes_with(network, task, held(1, [0]))  # type: ignore[arg-type]
    assert parts[1, 0].alone == share_of(alone == run.full.classes)
    others = classes_with(network, task, held(0, [0, 1]) | held(1, [1]))  # type: ignore[arg-type]
    assert parts[1, 0].others == share_of(others == run.full.classes)
    assert parts[0, None].others == share_of(classes_with(network, task, held(1, [0, 1])) == run.full.classes)  # type: ignore[arg-type]


def test_a_deeper_binary_network_has_filters_at_every_site() -> None:
    network = random_weights(DEEP["LayerNorm and GELU (tanh)"])
    task = Task("sign", DOMAINS["last"], ((), (3,)), answer="sign")
    study = explain(network, task, QUICK, lines=(SUBSPACE, FILTERS))
    sites = study.found.of(FILTERS).sites
    assert [site.name for site in sites] == ["blocks.0.resid_mid", "blocks.0.resid_post", "blocks.1.resid_mid"]
    for site in sites:
        values = {"blocks.0.resid_mid": study.run.full.layers[0].resid_mid}.get(site.name)
        if values is not None:
            assert site.agreement == share_of(site.filters.predict(values).long() == study.run.full.classes)
        assert all(0 <= score.own.mean <= 1 for score in site.scores.values())
    drawn(study)


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())
@pytest.mark.parametrize("config", HINGED.values(), ids=HINGED.keys())
def test_taken_apart_and_put_together_a_network_gives_its_own_scores(config: Config, domain: Domain) -> None:
    network = random_weights(config)
    task = all_tokens(network, domain)
    run = Run.of(network, task)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    coordinates = coordinates_of(read.rows, CloseCalls.of(read.readout, read.rows, seed=0))
    anatomy = Anatomy.of(network, domain, read, coordinates)
    choices = domain.choices(domain.inputs())
    by_block = anatomy.base_of(choices) + anatomy.heads.moved(choices)[:, :, :-1].sum(1)
    streams = read.coordinates_from(domain.inputs(), by_block, coordinates)
    torch.testing.assert_close(streams, coordinates.of(read.rows), rtol=1e-7, atol=1e-7)
    logits = network(domain.tokens(domain.inputs()))[:, domain.read_at]
    scores = torch.relu(with_one(streams) @ anatomy.layer.planes.T) @ anatomy.layer.outputs
    scores = scores + with_one(streams) @ anatomy.layer.linear
    if config.norm != "none":
        sizes = (scores * logits).sum(1, keepdim=True) / logits.square().sum(1, keepdim=True)
        assert bool((sizes > 0).all())
        scores = scores / sizes
    torch.testing.assert_close(scores, logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["constant", "constant in the middle"])
@pytest.mark.parametrize("config", WRITTEN.values(), ids=WRITTEN.keys())
def test_an_inner_network_is_written_as_a_network_of_its_own(config: Config, name: str) -> None:
    network, domain = random_weights(config), DOMAINS[name]
    task = all_tokens(network, domain)
    run = Run.of(network, task)
    if run.is_constant:
        pytest.skip("this random network gives every input the same answer")
    found = condense_run(network, task, run.full, run.readout)
    for each in found.front:
        written = as_transformer(each.parts, network, task)
        logits = written(domain.tokens(domain.inputs()))[:, domain.read_at]
        torch.testing.assert_close(logits, each.parts.scores(domain.inputs()), rtol=1e-6, atol=1e-6)
        assert share_of(record(written, task).classes == run.full.classes) == each.agreement


def test_where_the_token_that_is_read_varies_the_inner_network_is_not_written() -> None:
    network = random_weights(ONE_LAYER["biases"])
    task = all_tokens(network, DOMAINS["last"])
    found = scrubjay.condense(network, task, at_least=0.5)
    assert found.inner.built is None
    with pytest.raises(scrubjay.ScrubjayError, match="3 tokens may stand there"):
        found.save("nowhere.safetensors")


def test_of_a_sample_every_share_has_an_interval_and_every_sentence_says_so() -> None:
    network = random_weights(ONE_LAYER["biases"])
    domain = sampled_from(Domain(((0, 1, 2, 3, 4, 5, 6),) * 4), 300, seed=1)
    task = dataclasses.replace(all_tokens(network, domain), labels=torch.arange(300) % 7)
    study = explain(network, task, QUICK)
    assert study.claims and study.provenance["inputs"] == "a sample of 300 inputs"
    for claim in study.claims:
        assert "of a sample of 300 inputs" in claim.statement
        if claim.kind == "share" and claim.value is not None:
            assert claim.interval is not None and claim.interval[0] <= claim.value <= claim.interval[1]
            assert claim.interval[1] > claim.interval[0]
    for sentence in study.paragraph.split(". "):
        assert "%" not in sentence or "sample of 300 inputs" in study.paragraph
    drawn(study)


def test_a_whole_list_of_inputs_is_exact() -> None:
    network = random_weights(ONE_LAYER["LayerNorm and GELU"])
    tokens = torch.tensor([[a, b, (a * b) % 7] for a in range(7) for b in range(7)])
    study = explain(network, all_tokens(network, ListedDomain.of(tokens)), QUICK)
    assert study.claim("frozen.agreement").interval is None
    assert "sample" not in study.paragraph
