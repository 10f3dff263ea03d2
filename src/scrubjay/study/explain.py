"""The whole study, a line a stage."""

from collections.abc import Callable

import torch

from scrubjay.activations.attention import mean_pattern
from scrubjay.activations.readout import Readout
from scrubjay.activations.record import record
from scrubjay.evidence.scrubbing import Basis, Sampling
from scrubjay.geometry.pca import PCA
from scrubjay.geometry.subspace import causal_subspace, random_directions
from scrubjay.model.checkpoint import SavedNetwork, versions
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.study.comparison import compare
from scrubjay.study.findings import (
    VARIANCE,
    accuracy_claims,
    dimension_claims,
    frozen_claims,
    gate_claims,
    paragraph,
)
from scrubjay.study.findings_causal import attention_claims, embedding_claims, image_claims, mechanism_claims
from scrubjay.study.findings_program import program_claims
from scrubjay.study.findings_rivals import rival_claims
from scrubjay.study.labelling import held_against_program
from scrubjay.study.mechanism import put_to_the_test
from scrubjay.study.records import Study
from scrubjay.study.rivalry import rivals_of
from scrubjay.study.take_apart import take_apart
from scrubjay.task.task import Task

_FEW = 20


def explain(
    saved: SavedNetwork,
    task: Task,
    *,
    seed: int = 0,
    draws: int = 100,
    device: torch.device | str = "cpu",
    basis: Basis = "orthogonal",
    sampling: Sampling = "independent",
    command: str = "",
    progress: Callable[[str], None] = lambda stage: None,
) -> Study:
    """Take a network apart over the whole domain of a task.

    Args:
        saved: a network, as ``load_network`` gives it.
        task: its domain and classes; labels and split are used where it has them.
        seed: of every random draw and start.
        draws: of each licensed ablation; controls and other resamplings take fewer.
        device: where the network runs; geometry and statistics stay in float64 on the CPU.
        basis: of the hypothesis: the complement of its directions orthogonal to them, or uncorrelated with them.
        sampling: independent donors within a class, or permutations of it (the post's way).
        command: what to write into the provenance.
        progress: told each stage as it begins.

    Raises:
        BadInput: the task's inputs don't fit the network.
    """
    network = saved.network.to(device)
    is_replica = saved.recipe is not None and bool(task.published)
    blank = OneLayerTransformer.initialised(network.config, seed=seed + 1).to(device)

    progress("running the network on every input")
    full = record(network, task)
    mean = mean_pattern(full)
    frozen = record(network, task, frozen_at=mean)
    readout = Readout.of(network, task, full)
    blank_full = record(blank, task)
    blank_frozen = record(blank, task, frozen_at=mean_pattern(blank_full))

    sides = {}
    for name, act, untrained in (("full", full, blank_full), ("frozen", frozen, blank_frozen)):
        sides[name] = take_apart(name, act, untrained, readout, seed=seed, draws=min(_FEW, draws), progress=progress)

    progress("controls of the subspace")
    d = full.resid_mid.shape[1]
    random_basis = random_directions(d, d, seed)
    at_random = causal_subspace(full.resid_mid, random_basis, readout, full.classes, draws=2, seed=seed)

    mechanisms = {
        name: put_to_the_test(
            side,
            side.gate,
            network,
            readout,
            full.classes,
            basis=basis,
            sampling=sampling,
            draws=draws,
            seed=seed,
            progress=progress,
        )
        for name, side in sides.items()
        if side.gate is not None
    }
    progress("the full and the frozen network held against each other")
    comparison = compare(
        network,
        mean,
        sides["full"],
        sides["frozen"],
        readout,
        basis=basis,
        sampling=sampling,
        draws=min(_FEW, draws),
        seed=seed,
    )
    labelling = held_against_program(task, sides["full"], seed=seed, progress=progress)
    rivals = rivals_of(
        readout, sides["full"], sides["frozen"], comparison, labelling, draws=draws, seed=seed, progress=progress
    )

    claims = (
        *accuracy_claims(task, sides["full"]),
        *frozen_claims(task, sides["full"], sides["frozen"]),
        *dimension_claims(sides["full"], PCA.of(blank_full.resid_mid).holding(VARIANCE), at_random),
        *gate_claims(task, sides["full"]),
        *gate_claims(task, sides["frozen"]),
        *embedding_claims(comparison),
        *(image_claims(task, comparison.images, sides["full"], sides["frozen"]) if comparison.images else ()),
        *(claim for name in mechanisms for claim in mechanism_claims(task, sides[name], mechanisms[name])),
        *attention_claims(comparison),
        *program_claims(labelling),
        *rival_claims(rivals),
    )
    return Study(
        title=f"{saved.name}{' (replica)' if is_replica else ''}",
        task=task,
        provenance={
            "network": saved.name,
            "network_sha256": saved.manifest["sha256"],
            "is_replica": is_replica,
            "task": task.name,
            "seed": seed,
            "draws": draws,
            "basis": basis,
            "sampling": sampling,
            "threads": torch.get_num_threads(),
            "device": str(device),
            "versions": versions(),
            "command": command,
        },
        mean_pattern=mean,
        full=sides["full"],
        frozen=sides["frozen"],
        mechanisms=mechanisms,
        comparison=comparison,
        labelling=labelling,
        rivals=rivals,
        claims=claims,
        paragraph=paragraph(task, sides["full"], sides["frozen"], claims),
    )
