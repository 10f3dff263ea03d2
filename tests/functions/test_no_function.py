"""Tables that compute nothing with a name are refused; 300 of them."""

import numpy as np
import pytest

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named, Unnamed
from scrubjay.functions.groups import is_associative, is_latin
from scrubjay.functions.recognition import name_function
from tests.functions.no_function import WITHOUT, latin_by_moves

SEEDS = 25


@pytest.mark.parametrize("kind", WITHOUT)
def test_a_table_without_a_function_is_not_named(kind: str) -> None:
    named = {}
    for seed in range(SEEDS):
        found = name_function(AnswerTable.of(WITHOUT[kind](seed)))
        if isinstance(found, Named):
            named[seed] = found.words
        else:
            assert found.words
    assert named == {}


def test_random_latin_squares_are_latin_and_differ() -> None:
    squares = [latin_by_moves(8, seed) for seed in range(5)]
    assert all(is_latin(square) for square in squares)
    assert not any(is_associative(square) for square in squares)
    assert len({square.tobytes() for square in squares}) == 5


def test_a_refusal_says_how_far_the_closest_function_is() -> None:
    table = np.random.default_rng(4).integers(0, 9, (9, 9))
    found = name_function(AnswerTable.of(table))
    assert isinstance(found, Unnamed) and found.words.startswith("no function of the catalogue fits; the closest, ")
    assert f"has {found.exceptions} exceptions among 81 answers" in found.words
    constant = name_function(AnswerTable.of(np.ones((3, 3), dtype=np.int64)))
    assert isinstance(constant, Unnamed) and "the 9 known answers are all the same" in constant.words
