"""The domain against itertools, and every way in which one can be wrong."""

import itertools
import math
import re
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import Domain

Positions = tuple[tuple[int, ...], ...]

TOKENS = st.integers(0, 12)
TOKEN_SETS = st.lists(TOKENS, min_size=1, max_size=4, unique=True).map(tuple)
POSITIONS = st.builds(lambda sets, last: (*sets, (last,)), st.lists(TOKEN_SETS, max_size=4), TOKENS)
PARTLY_CONSTANT = Domain(((3,), (5, 7, 9), (0,), (2, 1), (4,)))
"""Varies at positions 1 and 3."""


@given(POSITIONS)
@settings(deadline=None)
def test_inputs_are_numbered_as_itertools_product_orders_them(positions: Positions) -> None:
    domain = Domain(positions)
    expected = [list(tokens) for tokens in itertools.product(*positions)]
    assert domain.tokens(domain.inputs()).tolist() == expected
    assert domain.size == len(expected)


@given(POSITIONS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_index_undoes_tokens_in_any_order(positions: Positions, order: Random) -> None:
    domain = Domain(positions)
    inputs = domain.inputs().tolist()
    order.shuffle(inputs)
    shuffled = torch.tensor(inputs)
    assert domain.index(domain.tokens(shuffled)).tolist() == inputs


@given(POSITIONS)
@settings(deadline=None)
def test_choices_are_places_in_each_token_set(positions: Positions) -> None:
    domain = Domain(positions)
    choices = domain.choices(domain.inputs()).tolist()
    tokens = domain.tokens(domain.inputs()).tolist()
    assert tokens == [[positions[at][choice] for at, choice in enumerate(row)] for row in choices]


@given(POSITIONS, st.integers(1, 9))
@settings(deadline=None)
def test_chunks_are_all_inputs_in_order(positions: Positions, rows: int) -> None:
    domain = Domain(positions)
    chunks = [chunk.tolist() for chunk in domain.chunks(rows)]
    assert list(itertools.chain(*chunks)) == list(range(domain.size))
    assert all(len(chunk) == rows for chunk in chunks[:-1]) and 0 < len(chunks[-1]) <= rows


def test_sizes_of_a_domain_with_constant_positions_between() -> None:
    assert PARTLY_CONSTANT.n_ctx == 5
    assert PARTLY_CONSTANT.counts == (1, 3, 1, 2, 1)
    assert PARTLY_CONSTANT.varying == (1, 3)
    assert PARTLY_CONSTANT.shape == (3, 2)
    assert PARTLY_CONSTANT.size == 6
    assert PARTLY_CONSTANT.largest_token == 9


def test_image_rows_are_the_first_varying_position() -> None:
    tokens = PARTLY_CONSTANT.tokens(PARTLY_CONSTANT.inputs())
    assert PARTLY_CONSTANT.image(tokens[:, 1]).tolist() == [[5, 5], [7, 7], [9, 9]]
    assert PARTLY_CONSTANT.image(tokens[:, 3]).tolist() == [[2, 1], [2, 1], [2, 1]]


def test_image_of_a_square_has_a_in_rows_and_b_in_columns() -> None:
    domain = Domain.square(5, last=8)
    tokens = domain.tokens(domain.inputs())
    a, b = domain.image(tokens[:, 0]), domain.image(tokens[:, 1])
    assert all(int(a[row, column]) == row and int(b[row, column]) == column for row in range(5) for column in range(5))
    assert tokens[:, 2].tolist() == [8] * 25


def test_image_keeps_further_axes() -> None:
    values = torch.arange(6 * 4).view(6, 4)
    image = PARTLY_CONSTANT.image(values)
    assert image.shape == (3, 2, 4)
    assert torch.equal(image[2, 1], values[5])


def test_image_of_a_single_input_is_a_scalar() -> None:
    assert Domain(((1,), (2,))).image(torch.tensor([7.0])).shape == ()


def test_a_domain_of_ten_million_inputs_is_walked_in_small_pieces() -> None:
    domain = Domain((*(tuple(range(216)) for _ in range(3)), (216,)))
    assert domain.size == 216**3 > 10**7
    first, second = itertools.islice(domain.chunks(1000), 2)
    bytes_held = [chunk.untyped_storage().nbytes() for chunk in (first, second)]
    assert bytes_held == [8000, 8000]
    assert domain.choices(second)[0].tolist() == [0, 1000 // 216, 1000 % 216, 0]
    *_, last = domain.chunks(2**20)
    assert domain.choices(last[-2:]).tolist() == [[215, 215, 214, 0], [215, 215, 215, 0]]
    assert domain.tokens(last[-1:]).tolist() == [[215, 215, 215, 216]]


def test_a_domain_too_large_for_any_memory_still_has_its_ends() -> None:
    domain = Domain((*(tuple(range(100, 200)) for _ in range(6)), (0,)))
    assert domain.size == 10**12 == math.prod(domain.shape)
    assert next(domain.chunks(3)).tolist() == [0, 1, 2]
    end = torch.tensor([10**12 - 1, 10**12 - 101])
    assert domain.tokens(end).tolist() == [[199] * 6 + [0], [199, 199, 199, 199, 198, 199, 0]]
    assert torch.equal(domain.index(domain.tokens(end)), end)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ((), "at least one position"),
        (((0, 1), (), (2,)), "position 1 of the domain has no tokens"),
        (((4, 3, 4), (2,)), "position 0 of the domain repeats a token: [4, 3, 4]"),
        (((*range(50), 0), (2,)), "position 0 of the domain repeats a token: [0, 1, ..., 0]"),
        (((0, 1), (0, -3), (2,)), "position 1 of the domain has the negative token -3"),
        (((0,), (1, 2)), "last position must be constant, since everything is read there; it has 2 tokens: [1, 2]"),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(positions: Positions, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        Domain(positions)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([3, 5, 0, 6, 4], "token 6 can't stand at position 3, which has [2, 1]"),
        ([3, 1, 0, 1, 4], "token 1 can't stand at position 1, which has [5, 7, 9]"),
        ([3, 5, 0, 1, 99], "token 99 can't stand at position 4, which has [4]"),
        ([3, 10, 0, 1, 4], "token 10 can't stand at position 1, which has [5, 7, 9]"),
        ([-1, 5, 0, 1, 4], "token -1 can't stand at position 0, which has [3]"),
        ([3, 5, -1, 1, 4], "token -1 can't stand at position 2, which has [0]"),
    ],
)
def test_a_foreign_token_is_named_with_its_position(tokens: list[int], message: str) -> None:
    right = [3, 5, 0, 1, 4]
    assert PARTLY_CONSTANT.index(torch.tensor([right])).tolist() == [1]
    with pytest.raises(BadInput, match=re.escape(message)):
        PARTLY_CONSTANT.index(torch.tensor([right, tokens]))


@pytest.mark.parametrize("length", [0, 5, 7, 12])
def test_an_image_takes_one_value_an_input(length: int) -> None:
    with pytest.raises(BadInput, match=f"takes 6 values, one an input; it got {length}"):
        PARTLY_CONSTANT.image(torch.zeros(length))
