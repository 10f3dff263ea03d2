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
from scrubjay.tasks.domain import Domain, ListedDomain, sampled_from

Positions = tuple[tuple[int, ...], ...]

TOKENS = st.integers(0, 12)
TOKEN_SETS = st.lists(TOKENS, min_size=1, max_size=4, unique=True).map(tuple)
POSITIONS = st.lists(TOKEN_SETS, min_size=1, max_size=5).map(tuple)
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
        (((0, 1), (10_000_001,)), "position 1 of the domain has the token 10000001; the largest is 10000000"),
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


class TestWhereTheAnswerIsRead:
    """``Domain.read_at``, and what follows from it."""

    VARIED = ((7,), (0, 2), (9, 3))

    @pytest.mark.parametrize(("given", "read_at"), [(0, 0), (1, 1), (2, 2), (-1, 2), (-2, 1), (-3, 0)])
    def test_it_is_a_position_counted_from_either_end(self, given: int, read_at: int) -> None:
        assert Domain(self.VARIED, given).read_at == read_at
        assert Domain(self.VARIED, given) == Domain(self.VARIED, read_at)
        listed = ListedDomain.of(torch.tensor([[7, 0, 9], [7, 2, 3]]), read_at=given)
        assert listed.read_at == read_at

    def test_it_is_the_last_position_if_nobody_says_another(self) -> None:
        assert Domain(self.VARIED).read_at == 2
        assert ListedDomain.of(torch.tensor([[7, 0, 9], [7, 2, 3]])).read_at == 2
        assert Domain(self.VARIED) != Domain(self.VARIED, 1)

    @pytest.mark.parametrize("read_at", [3, -4, 100])
    def test_there_is_such_a_position(self, read_at: int) -> None:
        message = f"the answer is read at position {read_at}, but the domain has only the positions 0 to 2"
        with pytest.raises(BadInput, match=re.escape(message)):
            Domain(self.VARIED, read_at)
        with pytest.raises(BadInput, match=re.escape(message)):
            ListedDomain.of(torch.tensor([[7, 0, 9], [7, 2, 3]]), read_at=read_at)

    def test_the_query_is_constant_where_only_one_token_may_stand(self) -> None:
        assert [Domain(self.VARIED, at).has_constant_query for at in range(3)] == [True, False, False]
        listed = torch.tensor([[7, 0, 9], [7, 2, 9]])
        assert [ListedDomain.of(listed, read_at=at).has_constant_query for at in range(3)] == [True, False, True]

    def test_early_tokens_stand_elsewhere(self) -> None:
        assert Domain(self.VARIED, 0).early_tokens == (0, 2, 3, 9)
        assert Domain(self.VARIED, 1).early_tokens == (3, 7, 9)
        assert Domain(self.VARIED, 2).early_tokens == (0, 2, 7)
        assert Domain(((1,),)).early_tokens == ()

    def test_the_last_position_may_vary(self) -> None:
        domain = Domain(self.VARIED)
        assert domain.shape == (2, 2) and domain.varying == (1, 2) and domain.largest_token == 9
        assert domain.tokens(domain.inputs()).tolist() == [[7, 0, 9], [7, 0, 3], [7, 2, 9], [7, 2, 3]]


def test_a_product_is_whole() -> None:
    assert PARTLY_CONSTANT.is_product and not PARTLY_CONSTANT.is_sample
    assert PARTLY_CONSTANT.in_words == "all 6 inputs"
    assert Domain.square(113, last=113).in_words == "all 12,769 inputs"


ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TOKENS, min_size=width, max_size=width), min_size=1, max_size=8, unique_by=tuple)
)


