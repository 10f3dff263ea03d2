"""Recovering a program from whatever names a task and a network, and the result as text and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay import recovery
from scrubjay.core.errors import BadInput
from scrubjay.core.progress import Progress
from scrubjay.functions.found_function import Named, Unnamed
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.program import observed
from scrubjay.program.observed import Observed
from scrubjay.program.recovered import Recovered
from scrubjay.recovery import (
    FunctionRecovery,
    Recovery,
    program_classes,
    recover_any,
    recover_function,
    recover_program,
)
from scrubjay.report.function_text import function_json, function_text
from scrubjay.report.recovery_text import recovery_json, recovery_text
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task

SIDE = 16


def product() -> Task:
    a, b = np.indices((SIDE, SIDE))
    return Task.from_arrays(
        (a * b < 40).astype(np.int64),
        name="product",
        train=(a + b) % 2 == 0,
        classes=(range(0, SIDE + 1, 2), range(1, SIDE + 1, 2)),
    )


@pytest.fixture(scope="module")
def network() -> Transformer:
    """A network whose answers to the product task differ from its labels."""
    return Transformer.initialised(Config(SIDE + 1, 3, 8, 1, 8, 16), seed=0)


@pytest.fixture(scope="module")
def found() -> Recovery:
    return recover_program(product(), train_only=True)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Observed]]:
    """The labels that each search was given; nothing is searched."""
    given: list[Observed] = []

    def nothing(seen: Observed, *, seed: int, progress: Progress) -> Recovered:
        given.append(seen)
        return Recovered(None, None, seen.n, int(seen.y.sum()), seen.n, seen.table_bits, (), None, None)

    monkeypatch.setattr(recovery, "recover", nothing)
    yield given


def test_a_task_may_be_given_by_its_name_or_its_file(searched: list[Observed], tmp_path: Path) -> None:
    recover_program("modular_addition:p=7,below=3")
    labels = modular_addition(7, below=3).labels
    assert labels is not None and searched[0].y.tolist() == (labels == 1).tolist()
    np.savez(tmp_path / "own.npz", labels=np.arange(12).reshape(3, 4) % 2)
    for where in (tmp_path / "own.npz", str(tmp_path / "own.npz")):
        assert recover_program(where).source == "the labels of own"
        assert searched.pop().y.tolist() == [False, True] * 6


def test_a_network_may_be_given_as_it_is_saved_or_by_its_path(
    searched: list[Observed], network: Transformer, tmp_path: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    save_network(path, network)
    classes, labels = record(network, product()).classes, product().labels
    assert labels is not None and 0.05 < float((classes == labels).double().mean()) < 0.95
    for given, name in (
        (network, "the network"),
        (load_network(path), "mine"),
        (path, "mine"),
        (str(path), "mine"),
    ):
        assert recover_program(product(), given).source == f"the answers of {name} on product"
        assert torch.equal(torch.from_numpy(searched.pop().y), classes == 1)
    assert recover_program("challenge2", "bundled", train_only=True).source == (
        "the answers of challenge2-replica on challenge2, training half only"
    )
    assert searched.pop().n == 6384


def test_what_cannot_be_searched_is_refused_before_any_work(
    searched: list[Observed], network: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="task product has no split"):
        recover_program(replace(product(), train=None), train_only=True)
    with pytest.raises(BadInput, match="task product has no labels to search; give a network"):
        recover_program(replace(product(), labels=None))
    with pytest.raises(BadInput, match="no task called 'nothing'"):
        recover_program("nothing")
    with pytest.raises(BadInput, match=r"missing\.safetensors"):
        recover_program(product(), "missing.safetensors")
    with pytest.raises(BadInput, match="uses the token 23, but the network has only the tokens 0 to 16"):
        recover_program("modular_addition:p=23,below=11", network)
    monkeypatch.setattr(observed, "MOST_LABELS", 200)
    monkeypatch.setattr(recovery, "record", None)  # the network is not run
    with pytest.raises(BadInput, match=r"at most 200 labels, and this matrix has 256 \(16 x 16\)"):
        recover_program(product(), network)
    assert searched == []


def test_labels_that_were_not_seen_are_counted_apart(found: Recovery) -> None:
    task, program = product(), found.recovered.program
    assert program is not None and task.labels is not None and task.train is not None
    right = program_classes(program, task) == task.labels
    assert found.source == "the labels of product, training half only"
    assert found.recovered.n == int(task.train.sum()) and bool(right[task.train].all())
    assert found.unseen == (("the other half", float(right[~task.train].double().mean())),)


def test_progress_is_told_and_the_result_follows_from_the_seed(found: Recovery) -> None:
    told: list[float] = []
    again = recover_program(product(), train_only=True, progress=lambda stage, share: told.append(share))
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)
    assert again.recovered.program == found.recovered.program


def test_the_text_says_what_was_searched_and_what_it_took(found: Recovery) -> None:
    text = recovery_text(found)
    assert text.startswith("Searched the labels of product, training half only: 128 labels, ")
    assert "sample" not in text
    assert "Controls: the same search, where there is no program to find:" in text
    content = json.loads(recovery_json(found))
    assert content["labels"] == content["searched"] == 128 and content["found"]


def test_the_text_says_that_a_sample_was_searched(found: Recovery) -> None:
    sampled = replace(found, recovered=replace(found.recovered, searched=100))
    assert (
        "A search looks at about 20,000 labels at most, so it saw a random sample of 100. The figures below count all "
        "128.\n" in recovery_text(sampled)
    )
    content = json.loads(recovery_json(sampled))
    assert (content["labels"], content["searched"]) == (128, 100)


def test_the_text_says_that_nothing_was_found(searched: list[Observed]) -> None:
    text = recovery_text(recover_program(product()))
    assert "Nothing found: no program that was searched is much shorter than the table of labels, which takes" in text
    assert "def label" not in text and "shuffled labels: nothing" in text


def test_a_function_is_named_for_any_task_and_a_program_is_searched_for_only_where_none_is_exact(
    searched: list[Observed], network: Transformer
) -> None:
    added = recover_any(modular_addition(11))
    assert isinstance(added, FunctionRecovery) and added.function.words == "(a + b) mod 11" and not added.unseen
    a, b = np.indices((9, 9))
    less = (a < b).astype(np.int64)
    assert isinstance(recover_any(Task.from_arrays(less)), FunctionRecovery) and searched == []
    less[2, 3] = 0
    assert isinstance(recover_any(Task.from_arrays(less)), Recovery) and len(searched) == 1
    assert isinstance(recover_any(product(), network), Recovery) and len(searched) == 2


def test_a_function_of_one_half_is_tested_on_the_other() -> None:
    task = modular_addition(13, fraction=0.5)
    assert task.labels is not None and task.train is not None
    labels = task.labels.clone()
    wrong = torch.nonzero(~task.train).flatten()[:5]
    labels[wrong] = (labels[wrong] + 1) % 13
    found = recover_function(replace(task, labels=labels), train_only=True)
    assert found.source.endswith(", training half only") and found.table.n == int(task.train.sum())
    assert isinstance(found.function, Named) and found.function.exceptions == ()
    assert found.unseen == (("the other half", 1 - 5 / int((~task.train).sum())),)


def test_a_networks_function_is_compared_with_the_labels(network: Transformer) -> None:
    last = Task.from_arrays(np.indices((SIDE, SIDE))[1] % 2, classes=product().classes)
    found = recover_function(last, network)
    assert found.source == "the answers of the network on own task"
    assert isinstance(found.function, Unnamed) or [name for name, _ in found.unseen] == ["the ground truth"]
    text, content = function_text(found), json.loads(function_json(found))
    assert text.startswith("Looked at the answers of the network on own task: 256 answers, ")
    assert content["found"] == isinstance(found.function, Named) and content["words"] == found.function.words
