"""The stages of a study on a random network over a domain of any size, each with its time and its peak memory."""

import time
from collections.abc import Callable
from typing import TypeVar

import torch

from peers.measure import Figures, Work, peak_mb, resident_mb, start_peak
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.evidence.scrubber import Hypothesis, Scrubber, scrub
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.pca import PCA
from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

Found = TypeVar("Found")


def stages(tokens: str, varying: str, d_mlp: str, draws: str) -> Work:
    """Record, components, subspace, filters, scrubbing, in order; what an earlier stage keeps stays resident.

    The classes are two tokens that the unembedding is turned to, so that a random network answers with either; it is
    no mechanism, and the figures that it gives are not looked at.
    """
    p, positions = int(tokens), int(varying)
    domain = Domain((*((tuple(range(p)),) * positions), (p,)))
    network = OneLayerTransformer.initialised(Config(p + 1, positions + 1, 128, 8, 16, int(d_mlp)), seed=0)
    task = Task(name="growth", domain=domain, classes=((0,), (1,)))
    with torch.no_grad():
        network.W_U[:, 1] = -network.W_U[:, 0]  # one of the two is always positive, and no other token ever wins
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
            lambda: causal_subspace(act.resid_mid, pca.components, readout, act.classes, draws=2, keeps=0.9),
        )
        found["subspace"]["times"] = 2 * len(subspace.kept)
        filters = stage("filters", lambda: fit_filters(act.resid_mid, pca, act.classes == 1, r=3, k=2))

        def scrubbed() -> object:
            scrubber = Scrubber.of(Hypothesis.of(filters, act.resid_mid), act.resid_mid, pca.components[:3])
            return scrub(scrubber, readout, act.classes, draws=int(draws), seed=0)

        stage("scrubbing", scrubbed)
        found["scrubbing"]["times"] = int(draws)
        return {"stages": found}

    return work
