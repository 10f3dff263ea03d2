"""Where a network's errors lie relative to a program: its regions, its boundaries, its rows.

A *line* is a row of the domain's image (one a, all b), or a column if the program's phase reads b alone: along a line
the phase stands still, so the label changes where a curve is crossed. A *change* lies between two neighbouring cells of
a line with different labels, and belongs to the curve that alone makes it (to the phase, if none does).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.core.axes import Classes
from scrubjay.core.stats import Score
from scrubjay.program.expression import Program
from scrubjay.tasks.task import Task

NEAR = 5
"""How many cells from a change count as near."""
FARTHEST = 20
_DRAWS = 1000


@dataclass(frozen=True)
class Part:
    """Errors of one part of the domain.

    Attributes:
        name: of the part.
        inputs: how many inputs it has; errors: on how many of them the network is wrong.
        changes: of label, in a boundary; lines: in a pattern; 0 elsewhere.
    """

    name: str
    inputs: int
    errors: int
    changes: int = 0
    lines: int = 0


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """The errors of a network relative to a program.

    Attributes:
        along: what a line is, ``row`` or ``column``.
        wrong: where the network differs from the program; distance: of each input, in cells of its line, to the nearest
            change (1 on either side of it; 0 in a line without one); sides: the truth of each curve. All arranged as
            the domain's image.
        regions: by the truth values of the curves; boundaries: by the nearest change's curve; patterns: by the labels
            that a line runs through; halves: of the split, empty without one.
        near: the share of errors at most ``NEAR`` cells from a change; near_null: the same of as many errors thrown
            at random into the same lines.
        changing: the share of errors in lines with a change; changing_null: of errors thrown at random anywhere.
        within: errors at most 1, 2, ... ``FARTHEST`` cells from a change; within_null: 2.5%, mean and 97.5% of errors
            thrown into the same lines.
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
    near_null: Score
    changing: float
    changing_null: Score
    within: tuple[int, ...]
    within_null: tuple[tuple[float, float, float], ...]

    @property
    def errors(self) -> int:
        """How many."""
        return int(self.wrong.sum())


def error_map(program: Program, task: Task, classes: Classes, *, seed: int = 0) -> ErrorMap | None:
    """Lay a network's errors over a program.

    Args:
        program: what is right.
        task: of two varying positions.
        classes: the network's answers; one in no class is wrong.
        seed: of the errors thrown at random.

    Returns:
        The map, or None where the network makes no error or no label changes along any line.
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
    low, high = np.quantile(thrown, (0.025, 0.975), axis=0)
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
        near_null=Score.over((thrown[:, NEAR - 1] / errors).tolist()),
        changing=float((wrong & (distance > 0)).sum() / errors),
        changing_null=Score.over(anywhere.tolist()),
        within=tuple(counts.tolist()),
        within_null=tuple(zip(low.tolist(), thrown.mean(0).tolist(), high.tolist(), strict=True)),
    )


def _owners(program: Program, a: np.ndarray, b: np.ndarray) -> Int[np.ndarray, "lines gaps"]:
    """For each two neighbours of a line, the curve whose flip alone changes the label; -1 where it doesn't change.

    Where no single curve does it, the first that flips; where none flips, the number after the last (the phase).
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
    """Of each cell, the distance to the nearest change of its line, and whose change that is."""
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
    """Errors at most 1, 2, ... cells from a change."""
    met = np.bincount(np.minimum(distance[wrong], FARTHEST + 1), minlength=FARTHEST + 2)
    return np.cumsum(met[1 : FARTHEST + 1])


def _thrown(wrong: Bool[np.ndarray, "lines cells"], draw: np.random.Generator) -> Bool[np.ndarray, "lines cells"]:
    """As many errors in each line, anywhere in it."""
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
