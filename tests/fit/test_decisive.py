"""Coordinates by what decides, on streams whose variances and gradients are set by hand."""

import pytest
import torch
from torch import Tensor

from scrubjay.fit.decisive import Coordinates, decisive_coordinates

VARIANCES = (9.0, 4.0, 1.0, 0.25, 0.0)
"""Along each axis of the stream before it is rotated; nothing varies along the last one."""
SLOPES = (0.0, 0.1, 2.0, 3.0, 50.0)
"""The size of the gradient along each of these axes; the axis that varies most does not matter at all."""
MARGINS = [variance * slope**2 for variance, slope in zip(VARIANCES, SLOPES, strict=True)]
"""The margin's variance along each axis, to first order: 0, 0.04, 4, 2.25, 0."""
ORDER = (2, 3, 1, 0)
"""The axes that vary, by that variance."""


@pytest.fixture
def turn() -> Tensor:
    draw = torch.Generator().manual_seed(4)
    q: Tensor = torch.linalg.qr(torch.randn(5, 5, generator=draw, dtype=torch.float64))[0]
    return q


@pytest.fixture
def found(turn: Tensor) -> Coordinates:
    covariance = turn.T @ torch.diag(torch.tensor(VARIANCES).double()) @ turn
    gradients = turn.T @ torch.diag(torch.tensor(SLOPES).double() ** 2) @ turn
    return decisive_coordinates(torch.arange(5).double(), covariance, gradients)


def stream(turn: Tensor, n: int = 400) -> Tensor:
    """A stream whose mean and covariance are exactly those above."""
    values = torch.randn(n, 5, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    values = values - values.mean(0)
    root = torch.linalg.cholesky(values.T @ values / n)
    given: Tensor = values @ torch.linalg.inv(root).T * torch.tensor(VARIANCES).double().sqrt() @ turn
    return given + torch.arange(5)


def test_what_varies_and_decides_comes_first_and_what_does_not_vary_is_left_out(
    found: Coordinates, turn: Tensor
) -> None:
    assert found.r == len(ORDER)
    for carrier, axis in zip(found.carriers, ORDER, strict=True):
        expected = turn[axis] * VARIANCES[axis] ** 0.5
        assert torch.allclose(carrier * torch.sign(carrier @ expected), expected, atol=1e-7), axis


def test_the_direction_that_varies_most_comes_last_if_it_does_not_matter(found: Coordinates, turn: Tensor) -> None:
    assert abs(float(found.carriers[-1] @ turn[0])) == pytest.approx(3)
    assert abs(float(found.carriers[0] @ turn[0])) < 1e-7


def test_coordinates_are_uncorrelated_and_of_variance_one(found: Coordinates, turn: Tensor) -> None:
    values = found.of(stream(turn))
    assert torch.allclose(values.mean(0), torch.zeros(4).double(), atol=1e-9)
    assert torch.allclose(values.T @ values / len(values), torch.eye(4).double(), atol=1e-9)


def test_readers_undo_carriers(found: Coordinates) -> None:
    assert torch.allclose(found.readers @ found.carriers.T, torch.eye(4).double(), atol=1e-9)


def test_all_coordinates_give_the_stream_back_and_fewer_leave_an_uncorrelated_rest(
    found: Coordinates, turn: Tensor
) -> None:
    given = stream(turn)
    assert torch.allclose(found.stream(found.of(given)), given, atol=1e-8)
    two = found.first(2)
    assert two.r == 2 and torch.equal(two.carriers, found.carriers[:2])
    rest = given - two.stream(two.of(given))
    assert float(rest.square().mean()) > 1
    assert torch.allclose(rest.T @ two.of(given) / len(given), torch.zeros(5, 2).double(), atol=1e-9)


def test_the_largest_entry_of_each_carrier_is_positive(found: Coordinates) -> None:
    largest = found.carriers.gather(1, found.carriers.abs().argmax(1, keepdim=True))
    assert bool((largest > 0).all())


def test_correlated_directions_are_judged_together() -> None:
    """The margin reads x - y, which hardly varies, although x and y each vary and matter."""
    covariance = torch.tensor([[1.0, 0.99], [0.99, 1.0]]).double()
    gradient = torch.tensor([1.0, -1.0]).double()
    found = decisive_coordinates(torch.zeros(2).double(), covariance, torch.outer(gradient, gradient))
    assert float(found.carriers[0] @ gradient) ** 2 == pytest.approx(0.02)  # all of the margin's variance
    assert float(found.carriers[1] @ gradient) == pytest.approx(0, abs=1e-9)
