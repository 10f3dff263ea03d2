"""Where a network's errors lie relative to a program: in its regions, near its boundaries, in its rows.

A *line* is a row of the domain's image (one a, all b), or a column if the program's phase reads b alone. The phase is
the same all along a line, so the label changes where a curve is crossed. A *change* lies between two neighbouring cells
of a line that have different labels. It belongs to the curve that alone makes it, or to the phase if no curve does.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.core.axes import Classes
from scrubjay.program.expression import Program
from scrubjay.tasks.task import Task

NEAR = 5
"""An error at most this many cells from a change counts as near."""
FARTHEST = 20
"""The largest distance from a change, in cells, up to which errors are counted."""
_DRAWS = 1000
"""How often errors are placed at random."""
_RANGE = (0.025, 0.975)
"""The quantiles between which 95% of the random placements lie."""


@dataclass(frozen=True)
class Part:
    """The errors in one part of the domain.

    Attributes:
        name: the name of the part.
        inputs: how many inputs it has.
        errors: on how many of them the network is wrong.
        changes: how many changes of label a boundary or a pattern has; 0 for other parts.
        lines: how many lines have a pattern; 0 for other parts.
    """

    name: str
    inputs: int
    errors: int
    changes: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Null:
    """A share that as many errors have if they are placed at random, over many placements.

    Attributes:
        mean: the mean over the placements.
        low: the lower end of the range that holds 95% of the placements.
        high: the upper end of that range.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def over(cls, shares: Float64[np.ndarray, "draws"]) -> "Null":
        """Summarise the shares of many placements."""
        low, high = np.quantile(shares, _RANGE)
        return cls(float(shares.mean()), float(low), float(high))

    @property
    def interval(self) -> tuple[float, float]:
        """The range that holds 95% of the placements."""
        return self.low, self.high


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """The errors of a network relative to a program. All arrays have the shape of the domain's image.

    Attributes:
        along: what a line is, ``row`` or ``column``.
        wrong: where the network's answer differs from the program.
        distance: the distance of each input, in cells of its line, from the nearest change: 1 for the two cells beside
            the change, and 0 in a line without one.
        sides: where each curve is true.
        regions: the errors by region, which is a combination of the curves' truth values.
        boundaries: the errors by the curve that the nearest change belongs to.
        patterns: the errors by the labels that a line runs through, such as ``010``.
        halves: the errors in the two halves of the split; empty if the task has none.
        near: the share of errors at most ``NEAR`` cells from a change.
        near_null: the same if each line's errors are placed anywhere in that line.
        changing: the share of errors in lines that have a change.
        changing_null: the same if the errors are placed anywhere in the domain.
        within: how many errors lie at most 1, 2, ... ``FARTHEST`` cells from a change.
        within_null: the 2.5% quantile, the mean and the 97.5% quantile of these numbers if each line's errors are
            placed anywhere in that line.
    """

    along: str
    wrong: Bool[np.ndarray, "rows columns"]
    distance: Int[np.ndarray, "rows columns"]
    sides: tuple[Bool[np.ndarray, "rows columns"], ...]
    regions: tuple[Part, ...]
    boundaries: tuple[Part, ...]
    patterns: tuple[Part, ...]
    halves: tuple[Part, ...]
    near: float
    near_null: Null
    changing: float
    changing_null: Null
    within: tuple[int, ...]
    within_null: tuple[tuple[float, float, float], ...]

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return int(self.wrong.sum())


def error_map(program: Program, task: Task, classes: Classes, *, seed: int = 0) -> ErrorMap | None:
    """Compare a network's errors with a program.

    Args:
        program: the program whose labels are right.
        task: a task with two varying positions.
        classes: the class of each of the network's answers, shape [n]; an answer in no class (-1) is wrong.
        seed: seed for the random placements of errors.

    Returns:
        The map, or None if the network makes no error or no label changes along any line.
    """
    tokens = task.domain.varying_tokens().numpy()
    a, b = tokens[:, 0], tokens[:, 1]
    turned = program.phase is not None and (program.phase.i, program.phase.j) == (0, 1)

    def lines(values: np.ndarray) -> np.ndarray:
        image = values.reshape(task.domain.shape)
        return image.T if turned else image

    right, owners = program.labels(a, b), _owners(program, lines(a), lines(b))
    wrong, labels = lines(classes.numpy() != right), lines(right)
    distance, nearest = _nearest(labels, owners)
    if not wrong.any() or not distance.any():
        return None
    draw = np.random.default_rng(seed)
    thrown = np.stack([_counts(distance, _thrown(wrong, draw)) for _ in range(_DRAWS)])
    counts, errors = _counts(distance, wrong), int(wrong.sum())
    crossed = int((distance > 0).sum())
    anywhere = draw.hypergeometric(crossed, distance.size - crossed, errors, _DRAWS) / errors
    low, high = np.quantile(thrown, _RANGE, axis=0)
    names = [curve.mathematics() for curve in program.curves] + ["phase"]
    splits = [] if task.train is None else [("training half", task.train.numpy()), ("test half", ~task.train.numpy())]
    return ErrorMap(
        along="column" if turned else "row",
        wrong=wrong.T if turned else wrong,
        distance=distance.T if turned else distance,
        sides=tuple(curve.truth(a, b).reshape(task.domain.shape) for curve in program.curves),
        regions=tuple(_regions(program, a, b, wrong, lines)),
        boundaries=tuple(
            Part(name, int((nearest == at).sum()), int(wrong[nearest == at].sum()), changes=int((owners == at).sum()))
            for at, name in enumerate(names)
            if (owners == at).any()
        ),
        patterns=tuple(_patterns(labels, wrong)),
        halves=tuple(Part(name, int(where.sum()), int((lines(where) & wrong).sum())) for name, where in splits),
        near=float(counts[NEAR - 1] / errors),
        near_null=Null.over(thrown[:, NEAR - 1] / errors),
        changing=float((wrong & (distance > 0)).sum() / errors),
        changing_null=Null.over(anywhere),
        within=tuple(counts.tolist()),
        within_null=tuple(zip(low.tolist(), thrown.mean(0).tolist(), high.tolist(), strict=True)),
    )


