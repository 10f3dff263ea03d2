"""Accuracies are counted, and beside each stands what always giving the most frequent label would reach."""

from dataclasses import replace

import pytest
import torch

from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.line import Found
from scrubjay.run import Run, Settings


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
        return " ".join(ANSWERS.words(ANSWERS.measure(run, Settings(), Found())))

    classes = small_run.full.classes.clone()
    assert words(classes) == ""
    classes[:7] = -1
    assert words(classes) == "On 7 inputs the network answers with a token that is in no class."
    assert "this network gives class 1 on all 484 inputs" in words(torch.ones_like(classes))
    assert "answers in no class on any of the 484" in words(torch.full_like(classes, -1))
