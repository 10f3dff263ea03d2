"""The stages of a study of a random network on a domain of any size, each with its time and its peak memory."""

import time
from collections.abc import Callable
from typing import TypeVar

import torch

from peers.measure import Figures, Work, peak_mb, resident_mb, start_peak
from scrubjay.core.stats import Stopping
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.config import Config
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

Found = TypeVar("Found")

_SUBSPACE_DRAWS = 2
"""Draws for each number of components of the causal subspace."""
_KEEPS = 0.9
"""The share of answers that the causal subspace must keep. A random network needs many components to keep more."""


def stages(tokens: str, varying: str, d_mlp: str, draws: str) -> Work:
    """Record, components, subspace, filters and scrubbing, in this order. What a stage keeps stays in memory.

    The network has random weights, except that its unembedding only ever answers with token 0 or 1, which are the two
    classes. Such a network computes nothing in particular, so only the time and the memory of the stages are of use.

    Args:
        tokens: the number of tokens at each varying position.
        varying: the number of varying positions.
        d_mlp: the number of neurons.
        draws: the number of draws of each ablation.
    """
    p, positions = int(tokens), int(varying)
    domain = Domain((*((tuple(range(p)),) * positions), (p,)))
    network = Transformer.initialised(Config(p + 1, positions + 1, 128, 8, 16, int(d_mlp)), seed=0)
    task = Task(name="growth", domain=domain, classes=((0,), (1,)))
    with torch.no_grad():
        network.W_U[:, 1] = -network.W_U[:, 0]  # one of these two logits is positive, and all others are 0
        network.W_U[:, 2:] = 0
    found: Figures = {}
    start = 0.0

    def stage(name: str, work: Callable[[], Found]) -> Found:
        began_mb = start_peak()
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        highest = peak_mb(began_mb) + began_mb - start
        found[name] = {"seconds": seconds, "peak_mb": highest, "kept_mb": resident_mb() - start}
        return result

    def work() -> Figures:
        nonlocal start
        start = resident_mb()
        act = stage("record", lambda: record(network, task))
        readout = Readout.of(network, task, act)
        pca = stage("components", lambda: PCA.of(act.resid_mid))
        subspace = stage(
            "subspace",
            lambda: causal_subspace(
                act.resid_mid, pca.components, readout, act.classes, draws=_SUBSPACE_DRAWS, keeps=_KEEPS
            ),
        )
        found["subspace"]["times"] = _SUBSPACE_DRAWS * len(subspace.kept)
        filters = stage("filters", lambda: fit_filters(act.resid_mid, pca, act.classes == 1, r=3, k=2))

        def scrubbed() -> object:
            scrubber = Scrubber.of(Hypothesis.of(filters, act.resid_mid), act.resid_mid, pca.components[:3])
            until = Stopping(most=int(draws), least=int(draws))
            return scrub(scrubber, readout, act.classes, stopping=until, seed=0)

        stage("scrubbing", scrubbed)
        found["scrubbing"]["times"] = int(draws)
        return {"stages": found}

    return work
