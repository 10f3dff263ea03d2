"""The second bundled network, whose figures `scrubjay explain modular` prints."""

import re
from functools import lru_cache
from pathlib import Path

import pytest
import torch

import scrubjay
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.study import Study

PAGE = Path(__file__).parents[3] / "docs" / "algorithm.md"
PINNED = {  # by `scrubjay explain modular --out out`; the draws are seeded, so that only rounding may differ
    "algorithm.function": 1.0,
    "algorithm.keys": 1.0,
    "algorithm.swap": 1.0,
    "algorithm.mosaic": 0.820,
    "algorithm.single": 0.576,
    "algorithm.additive": 0.892,
}
TOLERANCE = 0.003


@lru_cache
def study() -> Study:
    return scrubjay.explain("modular", lines=[ALGORITHM])


def test_it_is_right_on_every_input_by_the_plain_forward_pass() -> None:
    network = scrubjay.load_network("modular").network
    a, b = torch.meshgrid(torch.arange(59), torch.arange(59), indexing="ij")
    tokens = torch.stack([a, b, torch.full_like(a, 59)], -1).reshape(-1, 3)
    with torch.no_grad():
        answers = network(tokens)[:, -1].argmax(-1)
    assert torch.equal(answers, ((a + b) % 59).reshape(-1))


def test_the_modulus_and_three_frequencies_are_named() -> None:
    assert "(a + b) mod 59" in study().claim("algorithm.function").statement
    key = study().claim("algorithm.keys").facts["key"]
    assert sorted(each["name"] for each in key) == ["frequency 1", "frequency 26", "frequency 5"]


def test_its_embedding_has_no_other_frequencies() -> None:
    """By PyTorch's Fourier transform, which the program does not use."""
    embedding = scrubjay.load_network("modular").network.weights["W_E"][:59].double()
    power = torch.fft.rfft(embedding, dim=0).abs().square().sum(1)[1:]
    assert sorted((power.topk(3).indices + 1).tolist()) == [1, 5, 26]
    assert float(power.topk(3).values.sum() / power.sum()) > 0.94


@pytest.mark.parametrize("claim_id", PINNED)
def test_its_figures_are_the_pinned_ones(claim_id: str) -> None:
    assert study().claim(claim_id).value == pytest.approx(PINNED[claim_id], abs=TOLERANCE)


def test_the_documentation_quotes_what_the_study_says() -> None:
    about_this_one = PAGE.read_text().partition("## Groups")[0]
    quoted = " ".join(line.removeprefix(">").strip() for line in about_this_one.splitlines() if line.startswith(">"))
    said = " ".join(ALGORITHM.words(study().found.of(ALGORITHM)))
    assert quoted
    assert re.sub(r"\s+", " ", quoted) in said
