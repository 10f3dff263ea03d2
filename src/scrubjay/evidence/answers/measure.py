"""Measure the network's accuracy on all inputs and on each half of the split, and what rounding does to its answers."""

import copy
from dataclasses import dataclass

import torch

from scrubjay.core.axes import Mask
from scrubjay.core.stats import majority_share, share_of
from scrubjay.evidence.line import Found
from scrubjay.nets.recording import classes_with
from scrubjay.run import Run, Settings


@dataclass(frozen=True)
class Accuracy:
    """How often the network is right on some of the inputs.

    Attributes:
        part: which inputs these are: ``all``, ``train`` or ``test``.
        right: the share of right answers.
        majority: the share of right answers if the most frequent label were always given.
        inputs: how many inputs these are.
    """

    part: str
    right: float
    majority: float
    inputs: int


@dataclass(frozen=True, eq=False)
class AnswersResult:
    """How often the network is right.

    Attributes:
        run: the run.
        accuracies: one for each part of the domain; empty if the task has no labels.
        rounded: on how many inputs the answer is another one if the network is computed in float64.
    """

    run: Run
    accuracies: tuple[Accuracy, ...]
    rounded: int


def measure(run: Run, settings: Settings, found: Found) -> AnswersResult:
    """Compare the full network's answers with those in float64, and with the labels, if there are any."""
    labels, train, rounded = run.task.labels, run.task.train, _rounded(run)
    if labels is None:
        return AnswersResult(run, (), rounded)
    right = run.full.classes == labels
    parts: dict[str, Mask] = {"all": right == right}
    if train is not None:
        parts |= {"train": train, "test": ~train}
    return AnswersResult(
        run,
        tuple(
            Accuracy(part, share_of(right[where]), majority_share(labels[where]), int(where.sum()))
            for part, where in parts.items()
        ),
        rounded,
    )


def _rounded(run: Run) -> int:
    if run.network.dtype == torch.float64:
        return 0
    precise = copy.deepcopy(run.network).cpu().double()
    return int((classes_with(precise, run.task, {}) != run.full.classes).sum())
