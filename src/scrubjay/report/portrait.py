"""A network and its analysis, as much of it as the explorer needs to run and show both."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from scrubjay.core.axes import Classes, MeanPattern
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.measure import two_filters
from scrubjay.evidence.mlp.neurons import mlp_out_of, neuron_means
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.study import Study
from scrubjay.tasks.task import Task

MOST_INPUTS = 60_000
"""The largest domain that a page draws fluently."""


@dataclass(frozen=True, eq=False)
class View:
    """One of the two networks, full or frozen, as the explorer shows it.

    Attributes:
        name: ``full`` or ``frozen``.
        classes: its answers.
        mid, post: principal components of ``resid_mid`` and ``resid_post``.
        filters: in its causal subspace, or None where the task has not two classes.
        order: the neurons by falling spread of what they add to the answer.
    """

    name: str
    classes: Classes
    mid: PCA
    post: PCA
    filters: Filters | None
    order: Int[Tensor, "m"]


@dataclass(frozen=True, eq=False)
class Portrait:
    """A network with its analysis.

    Attributes:
        title: what to call it.
        network, task: what is run.
        mean_pattern: what the frozen network attends to.
        reads_margin: whether an answer is the sign of one margin, or the largest of all logits.
        views: the full and the frozen network.
    """

    title: str
    network: OneLayerTransformer
    task: Task
    mean_pattern: MeanPattern
    reads_margin: bool
    views: tuple[View, ...]

    @classmethod
    def of_study(cls, study: Study) -> "Portrait":
        """The portrait of a network that was explained already.

        Raises:
            BadInput: a domain of more than ``MOST_INPUTS`` inputs.
        """
        run, filters, subspace = study.run, study.found.get(FILTERS), study.found.get(SUBSPACE)
        sides = {
            name: (
                act,
                PCA.of(act.resid_mid) if subspace is None else subspace.sides[name].pca,
                None if filters is None else filters.sides[name].gate.fit.filters,
            )
            for name, act in run.sides.items()
        }
        return _portrait(study.title, run.network, study.task, run.mean_pattern, sides)

    @classmethod
    def of(cls, network: OneLayerTransformer, task: Task, *, title: str = "network", seed: int = 0) -> "Portrait":
        """Run a network and fit two filters in its causal subspace, without the controls of a whole study.

        Raises:
            BadInput: the task's inputs don't fit the network, or are more than ``MOST_INPUTS``.
        """
        task.check_fits(network.config)
        _check_size(task)
        with one_thread_each():
            full = record(network, task)
            mean = mean_pattern(full)
            readout = Readout.of(network, task, full)
            sides = {"full": full, "frozen": record(network, task, frozen_at=mean)}
            fitted = {name: (act, *two_filters(act, readout, seed=seed)) for name, act in sides.items()}
        return _portrait(title, network, task, mean, fitted)


def _check_size(task: Task) -> None:
    if task.domain.size > MOST_INPUTS:
        raise BadInput(f"the explorer draws at most {MOST_INPUTS} inputs; task {task.name} has {task.domain.size}")


def _portrait(
    title: str,
    network: OneLayerTransformer,
    task: Task,
    mean: MeanPattern,
    sides: Mapping[str, tuple[Activations, PCA, Filters | None]],
) -> Portrait:
    _check_size(task)
    readout = Readout.of(network, task, sides["full"][0])
    views = tuple(
        View(
            name,
            act.classes,
            mid=pca,
            post=PCA.of(act.resid_mid + mlp_out_of(network, act.resid_mid)),
            filters=filters,
            order=neuron_means(readout, act.resid_mid)[1],
        )
        for name, (act, pca, filters) in sides.items()
    )
    return Portrait(title, network, task, mean, readout.direct.shape[1] == 1, views)
