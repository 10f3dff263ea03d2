"""Tasks from arrays, names of positions, fit to a network, classes of answers, targets, splits, and every refusal."""

import math
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.tasks.challenge2 import challenge2
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task, seeded_split

LABELS = np.array([[0, 1, 2], [2, 1, 0]])
SIDE = 15
CHECKED = np.indices((SIDE, SIDE)).sum(0) % 2
"""Labels of 15 x 15 pairs, for the tokens 0 to 14."""


def network(d_vocab: int, n_ctx: int = 3, d_vocab_out: int = 0) -> Config:
    return Config(d_vocab=d_vocab, n_ctx=n_ctx, d_model=4, n_heads=1, d_head=4, d_mlp=4, d_vocab_out=d_vocab_out)


def test_from_arrays_numbers_tokens_along_each_axis() -> None:
    task = Task.from_arrays(LABELS)
    assert task.domain == Domain(((0, 1), (0, 1, 2), (3,)))
    assert task.classes == ((0,), (1,), (2,))
    assert task.labels is not None and task.domain.image(task.labels).tolist() == LABELS.tolist()
    assert task.train is None and task.recipe is None and not task.is_binary


def test_from_arrays_takes_tokens_classes_last_and_split() -> None:
    train = np.array([[True, False, False], [False, True, True]])
    task = Task.from_arrays(
        LABELS, name="mine", tokens=[[5, 4], [1, 2, 3]], last=9, classes=[[7, 8], [6], [0]], train=train
    )
    assert task.name == "mine"
    assert task.domain.positions == ((5, 4), (1, 2, 3), (9,))
    assert task.classes == ((7, 8), (6,), (0,))
    assert task.train is not None and task.domain.image(task.train).tolist() == train.tolist()


@pytest.mark.parametrize(
    "labels", [[[True, False], [False, True]], [[1.0, 0.0], [0.0, 1.0]], np.eye(2, dtype=np.uint8), torch.eye(2).int()]
)
def test_from_arrays_takes_any_whole_numbers(labels: Any) -> None:
    task = Task.from_arrays(labels)
    assert task.labels is not None and task.labels.tolist() == [1, 0, 0, 1] and task.is_binary


