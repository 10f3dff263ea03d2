"""Measure which parts of a program a network knows: how well a linear readout gives the truth value of each part.

The readout is judged on inputs that were left out of its fit. The control is the same truth value with the tokens
renamed at random, which is a function of the same form that the network has no reason to know. A part that is read no
better than this says nothing about the network. For example, a stream of as many dimensions as there are tokens can
hold *every* function of one token.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Mask
from scrubjay.core.stats import share_of
from scrubjay.program.expression import Program
from scrubjay.tasks.task import Task

_RIDGE = 1e-6
"""The ridge penalty of the readout, divided by the number of inputs."""
_RENAMINGS = 4
"""The number of random renamings of the tokens for the control."""


@dataclass(frozen=True)
class Readable:
    """How well one part of a program is read from one place.

    Attributes:
        name: the name of the part: ``curve1``, ``curve2`` and so on, or ``phase``.
        what: the part in words.
        accuracy: the accuracy of the readout on inputs that it was not fitted to, averaged over the truth values of the
            part.
        control: the same accuracy with tokens renamed, averaged over renamings.
    """

    name: str
    what: str
    accuracy: float
    control: float


def readable_parts(
    program: Program, task: Task, features: Float64[Tensor, "n f"], *, seed: int
) -> tuple[Readable, ...]:
    """Read the truth value of every curve, and of the sets of phases that the regions use, from features of all inputs.

    Args:
        program: a program on a task of two varying positions.
        task: the task, which has the domain.
        features: what is read, such as ``resid_mid`` or the filters' values, shape [n, f].
        seed: seed for the choice of the half that is left out, and for the renamings.
    """
    draw = np.random.default_rng(seed)
    sizes = [task.domain.counts[at] for at in task.domain.varying]
    tokens = task.domain.varying_tokens().numpy()
    parts = _parts(program, tokens[:, 0], tokens[:, 1])
    fitted = torch.from_numpy(draw.permutation(len(features)) < len(features) // 2)
    renamings = [tuple(draw.permutation(size) for size in sizes) for _ in range(_RENAMINGS)]
    reader = _Reader.of(features, fitted)

    def mean(truths: list[np.ndarray]) -> float:
        return float(np.mean([reader.accuracy(torch.from_numpy(truth.copy())) for truth in truths]))

    found = []
    for name, (what, truths) in parts.items():
        images = [truth.reshape(sizes) for truth in truths]
        renamed = [image[np.ix_(*renaming)].reshape(-1) for renaming in renamings for image in images]
        found.append(Readable(name, what, mean(truths), mean(renamed)))
    return tuple(found)


def _parts(program: Program, a: np.ndarray, b: np.ndarray) -> dict[str, tuple[str, list[np.ndarray]]]:
    """For each part its words and its truth values, without those that are the same on all inputs."""
    parts = {
        f"curve{number}": (curve.mathematics(), [curve.truth(a, b)]) for number, curve in enumerate(program.curves, 1)
    }
    if program.phase is not None:
        k, used = program.phase.values(a, b), {}
        for weight, arcs in program.arcs_by_region():
            truth = arcs.holds(k + weight)
            used[truth.tobytes()] = truth
        parts["phase"] = (f"the sets of {program.phase.mathematics()}", list(used.values()))
    kept = {name: (what, [t for t in truths if 0 < t.sum() < len(t)]) for name, (what, truths) in parts.items()}
    return {name: part for name, part in kept.items() if part[1]}


@dataclass(frozen=True, eq=False)
class _Reader:
    """A least-squares readout, fitted to one half of the inputs with the best threshold there, judged on the other."""

    features: Float64[Tensor, "n f"]
    solve: Float64[Tensor, "f half"]
    fitted: Mask

    @classmethod
    def of(cls, features: Float64[Tensor, "n f"], fitted: Mask) -> "_Reader":
        centred = features - features[fitted].mean(0)
        scale = centred[fitted].square().mean().sqrt().clamp(min=torch.finfo(torch.float64).tiny)
        columns = torch.cat([centred / scale, torch.ones(len(features), 1, dtype=torch.float64)], dim=1)
        half = columns[fitted]
        gram = half.T @ half + _RIDGE * len(half) * torch.eye(half.shape[1], dtype=torch.float64)
        return cls(columns, torch.linalg.solve(gram, half.T), fitted)

    def accuracy(self, truth: Mask) -> float:
        values = self.features @ (self.solve @ (2 * truth[self.fitted].double() - 1))
        order = values[self.fitted].argsort()
        ones = truth[self.fitted][order].long()
        # right when everything from position i on is called true, for every i
        right = (
            torch.cat([ones.new_zeros(1), (1 - ones).cumsum(0)])
            + ones.sum()
            - torch.cat([ones.new_zeros(1), ones.cumsum(0)])
        )
        at, ordered = int(right.argmax()), values[self.fitted][order]
        ends = torch.cat([ordered[:1] - 1, ordered, ordered[-1:] + 1])
        threshold = (ends[at] + ends[at + 1]) / 2
        return share_of((values > threshold)[~self.fitted] == truth[~self.fitted])
