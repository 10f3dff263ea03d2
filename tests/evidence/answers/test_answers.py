"""Accuracies are counted, and beside each stands what always giving the most frequent label would reach."""

import copy
from dataclasses import replace

import pytest
import torch

from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.line import Found
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Run, Settings
from tests.data.small_network import small_task


def measured(run: Run) -> dict[str, tuple[float, float]]:
    result = ANSWERS.measure(run, Settings(), Found())
    claims = ANSWERS.claims(result)
    assert all(claim.control == claim.chance for claim in claims)
    return {claim.id: (float(claim.value or 0), float(claim.control)) for claim in claims}


def test_shares_of_right_answers_by_hand(small_run: Run) -> None:
    task = small_run.task
    assert task.train is not None and task.labels is not None
    right = small_run.full.classes.eq(task.labels)
    found = measured(small_run)
    for part, where in (("all", torch.ones_like(right)), ("train", task.train), ("test", ~task.train)):
        ones = float(task.labels[where].double().mean())
        by_hand = (float(right[where].double().mean()), max(ones, 1 - ones))
        assert found[f"accuracy.{part}"] == pytest.approx(by_hand)
    assert found["accuracy.train"][0] == 1 > found["accuracy.all"][0] > found["accuracy.test"][0]


def test_without_labels_or_split_there_is_less_to_say(small_run: Run) -> None:
    assert set(measured(replace(small_run, task=replace(small_run.task, train=None)))) == {"accuracy.all"}
    assert measured(replace(small_run, task=replace(small_run.task, labels=None, train=None))) == {}


def test_answers_in_no_class_and_constant_answers_are_said(small_run: Run) -> None:
    def words(classes: torch.Tensor) -> str:
        run = replace(small_run, full=replace(small_run.full, classes=classes))
        return " ".join(ANSWERS.words(replace(ANSWERS.measure(run, Settings(), Found()), rounded=0)))

    classes = small_run.full.classes.clone()
    assert words(classes) == ""
    classes[:7] = -1
    assert words(classes) == "On 7 inputs the network answers with a token that is in no class."
    assert "this network gives class 1 on all 484 inputs" in words(torch.ones_like(classes))
    assert "answers in no class on any of the 484" in words(torch.full_like(classes, -1))


def test_answers_that_depend_on_rounding_are_counted_and_said(small: SavedNetwork) -> None:
    """The bias is moved until one input's class margin is zero but for rounding."""
    task, network = small_task(), copy.deepcopy(small.network)
    tokens = task.domain.tokens(task.domain.inputs())
    for at in range(40):
        network.b_out.data = small.network.b_out.clone()
        for _ in range(3):
            logits = network(tokens)[:, -1].double()
            margin = (logits[:, 1] - logits[:, 0])[at]
            columns = network.W_U[:, 1] - network.W_U[:, 0]
            network.b_out.data -= (margin * columns / columns.square().sum()).float()
        precise = copy.deepcopy(network).double()(tokens)[:, -1].argmax(1)
        run = Run.of(network, task)
        differ = int((precise != run.full.classes).sum())
        if differ:
            break
    result = ANSWERS.measure(run, Settings(), Found())
    assert differ and result.rounded == differ
    assert ANSWERS.words(result) == [
        f"On {differ} input{'s' * (differ != 1)} the answer depends on rounding: in float32, in which the network is "
        f"explained, it is another one than in float64."
    ]
    assert ANSWERS.measure(Run.of(small.network, task), Settings(), Found()).rounded == 0
