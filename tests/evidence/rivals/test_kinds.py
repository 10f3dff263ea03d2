"""Rivals on answers that one of them made: it must win, the others lose, and the controls come out near chance."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from scrubjay.core.stats import Stopping
from scrubjay.evidence.rivals.kinds import kinds
from scrubjay.evidence.rivals.yardstick import Rival, Seen, compare_with
from scrubjay.fit.pca import PCA
from scrubjay.fit.row_patterns import Row
from scrubjay.program.expression import Length
from scrubjay.tasks.task import Task
from tests.planted import plant
from tests.program.test_error_map import LINE, SIDE, of

FILTERS = ("and", "and.2pc", "filters1", "filters2", "filters3")
TOKENS = ("neighbours", "additive", "rank1", "rank2", "rank3", "rows", "program", "tree")
TWICE = Stopping(most=2, least=2)


def seen(task: Task, classes: torch.Tensor, resid_mid: torch.Tensor | None = None, r: int = 3) -> Seen:
    """A stream of noise, unless one is given."""
    noise = torch.randn(task.domain.size, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stream = noise if resid_mid is None else resid_mid
    return Seen.of(task, classes, stream, PCA.of(stream), r, seed=0)


def scored(given: Seen, classes: torch.Tensor, *names: str, program: bool = False) -> dict[str, Rival]:
    extra = (LINE, Length(LINE.bits, 0, SIDE**2)) if program else ()
    chosen = [kind for kind in kinds(given, *extra) if not names or kind.name in names]
    return {kind.name: compare_with(kind, given, classes, TWICE) for kind in chosen}


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
    found = scored(seen(task, answers), answers, winner, *losers, "kmeans", "filters1", program=True)
    assert found[winner].scores.unseen.value >= least, found[winner]
    for loser in (*losers, "kmeans", "filters1"):  # the stream is noise, and knows nothing
        assert found[loser].scores.unseen.value <= most, found[loser]
    majority = max(float(answers.double().mean()), 1 - float(answers.double().mean()))
    for rival in found.values():
        assert rival.control.unseen.mean < majority + 0.06, rival


def test_a_network_that_errs_by_its_mechanism_is_foretold_by_filters_and_not_by_the_program() -> None:
    run = plant("AND", tokens=SIDE, seed=2).run()
    classes, resid_mid = run.full.classes, run.full.resid_mid
    task, _ = of(LINE)
    assert task.labels is not None
    wrong = classes.ne(task.labels)
    assert 100 < int(wrong.sum()) < SIDE**2 - 100
    names = ("and", "and.2pc", "filters1", "filters2", "kmeans", "program")
    found = scored(seen(task, classes, resid_mid), classes, *names, program=True)
    assert found["and"].scores.mistakes is not None and found["program"].scores.mistakes is not None
    assert found["and"].scores.mistakes.value > 0.98 and found["filters2"].scores.unseen.value > 0.98
    assert found["program"].scores.mistakes.value == 0 and found["program"].scores.departures == 0
    assert found["program"].length.exceptions == int(wrong.sum())
    assert found["filters1"].scores.unseen.value < 0.9
    assert found["and"].reads == found["kmeans"].reads == "resid_mid" and found["program"].reads == "tokens"
    assert "and.2pc" in found and "and.2pc" not in {kind.name for kind in kinds(seen(task, classes, resid_mid, 2))}


def test_answers_of_one_class_and_a_task_without_labels_are_borne() -> None:
    domain = plant("AND", tokens=10, d_model=8, seed=3).task.domain
    task = Task("own", domain, ((0,), (1,)))
    classes = torch.zeros(domain.size, dtype=torch.int64)
    found = scored(seen(task, classes), classes, *(name for name in TOKENS if name != "rank3"), "filters1", "kmeans")
    assert all(rival.scores.everywhere > 0.9 and rival.scores.mistakes is None for rival in found.values())
    assert all(found[name].scores.everywhere == 1 for name in ("tree", "rows", "neighbours", "kmeans"))
    assert "program" not in found and found["tree"].scores.departures is None
    assert seen(task, classes - 1).n == 0, "an answer in no class is not fitted"


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
