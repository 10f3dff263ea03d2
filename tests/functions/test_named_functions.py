"""Planted functions are named as what they are; the source and the numbers agree on every input."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named
from scrubjay.functions.recognition import name_function
from tests.functions.by_hand import GROUPS, cyclic, dihedral, quaternions, renamed, symmetric, times


def named(answers: np.ndarray | AnswerTable) -> Named:
    """The name of a table, after a look at every input: its source, its numbers and its exceptions must agree."""
    table = answers if isinstance(answers, AnswerTable) else AnswerTable.of(np.asarray(answers))
    found = name_function(table)
    assert isinstance(found, Named), found.words
    names: dict[str, Callable[..., int]] = {}
    exec(found.python, names)
    said = np.array([names["answer"](*row) for row in table.x.tolist()])
    assert np.array_equal(said, found.evaluate(table.x))
    assert found.exceptions == tuple(table.places[said != table.y].tolist())
    assert found.bits == found.function_bits + found.exception_bits < found.table_bits
    return found


def axes(side: int, positions: int) -> np.ndarray:
    return np.indices((side,) * positions)


A, B = axes(17, 2)
X = axes(7, 4)
Y = axes(3, 5)
WORDS: dict[str, np.ndarray] = {
    "(2·a + 3·b + 5) mod 17": (2 * A + 3 * B + 5) % 17,
    "(a - b) mod 17": (A - B) % 17,
    "(-a + 16·b) mod 18": (16 * B - A) % 18,
    "(a·b) mod 17": (A * B) % 17,
    "(3·a·b + a + 4) mod 17": (3 * A * B + A + 4) % 17,
    "(a + b)": A + B,
    "the sum of the tokens": X.sum(0),
    "(a + b) mod 6": (A + B) % 6,
    "(a + 2·b + 5·d + 1) mod 7": (X[0] + 2 * X[1] + 5 * X[3] + 1) % 7,
    "the larger of a and b": np.maximum(A, B),
    "the smaller of a and b": np.minimum(A, B),
    "the largest of 4 tokens": X.max(0),
    "the smallest of 4 tokens": X.min(0),
    "the 2nd largest of 4 tokens": np.sort(X, 0)[2],
    "the 3rd largest of 4 tokens": np.sort(X, 0)[1],
    "the median of 5 tokens": np.sort(Y, 0)[2],
    "the largest of a, b and d": X[[0, 1, 3]].max(0),
    "the place, from 0, of the first largest of 4 tokens": X.argmax(0),
    "the place, from 0, of the last smallest of 4 tokens": 3 - X[::-1].argmin(0),
    "the distance between the largest and the smallest of 4 tokens": np.ptp(X, 0),
    "the token c": X[2],
    "the token b, renamed": np.random.default_rng(2).permutation(17)[B],
    "whether a < b": (A < B).astype(int),
    "whether a ≥ b": (A >= B).astype(int),
    "whether b = d": (X[1] == X[3]).astype(int),
    "0 if the sign of a - b is -1, 1 if it is 0, 2 if it is 1": np.sign(A - B) + 1,
    "the distance of a and b": np.abs(A - B),
    "1 if a - b is at most 4, 0 if it is at least 5": (A - B < 5).astype(int),
    "whether the tokens read the same backwards": ((X[0] == X[3]) & (X[1] == X[2])).astype(int),
    "0 if the number of different tokens is at most 3, 1 if it is 4": np.array(
        [len(set(column)) == 4 for column in X.reshape(4, -1).T.tolist()], dtype=int
    ).reshape(X.shape[1:]),
    "1 if the number of tokens that are smaller than the one before is 0, 0 if it is at least 1": (
        (X[0] <= X[1]) & (X[1] <= X[2]) & (X[2] <= X[3])
    ).astype(int),
    "the number of tokens 5": (X == 5).sum(0),
    "0 if the number of tokens 1 is at most 1, 1 if it is at least 2": ((Y == 1).sum(0) >= 2).astype(int),
    "0 if the sum of the tokens is at most 13, 1 if it is at least 14": (X.sum(0) >= 14).astype(int),
    "the product in S4, the symmetric group on 4 letters": symmetric(4),
}


@pytest.mark.parametrize("words", WORDS)
def test_a_planted_function_gets_its_words(words: str) -> None:
    found = named(WORDS[words])
    assert found.words == words and found.exceptions == ()


def test_parity_majority_and_brackets_of_bits() -> None:
    bits = axes(2, 9)
    assert named(bits.sum(0) % 2).facts["statistic"] == "the sum of the tokens"
    majority = named((bits.sum(0) > 4).astype(int))
    sum_of_bits = "0 if the sum of the tokens is at most 4, 1 if it is at least 5"
    assert majority.words == f"the median of 9 tokens, or equally {sum_of_bits}"
    assert majority.facts["also"] == [sum_of_bits]
    assert named((bits.sum(0) > 2).astype(int)).words.startswith("the 3rd largest of 9 tokens, or equally 0 if the sum")
    assert "the sum of the tokens" in named((bits.sum(0) % 4 == 1).astype(int)).words
    bits = axes(2, 10)
    texts = ["".join("()"[bit] for bit in column) for column in bits.reshape(10, -1).T]

    def is_balanced(text: str) -> bool:
        while "()" in text:
            text = text.replace("()", "")
        return not text

    balanced = np.array([int(is_balanced(text)) for text in texts]).reshape(bits.shape[1:])
    assert named(balanced).words == "whether the tokens are balanced brackets, 0 opening and 1 closing"
    assert named(np.flip(balanced)).words == "whether the tokens are balanced brackets, 1 opening and 0 closing"


@pytest.mark.parametrize("planted", [(0, 1, 2, 3, -3, -2, -1), (5, -2, 1, -4), (2, 0, -1, -3, 4)])
def test_contributions_that_are_found_are_those_that_were_planted(planted: tuple[int, ...]) -> None:
    weights = np.array(planted)
    found = named(np.sign(weights[axes(len(planted), 5)].sum(0)) + 1)
    scaled = np.array(list(found.facts["contributions"].values()))
    assert np.array_equal(scaled, weights) or np.array_equal(scaled, -weights)


@settings(deadline=None, max_examples=40)
@given(name=st.sampled_from(sorted(set(GROUPS) - {"S3"})), seed=st.integers(0, 10**6))
def test_groups_are_named_under_any_names_of_their_elements(name: str, seed: int) -> None:
    found = named(renamed(GROUPS[name], seed))
    assert found.facts["group"] == name and found.facts["way"] == "product" and found.family == "group"


@pytest.mark.parametrize("name", ["S4", "A4", "D7", "Q8", "C3^3", "C12 × C2", "C7 ⋊ C3"])
def test_groups_are_named_when_rows_columns_and_answers_are_renamed(name: str) -> None:
    draw = np.random.default_rng(7)
    n = len(GROUPS[name])
    mixed = draw.permutation(n)[GROUPS[name][draw.permutation(n)][:, draw.permutation(n)]]
    found = named(mixed)
    assert found.facts["group"] == name and found.facts["way"] == "isotope" and not found.exceptions
    assert found.words.startswith("the product of renamed tokens in ")


def test_quotients_are_named() -> None:
    table = renamed(symmetric(4), 3)
    identity = next(e for e in range(24) if (table[e] == np.arange(24)).all())
    inverse = np.array([np.flatnonzero(table[g] == identity)[0] for g in range(24)])
    assert named(table[:, inverse]).words == "a·b⁻¹ in S4, the symmetric group on 4 letters"
    assert named(table[inverse]).words == "a⁻¹·b in S4, the symmetric group on 4 letters"


def test_a_group_without_a_name_here_is_still_a_group() -> None:
    maps = [np.array([[1, x, z], [0, 1, y], [0, 0, 1]]) for x in range(3) for y in range(3) for z in range(3)]
    table = [[next(i for i, c in enumerate(maps) if (a @ b % 3 == c).all()) for b in maps] for a in maps]
    found = named(renamed(np.array(table), 1))
    assert found.words == "the product in a group of order 27 without a name here" and found.facts["group"] is None


def wrong_in(table: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, int]:
    """The table with a share of its answers replaced by others, and how many were."""
    draw = np.random.default_rng(seed)
    n, size = len(table), table.size
    at = draw.choice(size, round(share * size), replace=False)
    flat = table.reshape(-1).copy()
    flat[at] = (flat[at] + draw.integers(1, n, len(at))) % n
    return flat.reshape(table.shape), len(at)


IMPERFECT = {"S4": symmetric(4), "D18": dihedral(18), "Q8 × C3": times(quaternions(), cyclic(3)), "S5": symmetric(5)}


@pytest.mark.parametrize("name", IMPERFECT)
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_wrong_answers_of_a_group_table_are_its_exceptions(name: str, share: float) -> None:
    right = renamed(IMPERFECT[name], 11)
    table, wrong = wrong_in(right, share, 5)
    found = named(table)
    assert found.facts["group"] == name and len(found.exceptions) == wrong
    assert np.array_equal(found.evaluate(axes(len(table), 2).reshape(2, -1).T), right.reshape(-1))


def test_half_of_the_answers_may_be_wrong_in_a_large_group_and_not_three_quarters() -> None:
    right = renamed(symmetric(5), 2)
    table, wrong = wrong_in(right, 0.5, 8)
    assert len(named(table).exceptions) == wrong
    assert not isinstance(name_function(AnswerTable.of(wrong_in(right, 0.75, 8)[0])), Named)


def test_unknown_answers_of_a_group_are_filled() -> None:
    right = renamed(dihedral(18), 4)
    table = np.where(np.random.default_rng(1).random(right.shape) < 0.3, -1, right)
    found = named(table)
    assert found.exceptions == () and found.n == (table >= 0).sum()
    assert np.array_equal(found.evaluate(axes(36, 2).reshape(2, -1).T), right.reshape(-1))


@pytest.mark.parametrize("words", [words for words in WORDS if "whether" not in words])
def test_two_percent_of_wrong_answers_change_no_name(words: str) -> None:
    right = WORDS[words]
    draw = np.random.default_rng(0)
    flat = right.reshape(-1).copy()
    at = draw.choice(flat.size, flat.size // 50, replace=False)
    other = np.unique(flat)
    flat[at] = other[(np.searchsorted(other, flat[at]) + draw.integers(1, len(other), len(at))) % len(other)]
    found = named(flat.reshape(right.shape))
    assert len(found.exceptions) == len(at)
    whole = np.stack([axis.reshape(-1) for axis in np.indices(right.shape)], axis=1)
    assert np.array_equal(found.evaluate(whole), right.reshape(-1))
    assert found.words == words


def test_a_tenth_of_wrong_answers_is_too_many_for_a_maximum() -> None:
    table, _ = wrong_in(np.maximum(A, B), 0.1, 3)
    assert not isinstance(name_function(AnswerTable.of(table)), Named)


def test_few_answers_are_too_few_for_a_name() -> None:
    found = name_function(AnswerTable.of(np.array([[0, 1], [1, 0]])))
    assert not isinstance(found, Named) and found.words.startswith(
        "4 answers are too few to tell a function from chance"
    )
