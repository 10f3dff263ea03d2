"""Tables of answers from arrays, tasks and files; the bits of a table."""

from dataclasses import replace
from math import comb, log2
from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.functions.answer_table import AnswerTable, distinct
from scrubjay.functions.found_function import Named, answers_bits, exception_bits
from scrubjay.functions.recognition import name_function
from scrubjay.functions.table_files import table_from_file
from scrubjay.program.observed import Observed
from scrubjay.tasks.domain import Domain, ListedDomain, sampled_from
from scrubjay.tasks.task import Task


def digits(domain: Domain, names: tuple[str, ...] = ()) -> Task:
    return Task("digits", domain, tuple((token,) for token in range(7)), token_names=names, names=())


def test_a_task_gives_the_tokens_of_its_varying_positions() -> None:
    domain = Domain(((5, 2, 0), (9,), (1, 4)))
    classes = torch.tensor([0, 1, 2, -1, 4, 5])
    table = AnswerTable.of_task(digits(domain), classes)
    assert table.x.tolist() == [[5, 1], [5, 4], [2, 1], [0, 1], [0, 4]]
    assert table.y.tolist() == [0, 1, 2, 4, 5] and table.n == 5 and table.places.tolist() == [0, 1, 2, 4, 5]
    assert table.grid is not None and table.grid.tolist() == [[0, 1], [2, -1], [3, 4]]
    assert table.inputs == ("a", "b")


def test_names_that_are_numbers_are_the_numbers() -> None:
    names = ("0", "1", "2", "3", "-3", "-2", "-1")
    domain = Domain((tuple(range(7)),) * 3)
    tokens = domain.tokens(domain.inputs())
    values = torch.tensor([int(name) for name in names])
    largest = values[tokens].amax(1)
    classes = torch.tensor([names.index(str(int(value))) for value in largest])
    found = name_function(AnswerTable.of_task(digits(domain, names), classes))
    assert found.words == "the largest of 3 tokens" and isinstance(found, Named) and not found.exceptions
    assert name_function(AnswerTable.of_task(digits(domain), classes)).words != found.words
    mixed = replace(digits(domain, ("zero", *names[1:])))
    assert AnswerTable.of_task(mixed, classes).tokens[0].tolist() == list(range(7))


def test_classes_of_several_tokens_are_answered_by_their_number() -> None:
    domain = Domain.square(6, last=6)
    task = Task("halves", domain, ((3, 4, 5), (0, 1, 2)), names=("a", "b", "="))
    classes = (domain.tokens(domain.inputs())[:, 0] < 2).long()
    table = AnswerTable.of_task(task, classes)
    assert table.inputs == ("a", "b") and set(table.y.tolist()) == {0, 1}
    assert name_function(table).words == "1 if the token a is at most 1, 0 if it is at least 2"


def test_lists_and_samples_of_inputs_are_named_too() -> None:
    whole = Domain((tuple(range(30)),) * 4)
    sample = sampled_from(whole, 3000, seed=1)
    tokens = sample.tokens(sample.inputs())
    task = Task("sample", sample, tuple((token,) for token in range(30)))
    table = AnswerTable.of_task(task, tokens.amax(1))
    assert table.grid is None
    found = name_function(table)
    assert found.words == "the largest of 4 tokens"
    different = torch.tensor([[a, b] for a in range(9) for b in range(9) if a != b])
    listed = ListedDomain.of(different)
    task = Task("listed", listed, ((0,), (1,)))
    assert name_function(AnswerTable.of_task(task, (different[:, 0] < different[:, 1]).long())).words == "whether a < b"


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(BadInput, match=r"shape \(\) and the type int64"):
        AnswerTable.of(np.array(3))
    with pytest.raises(BadInput, match="the type float64"):
        AnswerTable.of(np.zeros((2, 2)))
    with pytest.raises(BadInput, match=r"choices of the shape \(4, 1\); they have \(3, 1\)"):
        AnswerTable((np.arange(4),), np.zeros((3, 1), int), np.zeros(4, int), np.ones(4, bool), ("a",))


def test_a_file_of_answers_is_the_array_in_it(tmp_path: Path) -> None:
    answers = np.array([[3, -1, 2], [0, 1, 5]])
    np.savetxt(tmp_path / "t.csv", answers, fmt="%d", delimiter=",")
    np.save(tmp_path / "t.npy", answers)
    for name in ("t.csv", "t.npy"):
        table = table_from_file(str(tmp_path / name))
        assert table.y.tolist() == [3, 2, 0, 1, 5] and table.x.tolist() == [[0, 0], [0, 2], [1, 0], [1, 1], [1, 2]]


@pytest.mark.parametrize("seed", range(5))
def test_different_numbers_and_their_places(seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(-5, (3, 10**9)[seed % 2], 40)
    values, places = distinct(numbers)
    assert values.tolist() == sorted(set(numbers.tolist())) and np.array_equal(values[places], numbers)


def test_two_answers_cost_what_the_search_for_programs_counts() -> None:
    answers = np.random.default_rng(0).integers(0, 2, (9, 9))
    assert answers_bits(AnswerTable.of(answers)) == pytest.approx(Observed.of(answers).table_bits)


def test_the_bits_of_answers_and_exceptions_count_the_possibilities() -> None:
    table = AnswerTable.of(np.array([[0] * 9 + [1, 2, 2]]))
    ways, frequencies = comb(12, 9) * comb(3, 1), comb(12 + 2, 2)
    assert answers_bits(table) == pytest.approx(1 + log2(ways * frequencies))
    even = AnswerTable.of(np.arange(12).reshape(3, 4))
    assert answers_bits(even) == pytest.approx(1 + 12 * log2(12))
    assert exception_bits(20, 3, 5) == pytest.approx(log2(21) + log2(comb(20, 3)) + 3 * 2)
