"""Condensing a network from outside a study: the function behind ``scrubjay condense``."""

from dataclasses import dataclass
from pathlib import Path

import torch

from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.core.progress import Progress, silent
from scrubjay.evidence.inner.condensing import TARGETS, Condensation, condense_run
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.given import Given, as_saved
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Condensate:
    """The smallest network that gives a wanted share of a network's answers, and the others beside it.

    Attributes:
        parent: the network that was condensed.
        at_least: the share of the answers that was wanted.
        inner: the smallest network that gives it.
        found: all networks on the front of size against agreement.
    """

    parent: SavedNetwork
    at_least: float
    inner: InnerNetwork
    found: Condensation

    def save(self, path: str | Path) -> str:
        """Write the inner network into a sealed file that states its parentage, and return the file's digest.

        Args:
            path: the file to write, usually named ``*.safetensors``.

        Raises:
            OutOfResources: the folder cannot be written, or the disk is full.
        """
        return self.inner.save(path, parent=self.parent.name, parent_sha256=self.parent.manifest.get("sha256"))


def condense(
    network: Given,
    task: Task | str | Path | None = None,
    *,
    at_least: float = max(TARGETS),
    seed: int = 0,
    refine: bool = False,
    progress: Progress = silent,
) -> Condensate:
    """Find the smallest network inside a network that still gives its answers.

    It is read off the weights and the domain. No labels are used, and nothing is trained.

    Example:
        >>> import scrubjay
        >>> inner = scrubjay.condense("bundled", at_least=0.99).inner
        >>> inner.parts.dimensions, inner.agreement > 0.99
        (3, True)

    Args:
        network: a network, what ``load_network`` returns, or a place that it reads.
        task: the domain and the classes, or the words that name a task; by default the task that the network names.
        at_least: the share of the answers that the inner network must give.
        seed: seed for the sample of inputs on which merges are scored.
        refine: move groups of nearly equal neurons between the merged ones as long as this lowers the error. This is a
            fit to the network's own scores, and no longer only a reading of the weights.
        progress: called with the present stage and the share of the work that is done, between 0 and 1.

    Raises:
        BadInput: the task's inputs or classes do not fit the network, there is no task, the network gives every input
            the same answer, ``at_least`` is not a share, or no smaller network was found that reaches it.
        RefusedFile: the network's file is damaged or not one of ours.
    """
    if not 0 < at_least <= 1:
        raise BadInput(f"at_least is a share of the answers, above 0 and at most 1, and was given as {at_least}")
    saved = as_saved(network)
    chosen = saved.task if task is None else task
    if chosen is None:
        raise BadInput(f"network {saved.name} names no task, so one must be given")
    asked = as_task(chosen)
    asked.check_fits(saved.network.config)
    with one_thread_each(), torch.no_grad():
        progress("running the network on every input", 0.0)
        full = record(saved.network, asked)
        readout = Readout.of(saved.network, asked, full)
        found = condense_run(
            saved.network, asked, full, readout, at_least=at_least, seed=seed, refine=refine, progress=progress
        )
        smallest = found.smallest[at_least]
        own = saved.network.numbers
        if smallest is None or smallest.parts.numbers >= own:
            best = max((each.agreement for each in found.front if each.parts.numbers < own), default=0.0)
            raise BadInput(
                f"no smaller network was found that gives {at_least:.2%} of the answers of {saved.name}; the best one "
                f"gives {best:.2%}. A network that training has not condensed does not shrink"
            )
        return Condensate(saved, at_least, InnerNetwork.of(smallest, saved.network, asked, full.classes), found)