def test_from_arrays_takes_one_or_three_varying_positions() -> None:
    assert Task.from_arrays([0, 1, 1]).domain.shape == (3,)
    assert Task.from_arrays(np.arange(24).reshape(2, 3, 4) % 2).domain.positions == (
        (0, 1),
        (0, 1, 2),
        (0, 1, 2, 3),
        (4,),
    )


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (LABELS, {"tokens": [[0, 1, 2], [0, 1]]}, "shape (2, 3), and its token sets the lengths (3, 2)"),
        (LABELS, {"tokens": [[0, 1]]}, "shape (2, 3), and its token sets the lengths (2,)"),
        ([[0, 1.5]], {}, "must be whole numbers, and hold 1.5"),
        ([[0, math.nan]], {}, "must be whole numbers, and hold nan"),
        ([[0, math.inf]], {}, "must be whole numbers, and hold inf"),
        ([["yes", "no"]], {}, "must be whole numbers, and are of type <U3"),
        ([[0j, 1j]], {}, "must be whole numbers, and are of type complex128"),
        ([[0, 1], [1]], {}, "are no array"),
        (np.array(1), {}, "must be a matrix, and have the shape ()"),
        ([[], []], {}, "must be a matrix, and have the shape (2, 0)"),
        ([[1, 1], [1, 1]], {}, "all 4 labels of task own task are class 1: with one class only"),
        ([[0, -2], [1, 1]], {}, "must be classes 0 to 1, and hold -2"),
        ([[0, 3], [1, 2]], {"classes": [[0], [1], [2]]}, "must be classes 0 to 2, and hold 3"),
        (LABELS, {"train": np.ones((2, 3), dtype=int)}, "must be Boolean of the labels' shape (2, 3); it is int64"),
        (LABELS, {"train": np.ones((3, 2), dtype=bool)}, "shape (2, 3); it is bool of shape (3, 2)"),
        (LABELS, {"train": np.ones(6, dtype=bool)}, "shape (2, 3); it is bool of shape (6,)"),
        (LABELS, {"last": -1}, "negative token -1"),
    ],
)
def test_from_arrays_says_what_is_wrong(labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        Task.from_arrays(labels, **options)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (((0,),), "two classes or more"),
        (((0,), ()), "each with a token"),
        (((0, 1), (1, 2)), "a token in two classes"),
    ],
)
def test_classes_that_are_none_are_refused(classes: tuple[tuple[int, ...], ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Task(name="t", domain=Domain.square(2, last=2), classes=classes)


def test_a_class_of_negative_tokens_is_refused() -> None:
    with pytest.raises(BadInput):
        Task.from_arrays([[0, 1]], classes=[[-1], [0]])


@pytest.mark.parametrize("what", ["labels", "split"])
def test_one_value_an_input(what: str) -> None:
    values: dict[str, Any] = {
        "labels": {"labels": torch.tensor([0, 1, 1])},
        "split": {"train": torch.tensor([True, False, True])},
    }[what]
    with pytest.raises(BadInput, match=rf"the {what} of task t must hold one value for each of the 4 .* \(3,\)"):
        Task(name="t", domain=Domain.square(2, last=2), classes=((0,), (1,)), **values)


def test_the_class_of_an_answer_is_the_group_that_holds_it() -> None:
    task = Task(name="t", domain=Domain.square(3, last=12), classes=((4, 0), (2,), (7, 1, 5)))
    homes = {4: 0, 0: 0, 2: 1, 7: 2, 1: 2, 5: 2}
    answers = [*range(13), 112, 10**9]
    assert task.class_of(torch.tensor(answers)).tolist() == [homes.get(token, -1) for token in answers]


def test_targets_are_the_tokens_of_the_classes() -> None:
    task = Task.from_arrays([[0, 1], [1, 0]], classes=[[7], [3]])
    assert task.targets().tolist() == [7, 3, 3, 7]


def test_there_are_no_targets_without_labels_or_with_classes_of_several_tokens() -> None:
    with pytest.raises(BadInput, match="no labels to train on"):
        Task(name="t", domain=Domain.square(2, last=2), classes=((0,), (1,))).targets()
    with pytest.raises(BadInput, match="classes of none or several tokens"):
        Task.from_arrays([[0, 1], [1, 0]], classes=[[0, 2], [1]]).targets()


@pytest.mark.parametrize(("rows", "columns"), [(113, 113), (7, 4), (1, 9)])
@pytest.mark.parametrize(("fraction", "seed"), [(0.5, 0), (0.3, 1), (0.77, 598)])
def test_the_split_is_that_of_a_shuffled_list_of_pairs(rows: int, columns: int, fraction: float, seed: int) -> None:
    pairs = [(a, b) for a in range(rows) for b in range(columns)]
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    training = set(shuffled[: int(fraction * len(pairs))])
    domain = Domain((tuple(range(rows)), tuple(range(columns)), (113,)))
    assert seeded_split(domain, fraction, seed).tolist() == [pair in training for pair in pairs]


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 1.5, math.nan, math.inf, 0.039])
def test_a_fraction_that_leaves_a_half_empty_is_refused(fraction: float) -> None:
    with pytest.raises(BadInput, match=f"fraction of {fraction} leaves one part of the 25 inputs empty"):
        seeded_split(Domain.square(5, last=5), fraction, 0)


def test_the_smallest_fraction_keeps_one_input() -> None:
    assert int(seeded_split(Domain.square(5, last=5), 0.04, 0).sum()) == 1


@pytest.mark.parametrize("axes", [1, 2, 3, 10, 30])
def test_every_position_has_a_name_however_many_there_are(axes: int) -> None:
    labels = np.zeros((2,) + (1,) * (axes - 1), dtype=int)
    labels[0] = 1
    task = Task.from_arrays(labels)
    assert task.position_names == tuple(str(number) for number in range(1, axes + 2))
    assert len(task.position_names) == task.domain.n_ctx


def test_positions_are_called_what_the_task_says() -> None:
    assert challenge2().position_names == ("A", "B", "C")
    assert modular_addition(5, below=2, fraction=0.5).position_names == ("a", "b", "=")
    assert Task.from_arrays(LABELS, names=["row", "column", "end"]).position_names == ("row", "column", "end")


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c", "d")])
def test_names_that_do_not_match_the_positions_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match=f"one name for each of its 3 positions, .* included; it has {len(names)}: "):
        Task.from_arrays(LABELS, names=names)


def test_a_task_fits_the_network_that_has_just_its_tokens() -> None:
    assert Task.from_arrays(CHECKED).last_is_assumed
    Task.from_arrays(CHECKED).check_fits(network(SIDE + 1))


