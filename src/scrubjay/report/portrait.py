"""A network with its analysis: everything that the explorer needs to run the network and to show how it works.

The explorer runs networks with one layer and without normalisation. Of all others it shows what was recorded on every
input.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, MeanPattern, Residual
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.measure import two_filters
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.evidence.mlp.neurons import mlp_out_of, neuron_means
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.fit.filters import Filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.mean_pattern import mean_pattern, patterns_to_freeze
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.transformer import Transformer
from scrubjay.study import Study
from scrubjay.tasks.task import Task

MOST_INPUTS = 60_000
"""The largest number of inputs that a page can draw without delay."""
MOST_BYTES = 2_000_000
"""The largest size of a network, or of what was recorded of it, in a page. It takes a third more in the page, which
should stay below 5 MB."""
COMPONENTS = 4
"""The principal components of each site that the explorer can show."""

_SPACE = 3
"""The components that the turning view shows."""


@dataclass(frozen=True, eq=False)
class View:
    """One of the two networks, full or frozen, as the explorer shows it.

    Attributes:
        name: ``full`` or ``frozen``.
        classes: the class of its answer to each input, shape [n].
        mid: principal components of ``resid_mid``.
        post: principal components of ``resid_post``, or None if there is no MLP.
        filters: filters in its causal subspace, or None if the task does not have two classes.
        order: the neurons, shape [m], the one whose contribution to the answer varies most first.
    """

    name: str
    classes: Classes
    mid: PCA
    post: PCA | None
    filters: Filters | None
    order: Int[Tensor, "m"]


@dataclass(frozen=True, eq=False)
class RecordedSite:
    """What a site of a network holds on every input, in the plane of its first components.

    Attributes:
        name: the site, such as ``blocks.0.resid_mid``; without the layer if there is only one.
        coordinates: [n, k], the coordinates of each input along the first components.
        explained: [k], the share of the variance along each.
    """

    name: str
    coordinates: Float64[Tensor, "n k"]
    explained: Float64[Tensor, "k"]


@dataclass(frozen=True, eq=False)
class Recorded:
    """What was recorded of a network that the explorer does not run.

    Attributes:
        sites: the sites of the full network's residual stream at the position that is read, in their order.
        patterns: [l, h, s], the mean attention pattern of each layer from that position.
        classes: the class of each answer of the full and of the frozen network, by name.
    """

    sites: tuple[RecordedSite, ...]
    patterns: Float64[Tensor, "l h s"]
    classes: Mapping[str, Classes]


@dataclass(frozen=True, eq=False)
class Portrait:
    """A network with its analysis.

    Attributes:
        title: what to call the network.
        network: the weights.
        task: the domain and the classes.
        mean_pattern: the attention pattern of the frozen network.
        reads_margin: whether the answer is the sign of a class margin; otherwise it is the largest of all logits.
        views: the full and the frozen network, or nothing if the explorer does not run the network.
        recorded: what was recorded, if the explorer does not run the network; else None.
        inner: the network inside the network, if the explorer can run it beside the original; else None.
    """

    title: str
    network: Transformer
    task: Task
    mean_pattern: MeanPattern
    reads_margin: bool
    views: tuple[View, ...]
    recorded: Recorded | None = None
    inner: InnerNetwork | None = None

    @classmethod
    def of_study(cls, study: Study) -> "Portrait":
        """The portrait of a network that has been explained already.

        Raises:
            BadInput: the domain has more than ``MOST_INPUTS`` inputs, or what was recorded is too large for a page.
        """
        run, filters, subspace = study.run, study.found.get(FILTERS), study.found.get(SUBSPACE)
        _check_size(study.task)
        if not is_played(run.network):
            return _recorded(study.title, run.network, study.task, run.sides)
        sides = {
            name: (
                act,
                PCA.of(act.resid_mid) if subspace is None else subspace.sides[name].pca,
                None if filters is None else filters.sides[name].gate.fit.filters,
            )
            for name, act in run.sides.items()
        }
        portrait = _played(study.title, run.network, study.task, run.mean_pattern, sides)
        found = study.found.get(INNER)
        return portrait if found is None or found.inner.built is None else replace(portrait, inner=found.inner)

    @classmethod
    def of(cls, network: Transformer, task: Task, *, title: str = "network", seed: int = 0) -> "Portrait":
        """Run a network and fit two filters in its causal subspace, without the controls of a whole study.

        Args:
            network: the weights.
            task: the domain and the classes.
            title: what to call the network.
            seed: seed for the fit.

        Raises:
            BadInput: the task does not fit the network, its domain has more than ``MOST_INPUTS`` inputs, or what was
                recorded is too large for a page.
        """
        _check_size(task)
        task.check_fits(network.config)
        with one_thread_each(), torch.no_grad():
            full = record(network, task)
            acts = {"full": full, "frozen": record(network, task, frozen_at=patterns_to_freeze(full))}
            if not is_played(network):
                return _recorded(title, network, task, acts)
            readout = Readout.of(network, task, full)
            fitted = {name: (act, *two_filters(act, readout, seed=seed)) for name, act in acts.items()}
        return _played(title, network, task, mean_pattern(full), fitted)


def stages_of(portrait: Portrait) -> frozenset[str]:
    """The names of the explorer's stages that can show a network; see ``assets/explorer/stages.js``."""
    if portrait.recorded is not None:
        return frozenset({"workbench", "domain", "table"})
    found = {"workbench", "domain", "table", "attention", "embeddings"}
    if all(len(view.mid.components) >= _SPACE for view in portrait.views):
        found.add("space")
    if all(view.post is not None for view in portrait.views):
        found.add("mlp")
    if all(view.filters is not None for view in portrait.views):
        found |= {"filters", "shift"}
    if portrait.inner is not None:
        found |= {"inner", "answer"}
    return frozenset(found)


