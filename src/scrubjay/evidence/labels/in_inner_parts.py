"""Which part of the label program lives in which part of the inner network, and why errors lie near its curves.

An input *depends* on a curve if its label would change when it lay on the other side of the curve, and on the stripes
if its label would change for another value of the phase. A part of the inner network carries a part of the program if
the answers of the inputs that depend on it change when the part is held at its mean.

The network errs where its margin is small. If the margin grows with the distance from a change of label, errors lie
near the changes: that answers S. Casper's question why they do.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Bool

from scrubjay.core.stats import Share, share_of
from scrubjay.evidence.inner.measure import InnerResult
from scrubjay.evidence.inner.sensitivity import closest
from scrubjay.program.error_map import ErrorMap
from scrubjay.program.expression import Program
from scrubjay.tasks.task import Task

SMALLEST = 0.1
"""The share of the inputs with the smallest margins among which errors are counted."""
_STEPS = (1, 2, 3, 5, 10, 20)
"""The distances from a change of label up to which inputs are put together, in cells."""


@dataclass(frozen=True)
class MarginStep:
    """The inputs at some distances from a change of label.

    Attributes:
        name: the distances in words.
        inputs: how many inputs there are.
        errors: the share of them on which the network is wrong.
        inner_errors: the share of them on which the inner hinges are wrong.
        margin: the median of the inner margin's size there, divided by its median over all inputs.
    """

    name: str
    inputs: int
    errors: float
    inner_errors: float
    margin: float


@dataclass(frozen=True, eq=False)
class ProgramInParts:
    """A label program compared with the parts of the inner network.

    Attributes:
        curves: the names of the parts of the program.
        depend: how many inputs depend on each of them.
        rows: for each part of the inner network its name, the share of all answers that change when it is held at its
            mean, and the same share among the inputs that depend on each part of the program.
        steps: the margins by the distance from a change of label; empty if the network does not err.
        small_margins: the share of the errors that lie among the inputs with the smallest margins; None likewise.
    """

    curves: tuple[str, ...]
    depend: tuple[int, ...]
    rows: tuple[tuple[str, float, tuple[float, ...]], ...]
    steps: tuple[MarginStep, ...]
    small_margins: Share | None


def program_in_parts(program: Program, task: Task, inner: InnerResult, errors: ErrorMap | None) -> ProgramInParts:
    """Compare a label program with the parts of the inner network.

    Args:
        program: the program behind the labels.
        task: a task of two varying positions.
        inner: the network inside the network.
        errors: where the network errs, or None if it does not.
    """
    tokens = task.domain.varying_tokens().numpy()
    parts = dependent_inputs(program, tokens[:, 0], tokens[:, 1])
    rows = []
    for kind, test in (("hinge", inner.hinges), ("head", inner.heads)):
        if test is None:
            continue
        held = test.held_inputs.numpy()
        for number, changes in enumerate(test.held_changes.numpy()):
            shares = tuple(float(changes[depends[held]].mean()) for depends in parts.values())
            rows.append((f"{kind} {number}", float(changes.mean()), shares))
    steps, small = ((), None) if errors is None else _margins(task, inner, errors)
    return ProgramInParts(tuple(parts), tuple(int(part.sum()) for part in parts.values()), tuple(rows), steps, small)


def dependent_inputs(program: Program, a: np.ndarray, b: np.ndarray) -> dict[str, Bool[np.ndarray, "n"]]:
    """The inputs whose label depends on each part of a program; parts on which none depends are left out.

    Args:
        program: the program.
        a: the first token of each input, shape [n].
        b: the second token, shape [n].
    """
    truths = [curve.truth(a, b) for curve in program.curves]
    phase = np.zeros(len(a), dtype=np.int64) if program.phase is None else program.phase.values(a, b)
    values = np.unique(phase)
    labels, stripes = {}, np.zeros(len(a), dtype=bool)
    for sides in product((False, True), repeat=len(truths)):
        gate, added = 0, 0
        for holds, weight in zip(sides, program.weights, strict=True):
            gate, added = (gate, added + weight * holds) if weight else (2 * gate + holds, added)
        arcs = program.sets[gate]
        labels[sides] = np.zeros(len(a), dtype=bool) if arcs is None else arcs.holds(phase + added)
        if arcs is not None:
            here = np.all([truth == side for truth, side in zip(truths, sides, strict=True)], axis=0)
            every = arcs.holds(values + added)
            stripes |= here & bool(every.any() and not every.all())
    found = {}
    for number in range(len(truths)):
        depends = np.zeros(len(a), dtype=bool)
        for sides, label in labels.items():
            here = np.all([truth == side for truth, side in zip(truths, sides, strict=True)], axis=0)
            other = tuple(side != (at == number) for at, side in enumerate(sides))
            depends |= here & (label != labels[other])
        found[f"curve{number + 1}"] = depends
    found["stripes"] = stripes
    return {name: depends for name, depends in found.items() if depends.any()}


def _margins(task: Task, inner: InnerResult, errors: ErrorMap) -> tuple[tuple[MarginStep, ...], Share | None]:
    meaning = inner.meaning
    if meaning is None or task.labels is None:
        return (), None
    scores = meaning.quantities.scores(meaning.quantities.all)
    margin = closest(scores)
    inner_wrong = inner.run.readout.classes_from(scores) != task.labels
    wrong = torch.from_numpy(errors.wrong.reshape(-1).copy())
    distance = torch.from_numpy(errors.distance.reshape(-1).copy())
    steps, below = [], 0
    for most in (*_STEPS, int(distance.max())):
        here = (distance > below) & (distance <= most)
        if bool(here.any()):
            name = f"{most}" if most == below + 1 else f"{below + 1} to {most}"
            size = float(margin[here].median() / margin.median())
            steps.append(MarginStep(name, int(here.sum()), share_of(wrong[here]), share_of(inner_wrong[here]), size))
        below = max(below, most)
    here = distance == 0
    if bool(here.any()):
        size = float(margin[here].median() / margin.median())
        steps.append(MarginStep("none", int(here.sum()), share_of(wrong[here]), share_of(inner_wrong[here]), size))
    return tuple(steps), Share.of((margin < margin.quantile(SMALLEST))[wrong])
