"""Claims over networks, against tables of Student's t and counts by hand; and the page that shows them."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from scrubjay.core.claim import Claim, count_claim, measurement, share_claim, untested
from scrubjay.core.stats import mean_interval
from scrubjay.report.population_page import write_population
from scrubjay.report.strip import strip
from scrubjay.sweep.plan import Member
from scrubjay.sweep.population import Network, Population, table_csv
from scrubjay.sweep.spread import Spread
from scrubjay.sweep.summary import Plane, Summary
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

RECIPE = Recipe(d_model=8, n_heads=2, d_head=3, d_mlp=6, epochs=12, learning_rate=0.01)
TASK = Task(
    "own <b>task</b>", Domain.square(3, last=3), ((0,), (1,)), labels=torch.arange(9) % 2, names=("$a^$", "b", "=")
)
HOSTILE = '<script>alert("x")</script>'


def summary(claims: tuple[Claim, ...], epoch: int = 12) -> Summary:
    return Summary(
        epoch=epoch,
        claims=claims,
        skipped=(),
        paragraph=f"Found {HOSTILE}.",
        provenance={"draws": 2, "seed": 0, "threads": 1},
        classes=torch.tensor([0, 1, 0, 1, 1, 0, 1, 0, -1]),
        mean_pattern=torch.full((2, 3), 1 / 3),
        plane=Plane(torch.randn(9, 2, generator=torch.Generator().manual_seed(0)), ("alpha", "beta"), True),
    )


def gate(value: float, control: float, **about: Any) -> Claim:
    about = {"headline": True, "topic": "answers that the gate gives", "published": 0.974, **about}
    return share_claim("gate.full", "filters", f"A gate {HOSTILE}", value, chance=0.5, control=control, **about)


def few(value: int, interval: tuple[int, int]) -> Claim:
    return count_claim("subspace.causal", "subspace", "Few", value, of=100, control=100, interval=interval)


def population(*values: tuple[float, float], along: bool = False) -> Population:
    found = []
    for seed, (value, control) in enumerate(values):
        member = Member(f"weight_decay-0.1_seed-{seed:02d}", replace(RECIPE, seed=seed), {"weight_decay": 0.1})
        claims = (gate(value, control), few(3 + seed, (3, 4 + seed)))
        found += [(member, summary((gate(0.6, 0.5),), epoch=4))] if along else []
        found.append((member, summary(claims)))
    return Population.of("own", 12, found, {"seed-99": f"training: BadInput: {HOSTILE}"})


def test_a_spread_counts_what_holds_and_keeps_every_value() -> None:
    spread = population((0.99, 0.5), (0.8, 0.5), (0.6, 0.5), (0.96, 0.2)).spread("gate.full")
    assert spread.values == (0.99, 0.8, 0.6, 0.96) and spread.controls == (0.5, 0.5, 0.5, 0.2)
    assert spread.holds is not None and spread.partly is not None
    assert (spread.holds.value, spread.partly.value) == (0.5, 0.75)
    assert spread.middle == pytest.approx(0.88) and spread.control == 0.5 and spread.published == 0.974
    assert spread.mean == pytest.approx(0.8375)
    assert spread.kind == "share" and population((0.9, 0.5)).spread("subspace.causal").kind == "count"
    assert spread.average.startswith("83.8% (") and spread.held == "2 of 4 (15% to 85%); in part 3"
    with pytest.raises(KeyError, match=r"no claim 'gate.frozen'; it has gate.full, subspace.causal"):
        population((0.9, 0.5)).spread("gate.frozen")


def test_networks_with_nothing_to_measure_are_left_out_of_a_spread() -> None:
    nothing = untested("gate.full", "filters", "Nothing", control=0.0)
    spread = Spread.of([nothing, gate(0.9, 0.5), nothing])
    assert spread is not None and spread.values == (0.9,) and spread.interval is None
    assert Spread.of([nothing, nothing]) is None


def test_a_measurement_is_ranked_and_holds_for_no_number_of_networks() -> None:
    spread = Spread.of([measurement("rival.tree", "rivals", "A tree", 0.7, control=0.5)] * 2)
    assert spread is not None and spread.holds is None and spread.held == "ranked"


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
    assert re.search("What does not recur[^.]*: answers that the gate gives", failing)
    assert "55.0% to 60.0%, median 57.5%; published 97.4%; holds for 0 of 2" in failing
    varying = population((0.99, 0.5), (0.6, 0.5)).paragraph
    assert "What varies from network to network: answers that the gate" in varying
    assert "1 more failed" in varying
    in_part = population((0.97, 0.5), (0.9, 0.5)).paragraph
    assert re.search(
        r"What recurs in part \(holds at least partly for at least 90%[^)]*\): answers that the gate", in_part
    )
    assert "holds for 1 of 2, at least partly for 2" in in_part and "varies" not in in_part
    assert Population.of("own", 12, [], {}).paragraph.startswith("No network")


def test_the_paragraph_counts_what_was_found() -> None:
    names = ("AND of two filters", "OR of two filters", "AND of two filters")
    told = [gate(0.9, 0.5, facts={"found": name}, topic="the gate") for name in names]
    found = [(Member(str(at), RECIPE, {}), summary((each,))) for at, each in enumerate(told)]
    assert (
        "The gate: AND of two filters in 2, OR of two filters in 1 of 3."
        in Population.of("own", 12, found, {}).sentences
    )


def test_the_paragraph_names_the_best_rivals_on_answers_and_on_mistakes() -> None:
    shares = {"and": (0.9, 0.7), "tree": (0.7, 0.4), "rank1": (0.98, 0.6), "program": (0.97, 0.0)}
    claims = tuple(
        measurement(f"rival.{name}.{at}", "rivals", "", both[at], control=0.1, facts={"ranking": words, "rival": name})
        for name, both in shares.items()
        for at, words in enumerate(("answers", "mistakes among them"))
    )
    other = measurement("own.thing", "own", "", 0.3, control=0.1, topic="own thing", facts={"ranking": "others"})
    told = Population.of("own", 12, [(Member("a", RECIPE, {}), summary((*claims, other)))], {}).paragraph
    assert "predicting answers (medians over networks): rank1 98.0%, program 97.0%, and 90.0%." in told
    assert "mistakes among them (medians over networks): and 70.0%, rank1 60.0%, tree 40.0%." in told
    assert "predicting others (medians over networks): own thing 30.0%." in told


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
        (
            Member("b", RECIPE, {}),
            summary((share_claim("accuracy.test", "answers", "Right", 0.9, chance=0.5, control=0.5),)),
        ),
    ]
    one = Population.of("own", 12, found, {})
    assert [len(spread.values) for spread in one.spreads] == [1, 1]


def test_a_claim_that_one_network_never_has_is_followed_along_the_others(tmp_path: Path) -> None:
    both = [(0.9, 0.5), (0.8, 0.5)]
    made = population(*both, along=True)
    without = replace(made, networks=(made.networks[0], Network(made.networks[1].member, summary(()))))
    lone = tuple(Network(each.member, summary((), epoch=4)) for each in without.along[1:])
    write_population(replace(without, along=(without.along[0], *lone)), TASK, tmp_path)
    assert (tmp_path / "population-along.png").exists()


def test_epochs_without_a_headline_have_no_picture(tmp_path: Path) -> None:
    constant = [(Member("a", RECIPE, {}), summary((), epoch=epoch)) for epoch in (4, 12)]
    page, _ = write_population(Population.of("own", 12, constant, {}), TASK, tmp_path)
    assert "population-planes" in page.read_text() and not (tmp_path / "population-along.png").exists()


def test_dots_stand_at_their_values_and_say_whose_they_are() -> None:
    drawn = strip([0.0, 1.0], [0.5, 0.5], ["first", "<second>"], 0.25, ["0%", "100%"])
    dots = [float(x) for x in re.findall(r'class="value" cx="([\d.]+)"', drawn)]
    rings = [float(x) for x in re.findall(r'class="control" cx="([\d.]+)"', drawn)]
    (post,) = (float(x) for x in re.findall(r'class="published" x1="([\d.]+)"', drawn))
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
    assert "Networks that failed: 1" in text and "seed-99" in text
    assert {path.name for path in tmp_path.glob("*.png")} == {
        f"population-{name}.png" for name in ("labels", "planes", "patterns", "along")
    }
    for name in ("labels", "planes", "patterns", "along"):
        assert f"Figure, population-{name}" in text


def test_a_population_without_networks_makes_a_page_too(tmp_path: Path) -> None:
    page, _ = write_population(Population.of("own", 12, [], {"seed-00": "training: it failed"}), TASK, tmp_path)
    assert "seed-00" in page.read_text()