def is_played(network: Transformer) -> bool:
    """Whether the explorer runs a network itself: one with a single layer and without normalisation."""
    return network.config.n_layers == 1 and network.config.norm == "none"


def _check_size(task: Task) -> None:
    if task.domain.size > MOST_INPUTS:
        raise BadInput(
            f"the explorer draws at most {MOST_INPUTS:,} inputs, and task {task.name} has {task.domain.size:,}"
        )


def _played(
    title: str,
    network: Transformer,
    task: Task,
    mean: MeanPattern,
    sides: Mapping[str, tuple[Activations, PCA, Filters | None]],
) -> Portrait:
    readout = Readout.of(network, task, sides["full"][0])
    with one_thread_each(), torch.no_grad():
        views = tuple(
            View(
                name,
                act.classes,
                mid=pca,
                post=None if network.config.attn_only else PCA.of(_after_mlp(network, act.resid_mid)),
                filters=filters,
                order=neuron_means(readout, act.resid_mid)[1],
            )
            for name, (act, pca, filters) in sides.items()
        )
    return Portrait(title, network, task, mean, readout.reads_margin, views)


def _recorded(title: str, network: Transformer, task: Task, sides: Mapping[str, Activations]) -> Portrait:
    full = sides["full"]
    with one_thread_each(), torch.no_grad():
        sites = _sites(network, full)
        size = len(full.classes) * len(sites) * torch.float32.itemsize
        count = min(COMPONENTS, network.config.d_model, max(MOST_BYTES // size, 2))
        if size * count > MOST_BYTES:
            raise BadInput(
                f"the planes of its {len(sites)} sites take {size * count:,} bytes, and a page has room for "
                f"{MOST_BYTES:,}"
            )
        patterns = [layer.pattern for layer in full.layers] or [full.pattern]
        recorded = Recorded(
            sites=tuple(_recorded_site(name, values, count) for name, values in sites.items()),
            patterns=torch.stack([pattern.double().mean(0) for pattern in patterns]),
            classes={name: act.classes for name, act in sides.items()},
        )
    reads_margin = Readout.of(network, task, full).reads_margin
    return Portrait(title, network, task, mean_pattern(full), reads_margin, (), recorded)


def _sites(network: Transformer, act: Activations) -> dict[str, Residual]:
    """The residual stream at the position that is read, after each attention and after each layer."""
    if network.config.n_layers == 1:
        found = {"resid_mid": act.resid_mid, "resid_post": _after_mlp(network, act.resid_mid)}
    else:
        found = {
            f"blocks.{number}.{site}": getattr(layer, site)
            for number, layer in enumerate(act.layers)
            for site in ("resid_mid", "resid_post")
        }
    # Without MLPs both sites of a layer are the same.
    return {name: values for name, values in found.items() if not (network.config.attn_only and "post" in name)}


def _recorded_site(name: str, values: Residual, count: int) -> RecordedSite:
    pca = PCA.of(values)
    return RecordedSite(name, pca.scores(values, count), pca.explained[:count])


def _after_mlp(network: Transformer, resid_mid: Residual) -> Residual:
    return resid_mid + mlp_out_of(network, resid_mid)
