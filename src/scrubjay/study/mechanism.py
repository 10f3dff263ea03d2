"""The mechanism of one network put to the test: scrubbing, steering, and what the MLP makes of the filters."""

from collections.abc import Callable

import torch

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes
from scrubjay.evidence.mlp import study_mlp
from scrubjay.evidence.refinement import refine_causally
from scrubjay.evidence.scrub_controls import scrub_controls
from scrubjay.evidence.scrubbing import Basis, Hypothesis, Sampling, Scrubber, scrub
from scrubjay.evidence.steering import random_units, steer
from scrubjay.geometry.draws import share_of
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.study.records import Baselines, Gated, Mechanism, Side

_CONTROL_DRAWS, _JUDGING_DRAWS, _RANDOM_SHIFTS = 5, 10, 24


def put_to_the_test(
    side: Side,
    gated: Gated,
    network: OneLayerTransformer,
    readout: Readout,
    full: Classes,
    *,
    basis: Basis,
    sampling: Sampling,
    draws: int,
    seed: int,
    progress: Callable[[str], None],
) -> Mechanism:
    """Intervene on one network as its hypothesis licenses, and where the hypothesis is wrong.

    Args:
        side: the network taken apart.
        gated: the filters that make the hypothesis.
        network: the weights.
        readout: from ``resid_mid`` to an answer.
        full: the full network's answers.
        basis: how the complement of the directions is chosen.
        sampling: independent donors, or permutations.
        draws: of each licensed ablation.
        seed: of everything that is drawn.
        progress: told each stage as it begins.
    """
    act, filters = side.activations, gated.fit.filters
    subspace = side.pca.components[: gated.fit.r]
    hypothesis = Hypothesis.of(filters, act.resid_mid, basis)
    scrubber = Scrubber.of(hypothesis, act.resid_mid, subspace, sampling)
    progress(f"{side.name} network: causal scrubbing, {draws} draws of each ablation")
    scores = scrub(scrubber, readout, act.classes, full=full, truth=readout.task.labels, draws=draws, seed=seed)
    progress(f"{side.name} network: scrubbing under wrong hypotheses")
    controls = scrub_controls(scrubber, readout, act.classes, draws=min(_CONTROL_DRAWS, draws), seed=seed)
    progress(f"{side.name} network: directions refined causally")
    judging = min(_JUDGING_DRAWS, draws)
    refined = refine_causally(
        filters,
        act.resid_mid,
        subspace,
        readout,
        act.classes,
        draws=judging,
        seed=seed,
        basis=basis,
        sampling=sampling,
    )
    progress(f"{side.name} network: shifts of resid_mid")
    random = random_units(_RANDOM_SHIFTS, act.resid_mid.shape[1], seed)
    both_ways = torch.cat([filters.directions, -filters.directions])
    steering_random, steering_boundary = (steer(filters, act.resid_mid, readout, each) for each in (random, both_ways))
    progress(f"{side.name} network: the MLP as it switches on")
    return Mechanism(
        hypothesis=hypothesis,
        scores=scores,
        controls=controls,
        refined=refined,
        baselines=_baselines(act.classes, full, readout.task.labels),
        resampled=gated.fit.resampled,
        steering_random=steering_random,
        steering_boundary=steering_boundary,
        mlp=study_mlp(network, act.resid_mid, readout, act.classes, hypothesis, seed=seed),
    )


def _baselines(own: Classes, full: Classes, truth: Classes | None) -> Baselines:
    frequent = torch.full_like(own, int((own + 1).bincount().argmax()) - 1)

    return Baselines(
        unablated_full=share_of(own == full),
        unablated_truth=None if truth is None else share_of(own == truth),
        majority=share_of(frequent == own),
        majority_full=share_of(frequent == full),
        majority_truth=None if truth is None else share_of(frequent == truth),
    )
