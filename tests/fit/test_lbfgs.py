"""Our L-BFGS against PyTorch's, step for step, and on functions whose minimum is known."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from scrubjay.fit.lbfgs import minimised


def bowl(x: torch.Tensor) -> torch.Tensor:
    return (torch.arange(1, len(x) + 1) ** 2 * (x - 3).square()).sum()


def valley(x: torch.Tensor) -> torch.Tensor:
    """Rosenbrock's function: a curved valley, with its minimum of 0 where all entries are 1."""
    return (100 * (x[1:] - x[:-1].square()).square() + (1 - x[:-1]).square()).sum()


def logistic(x: torch.Tensor) -> torch.Tensor:
    points = torch.randn(200, len(x), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    side = torch.sign(points[:, 0] - points[:, 1] ** 2 + 0.3)
    return torch.nn.functional.softplus(-side * (points @ x)).sum() + 0.1 * x.square().sum()


def waves(x: torch.Tensor) -> torch.Tensor:
    return (x.cos() * 3 + 0.1 * x.square()).sum() + torch.tanh(x).prod()


def ramp(x: torch.Tensor) -> torch.Tensor:
    """Flat on one side and steep on the other, so that cubics put the minimum near an end again and again."""
    return (torch.nn.functional.softplus(4.8188 * x) * 9.9642 - 0.9 * 4.8188 * 9.9642 * x).sum()


FUNCTIONS = [bowl, valley, logistic, waves]


class Counted:
    """A PyTorch function as our search calls it, with the points at which it was called."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.function = function
        self.at: list[np.ndarray] = []

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        self.at.append(x.copy())
        point = torch.from_numpy(x.copy()).requires_grad_()
        value = self.function(point)
        (slope,) = torch.autograd.grad(value, point)
        return float(value.detach()), slope.numpy()


def torchs(function: Counted, start: np.ndarray, steps: int, memory: int, tolerance: float) -> np.ndarray:
    point = torch.from_numpy(start.copy()).requires_grad_()
    solver = torch.optim.LBFGS(
        [point], max_iter=steps, history_size=memory, line_search_fn="strong_wolfe", tolerance_change=tolerance
    )

    def closure() -> float:
        value, slope = function(point.detach().numpy())
        point.grad = torch.from_numpy(slope)
        return value

    solver.step(closure)  # type: ignore[no-untyped-call]
    return point.detach().numpy()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("steps", "memory", "tolerance"), [(1, 5, 1e-9), (7, 3, 1e-9), (12, 20, 1e-9), (200, 4, 1e-4)])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_point_that_is_tried_is_the_one_that_pytorch_tries(
    function: Callable[[torch.Tensor], torch.Tensor], steps: int, memory: int, tolerance: float, seed: int
) -> None:
    start = 2 * np.random.default_rng(seed).normal(size=6)
    theirs, ours = Counted(function), Counted(function)
    end = torchs(theirs, start, steps, memory, tolerance)
    before = start.copy()
    value, point = minimised(ours, start, steps=steps, memory=memory, tolerance=tolerance)
    assert len(ours.at) == len(theirs.at)
    assert np.stack(ours.at) == pytest.approx(np.stack(theirs.at), abs=1e-5)
    assert point == pytest.approx(end, abs=1e-5)
    assert value == pytest.approx(Counted(function)(point)[0]) and (start == before).all()


def test_a_search_that_is_stuck_near_an_end_of_its_bracket_goes_on_as_pytorchs_does() -> None:
    start = np.array([3.8907])
    theirs, ours = Counted(ramp), Counted(ramp)
    torchs(theirs, start, steps=20, memory=5, tolerance=1e-9)
    minimised(ours, start, steps=20, memory=5, tolerance=1e-9)
    assert np.stack(ours.at) == pytest.approx(np.stack(theirs.at), abs=1e-6)


@pytest.mark.parametrize("steepness", [50.0, 300.0])
def test_a_cubic_without_a_bend_and_values_beyond_all_numbers_end_the_search_with_a_number(steepness: float) -> None:
    """Once the two slopes of a bracket cancelled in the interpolation, which divided by zero."""
    start = np.array([-2.7])
    function = Counted(lambda x: (331.5 * torch.exp(steepness * x) - 0.0414 * x).sum())
    value, point = minimised(function, start, steps=20, memory=5, tolerance=1e-9)
    assert np.isfinite(value) and np.isfinite(point).all() and value <= function(start)[0]


@pytest.mark.parametrize("size", [1, 2, 9])
def test_the_minimum_of_a_bowl_and_of_a_valley(size: int) -> None:
    start = np.full(size, -1.2)
    value, point = minimised(Counted(bowl), start, steps=100, memory=10, tolerance=1e-12)
    assert point == pytest.approx(np.full(size, 3.0), abs=1e-6) and value == pytest.approx(0, abs=1e-10)
    if size > 1:
        _, point = minimised(Counted(valley), start, steps=300, memory=10, tolerance=1e-14)
        assert point == pytest.approx(np.ones(size), abs=1e-4)


def test_at_a_minimum_it_stays_there() -> None:
    function = Counted(bowl)
    value, point = minimised(function, np.full(4, 3.0), steps=50, memory=5, tolerance=1e-9)
    assert value == 0 and (point == 3).all() and len(function.at) == 1


def test_a_fit_loads_no_compiler() -> None:
    """PyTorch's optimisers load it, for one to three seconds in each process."""
    code = (
        "import sys, torch\n"
        "from scrubjay.fit.separable import fit_separable\n"
        "pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3))\n"
        "fit_separable(pairs, pairs.sum(1) > 2, (3, 3), products=1, penalty=0.1)\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