def _owners(program: Program, a: np.ndarray, b: np.ndarray) -> Int[np.ndarray, "lines gaps"]:
    """The number of the curve that each change between two neighbours of a line belongs to; -1 where there is none.

    If exactly one curve flips there, the change is its own. If several do, it belongs to the first of them, and if none
    does, to the phase, which has the number after the last curve's.
    """
    shape = a.shape
    flat = program.labels(a.reshape(-1), b.reshape(-1)).reshape(shape)
    changed = flat[:, 1:] != flat[:, :-1]
    owners = np.where(changed, len(program.curves), -1)
    sides = [curve.truth(a.reshape(-1), b.reshape(-1)).reshape(shape) for curve in program.curves]
    for alone in (False, True):
        for at in reversed(range(len(sides))):
            flips = sides[at][:, 1:] != sides[at][:, :-1]
            if alone:
                others = [side[:, 1:] != side[:, :-1] for number, side in enumerate(sides) if number != at]
                flips = flips & ~np.logical_or.reduce([np.zeros_like(flips), *others])
            owners[changed & flips] = at
    return owners


def _nearest(
    labels: Bool[np.ndarray, "lines cells"], owners: Int[np.ndarray, "lines gaps"]
) -> tuple[Int[np.ndarray, "lines cells"], Int[np.ndarray, "lines cells"]]:
    """The distance of each cell to the nearest change of its line, and the curve that this change belongs to."""
    distance, nearest = np.zeros(labels.shape, dtype=np.int64), np.full(labels.shape, -1)
    cells = np.arange(labels.shape[1])
    for line, gaps in enumerate(owners):
        changes = np.flatnonzero(gaps >= 0)
        if len(changes):
            away = np.where(cells[:, None] <= changes, changes - cells[:, None] + 1, cells[:, None] - changes)
            distance[line] = away.min(axis=1)
            nearest[line] = gaps[changes[away.argmin(axis=1)]]
    return distance, nearest


def _counts(distance: Int[np.ndarray, "lines cells"], wrong: Bool[np.ndarray, "lines cells"]) -> Int[np.ndarray, "far"]:
    """The numbers of errors at most 1, 2, ... ``FARTHEST`` cells from a change."""
    met = np.bincount(np.minimum(distance[wrong], FARTHEST + 1), minlength=FARTHEST + 2)
    return np.cumsum(met[1 : FARTHEST + 1])


def _thrown(wrong: Bool[np.ndarray, "lines cells"], draw: np.random.Generator) -> Bool[np.ndarray, "lines cells"]:
    """As many errors in each line, placed at random in it."""
    rank = draw.random(wrong.shape).argsort(axis=1)
    thrown: np.ndarray = rank < wrong.sum(axis=1, keepdims=True)
    return thrown


def _regions(
    program: Program, a: np.ndarray, b: np.ndarray, wrong: np.ndarray, lines: Callable[[np.ndarray], np.ndarray]
) -> list[Part]:
    region, parts = lines(program.regions(a, b)), []
    for number in np.unique(region).tolist():
        sides = [
            curve if number >> (len(program.curves) - 1 - at) & 1 else curve.opposite()
            for at, curve in enumerate(program.curves)
        ]
        name = " and ".join(side.mathematics() for side in sides) or "everywhere"
        parts.append(Part(name, int((region == number).sum()), int(wrong[region == number].sum())))
    return parts


def _patterns(labels: Bool[np.ndarray, "lines cells"], wrong: Bool[np.ndarray, "lines cells"]) -> list[Part]:
    names = ["".join(str(int(value)) for value, _ in groupby(line)) for line in labels.tolist()]
    errors: Counter[str] = Counter()
    for name, line in zip(names, wrong, strict=True):
        errors[name] += int(line.sum())
    return [
        Part(name, lines * labels.shape[1], errors[name], changes=lines * (len(name) - 1), lines=lines)
        for name, lines in Counter(names).most_common()
    ]
