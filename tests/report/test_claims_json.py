"""``claims.json`` against its schema, and the schema against files that it must refuse."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scrubjay.core.claim import untested
from scrubjay.report.claims_json import claims_json, claims_schema, write_claims
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.modular import modular_addition
from tests.report.conftest import random_network

VALIDATOR = Draft202012Validator(claims_schema())
STUDIES = ("small_study", "many_classes", "constant", "hostile", "three_positions")


@pytest.fixture(scope="module")
def content(small_study: Study) -> dict[str, Any]:
    """A file's content, with one claim that could not be tested."""
    nothing = untested("attention.first_order", "attention", "No answer flips", control=0.0)
    told: dict[str, Any] = json.loads(claims_json(replace(small_study, claims=(*small_study.claims, nothing))))
    return told


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(claims_schema())


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_keeps_to_the_schema(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    study: Study = request.getfixturevalue(name)
    told = json.loads(write_claims(study, str(tmp_path)).read_bytes())
    VALIDATOR.validate(told)
    assert told["schema"] == 2 and told["summary"] == study.paragraph
    assert [claim["id"] for claim in told["claims"]] == [claim.id for claim in study.claims] != []
    for claim, own in zip(told["claims"], study.claims, strict=True):
        assert (claim["section"], claim["statement"], claim["verdict"]) == (own.section, own.statement, own.verdict)
        assert (claim["value"], claim["chance"], claim["control"]) == (own.value, own.chance, own.control)
        assert claim["facts"] == json.loads(json.dumps(own.facts))
    assert told["skipped"] == [
        {"line": each.line, "title": each.title, "reason": each.reason} for each in study.skipped
    ]


def test_the_studies_are_of_every_kind(request: pytest.FixtureRequest) -> None:
    studies = [request.getfixturevalue(name) for name in STUDIES]
    claims = [claim for study in studies for claim in study.claims]
    assert {claim.kind for claim in claims} == {"share", "count", "error"}
    assert {claim.verdict for claim in claims} >= {"holds", "partly", "fails", None}
    assert any(claim.interval is None for claim in claims) and any(claim.interval is not None for claim in claims)
    assert any(claim.published is not None for claim in claims)
    assert any(study.skipped for study in studies)


def test_a_claim_that_could_not_be_tested_keeps_to_the_schema(content: dict[str, Any]) -> None:
    VALIDATOR.validate(content)
    assert content["claims"][-1]["verdict"] == "not applicable" and content["claims"][-1]["value"] is None


def test_a_bare_network_has_no_hash() -> None:
    told = json.loads(claims_json(explain(random_network(12, 3, seed=5), modular_addition(11), Settings(draws=2))))
    assert told["provenance"]["network_sha256"] is None
    VALIDATOR.validate(told)


def required(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Every required key, with the part of the file that it belongs to."""
    parts = {
        "": schema,
        "provenance": schema["properties"]["provenance"],
        "claims": schema["$defs"]["claim"],
        "skipped": schema["properties"]["skipped"]["items"],
    }
    return [(part, key) for part, own in parts.items() for key in own["required"]]


def test_every_key_is_required(content: dict[str, Any]) -> None:
    keys = set(required(claims_schema()))
    for part, own in (("", content), ("provenance", content["provenance"])):
        assert {(part, key) for key in own} <= keys
    for part in ("claims", "skipped"):
        assert {(part, key) for key in content[part][0]} <= keys


@pytest.mark.parametrize(("part", "key"), required(claims_schema()))
def test_a_file_without_a_required_key_is_refused(content: dict[str, Any], part: str, key: str) -> None:
    broken = deepcopy(content)
    place = broken if not part else broken[part] if part == "provenance" else broken[part][0]
    del place[key]
    assert not VALIDATOR.is_valid(broken)


def of_claim(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Change the first claim."""
    return lambda told: told["claims"][0].update(changes)


BROKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "another version": lambda told: told.update(schema=1),
    "an unknown key": lambda told: told.update(further=1),
    "an unknown key of a claim": of_claim(further=1),
    "an unknown verdict": of_claim(verdict="probably"),
    "a verdict that is no word": of_claim(verdict=True),
    "an unknown kind": of_claim(kind="length"),
    "a value in words": of_claim(value="98%"),
    "a value that is missing though there is a verdict": of_claim(value=None),
    "a verdict without chance": of_claim(verdict="holds", chance=None),
    "a chance without a verdict": of_claim(verdict=None, chance=0.5),
    "a claim that could not be tested and has a value": lambda told: told["claims"][-1].update(value=0.5),
    "no control": of_claim(control=None),
    "half an interval": of_claim(interval=[0.5]),
    "an interval in words": of_claim(interval=["low", "high"]),
    "an id with a space": of_claim(id="two words"),
    "an id of one part": of_claim(id="gate"),
    "facts that are a list": of_claim(facts=[]),
    "a headline that is no yes or no": of_claim(headline="yes"),
    "an empty statement": of_claim(statement=""),
    "an empty section": of_claim(section=""),
    "claims that are no list": lambda told: told.update(claims={}),
    "an empty reason": lambda told: told["skipped"][0].update(reason=""),
    "a seed in words": lambda told: told["provenance"].update(seed="zero"),
    "an unknown basis": lambda told: told["provenance"].update(basis="skew"),
    "an unknown sampling": lambda told: told["provenance"].update(sampling="none"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_with_an_error_is_refused(content: dict[str, Any], name: str) -> None:
    broken = deepcopy(content)
    BROKEN[name](broken)
    assert not VALIDATOR.is_valid(broken)


def test_the_same_study_gives_the_same_bytes(many_classes: Study) -> None:
    again = explain(random_network(12, 3, seed=5), modular_addition(11), Settings(draws=2))
    assert claims_json(again) == claims_json(many_classes)


def test_the_file_reads_alike_under_any_encoding(small_study: Study, hostile: Study) -> None:
    assert "filters" in small_study.paragraph
    for study in (small_study, hostile):
        text = claims_json(study)
        assert text.isascii()
        assert json.loads(text)["provenance"]["task"] == study.task.name
