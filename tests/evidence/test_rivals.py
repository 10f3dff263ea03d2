"""Rivals on answers that one of them made: it must win, the others lose, and the controls come out near chance."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from scrubjay.nets.recording import record
from scrubjay.evidence.rivals.kinds import kinds
from scrubjay.evidence.rivals.yardstick import Explanation, Kind, Rival, Seen, hold_against
from scrubjay.fit.pca import PCA
from scrubjay.fit.row_patterns import Row
from scrubjay.core.stats import Share
from scrubjay.program.expression import Length
from scrubjay.tasks.task import Task
from tests.planted import plant
from tests.program.test_error_map import LINE, SIDE, of

FILTERS = ("and", "and.2pc", "filters1", "filters2", "filters3")
TOKENS = ("neighbours", "additive", "rank1", "rank2", "rank3", "rows", "program", "tree")


def seen(task: Task, classes: torch.Tensor, resid_mid: torch.Tensor | None = None, r: int = 3) -> Seen:
    """A stream of noise, unless one is given."""
    noise = torch.randn(task.domain.size, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stream = noise if resid_mid is None else resid_mid
    return Seen.of(task, classes, stream, PCA.of(stream), r, seed=0)


def scored(given: Seen, classes: torch.Tensor, *names: str, program: bool = False) -> dict[str, Rival]:
    extra = (LINE, Length(LINE.bits, 0, SIDE**2)) if program else ()
    chosen = [kind for kind in kinds(given, *extra) if not names or kind.name in names]
    return {kind.name: hold_against(kind, given, classes) for kind in chosen}


def additive(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    draw = np.random.default_rng(5)
    f, g = draw.normal(size=(2, SIDE))
    scattered: np.ndarray = f[a] + g[b] > 0
    return scattered


def in_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Patterns in an order that no smooth score follows; thresholds far from each other."""
    draw = np.random.default_rng(7)
    planted = []
    for _ in range(SIDE):
        pattern = ("0", "1", "01", "10", "010", "101")[draw.integers(6)]
        cuts = np.sort(draw.choice(np.arange(8, SIDE - 8, 8), len(pattern) - 1, replace=False))
        planted.append(Row(pattern, tuple(cuts.tolist())).classes(SIDE))
    found: np.ndarray = np.stack(planted)[a, b]
    return found


def in_boxes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a < 17) & (b >= 11)


@pytest.mark.parametrize(
    ("rule", "winner", "least", "losers", "most"),
    [
        (additive, "additive", 0.9, ("rows", "program", "tree", "neighbours"), 0.75),
        (in_rows, "rows", 0.94, ("additive", "program", "tree"), 0.75),
        (in_boxes, "tree", 0.99, ("program",), 0.75),
    ],
)
def test_the_rival_of_the_right_kind_wins(
    rule: Callable[[np.ndarray, np.ndarray], np.ndarray],
    winner: str,
    least: float,
    losers: tuple[str, ...],
    most: float,
) -> None:
    task, _ = of(LINE)
    tokens = task.domain.varying_tokens().numpy()
    answers = torch.from_numpy(rule(tokens[:, 0], tokens[:, 1])).long()
    found = scored(seen(task, answers), answers, winner, *losers, "kmeans", "and", program=True)
    assert found[winner].scores.unseen.value >= least, found[winner]
    for loser in (*losers, "kmeans", "and"):  # the stream is noise, and knows nothing
        assert found[loser].scores.unseen.value <= most, found[loser]
    majority = max(float(answers.double().mean()), 1 - float(answers.double().mean()))
    for rival in found.values():
        assert rival.control.unseen.value < majority + 0.06, rival


def test_a_network_that_errs_by_its_mechanism_is_foretold_by_filters_and_not_by_the_program() -> None:
    planted = plant("AND", tokens=SIDE, seed=2)
    act = record(planted.network, planted.task)
    task, _ = of(LINE)
    assert task.labels is not None
    wrong = act.classes.ne(task.labels)
    assert 100 < int(wrong.sum()) < SIDE**2 - 100
    found = scored(seen(task, act.classes, act.resid_mid), act.classes, *FILTERS, "kmeans", "program", program=True)
    assert found["and"].scores.mistakes is not None and found["program"].scores.mistakes is not None
    assert found["and"].scores.mistakes.value > 0.98 and found["filters2"].scores.unseen.value > 0.98
    assert found["program"].scores.mistakes.value == 0 and found["program"].scores.departures == 0
    assert found["program"].length.exceptions == int(wrong.sum())
    assert found["filters1"].scores.unseen.value < 0.9
    assert found["and"].reads == found["kmeans"].reads == "resid_mid" and found["program"].reads == "tokens"
    assert "and.2pc" in found and "and.2pc" not in scored(seen(task, act.classes, act.resid_mid, 2), act.classes, "and")