@pytest.mark.parametrize("d_vocab", [SIDE, SIDE + 2, 20])
def test_a_last_token_is_never_guessed(d_vocab: int) -> None:
    task = Task.from_arrays(CHECKED, name="small")
    message = (
        f"task small does not state its constant last token. Its labels have the shape 15 x 15, so the last token "
        f"would be 15, but the network has the tokens 0 to {d_vocab - 1}. State the last token"
    )
    with pytest.raises(BadInput, match=re.escape(message)):
        task.check_fits(network(d_vocab))
    stated = Task.from_arrays(CHECKED, last=d_vocab - 1)
    assert not stated.last_is_assumed
    stated.check_fits(network(d_vocab))


def test_a_last_token_is_assumed_beyond_all_tokens_of_the_axes() -> None:
    task = Task.from_arrays(LABELS, tokens=[[5, 4], [1, 2, 3]])
    assert task.domain.positions[-1] == (6,) and task.last_is_assumed
    task.check_fits(network(7))
    with pytest.raises(BadInput, match="does not state its constant last token"):
        task.check_fits(network(8))


def test_inputs_that_the_network_cannot_read_are_refused() -> None:
    with pytest.raises(BadInput, match="inputs have 3 positions, but the network reads at most 2"):
        Task.from_arrays(CHECKED, last=15).check_fits(network(20, n_ctx=2))
    with pytest.raises(BadInput, match="the token 15"):
        Task.from_arrays(CHECKED).check_fits(network(10))
    with pytest.raises(BadInput, match="the token 20"):
        Task.from_arrays(CHECKED, last=20).check_fits(network(20))


def test_answers_that_the_network_cannot_give_are_refused() -> None:
    task = Task.from_arrays(CHECKED, last=15, classes=[[0, 3], [1, 20]])
    task.check_fits(network(21))
    with pytest.raises(BadInput, match="class 1 of task own task has the token 20, and the network only the tokens 0 "):
        task.check_fits(network(20))


def test_inputs_may_be_shorter_than_what_the_network_reads() -> None:
    Task.from_arrays(CHECKED).check_fits(network(20, n_ctx=4))
    Task.from_arrays(CHECKED, last=15).check_fits(network(20, n_ctx=100))


def test_answers_are_compared_with_the_tokens_that_the_network_gives_and_not_with_those_that_it_reads() -> None:
    task = Task.from_arrays(CHECKED, last=15, classes=[[0, 3], [1, 4]])
    task.check_fits(network(16, d_vocab_out=5))
    with pytest.raises(
        BadInput, match="class 1 of task own task has the token 4, and the network only the tokens 0 to 3"
    ):
        task.check_fits(network(16, d_vocab_out=4))
    Task.from_arrays(CHECKED, last=15, classes=[[0], [20]]).check_fits(network(16, d_vocab_out=21))


def test_a_network_fits_a_task_whose_last_token_varies() -> None:
    task = Task(name="t", domain=Domain(((0, 1), (0, 1))), classes=((0,), (1,)))
    task.check_fits(network(3, n_ctx=2))
    task.check_fits(network(3, n_ctx=3))
    with pytest.raises(BadInput, match="uses the token 1"):
        task.check_fits(network(1, n_ctx=2))


