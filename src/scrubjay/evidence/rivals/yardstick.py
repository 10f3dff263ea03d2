"""Score rival explanations of one network by the same measure.

Each rival is fitted to the network's own answers on the training half, and then predicts the answer on every input. On
the other half it predicts answers that it never saw. Nearly all of the network's mistakes lie there, and an explanation
of the mechanism should predict these too. The share of mistakes that a rival predicts says nothing by itself: with two
classes, a coin predicts half of all mistakes, since it departs from half of the labels. So it is compared with the
share of all inputs on which the rival departs from the labels.
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
"""What an explanation reads. Lengths of the two kinds cannot be compared: ``resid_mid`` is computed by the network."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What rivals may read.

    Attributes:
        task: the task, which has two classes.
        train: the inputs whose answers rivals are fitted to, shape [n].
        choices: for each input and varying position, the index of its token in the position's token set, shape [n, s].
        resid_mid: the network's residual streams on all inputs, shape [n, d].
        pca: the principal components of ``resid_mid``.
        r: the number of components of the causal subspace.
        seed: seed for all starts and draws.
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
        """Gather what rivals may read.

        Rivals are fitted to the task's training half, or to a random half if the task has none. Inputs whose answer
        belongs to no class are left out of it.

        Args:
            task: the task.
            classes: the network's answers, shape [n].
            resid_mid: the network's residual streams on all inputs, shape [n, d].
            pca: the principal components of ``resid_mid``.
            r: the number of components of the causal subspace.
            seed: seed for the random half, and for the rivals.
        """
        split = task.train
        if split is None or bool(split.all()) or not bool(split.any()):
            split = seeded_split(task.domain, 0.5, seed)
        choices = task.domain.choices(task.domain.inputs())[:, list(task.domain.varying)]
        return cls(task, split & (classes >= 0), choices, resid_mid, pca, r, seed)

    @property
    def n(self) -> int:
        """The number of answers that rivals are fitted to."""
        return int(self.train.sum())


@dataclass(frozen=True, eq=False)
class Explanation:
    """A fitted rival.

    Attributes:
        predicted: the inputs on which it predicts class 1, shape [n].
        bits: the length of what was fitted, without a list of exceptions.
    """

    predicted: Mask
    bits: float


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of rival.

    Attributes:
        name: a short name that never changes.
        what: the kind in words.
        reads: what it reads: tokens, or the network's ``resid_mid``.
        fit: a function that makes the explanation from the answers of the training inputs, in the order of the inputs;
            True stands for class 1.
        is_fitted: whether it reads these answers at all. If it does not, its control is the majority answer.
        origin: where it comes from, in words.
    """

    name: str
    what: str
    reads: Reads
    fit: Callable[[Bool[Tensor, "t"]], Explanation]
    is_fitted: bool = True
    origin: str = "fitted to the training half"


@dataclass(frozen=True)
class Scores:
    """How often a rival predicts the network's answer.

    Attributes:
        everywhere: how often on all inputs.
        unseen: how often on the inputs that it was not fitted to.
        mistakes: how often on the unseen inputs that the network gets wrong; None if there are no labels or no
            mistakes.
        departures: the share of unseen inputs on which it departs from the label. A rival that departed as often, but
            at random inputs, would predict this share of the mistakes. None if there are no labels.
        alarms: the share of the unseen inputs that the network gets right on which it departs from the label; None if
            there are no such inputs.
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
        unseen: how often on the inputs that it was not fitted to, over all shuffles.
        mistakes: how often on the unseen inputs that the network gets wrong, over all shuffles; None if there are no
            such inputs.
    """

    unseen: Score
    mistakes: Score | None


@dataclass(frozen=True)
class Rival:
    """A rival and its scores.

    Attributes:
        name: the name of its kind.
        what: its kind in words.
        reads: what it reads: tokens, or the network's ``resid_mid``.
        is_fitted: whether it was fitted to the network's answers at all.
        origin: where it comes from, in words.
        length: the number of its bits, and of those of a list of all inputs on which it differs from the network.
        scores: how often it predicts the network's answer.
        control: how often the same kind does so after it was fitted to shuffled answers; for a kind that is not fitted,
            how often the majority answer does.
    """

    name: str
    what: str
    reads: Reads
    is_fitted: bool
    origin: str
    length: Length
    scores: Scores
    control: ControlScores


def compare_with(kind: Kind, seen: Seen, classes: Classes, shuffles: Stopping) -> Rival:
    """Fit a rival and its control, and score both.

    Args:
        kind: the kind of rival.
        seen: what it may read besides the answers of its training inputs.
        classes: the network's answers on all inputs, shape [n].
        shuffles: when the control has been fitted to enough shuffles of the answers.
    """
    answers = classes[seen.train] == 1
    found = kind.fit(answers)
    wrong = int((found.predicted.long() != classes).sum())
    return Rival(
        name=kind.name,
        what=kind.what,
        reads=kind.reads,
        is_fitted=kind.is_fitted,
        origin=kind.origin,
        length=Length(found.bits, wrong, len(classes)),
        scores=_scores(found.predicted, seen, classes),
        control=_control(kind, answers, seen, classes, shuffles),
    )


def _control(kind: Kind, answers: Bool[Tensor, "t"], seen: Seen, classes: Classes, shuffles: Stopping) -> ControlScores:
    if not kind.is_fitted:
        majority = torch.full((len(classes),), 2 * int(answers.sum()) > len(answers))
        scores = _scores(majority, seen, classes)
        mistaken = None if scores.mistakes is None else Score.exact(scores.mistakes.value)
        return ControlScores(Score.exact(scores.unseen.value), mistaken)
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
