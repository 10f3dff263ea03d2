"""The yardstick: scores are counts, controls are many shuffles, and nothing of the other half is read."""

import numpy as np
import pytest
import torch

from scrubjay.core.stats import Score, Share, Stopping
from scrubjay.evidence.rivals.kinds import kinds
from scrubjay.evidence.rivals.measure import shuffles
from scrubjay.evidence.rivals.yardstick import Explanation, Kind, Seen, compare_with
from scrubjay.fit.pca import PCA
from scrubjay.run import Run
from scrubjay.tasks.task import Task
from tests.evidence.rivals.test_kinds import scored, seen
from tests.planted import plant
from tests.program.test_error_map import LINE, SIDE, of


@pytest.fixture(scope="module")
def half_known() -> tuple[Task, torch.Tensor]:
    task, classes = of(LINE, split=True)
    classes[torch.randperm(len(classes), generator=torch.Generator().manual_seed(3))[:200]] ^= 1
    return task, classes


def test_no_rival_reads_an_answer_of_the_other_half() -> None:
    a, b = np.indices((20, 20))
    task = Task.from_arrays((a + b < 20).astype(np.int64), train=(a + b) % 2 == 0)
    assert task.train is not None and task.labels is not None
    classes = task.labels.clone()
    classes[torch.randperm(400, generator=torch.Generator().manual_seed(3))[:50]] ^= 1
    turned = torch.where(task.train, classes, 1 - classes)
    names = ("filters1", "neighbours", "additive", "rank1", "rows", "tree", "kmeans")
    first, second = (scored(seen(task, given), given, *names) for given in (classes, turned))
    for name in names:
        unseen, inverted = first[name].scores.unseen.value, second[name].scores.unseen.value
        assert unseen == pytest.approx(1 - inverted), name
        assert first[name].length.program == second[name].length.program


def test_scores_are_counts(half_known: tuple[Task, torch.Tensor]) -> None:
    task, classes = half_known
    assert task.train is not None and task.labels is not None
    says = torch.rand(len(classes), generator=torch.Generator().manual_seed(9)) < 0.5
    coin = Kind("coin", "a coin", "tokens", lambda _: Explanation(says, 7.0))
    rival = compare_with(coin, seen(task, classes), classes, Stopping(3))
    same, unseen, right = says.long() == classes, ~task.train, classes == task.labels
    assert rival.scores.everywhere == float(same.double().mean())
    assert rival.scores.unseen == Share.of(same[unseen])
    assert rival.scores.mistakes == Share.of(same[unseen & ~right])
    assert rival.scores.departures == float((says.long() != task.labels)[unseen].double().mean())
    assert rival.scores.alarms == float((~same)[unseen & right].double().mean())
    assert (rival.length.program, rival.length.exceptions, rival.length.n) == (7.0, int((~same).sum()), len(classes))
    assert rival.scores.mistakes is not None and rival.control.mistakes is not None
    assert rival.control.unseen.mean == rival.control.unseen.worst == rival.scores.unseen.value  # it reads nothing
    assert rival.control.mistakes.mean == pytest.approx(rival.scores.mistakes.value)
    assert rival.control.unseen.draws == 3
    assert rival.scores.mistakes is not None and abs(rival.scores.mistakes.value - rival.scores.departures) < 0.15


def test_the_control_is_fitted_to_many_shuffles_of_the_answers(half_known: tuple[Task, torch.Tensor]) -> None:
    """Each shuffle has the answers of the training half in another order; the control is their mean."""
    task, classes = half_known
    assert task.train is not None
    shown: list[torch.Tensor] = []

    def fit(answers: torch.Tensor) -> Explanation:
        shown.append(answers)
        return Explanation(torch.full((len(classes),), bool(answers[0])), 1.0)

    rival = compare_with(Kind("first", "the first answer", "tokens", fit), seen(task, classes), classes, Stopping(12))
    own, *shuffled = shown
    assert torch.equal(own, classes[task.train] == 1) and len(shuffled) == rival.control.unseen.draws == 12
    assert all(int(each.sum()) == int(own.sum()) for each in shuffled)
    assert len({tuple(each.tolist()) for each in shown}) == 13
    unseen = float(classes[~task.train].double().mean())
    by_hand = sum(unseen if bool(each[0]) else 1 - unseen for each in shuffled) / 12
    assert rival.control.unseen.mean == pytest.approx(by_hand)


def test_the_control_of_the_program_is_the_majority(half_known: tuple[Task, torch.Tensor]) -> None:
    task, classes = half_known
    assert task.train is not None
    rival = scored(seen(task, classes), classes, "program", program=True)["program"]
    more = int(classes[task.train].sum()) * 2 > int(task.train.sum())
    share = float((classes[~task.train] == int(more)).double().mean())
    assert rival.control.unseen.interval == (share, share) and rival.control.unseen.mean == share
    assert not rival.is_fitted


def test_without_a_split_a_seeded_half_and_never_an_answer_in_no_class() -> None:
    task, classes = of(LINE)
    classes[::7] = -1
    given = seen(task, classes)
    assert not given.train[::7].any() and given.n == pytest.approx(SIDE**2 / 2 * 6 / 7, rel=0.05)
    assert torch.equal(given.train, seen(task, classes).train)
    rival = scored(given, classes, "rows")["rows"]
    assert rival.scores.everywhere < 6 / 7


@pytest.fixture(scope="module")
def small_domain() -> Run:
    """49 inputs, half of them of either class."""
    return plant("AND", tokens=7, d_model=8, seed=1).run()


def controls(run: Run, name: str, seed: int, until: Stopping | None = None) -> Score:
    stream, classes = run.full.resid_mid, run.full.classes
    given = Seen.of(run.task, classes, stream, PCA.of(stream), 3, seed=seed)
    (kind,) = (kind for kind in kinds(given) if kind.name == name)
    return compare_with(kind, given, classes, until or shuffles(given.n)).control.unseen


def test_on_a_small_domain_the_control_is_stable_from_seed_to_seed_and_has_an_interval(small_domain: Run) -> None:
    """A single shuffle of 24 answers came out anywhere between 0.32 and 0.68."""
    every = [controls(small_domain, "rows", seed) for seed in range(6)]
    assert max(score.mean for score in every) - min(score.mean for score in every) < 0.2
    for score in every:
        assert score.draws >= 10 and 0.05 < score.high - score.low < 0.2
        assert score.low < 0.55 and score.high > 0.45
    singles = [controls(small_domain, "rows", seed, Stopping(1)) for seed in range(6)]
    assert max(score.mean for score in singles) - min(score.mean for score in singles) > 0.3
    assert all(score.interval == (0, 1) for score in singles), "one draw says nothing about others"


def test_a_few_shuffles_that_happen_to_agree_are_not_enough_on_a_small_domain(small_domain: Run) -> None:
    """Two k-means groups give the same share to three shuffles in a row, 0.8, as if that were certain."""
    coincidence = controls(small_domain, "kmeans", 2, Stopping(most=20, width=0.05, least=3))
    assert coincidence.low == coincidence.high > 0.75
    score = controls(small_domain, "kmeans", 2)
    assert score.draws == 20 and score.low < 0.6 < 0.7 < score.high


def test_three_shuffles_may_do_where_many_answers_are_fitted() -> None:
    assert (shuffles(999).least, shuffles(1000).least) == (10, 3)
    assert shuffles(999).most == shuffles(1000).most == 20
