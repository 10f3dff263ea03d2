"""L-BFGS with a line search for the strong Wolfe conditions, in NumPy.

It takes the same steps as ``torch.optim.LBFGS(line_search_fn="strong_wolfe")``, which loads PyTorch's compiler (one to
three seconds in each process) and spends more time between small operations than in them.

Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 (the direction), 3.5 and 3.6 (the search);
the interpolation is that of Mark Schmidt's minFunc.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from jaxtyping import Float64

_SUFFICIENT = 1e-4
"""The share of the expected decrease that a step must reach (c1 of the Wolfe conditions)."""
_FLATTER = 0.9
"""The share of the starting slope along the direction that may remain after a step (c2)."""
_LEAST_CURVATURE = 1e-10
"""A step along which the slope changes less than this says nothing about the curvature and is not remembered."""
_FLAT = 1e-7
"""The descent ends where no entry of the slope is larger than this."""
_MARGIN = 0.1
"""How close to an end of its bracket, as a share of the bracket's width, a trial step counts as no progress."""

Function = Callable[[Float64[np.ndarray, "n"]], tuple[float, Float64[np.ndarray, "n"]]]
"""A function to minimise: from a point to the value and the slope there."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """A point of the line that is searched.

    Attributes:
        step: how many times the direction it lies from the line's start.
        value: of the function.
        slope: of the function.
        along: the slope along the direction.
    """

    step: float
    value: float
    slope: Float64[np.ndarray, "n"]
    along: float


def minimised(
    function: Function, start: Float64[np.ndarray, "n"], *, steps: int, memory: int, tolerance: float
) -> tuple[float, Float64[np.ndarray, "n"]]:
    """Descend from a point to a local minimum.

    Args:
        function: gives the value and the slope at a point.
        start: where the descent begins; it is not changed.
        steps: the largest number of steps. The function is evaluated at most 5/4 times as often.
        memory: how many of the last steps the estimate of the curvature rests on.
        tolerance: the descent ends with a step that changes the value, or every entry of the point, by no more than
            this.

    Returns:
        The value that is reached, and where.
    """
    point, most = start, steps * 5 // 4
    value, slope = function(point)
    evaluations, scale = 1, 1.0
    moves: list[tuple[np.ndarray, np.ndarray, float]] = []  # each: change of the slope, of the point, 1 / their product
    for number in range(steps):
        if np.abs(slope).max() <= _FLAT:
            break
        direction = _direction(slope, moves, scale)
        along = float(slope @ direction)
        if along > -tolerance:
            break

        def tried(step: float, point: np.ndarray = point, direction: np.ndarray = direction) -> _Trial:
            value, slope = function(point + step * direction)
            return _Trial(step, value, slope, float(slope @ direction))

        first = 1.0 if number else min(1.0, 1 / float(np.abs(slope).sum()))
        least_width = tolerance / float(np.abs(direction).max())
        found, used = _searched(tried, _Trial(0.0, value, slope, along), first, most - evaluations, least_width)
        evaluations += used
        moved, turned = found.step * direction, found.slope - slope
        gained = abs(found.value - value)
        point, value, slope = point + moved, found.value, found.slope
        if evaluations >= most or np.abs(moved).max() <= tolerance or gained < tolerance:
            break
        curvature = float(turned @ moved)
        if curvature > _LEAST_CURVATURE:
            moves = [*moves[-memory + 1 :], (turned, moved, 1 / curvature)]
            scale = curvature / float(turned @ turned)
    return value, point


def _direction(
    slope: Float64[np.ndarray, "n"], moves: list[tuple[np.ndarray, np.ndarray, float]], scale: float
) -> Float64[np.ndarray, "n"]:
    """Minus the slope times an estimate of the inverse curvature, by two loops over the remembered steps."""
    direction, shares = -slope, []
    for turned, moved, inverse in reversed(moves):
        share = float(moved @ direction) * inverse
        direction -= share * turned
        shares.append(share)
    direction *= scale
    for turned, moved, inverse in moves:
        direction += (shares.pop() - float(turned @ direction) * inverse) * moved
    return direction


def _searched(
    tried: Callable[[float], _Trial], start: _Trial, step: float, most: int, least_width: float
) -> tuple[_Trial, int]:
    """A point of the line that meets the strong Wolfe conditions, and how many were tried.

    The step grows until a bracket holds such a point, then the bracket shrinks around it.
    """

    def is_too_high(trial: _Trial) -> bool:
        return trial.value > start.value + _SUFFICIENT * trial.step * start.along

    def is_flat_enough(trial: _Trial) -> bool:
        return abs(trial.along) <= -_FLATTER * start.along

    before, trial, used = start, tried(step), 0
    while used < most:
        if is_too_high(trial) or (used > 1 and trial.value >= before.value):
            break
        if is_flat_enough(trial):
            return trial, used + 1
        if trial.along >= 0:
            break
        further = _cubic_minimum(before, trial, trial.step + 0.01 * (trial.step - before.step), 10 * trial.step)
        before, trial, used = trial, tried(further), used + 1
    else:
        before = start
    low, high = (before, trial) if before.value <= trial.value else (trial, before)
    is_stuck = False
    while used < most and abs(high.step - low.step) >= least_width:
        left, right = sorted((low.step, high.step))
        step, margin = _cubic_minimum(low, high, left, right), _MARGIN * (right - left)
        is_near_an_end = min(right - step, step - left) < margin
        if is_near_an_end and (is_stuck or step >= right or step <= left):
            step = right - margin if right - step < step - left else left + margin
            is_near_an_end = False
        is_stuck = is_near_an_end
        trial, used = tried(step), used + 1
        if is_too_high(trial) or trial.value >= low.value:
            low, high = (low, trial) if low.value <= trial.value else (trial, low)
        elif is_flat_enough(trial):
            return trial, used + 1
        else:
            low, high = trial, (low if trial.along * (high.step - low.step) >= 0 else high)
    return low, used + 1


def _cubic_minimum(one: _Trial, other: _Trial, least: float, most: float) -> float:
    """Where the cubic through two values and slopes is least, kept between two bounds; their middle if it has no
    minimum."""
    one, other = sorted((one, other), key=lambda trial: trial.step)
    shape = one.along + other.along - 3 * (one.value - other.value) / (one.step - other.step)
    squared = shape * shape - one.along * other.along
    root = sqrt(squared) if squared >= 0 else nan
    bend = other.along - one.along + 2 * root
    if not isfinite(bend) or bend == 0:
        return (least + most) / 2
    step = other.step - (other.step - one.step) * ((other.along + root - shape) / bend)
    return min(max(step, least), most)
