"""A run: one network on every input of one task, recorded once and shared by all lines of evidence."""

import copy
from dataclasses import dataclass
from typing import Literal

import torch

from scrubjay.core.axes import MeanPattern
from scrubjay.core.errors import BadInput
from scrubjay.core.progress import Progress, silent
from scrubjay.core.stats import WIDTH, Stopping
from scrubjay.nets.mean_pattern import mean_pattern, patterns_to_freeze
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.sites import Capabilities
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.task import Task

Basis = Literal["orthogonal", "uncorrelated"]
"""How the complement of a hypothesis's directions is chosen."""
Sampling = Literal["independent", "permute"]
"""How the input that a resampled value comes from is chosen: independently for each input, or by a permutation."""


@dataclass(frozen=True)
class Settings:
    """How a study is carried out.

    Example:
        >>> import scrubjay
        >>> scrubjay.Settings(draws=20, seed=1).draws
        20

    Attributes:
        seed: seed for all random draws and optimiser starts.
        draws: the largest number of random draws for each ablation. Drawing stops earlier, after ten draws or more,
            once the 95% interval is narrower than ``width``.
        width: that width, as a share of the inputs; 0.0025 is a quarter of a percentage point.
        basis: whether the complement of the filters' directions is orthogonal to them, or uncorrelated with them over
            the domain.
        sampling: whether each resampled value comes from an independently drawn input, or from a permutation of the
            inputs, as in the post.
        progress: called with the present stage and the share of the study that is done, between 0 and 1.

    Raises:
        BadInput: fewer than two draws, a negative seed or width, or an unknown basis or sampling.
    """

    seed: int = 0
    draws: int = 100
    width: float = WIDTH
    basis: Basis = "orthogonal"
    sampling: Sampling = "independent"
    progress: Progress = silent

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise BadInput(f"a study needs at least 2 draws for each ablation, and was given {self.draws}")
        if self.seed < 0:
            raise BadInput(f"a seed is a whole number from 0 on, and was given as {self.seed}")
        if not self.width >= 0:
            raise BadInput(f"the width at which drawing stops must be 0 or more, and was given as {self.width}")
        for name, allowed in (("basis", ("orthogonal", "uncorrelated")), ("sampling", ("independent", "permute"))):
            if getattr(self, name) not in allowed:
                raise BadInput(f"{name} must be {allowed[0]!r} or {allowed[1]!r}, and was {getattr(self, name)!r}")

    @property
    def stopping(self) -> Stopping:
        """When enough has been drawn."""
        return Stopping(self.draws, self.width)


@dataclass(frozen=True, eq=False)
class Run:
    """A network on every input of a task, full and frozen.

    Example:
        >>> import scrubjay
        >>> run = scrubjay.Run.of(scrubjay.load_network("bundled").network, scrubjay.challenge2())
        >>> run.full.resid_mid.shape
        torch.Size([12769, 128])

    Attributes:
        name: of the network, for titles.
        network: the weights; nothing in a study changes them.
        task: the domain, the classes, and the labels and split where they are known.
        full: what the network computes on every input.
        frozen: the same with every attention pattern replaced by its mean over the domain.
        mean_pattern: that mean in the last layer, for each head and position, at the position that is read.
        readout: from any ``resid_mid`` of the last layer to the network's answer.
        untrained: what an untrained network of the same sizes computes; a control for several lines.
        untrained_frozen: the same with its attention frozen.
    """

    name: str
    network: Transformer
    task: Task
    full: Activations
    frozen: Activations
    mean_pattern: MeanPattern
    readout: Readout
    untrained: Activations
    untrained_frozen: Activations

    @classmethod
    def of(
        cls,
        network: Transformer,
        task: Task,
        *,
        name: str = "network",
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> "Run":
        """Run a network, and an untrained one beside it, on every input.

        Args:
            network: the weights. If they lie on another device, a copy is moved and the network itself stays as it is.
            task: the domain and the classes.
            name: how to call the network.
            seed: seed for the untrained network's weights.
            device: where to run; everything that is recorded comes back to the CPU.

        Raises:
            BadInput: the task's inputs or classes do not fit the network.
        """
        task.check_fits(network.config)
        if network.device != torch.device(device):
            network = copy.deepcopy(network).to(device)
        untrained = Transformer.initialised(network.config, seed=seed + 1).to(device)
        full, blank = record(network, task), record(untrained, task)
        return cls(
            name=name,
            network=network,
            task=task,
            full=full,
            frozen=record(network, task, frozen_at=patterns_to_freeze(full)),
            mean_pattern=mean_pattern(full),
            readout=Readout.of(network, task, full),
            untrained=blank,
            untrained_frozen=record(untrained, task, frozen_at=patterns_to_freeze(blank)),
        )

    @property
    def can(self) -> Capabilities:
        """What the network allows on the task's domain."""
        return Capabilities.of(self.network, self.task.domain)

    @property
    def sides(self) -> dict[str, Activations]:
        """Both networks by their names: ``full`` and ``frozen``."""
        return {"full": self.full, "frozen": self.frozen}

    @property
    def is_constant(self) -> bool:
        """Whether the full network gives every input the same answer."""
        return bool((self.full.classes == self.full.classes[0]).all())
