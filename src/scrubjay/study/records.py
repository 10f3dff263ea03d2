"""The records that the stages of a study hand on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scrubjay.activations.record import Activations
from scrubjay.axes import MeanPattern
from scrubjay.evidence.controls import GateControls
from scrubjay.geometry.draws import Score
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import GateReading
from scrubjay.geometry.pca import PCA
from scrubjay.geometry.subspace import CausalSubspace
from scrubjay.study.claims import PARTLY, Claim, effect
from scrubjay.task.task import Task


@dataclass(frozen=True, eq=False)
class Fit:
    """Filters of one size in one subspace, and whether they are more than a probe.

    Attributes:
        r, k: components and filters.
        filters: the best fit.
        agreement: with the answers of the network that it was fitted on.
        scrubbed: what is left of those answers when the complement of the directions is resampled.
        resampled: what is left when everything is resampled, the bottom of that scale.
    """

    r: int
    k: int
    filters: Filters
    agreement: float
    scrubbed: Score
    resampled: float

    @property
    def is_probe(self) -> bool:
        """Whether the filters tell the answers but less than half of that survives the resampling of all else."""
        return effect(self.agreement, self.resampled) >= PARTLY > 2 * effect(self.scrubbed.mean, self.resampled)


@dataclass(frozen=True, eq=False)
class Gated:
    """A gate of two filters with its truth table and its controls."""

    fit: Fit
    reading: GateReading
    controls: GateControls


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two networks, full or frozen, taken apart.

    Attributes:
        name: ``full`` or ``frozen``.
        activations, pca, subspace: of its ``resid_mid``.
        gate: the AND (or OR) of two filters in the causal subspace; gate_2pc: in the first two components. None where
            the task has not two classes.
        grid: fits over components and filters.
    """

    name: str
    activations: Activations
    pca: PCA
    subspace: CausalSubspace
    gate: Gated | None
    gate_2pc: Gated | None
    grid: tuple[Fit, ...]


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that ``explain`` found.

    Attributes:
        title: the network and whether it is a replica.
        provenance: network hash, versions, seed, task, command.
        mean_pattern: what the frozen network attends to.
        claims: in the order of the post.
        paragraph: the findings in plain words.
    """

    title: str
    task: Task
    provenance: Mapping[str, Any]
    mean_pattern: MeanPattern
    full: Side
    frozen: Side
    claims: tuple[Claim, ...]
    paragraph: str

    def claim(self, claim_id: str) -> Claim:
        """The claim of that id."""
        return next(claim for claim in self.claims if claim.id == claim_id)
