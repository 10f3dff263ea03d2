"""A hypothesis's basis can be reversed, and its rest holds none of its variables."""

import pytest
import torch

from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis


def filters() -> Filters:
    directions = torch.nn.functional.normalize(
        torch.randn(2, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    )
    return Filters(directions, torch.tensor([0.1, -0.2], dtype=torch.float64), Gate.conjunction(2), 1.0)


def streams() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(300, 5, generator=draw) @ torch.randn(5, 5, generator=draw) + 2


@pytest.mark.parametrize("basis", ["orthogonal", "uncorrelated"])
def test_values_and_rest_give_the_stream_back_and_the_rest_has_no_values(basis: str) -> None:
    given, found = streams().double(), Hypothesis.of(filters(), streams(), basis)  # type: ignore[arg-type]
    values = given @ found.directions.T
    rest = given - values @ found.carriers
    assert torch.allclose(found.directions @ found.carriers.T, torch.eye(2, dtype=torch.float64), atol=1e-9)
    assert (rest @ found.directions.T).abs().max() < 1e-9
    assert found.basis == basis and found.gate == Gate.conjunction(2)


def test_the_rest_is_orthogonal_to_the_directions_or_uncorrelated_with_the_variables() -> None:
    given = streams().double()
    for basis, is_orthogonal in (("orthogonal", True), ("uncorrelated", False)):
        found = Hypothesis.of(filters(), streams(), basis)  # type: ignore[arg-type]
        values = given @ found.directions.T
        rest = given - values @ found.carriers
        correlation = (values - values.mean(0)).T @ (rest - rest.mean(0)) / len(rest)
        span = torch.linalg.qr(found.directions.T)[0]
        outside = found.carriers - found.carriers @ span @ span.T
        assert bool(outside.abs().max() < 1e-9) == is_orthogonal
        assert bool(correlation.abs().max() < 1e-6) == (not is_orthogonal)


def test_class_1_follows_from_the_values_alone() -> None:
    found = Hypothesis.of(filters(), streams())
    values = torch.tensor([[0.2, 0.0], [0.2, -0.3], [0.0, 0.0]], dtype=torch.float64)
    assert found.says_one(values).tolist() == [True, False, False]
    resid_mid = streams()
    assert torch.equal(found.says_one(resid_mid.double() @ found.directions.T), filters().predict(resid_mid))