class TestAnswers:
    """How the class of an answer follows from the logits."""

    DOMAIN = Domain.square(2, last=2)
    LOGITS = torch.randn(500, 7, generator=torch.Generator().manual_seed(3))

    def task(self, answer: Any, classes: tuple[tuple[int, ...], ...]) -> Task:
        return Task(name="t", domain=self.DOMAIN, classes=classes, answer=answer)

    def test_argmax_takes_the_largest_of_all_logits(self) -> None:
        expected = []
        for row in self.LOGITS.tolist():
            best = row.index(max(row))
            expected.append(0 if best in (2, 5) else 1 if best == 0 else -1)
        assert self.task("argmax", ((2, 5), (0,))).classes_of(self.LOGITS).tolist() == expected
        assert set(expected) == {-1, 0, 1}

    def test_groups_take_the_largest_logit_of_the_tokens_of_classes(self) -> None:
        expected = []
        for row in self.LOGITS.tolist():
            best = [max(row[2], row[5]), row[0], max(row[1], row[4], row[6])]
            expected.append(best.index(max(best)))
        assert self.task("groups", ((2, 5), (0,), (6, 1, 4))).classes_of(self.LOGITS).tolist() == expected
        assert set(expected) == {0, 1, 2}

    def test_groups_of_all_tokens_are_the_argmax(self) -> None:
        classes = ((2, 5), (0, 3), (6, 1, 4))
        groups = self.task("groups", classes).classes_of(self.LOGITS)
        assert groups.tolist() == self.task("argmax", classes).classes_of(self.LOGITS).tolist()

    def test_a_sign_is_that_of_one_logit(self) -> None:
        task = self.task("sign", ((), (3,)))
        assert task.is_binary
        assert task.classes_of(self.LOGITS).tolist() == [int(row[3] > 0) for row in self.LOGITS.tolist()]
        assert task.classes_of(torch.zeros(1, 7)).tolist() == [0]

    def test_a_sign_has_no_target_and_fits_a_network_that_gives_its_token(self) -> None:
        task = Task(name="t", domain=self.DOMAIN, classes=((), (3,)), answer="sign", labels=torch.tensor([0, 1, 1, 0]))
        with pytest.raises(BadInput, match="classes of none or several tokens"):
            task.targets()
        task.check_fits(network(3, d_vocab_out=4))
        with pytest.raises(BadInput, match="class 1 of task t has the token 3"):
            task.check_fits(network(4, d_vocab_out=3))

    @pytest.mark.parametrize("classes", [((0,), (1,)), ((), (1, 2)), ((), ()), ((1,), ()), ((), (1,), (2,))])
    def test_a_sign_has_one_token(self, classes: tuple[tuple[int, ...], ...]) -> None:
        with pytest.raises(
            BadInput, match=re.escape("reads the sign of one logit, so its classes must be ((), (token,))")
        ):
            self.task("sign", classes)

    @pytest.mark.parametrize("answer", ["argmax", "groups"])
    @pytest.mark.parametrize("classes", [((), (1,)), ((0,),), ()])
    def test_other_answers_need_two_classes_with_tokens(
        self, answer: str, classes: tuple[tuple[int, ...], ...]
    ) -> None:
        with pytest.raises(BadInput, match="needs two classes or more, each with a token"):
            self.task(answer, classes)


def test_tokens_have_names_or_are_called_by_their_numbers() -> None:
    task = Task(name="t", domain=Domain.square(2, last=2), classes=((0,), (1,)), token_names=("no", "yes"))
    assert [task.token_name(token) for token in range(4)] == ["no", "yes", "2", "3"]
    assert Task.from_arrays(LABELS).token_name(1) == "1"


def test_a_replica_is_made_by_the_whole_recipe() -> None:
    task = challenge2()
    assert task.recipe is not None
    assert task.is_replicated_by(task.recipe) and task.is_replicated_by(replace(task.recipe, seed=7))
    others: dict[str, Any] = {
        "d_model": 8,
        "n_heads": 4,
        "d_head": 8,
        "d_mlp": 0,
        "epochs": 4999,
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "betas": (0.9, 0.999),
        "warmup": 1,
        "frozen_pattern": ((0.2, 0.2, 0.6),) * 8,
    }
    for name, value in others.items():
        assert not task.is_replicated_by(replace(task.recipe, **{name: value})), name
    assert not task.is_replicated_by(None)


def test_a_task_without_published_figures_has_no_replica() -> None:
    task = modular_addition(113, fraction=0.3)
    assert task.recipe is not None and not task.is_replicated_by(task.recipe)
    assert not Task.from_arrays(LABELS).is_replicated_by(task.recipe)
    published = replace(Task.from_arrays(LABELS), published={"accuracy.all": 0.9})
    assert not published.is_replicated_by(task.recipe)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d_model": 0}, "d_model must be a positive whole number, and is 0"),
        ({"d_mlp": -1}, "d_mlp must be a positive whole number, and is -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite, and is 0.0"),
        ({"learning_rate": math.nan}, "learning_rate must be positive and finite, and is nan"),
        ({"weight_decay": -0.1}, "weight_decay must be 0 or more and finite, and is -0.1"),
        ({"weight_decay": math.inf}, "weight_decay must be 0 or more and finite, and is inf"),
        ({"betas": (0.9, 1.0)}, "betas must be at least 0 and less than 1, and are (0.9, 1.0)"),
        ({"seed": -1}, "seed must be 0 or more, and is -1"),
    ],
)
def test_a_recipe_that_no_optimiser_takes_is_refused(change: dict[str, Any], message: str) -> None:
    recipe = Recipe(d_model=4, n_heads=1, d_head=4, d_mlp=0, epochs=1, learning_rate=0.1, weight_decay=0.0)
    with pytest.raises(BadInput, match=re.escape(message)):
        replace(recipe, **change)