@pytest.fixture(scope="module")
def half_known() -> tuple[Task, torch.Tensor]:
    task, classes = of(LINE, split=True)
    classes[torch.randperm(len(classes), generator=torch.Generator().manual_seed(3))[:200]] ^= 1
    return task, classes


def test_no_rival_reads_an_answer_of_the_other_half(half_known: tuple[Task, torch.Tensor]) -> None:
    task, classes = half_known
    assert task.train is not None
    turned = torch.where(task.train, classes, 1 - classes)
    names = ("and", "neighbours", "additive", "rank1", "rows", "tree", "kmeans")
    first, second = (scored(seen(task, given), given, *names) for given in (classes, turned))
    for name in names:
        unseen, inverted = first[name].scores.unseen.value, second[name].scores.unseen.value
        assert unseen == pytest.approx(1 - inverted), name
        assert first[name].length.program == second[name].length.program


def test_scores_are_counts(half_known: tuple[Task, torch.Tensor]) -> None:
    task, classes = half_known
    assert task.train is not None and task.labels is not None
    says = torch.rand(len(classes), generator=torch.Generator().manual_seed(9)) < 0.5
    rival = hold_against(
        Kind("coin", "a coin", "tokens", lambda _: Explanation(says, 7.0)), seen(task, classes), classes
    )
    same, unseen, right = says.long() == classes, ~task.train, classes == task.labels
    assert rival.scores.everywhere == float(same.double().mean())
    assert rival.scores.unseen == Share.of(same[unseen])
    assert rival.scores.mistakes == Share.of(same[unseen & ~right])
    assert rival.scores.departures == float((says.long() != task.labels)[unseen].double().mean())
    assert rival.scores.alarms == float((~same)[unseen & right].double().mean())
    assert (rival.length.program, rival.length.exceptions, rival.length.n) == (7.0, int((~same).sum()), len(classes))
    assert rival.scores == rival.control  # it reads nothing
    assert rival.scores.mistakes is not None and abs(rival.scores.mistakes.value - rival.scores.departures) < 0.15


def test_the_control_of_the_program_is_the_majority(half_known: tuple[Task, torch.Tensor]) -> None:
    task, classes = half_known
    assert task.train is not None
    rival = scored(seen(task, classes), classes, "program", program=True)["program"]
    more = int(classes[task.train].sum()) * 2 > int(task.train.sum())
    assert rival.control.unseen.value == float((classes[~task.train] == int(more)).double().mean())


def test_without_a_split_a_seeded_half_and_never_an_answer_in_no_class() -> None:
    task, classes = of(LINE)
    classes[::7] = -1
    given = seen(task, classes)
    assert not given.train[::7].any() and given.n == pytest.approx(SIDE**2 / 2 * 6 / 7, rel=0.05)
    assert torch.equal(given.train, seen(task, classes).train)
    rival = scored(given, classes, "rows")["rows"]
    assert rival.scores.everywhere < 6 / 7


def test_answers_of_one_class_and_a_task_without_labels_are_borne() -> None:
    planted = plant("AND", tokens=10, d_model=8, seed=3)
    domain = planted.task.domain
    task = Task("own", domain, ((0,), (1,)))
    for classes in (torch.zeros(domain.size, dtype=torch.int64), torch.full((domain.size,), -1)):
        given = seen(task, classes)
        if given.n:
            found = scored(given, classes)
            assert all(rival.scores.everywhere > 0.9 and rival.scores.mistakes is None for rival in found.values())
            assert all(found[name].scores.everywhere == 1 for name in ("tree", "rows", "neighbours", "kmeans"))
            assert "program" not in found and found["tree"].scores.departures is None


def test_rivals_of_two_positions_are_left_out_for_three() -> None:
    labels = np.indices((6, 5, 4)).sum(0) > 6
    task = Task.from_arrays(labels.astype(np.int64), name="three")
    assert task.labels is not None
    given = seen(task, task.labels)
    assert {kind.name for kind in kinds(given)} == {*FILTERS, "neighbours", "additive", "tree", "kmeans"}
    found = scored(given, task.labels, "neighbours", "additive", "tree")
    assert found["additive"].scores.unseen.value > 0.8
    plane, classes = of(LINE)
    assert {kind.name for kind in kinds(seen(plane, classes), LINE, Length(LINE.bits, 0, SIDE**2))} == {
        *FILTERS, *TOKENS, "kmeans"
    }  # fmt: skip
