"""A network with its analysis: everything that the explorer needs to run the network and to show how it works."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
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
from scrubjay.nets.config import Config
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.transformer import Transformer
from scrubjay.study import Study
from scrubjay.tasks.task import Task

MOST_INPUTS = 60_000
"""The largest number of inputs that a page can draw without delay."""


@dataclass(frozen=True, eq=False)
class View:
    """One of the two networks, full or frozen, as the explorer shows it.

    Attributes:
        name: ``full`` or ``frozen``.
        classes: the class of its answer to each input, shape [n].
        mid: principal components of ``resid_mid``.
        post: principal components of ``resid_post``.
        filters: filters in its causal subspace, or None if the task does not have two classes.
        order: the neurons, shape [m], the one whose contribution to the answer varies most first.
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
        title: what to call the network.
        network: the weights.
        task: the domain and the classes.
        mean_pattern: the attention pattern of the frozen network.
        reads_margin: whether the answer is the sign of a class margin; otherwise it is the largest of all logits.
        views: the full and the frozen network.
    """

    title: str
    network: Transformer
    task: Task
    mean_pattern: MeanPattern
    reads_margin: bool
    views: tuple[View, ...]

    @classmethod
    def of_study(cls, study: Study) -> "Portrait":
        """The portrait of a network that has been explained already.

        Raises:
            BadInput: the domain has more than ``MOST_INPUTS`` inputs.
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
    def of(cls, network: Transformer, task: Task, *, title: str = "network", seed: int = 0) -> "Portrait":
        """Run a network and fit two filters in its causal subspace, without the controls of a whole study.

        Args:
            network: the weights.
            task: the domain and the classes.
            title: what to call the network.
            seed: seed for the fit.

        Raises:
            BadInput: the task does not fit the network, the explorer cannot run it (see ``unplayable``), or its domain
                has more than ``MOST_INPUTS`` inputs.
        """
        _check_size(task)
        task.check_fits(network.config)
        reason = unplayable(network, task)
        if reason is not None:
            raise BadInput(reason)
        with one_thread_each(), torch.no_grad():
            full = record(network, task)
            mean = mean_pattern(full)
            readout = Readout.of(network, task, full)
            sides = {"full": full, "frozen": record(network, task, frozen_at=mean)}
            fitted = {name: (act, *two_filters(act, readout, seed=seed)) for name, act in sides.items()}
        return _portrait(title, network, task, mean, fitted)


def unplayable(network: Transformer, task: Task) -> str | None:
    """Why the explorer cannot run a network on a task, or None if it can.

    The explorer runs one-layer networks with ReLU, without normalisation and with no biases but the MLP's, whose answer
    is read at a constant last token from all logits.
    """
    config, domain = network.config, task.domain
    if config != Config(config.d_vocab, config.n_ctx, config.d_model, config.n_heads, config.d_head, config.d_mlp):
        return f"the explorer does not run this architecture yet ({config.in_words})"
    if not (domain.is_product and domain.has_constant_query and domain.read_at == domain.n_ctx - 1):
        return "the explorer needs every combination of tokens, and the answer to be read at a constant last token"
    return None if task.answer == "argmax" else f"the explorer does not read answers by {task.answer} yet"


def _check_size(task: Task) -> None:
    if task.domain.size > MOST_INPUTS:
        raise BadInput(
            f"the explorer draws at most {MOST_INPUTS:,} inputs, and task {task.name} has {task.domain.size:,}"
        )


def _portrait(
    title: str,
    network: Transformer,
    task: Task,
    mean: MeanPattern,
    sides: Mapping[str, tuple[Activations, PCA, Filters | None]],
) -> Portrait:
    _check_size(task)
    readout = Readout.of(network, task, sides["full"][0])
    with one_thread_each(), torch.no_grad():
        views = tuple(
            View(
                name,
                act.classes,
                mid=pca,
                post=PCA.of(act.resid_mid + mlp_out_of(network, act.resid_mid)),
                filters=filters,
                order=neuron_means(readout, act.resid_mid)[1]
                if isinstance(readout, HingeReadout)
                else torch.arange(network.config.d_mlp),
            )
            for name, (act, pca, filters) in sides.items()
        )
    return Portrait(title, network, task, mean, readout.reads_margin, views)
