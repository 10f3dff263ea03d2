"""Smaller networks of given sizes, and networks in float64, which the tests of this line compare by other routes."""

import copy

import torch

from scrubjay.evidence.inner.condensing import merging_weights
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.evidence.inner.parts import Anatomy, InnerParts
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.fit.decisive import decisive_coordinates
from scrubjay.fit.head_merging import HeadMerger, Sensitivity
from scrubjay.fit.merging import merged_layers
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.data.small_network import small_task

TOKENS = 9
"""The tokens at each position of the untrained networks."""


def trained_run(small: SavedNetwork) -> Run:
    """The small trained network in float64 on every input."""
    return Run.of(copy.deepcopy(small.network).double(), small_task(), name="small")


def untrained_run(*, classes: int, positions: int = 2, tokens: int = TOKENS, d_mlp: int = 24, seed: int = 0) -> Run:
    """An untrained network in float64 whose answers vary.

    Every class is the answer on a part of the inputs, since the medians of the classes' logits are made equal. Other
    tokens than those of the classes are never the answer.
    """
    network = Transformer.initialised(Config(tokens + 1, positions + 1, 16, 3, 4, d_mlp), seed=seed).double()
    network.requires_grad_(False)
    network.W_E *= 3
    network.W_pos *= 0.1
    network.W_in *= 2
    domain = Domain((*(tuple(range(tokens)) for _ in range(positions)), (tokens,)))
    network.W_U[:, classes:] = 0
    logits = network(domain.tokens(domain.inputs()))[:, -1, :classes]
    wanted = 50.0 - logits.median(0).values
    network.b_out += torch.linalg.pinv(network.W_U[:, :classes].T) @ wanted
    labels = domain.varying_tokens().sum(1) % classes
    task = Task("untrained", domain, tuple((token,) for token in range(classes)), labels=labels)
    return Run.of(network, task, name="untrained")


def cut_out(run: Run, *, dimensions: int, hinges: int, heads: int, rank: int) -> InnerParts:
    """The smaller network of these sizes, whether or not it gives many of the answers.

    Args:
        run: the network on every input.
        dimensions: the number of coordinates.
        hinges: the number of hinges.
        heads: the number of merged heads.
        rank: the largest rank of a head's values.
    """
    calls = CloseCalls.of(run.readout.as_hinges(), run.full.resid_mid, seed=0)
    pca = PCA.of(run.full.resid_mid)
    covariance = pca.components.T * pca.variances @ pca.components
    coordinates = decisive_coordinates(pca.mean, covariance, calls.by_stream).first(dimensions)
    read = ReadStream.of(run.readout, run.full.resid_mid)
    anatomy = Anatomy.of(run.network, run.task.domain, read, coordinates)
    layer = merged_layers(anatomy.layer, merging_weights(calls, coordinates, run.full.resid_mid))[hinges][0]
    gradients = calls.gradients @ coordinates.carriers.T
    merger = HeadMerger(anatomy.heads, Sensitivity(run.task.domain.choices(calls.inputs), gradients, calls.weights))
    ranks = merger.with_ranks(*merger.partitions(1)[heads][0])
    merged = next(each for each in ranks if all(head.rank <= rank for head in each.heads))
    return InnerParts(anatomy, merged, layer)
