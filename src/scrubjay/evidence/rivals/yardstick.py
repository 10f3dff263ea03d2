"""Rivals: explanations of one network, held against its answers on one yardstick.

Each is fitted to the network's own answers on the training half and then predicts the answer on every input. On the
other half it predicts answers that it never saw, and there lie (nearly) all mistakes: an explanation of the mechanism
should predict those too. A share of mistakes says nothing alone: of two classes a coin predicts half of all mistakes,
since it departs from the labels everywhere. Beside it stands how often a rival departs from them at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool
from torch import Tensor

from scrubjay.core.axes import Choices, Classes, Mask, Residual
from scrubjay.core.stats import Score, Share, Stopping, agreement, share_of
from scrubjay.fit.pca import PCA
from scrubjay.program.expression import Length
from scrubjay.tasks.task import Task, seeded_split

Reads = Literal["tokens", "resid_mid"]
"""What an explanation reads. Bits of the two are not one currency: ``resid_mid`` is the network's own work."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What rivals may read.

    Attributes:
        task: of two classes.
        train: the inputs whose answers they are fitted to.
        choices: which member of its token set each input has, at the varying positions.
        resid_mid, pca: of the network on every input; neither knows an answer.
        r: components of the causal subspace.
        seed: of every start and draw.
    """

    task: Task
    train: Mask
    choices: Choices
    resid_mid: Residual
    pca: PCA
    r: int
    seed: int

    @classmethod
    def of(cls, task: Task, classes: Classes, resid_mid: Residual, pca: PCA, r: int, *, seed: int) -> "Seen":
        """The task's training half, or a seeded random half where it has none; never an answer in no class."""
        split = task.train
        if split is None or bool(split.all()) or not bool(split.any()):
            split = seeded_split(task.domain, 0.5, seed)
        choices = task.domain.choices(task.domain.inputs())[:, list(task.domain.varying)]
        return cls(task, split & (classes >= 0), choices, resid_mid, pca, r, seed)

    @property
    def n(self) -> int:
        """How many answers rivals are fitted to."""
        return int(self.train.sum())


@dataclass(frozen=True, eq=False)
class Explanation:
    """A fitted rival.

    Attributes:
        predicted: where it says class 1, on every input.
        bits: of what was fitted, without exceptions.
    """

    predicted: Mask
    bits: float


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of rival.

    Attributes:
        name: short and stable; what: in words.
        reads: tokens, or the network's inside.
        fit: from the answers of the training inputs, in their order (True for class 1).
        is_fitted: whether it reads those answers at all; the control of one that doesn't is their majority.
    """

    name: str
    what: str
    reads: Reads
    fit: Callable[[Bool[Tensor, "t"]], Explanation]
    is_fitted: bool = True


@dataclass(frozen=True)
class Scores:
    """How often a rival predicts the network's answer.

    Attributes:
        everywhere: on all inputs; unseen: on those that it was not fitted to.
        mistakes: on the unseen inputs that the network gets wrong; None without labels or without mistakes.
        departures: the share of unseen inputs on which it departs from the label, which is the share of the mistakes
            that it would predict if it departed from labels just as often but anywhere; None without labels.
        alarms: the same among the unseen inputs that the network gets right; None without any.
    """

    everywhere: float
    unseen: Share
    mistakes: Share | None
    departures: float | None
    alarms: float | None


@dataclass(frozen=True)
class ControlScores:
    """How often a rival predicts the network's answer when it is fitted to shuffled training answers.

    Attributes:
        unseen: on the inputs that it was not fitted to, over shuffles.
        mistakes: on the unseen inputs that the network gets wrong, over shuffles; None without such inputs.
    """

    unseen: Score
    mistakes: Score | None


@dataclass(frozen=True)
class Rival:
    """A rival on the yardstick.

    Attributes:
        name: of its kind, short and stable.
        what: of its kind, in words.
        reads: tokens, or the network's inside.
        is_fitted: whether it was fitted to the network's answers at all.
        length: its bits, and those of the inputs of the whole domain on which it differs from the network.
        scores: compared with the network.
        control: the same kind fitted to shuffled answers; for a kind that is not fitted, their majority.
    """

    name: str
    what: str
    reads: Reads
    is_fitted: bool
    length: Length
    scores: Scores
    control: ControlScores


def compare_with(kind: Kind, seen: Seen, classes: Classes, shuffles: Stopping) -> Rival:
    """Fit a rival and its control, and score both.

    Args:
        kind: of rival.
        seen: what it may read beside the answers of its training inputs.
        classes: the network's answers on every input.
        shuffles: how many shuffles of the answers the control is fitted to.
    """
    answers = classes[seen.train] == 1
    found = kind.fit(answers)
    wrong = int((found.predicted.long() != classes).sum())
    return Rival(
        name=kind.name,
        what=kind.what,
        reads=kind.reads,
        is_fitted=kind.is_fitted,
        length=Length(found.bits, wrong, len(classes)),
        scores=_scores(found.predicted, seen, classes),
        control=_control(kind, answers, seen, classes, shuffles),
    )


def _control(kind: Kind, answers: Bool[Tensor, "t"], seen: Seen, classes: Classes, shuffles: Stopping) -> ControlScores:
    if not kind.is_fitted:
        majority = torch.full((len(classes),), 2 * int(answers.sum()) > len(answers))
        scores = _scores(majority, seen, classes)
        mistaken = None if scores.mistakes is None else _exact(scores.mistakes.value)
        return ControlScores(_exact(scores.unseen.value), mistaken)
    draw = torch.Generator().manual_seed(seen.seed)
    mistakes: list[float] = []

    def shuffled(number: int) -> float:
        order = torch.randperm(len(answers), generator=draw)
        scores = _scores(kind.fit(answers[order]).predicted, seen, classes)
        if scores.mistakes is not None:
            mistakes.append(scores.mistakes.value)
        return scores.unseen.value

    unseen = shuffles.score(shuffled)
    return ControlScores(unseen, Score.over(mistakes) if mistakes else None)


def _exact(value: float) -> Score:
    return Score(value, value, value, value, 0)


def _scores(predicted: Mask, seen: Seen, classes: Classes) -> Scores:
    same, labels = predicted.long() == classes, seen.task.labels
    unseen = Share.of(same[~seen.train])
    assert unseen is not None
    mistakes = departures = alarms = None
    if labels is not None:
        right, departs = classes == labels, predicted.long() != labels
        mistakes = Share.of(same[~seen.train & ~right])
        departures = share_of(departs[~seen.train])
        alarms = share_of(departs[~seen.train & right]) if bool((~seen.train & right).any()) else None
    return Scores(agreement(predicted, classes), unseen, mistakes, departures, alarms)
