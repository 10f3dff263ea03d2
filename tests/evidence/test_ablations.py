"""Each ablation changes only what it names; draws are what they are said to be."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from scrubjay.evidence.ablations import (
    BeyondSubspace,
    Donors,
    RestFromAnywhere,
    Row,
    State,
    WhereIdle,
    WithinSides,
    is_idle,
    licensed,
    milder_rows,
    row_name,
)
from scrubjay.evidence.scrubber import Scrubber
from scrubjay.run import Sampling
from tests.planted import laid_over, plant

SAMPLINGS: list[Sampling] = ["independent", "permute"]


@dataclass(frozen=True, eq=False)
class Planted:
    """A planted hypothesis, its variables' values, and on which side of the thresholds they lie."""

    scrubber: Scrubber
    values: Tensor
    bits: Tensor

    @classmethod
    def of(cls, gate: str, k: int, sampling: Sampling) -> "Planted":
        made = plant(gate, k=k, data=4, seed=1)
        scrubber = laid_over(made, made.run().full.resid_mid, sampling=sampling)
        return cls(scrubber, scrubber.values, scrubber.values > made.thresholds)

    def donors(self, number: int = 0, seed: int = 0) -> Donors:
        found = self.scrubber.donors(seed, number)
        found.begin_row()
        return found


@pytest.fixture(scope="module", params=SAMPLINGS)
def conjunction(request: pytest.FixtureRequest) -> Planted:
    return Planted.of("AND", 2, request.param)


def is_permutation(chosen: Tensor, of: Tensor) -> bool:
    return torch.equal(chosen.sort().values, of.sort().values)


def test_two_variables_have_the_posts_rows() -> None:
    assert [row_name(row) for row in licensed(2)] == [
        "1", "1*", "1+2", "1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b",
    ]  # fmt: skip
    assert [row_name(row) for row in licensed(1)] == ["1", "1*", "1+2"]
    assert row_name(licensed(3)[-1]) == "1+2+3a+3b+3c"
    assert licensed(2)[-1] == (RestFromAnywhere(), WithinSides(), WhereIdle(0), WhereIdle(1))


def test_names_and_titles_tell_the_ablations_apart() -> None:
    every: Row = (RestFromAnywhere(), BeyondSubspace(), WithinSides(), WhereIdle(0), WhereIdle(1))
    assert [each.name for each in every] == ["1", "1*", "2", "3a", "3b"]
    assert len({each.title for each in every}) == 5 and "variable 2" in WhereIdle(1).title


def test_the_rest_comes_from_the_draws_donors_and_all_else_stays(conjunction: Planted) -> None:
    donors, before = conjunction.donors(), State(conjunction.values)
    rest = RestFromAnywhere().apply(before, donors)
    assert rest.values is before.values and rest.beyond_from is None
    assert rest.rest_from is not None and torch.equal(rest.rest_from, donors.anywhere)
    beyond = BeyondSubspace().apply(before, donors)
    assert beyond.values is before.values and beyond.rest_from is None
    assert beyond.beyond_from is not None and torch.equal(beyond.beyond_from, donors.anywhere)


def test_within_sides_a_value_comes_from_an_input_on_its_side(conjunction: Planted) -> None:
    values, bits = conjunction.values, conjunction.bits
    state = State(values, rest_from=torch.zeros(len(values), dtype=torch.int64))
    after = WithinSides().apply(state, conjunction.donors())
    assert after.rest_from is state.rest_from and after.beyond_from is None
    assert torch.equal(state.values, values), "the state before is not changed"
    assert float((after.values != values).double().mean()) > 0.9
    for j in range(2):
        for side in (bits[:, j], ~bits[:, j]):
            own = values[side, j]
            assert bool(torch.isin(after.values[side, j], own).all())
            assert is_permutation(after.values[side, j], own) == (conjunction.scrubber.sampling == "permute")


def test_an_idle_variable_takes_any_value_where_the_other_is_off_and_stays_elsewhere(conjunction: Planted) -> None:
    values, bits = conjunction.values, conjunction.bits
    for j in (0, 1):
        other, idle = 1 - j, ~bits[:, 1 - j]
        after = WhereIdle(j).apply(State(values), conjunction.donors()).values
        assert torch.equal(after[:, other], values[:, other])
        assert torch.equal(after[~idle, j], values[~idle, j])
        assert float((after[idle, j] != values[idle, j]).double().mean()) > 0.9
        assert bool(((after[:, j] > conjunction.scrubber.hypothesis.thresholds[j]) != bits[:, j]).any())
        if conjunction.scrubber.sampling == "permute":
            assert is_permutation(after[idle, j], values[idle, j])
        else:
            assert bool(torch.isin(after[idle, j], values[:, j]).all())
            assert not bool(torch.isin(after[idle, j], values[idle, j]).all()), "donors are not idle inputs alone"


