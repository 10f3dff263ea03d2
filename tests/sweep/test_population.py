"""Claims over networks, against tables of Student's t and counts by hand; and the page that shows them."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scrubjay.report.population_page import write_population
from scrubjay.report.strip import strip
from scrubjay.core.claim import Claim, count_claim, share_claim
from scrubjay.sweep.population import Population, table_csv
from scrubjay.sweep.spread import mean_interval
from scrubjay.sweep.summary import Plane, Summary
from scrubjay.sweep.plan import Member
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

RECIPE = Recipe(d_model=8, n_heads=2, d_head=3, d_mlp=6, epochs=12, learning_rate=0.01)
TASK = Task("own <b>task</b>", Domain.square(3, last=3), ((0,), (1,)), labels=torch.arange(9) % 2)
HOSTILE = '<script>alert("x")</script>'


def summary(claims: tuple[Claim, ...], epoch: int = 12) -> Summary:
    return Summary(
        epoch=epoch,
        claims=claims,
        paragraph=f"Found {HOSTILE}.",
        provenance={"draws": 2, "seed": 0, "threads": 1},
        classes=torch.tensor([0, 1, 0, 1, 1, 0, 1, 0, -1]),
        mean_pattern=torch.full((2, 3), 1 / 3),
        plane=Plane(torch.randn(9, 2, generator=torch.Generator().manual_seed(0)), ("alpha", "beta"), True),
    )


def gate(value: float, control: float) -> Claim:
    return share_claim("gate.full", f"A gate {HOSTILE}", 0.974, value, control)


def population(*values: tuple[float, float], along: bool = False) -> Population:
    found = []
    for seed, (value, control) in enumerate(values):
        member = Member(f"weight_decay-0.1_seed-{seed:02d}", replace(RECIPE, seed=seed), {"weight_decay": 0.1})
        claims = (gate(value, control), count_claim("subspace.causal", "Few", 3 + seed, 100, 100, (3, 4 + seed)))
        found += [(member, summary((gate(0.6, 0.5),), epoch=4))] if along else []
        found.append((member, summary(claims)))
    return Population.of("own", 12, found, {"seed-99": f"training: BadInput: {HOSTILE}"})


def test_a_spread_counts_what_holds_and_keeps_every_value() -> None:
    spread = population((0.99, 0.5), (0.8, 0.5), (0.6, 0.5), (0.96, 0.2)).spread("gate.full")
    assert spread.values == (0.99, 0.8, 0.6, 0.96) and spread.controls == (0.5, 0.5, 0.5, 0.2)
    assert (spread.holds.value, spread.partly.value) == (0.5, 0.75)
    assert spread.middle == pytest.approx(0.88) and spread.control == 0.5 and spread.post == 0.974
    assert spread.mean == pytest.approx(0.8375)
    assert not spread.is_count and population((0.9, 0.5)).spread("subspace.causal").is_count


@pytest.mark.parametrize(("n", "t"), [(2, 12.7062), (3, 4.3027), (4, 3.1824), (16, 2.1314), (31, 2.0423)])
def test_the_interval_of_a_mean_is_students(n: int, t: float) -> None:
    values = [float(i) for i in range(n)]
    found = mean_interval(values)
    assert found is not None
    deviation = float(torch.tensor(values, dtype=torch.float64).std())
    half = t * deviation / n**0.5
    assert found == pytest.approx(((n - 1) / 2 - half, (n - 1) / 2 + half), rel=1e-4)
    assert mean_interval(values[:1]) is None


def test_the_paragraph_tells_what_recurs_from_what_does_not() -> None:
    recurring = population((0.99, 0.5), (0.98, 0.5)).paragraph
    assert "What recurs" in recurring and "holds for 2 of 2" in recurring and "does not recur" not in recurring
    failing = population((0.55, 0.5), (0.6, 0.5)).paragraph
    assert re.search("What does not recur[^.]*: a gate of the fewest filters", failing)
    assert "55.0% to 60.0%, median 57.5%; published 97.4%; holds for 0 of 2" in failing
    varying = population((0.99, 0.5), (0.6, 0.5)).paragraph
    assert "What varies from network to network: a gate" in varying
    assert "1 more failed" in varying
    gates = [gate(0.9, 0.5), gate(0.8, 0.5), gate(0.7, 0.5)]
    words = (
        "AND of two filters in 3 components of",
        "OR of two filters in 4 components of",
        "AND of two filters in 3 components of",
    )
    told = [
        replace(each, statement=f"The full network's answer is {said} resid_mid")
        for each, said in zip(gates, words, strict=True)
    ]
    found = [(Member(str(at), RECIPE, {}), summary((each,))) for at, each in enumerate(told)]
    assert (
        "The gate: AND of two filters in 2, OR of two filters in 1 of 3."
        in Population.of("own", 12, found, {}).sentences
    )
    assert Population.of("own", 12, [], {}).paragraph.startswith("No network")


def test_the_paragraph_names_the_best_rivals_on_answers_and_on_mistakes() -> None:
    shares = {"and": (0.9, 0.7), "tree": (0.7, 0.4), "rank1": (0.98, 0.6), "program": (0.97, 0.0)}
    claims = tuple(
        share_claim(f"rival.{name}{ending}", "", None, both[at], 0.1)
        for name, both in shares.items()
        for at, ending in enumerate(("", ".mistakes"))
    )
    told = Population.of("own", 12, [(Member("a", RECIPE, {}), summary(claims))], {}).paragraph
    assert "answers that they never saw (medians): rank1 98.0%, program 97.0%, and 90.0%." in told
    assert "mistakes among them (medians): and 70.0%, rank1 60.0%, tree 40.0%." in told


def test_the_table_has_a_row_a_network_epoch_and_claim() -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(population((0.99, 0.5), (0.8, 0.4), along=True)))))
    assert [(row["network"][-2:], row["epoch"], row["claim"]) for row in rows] == [
        ("00", "12", "gate.full"),
        ("00", "12", "subspace.causal"),
        ("01", "12", "gate.full"),
        ("01", "12", "subspace.causal"),
        ("00", "4", "gate.full"),
        ("01", "4", "gate.full"),
    ]
    second = rows[2]
    assert (second["seed"], second["weight_decay"], float(second["value"]), float(second["control"])) == (
        "1", "0.1", 0.8, 0.4,
    )  # fmt: skip
    assert (second["verdict"], second["low"], rows[3]["low"], rows[3]["high"]) == ("partly", "", "3", "5")


def test_a_claim_that_only_some_networks_have_is_spread_over_these() -> None:
    found = [
        (Member("a", RECIPE, {}), summary((gate(0.9, 0.5),))),
        (Member("b", RECIPE, {}), summary((share_claim("accuracy.test", "Right", None, 0.9, 0.5),))),
    ]
    one = Population.of("own", 12, found, {})
    assert [len(spread.values) for spread in one.spreads] == [1, 1]


def test_dots_stand_at_their_values_and_say_whose_they_are() -> None:
    drawn = strip([0.0, 1.0], [0.5, 0.5], ["first", "<second>"], 0.25, ["0%", "100%"])
    dots = [float(x) for x in re.findall(r'class="value" cx="([\d.]+)"', drawn)]
    rings = [float(x) for x in re.findall(r'class="control" cx="([\d.]+)"', drawn)]
    (post,) = (float(x) for x in re.findall(r'class="post" x1="([\d.]+)"', drawn))
    assert dots == [8, 322] and rings == [165, 165] and post == pytest.approx(86.5)
    assert "<title>first: 0%</title>" in drawn and "&lt;second&gt;" in drawn
    heights = re.findall(r'class="control" cx="[\d.]+" cy="([\d.]+)"', drawn)
    assert len(set(heights)) == 2, "rings at one place lie beside each other"
    assert ">0<" in strip([3.0], [7.0], ["a"], None, ["3"]) and ">7<" in strip([3.0], [7.0], ["a"], None, ["3"])


def test_the_page_holds_every_claim_and_lets_nothing_run(tmp_path: Path) -> None:
    made = population((0.99, 0.5), (0.8, 0.4), along=True)
    page, table = write_population(made, TASK, tmp_path, command=f"scrubjay sweep {HOSTILE}")
    text = page.read_text()
    assert table.read_text() == table_csv(made)
    assert "script-src &#x27;none&#x27;" in text and "<script" not in text and "&lt;script&gt;" in text
    assert text.count('class="strip"') == len(made.spreads) + 3  # and three in the key
    assert "1 failed" in text and "seed-99" in text
    assert {path.name for path in tmp_path.glob("*.png")} == {
        f"population-{name}.png" for name in ("labels", "planes", "patterns", "along")
    }
    for name in ("labels", "planes", "patterns", "along"):
        assert f"Figure, population-{name}" in text


def test_a_population_without_networks_makes_a_page_too(tmp_path: Path) -> None:
    page, _ = write_population(Population.of("own", 12, [], {"seed-00": "training: it failed"}), TASK, tmp_path)
    assert "seed-00" in page.read_text()
