"""A condensed network as a network of its own, with what it is made of and where its parts come from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from math import log2
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes
from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.as_transformer import as_transformer, not_written, number_groups, rewritten
from scrubjay.evidence.inner.condensing import Condensed
from scrubjay.evidence.inner.parts import InnerParts
from scrubjay.fit.hinges import LINEAR
from scrubjay.fit.pca import ROWS
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.readout import classes_of_scores
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.program.code import choice_bits
from scrubjay.tasks.task import Task

FEWEST_BITS = 3
"""The fewest bits that a number is written with."""
MOST_BITS = 24
"""The most bits that a number is written with."""
_WRITTEN_OUT = 32
"""The bits of a number that is not rounded; each grid of rounded numbers is given by two such numbers."""
ROUNDING_COSTS = 0.005
"""The share of the original's answers that rounding may cost."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """A network whose numbers are rounded.

    Attributes:
        per_number: the number of bits of each rounded number.
        bits: the number of bits of all numbers and of the grids that they are rounded to.
        classes: the answer to each input, shape [n].
        exceptions: the number of bits of a list of the inputs where this is not the original's answer.
    """

    per_number: int
    bits: int
    classes: Classes
    exceptions: float

    @property
    def length(self) -> float:
        """The number of bits that give the original's answers exactly."""
        return self.bits + self.exceptions


@dataclass(frozen=True, eq=False)
class InnerNetwork:
    """The network inside a network.

    Attributes:
        built: the inner network, in float64; None if it is not written as a network of its own, because several tokens
            may stand at the position that is read, or because scales of normalisations are given.
        parts: what it is made of, and where that comes from.
        original: the network that it was found in.
        task: the task.
        classes: its answer to each input, shape [n].
        wanted: the original's answer to each input, shape [n].
    """

    built: Transformer | None
    parts: InnerParts
    original: Transformer
    task: Task
    classes: Classes
    wanted: Classes

    @classmethod
    def of(cls, found: Condensed, original: Transformer, task: Task, wanted: Classes) -> "InnerNetwork":
        """Build a condensed network, if it can be built, and run it on every input.

        Args:
            found: its parts.
            original: the network that it was found in.
            task: the task.
            wanted: the original's answers, shape [n].
        """
        if not_written(original, task) is None:
            network = as_transformer(found.parts, original, task)
            return cls(network, found.parts, original, task, record(network, task).classes, wanted)
        said = torch.cat([classes_of_scores(task, found.parts.scores(some)) for some in task.domain.chunks(ROWS)])
        return cls(None, found.parts, original, task, said, wanted)

    @property
    def network(self) -> Transformer:
        """The inner network as a network of its own.

        Raises:
            BadInput: it is not written as a network of its own; see ``not_written``.
        """
        return as_transformer(self.parts, self.original, self.task) if self.built is None else self.built

    @property
    def agreement(self) -> float:
        """The share of all inputs on which it gives the original's answer."""
        return share_of(self.classes == self.wanted)

    @property
    def mistakes(self) -> float | None:
        """The share of the original's mistakes that it makes too; None without labels or mistakes."""
        wrong = self.task.mistakes(self.wanted)
        return None if wrong is None else share_of((self.classes == self.wanted)[wrong])

    @property
    def departures(self) -> float | None:
        """The share of all inputs on which it departs from the label; None without labels."""
        labels = self.task.labels
        return None if labels is None else share_of((self.classes != labels)[labels >= 0])

    @cached_property
    def coarse(self) -> Coarse:
        """The inner network with its numbers rounded as much as costs few answers; see ``ROUNDING_COSTS``.

        Raises:
            BadInput: it is not written as a network of its own; see ``not_written``.
        """
        counts = [
            getattr(self.network, group.weight)[group.place].numel() for group in number_groups(self.parts, self.task)
        ]
        for per_number in range(FEWEST_BITS, MOST_BITS + 1):
            classes = record(self.changed(partial(_on_grid, per_number=per_number)), self.task).classes
            if share_of(classes == self.wanted) >= self.agreement - ROUNDING_COSTS:
                break
        bits = sum(_bits_of(count, per_number) for count in counts)
        return Coarse(per_number, bits, classes, _exceptions(classes, self.wanted, self.task))

    def changed(self, change: Callable[[Float64[Tensor, "..."]], Float64[Tensor, "..."]]) -> Transformer:
        """A copy of the inner network in which each group of its numbers is changed.

        Args:
            change: called with the numbers of each group (see ``number_groups``); returns as many numbers.
        """
        return rewritten(self.network, self.parts, self.task, change)

    @property
    def parentage(self) -> dict[str, Any]:
        """The groups of the original's heads and neurons that each part comes from.

        Each head and each neuron of the original is in exactly one group. ``turned`` holds the neurons that are on
        where their hinge is off. The coordinates of the stream are ``resid_mid @ coordinates.T - origin``; with
        normalisations, in place of ``resid_mid`` stands what ``ReadStream`` calls the rows.
        """
        anatomy, layer = self.parts.anatomy, self.parts.layer
        groups = [anatomy.bending[layer.groups == number].tolist() for number in range(self.parts.hinges)]
        return {
            "heads": [list(head.members) for head in self.parts.heads.heads],
            "heads_held_at_their_mean": list(self.parts.heads.held),
            "hinges": groups,
            "turned": anatomy.bending[(layer.groups != LINEAR) & (layer.flips < 0)].tolist(),
            "joined_the_linear_path": anatomy.bending[layer.groups == LINEAR].tolist(),
            "always_on": anatomy.always_on.tolist(),
            "never_on": anatomy.never_on.tolist(),
            "coordinates": anatomy.coordinates.readers.tolist(),
            "origin": (anatomy.coordinates.readers @ anatomy.coordinates.mean).tolist(),
        }

    def save(self, path: str | Path, *, parent: str = "network", parent_sha256: str | None = None) -> str:
        """Write the inner network into a sealed file, with its parentage in the manifest.

        Args:
            path: the file to write, usually named ``*.safetensors``.
            parent: the name of the original.
            parent_sha256: the digest of the original's file, if it has one.

        Returns:
            The SHA-256 digest of the file.

        Raises:
            BadInput: it is not written as a network of its own; see ``not_written``.
            OutOfResources: the folder cannot be written, or the disk is full.
        """
        return save_network(
            path,
            self.network,
            task=self.task.words,
            inner={"parent": parent, "parent_sha256": parent_sha256, "agreement": self.agreement, **self.parentage},
        )


def _exceptions(said: Classes, wanted: Classes, task: Task) -> float:
    wrong = int((said != wanted).sum())
    return choice_bits(len(wanted), wrong) + wrong * log2(max(1, len(task.classes) - 1))


def _bits_of(count: int, per_number: int) -> int:
    return min(_WRITTEN_OUT * count, 2 * _WRITTEN_OUT + per_number * count)


def _on_grid(values: Float64[Tensor, "..."], per_number: int) -> Float64[Tensor, "..."]:
    """Round numbers to equally spaced ones from the smallest to the largest, if this takes fewer bits."""
    if _bits_of(values.numel(), per_number) == _WRITTEN_OUT * values.numel():
        return values
    low, high = values.min(), values.max()
    step = ((high - low) / ((1 << per_number) - 1)).clamp(min=torch.finfo(torch.float64).tiny)
    return ((values - low) / step).round() * step + low