class TestLists:
    """Inputs that are given as a list."""

    @given(ROWS, st.integers(1, 5))
    @settings(deadline=None)
    def test_inputs_are_the_rows_in_their_order(self, rows: list[list[int]], size: int) -> None:
        domain = ListedDomain.of(torch.tensor(rows))
        assert domain.tokens(domain.inputs()).tolist() == rows
        assert domain.size == len(rows) and domain.n_ctx == len(rows[0]) and domain.shape == (len(rows),)
        assert [domain.tokens(chunk).tolist() for chunk in domain.chunks(size)] == [
            rows[start : start + size] for start in range(0, len(rows), size)
        ]
        assert domain.positions == tuple(tuple(sorted(set(column))) for column in zip(*rows, strict=True))
        choices = domain.choices(domain.inputs()).tolist()
        assert [[domain.positions[at][place] for at, place in enumerate(row)] for row in choices] == rows

    @given(ROWS, st.randoms(use_true_random=False))
    @settings(deadline=None)
    def test_index_undoes_tokens_in_any_order(self, rows: list[list[int]], order: Random) -> None:
        domain = ListedDomain.of(torch.tensor(rows))
        inputs = domain.inputs().tolist()
        order.shuffle(inputs)
        assert domain.index(domain.tokens(torch.tensor(inputs))).tolist() == inputs

    def test_a_list_is_no_product_and_whole_unless_it_says_otherwise(self) -> None:
        rows = torch.tensor([[0, 1], [1, 0]])
        whole, sample = ListedDomain.of(rows), ListedDomain.of(rows, sampled=True)
        assert not whole.is_product and not whole.is_sample and whole.in_words == "all 2 inputs"
        assert not sample.is_product and sample.is_sample and sample.in_words == "a sample of 2 inputs"

    def test_only_a_sample_may_contain_an_input_twice(self) -> None:
        twice = torch.tensor([[0, 1], [1, 0], [0, 1]])
        with pytest.raises(BadInput, match="contains an input twice; only a sample may"):
            ListedDomain.of(twice)
        sample = ListedDomain.of(twice, sampled=True)
        assert sample.size == 3 and sample.tokens(sample.inputs()).tolist() == twice.tolist()
        assert sample.index(torch.tensor([[0, 1]])).tolist() == [2]

    @pytest.mark.parametrize("shape", [(2, 0), (0, 2)])
    def test_a_list_of_no_inputs_is_refused(self, shape: tuple[int, int]) -> None:
        with pytest.raises(BadInput, match=re.escape(f"has the shape [inputs, positions], and this one {shape}")):
            ListedDomain.of(torch.zeros(shape, dtype=torch.int64))

    def test_a_negative_token_is_refused(self) -> None:
        with pytest.raises(BadInput, match="position 1 of the domain has the negative token -2"):
            ListedDomain.of(torch.tensor([[0, 1], [0, -2]]))

    def test_an_input_that_is_not_in_the_list_is_named(self) -> None:
        domain = ListedDomain.of(torch.tensor([[0, 1], [1, 0]]))
        with pytest.raises(BadInput, match=re.escape("the input [1, 1] is not among the 2 inputs of this domain")):
            domain.index(torch.tensor([[0, 1], [1, 1]]))

    def test_an_image_of_a_list_is_the_list(self) -> None:
        domain = ListedDomain.of(torch.tensor([[0, 1], [1, 0], [1, 1]]))
        assert domain.image(torch.tensor([5, 6, 7])).tolist() == [5, 6, 7]

    def test_other_rows_make_another_domain(self) -> None:
        """The tokens that occur at each position are the same."""
        diagonal, other = torch.tensor([[0, 0], [1, 1]]), torch.tensor([[0, 1], [1, 0]])
        assert ListedDomain.of(diagonal) != ListedDomain.of(other)
        assert ListedDomain.of(diagonal) != ListedDomain.of(diagonal, sampled=True)
        assert ListedDomain.of(diagonal) != Domain(((0, 1), (0, 1)))


class TestSamples:
    """``sampled_from``."""

    @given(POSITIONS, st.integers(0, 99), st.data())
    @settings(deadline=None)
    def test_a_sample_has_different_inputs_of_the_domain(
        self, positions: Positions, seed: int, data: st.DataObject
    ) -> None:
        domain = Domain(positions, 0)
        count = data.draw(st.integers(1, domain.size))
        sample = sampled_from(domain, count, seed)
        rows = [tuple(row) for row in sample.tokens(sample.inputs()).tolist()]
        assert len(set(rows)) == len(rows) == count and set(rows) <= set(itertools.product(*positions))
        assert sample.is_sample and sample.read_at == 0
        again = sampled_from(domain, count, seed)
        assert again.tokens(again.inputs()).tolist() == [list(row) for row in rows]
        numbers = domain.index(sample.tokens(sample.inputs())).tolist()
        assert numbers == sorted(numbers)

    def test_every_input_is_drawn_about_as_often(self) -> None:
        domain = Domain(((0, 1, 2), (5, 4)))
        drawn = torch.zeros(6, dtype=torch.int64)
        for seed in range(600):
            sample = sampled_from(domain, 2, seed)
            drawn[domain.index(sample.tokens(sample.inputs()))] += 1
        assert drawn.sum() == 1200 and int(drawn.min()) > 150 and int(drawn.max()) < 250

    def test_a_domain_of_any_size_can_be_sampled(self) -> None:
        domain = Domain((tuple(range(100)),) * 40)
        sample = sampled_from(domain, 50, seed=1)
        tokens = sample.tokens(sample.inputs())
        assert tokens.shape == (50, 40) and all(len(column.unique()) > 20 for column in tokens.T)

    @pytest.mark.parametrize("count", [0, -1, 7])
    def test_a_sample_is_no_larger_than_the_domain(self, count: int) -> None:
        with pytest.raises(BadInput, match=f"a sample of {count} inputs cannot be drawn from a domain of 6"):
            sampled_from(PARTLY_CONSTANT, count, seed=0)