@pytest.mark.parametrize(("gate", "idle_where"), [("OR", True), ("AND", False)])
def test_a_variable_is_idle_where_all_rows_of_the_table_agree(gate: str, idle_where: bool) -> None:
    made = Planted.of(gate, 3, "independent")
    others = made.bits[:, [0, 2]]
    decided = others.any(1) if idle_where else ~others.all(1)
    assert torch.equal(is_idle(made.scrubber.hypothesis, made.bits, 1), decided)
    assert 0 < int(decided.sum()) < len(decided)


def test_under_xor_no_variable_is_ever_idle() -> None:
    made = Planted.of("XOR", 2, "independent")
    for j in (0, 1):
        assert torch.equal(WhereIdle(j).apply(State(made.values), made.donors()).values, made.values)


def test_an_ablation_sees_what_those_before_it_have_changed(conjunction: Planted) -> None:
    scrubber, bits = conjunction.scrubber, conjunction.bits
    thresholds, gate = scrubber.hypothesis.thresholds, scrubber.hypothesis.gate
    first = scrubber.ablated((RestFromAnywhere(), WhereIdle(0)), conjunction.donors()).values
    both = scrubber.ablated((RestFromAnywhere(), WhereIdle(0), WhereIdle(1)), conjunction.donors()).values
    assert torch.equal(both[:, 0], first[:, 0])
    assert torch.equal(gate(both > thresholds), gate(bits))
    freed = (both[:, 1] != conjunction.values[:, 1]) & bits[:, 0] & (first[:, 0] <= thresholds[0])
    assert bool(freed.any()), "[3b] must see the α that [3a] has changed"


def test_donors_are_a_permutation_or_drawn_independently(conjunction: Planted) -> None:
    every = torch.arange(len(conjunction.values))
    pool = conjunction.bits[:, 0]
    members = pool.nonzero()[:, 0]
    donors = conjunction.donors()
    some = donors.of_pool(pool, len(members))
    assert bool(torch.isin(some, members).all())
    permuted = conjunction.scrubber.sampling == "permute"
    assert is_permutation(donors.anywhere, every) == is_permutation(some, members) == permuted
    if not permuted:
        assert len(set(donors.anywhere.tolist())) == pytest.approx((1 - 1 / torch.e) * len(every), rel=0.1)


def test_all_rows_of_a_draw_share_the_donors_of_the_rest_and_no_two_draws_do(conjunction: Planted) -> None:
    scrubber, donors = conjunction.scrubber, conjunction.donors()
    states = [scrubber.ablated(row, donors) for row in licensed(2)]
    sources = [state.beyond_from if state.rest_from is None else state.rest_from for state in states]
    assert all(source is not None and torch.equal(source, donors.anywhere) for source in sources)
    assert torch.equal(conjunction.donors().anywhere, donors.anywhere)
    for other in (conjunction.donors(number=1), conjunction.donors(seed=1)):
        assert not torch.equal(other.anywhere, donors.anywhere)


def test_a_row_draws_the_same_whichever_rows_are_drawn_before_it(conjunction: Planted) -> None:
    row = licensed(2)[-1]
    alone = conjunction.scrubber.ablated(row, conjunction.donors()).values
    donors = conjunction.donors()
    for earlier in licensed(2):
        among = conjunction.scrubber.ablated(earlier, donors).values
    assert torch.equal(alone, among) and not torch.equal(alone, conjunction.values)


def names(rows: list[Row]) -> set[str]:
    return {row_name(row) for row in rows}


def test_a_milder_row_resamples_a_part_of_what_the_row_does() -> None:
    rows = licensed(2)
    by_name = {row_name(row): row for row in rows}
    assert names(milder_rows(by_name["1*"], rows)) == set()
    assert names(milder_rows(by_name["1"], rows)) == {"1*"}
    assert names(milder_rows(by_name["1+3b"], rows)) == {"1*", "1"}
    assert names(milder_rows(by_name["1+2+3a"], rows)) == {"1*", "1", "1+2", "1+3a"}
    assert names(milder_rows(by_name["1+2+3a+3b"], rows)) == set(by_name) - {"1+2+3a+3b"}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_milder_is_an_order(k: int) -> None:
    rows = licensed(k)
    for row in rows:
        milder = milder_rows(row, rows)
        assert row not in milder
        for other in milder:
            assert row not in milder_rows(other, rows)
            assert names(milder_rows(other, rows)) < names(milder)
