"""Controls: they fail where they should, and are counted right."""

import pytest
import torch

from scrubjay.nets.recording import Activations, record
from scrubjay.evidence.filters.gate_controls import (
    agreement,
    chance_share,
    gate_controls,
    majority_share,
    random_directions,
)
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from scrubjay.nets.transformer import OneLayerTransformer
from tests.planted import plant


def test_planted_filters_beat_every_control() -> None:
    planted = plant("AND", data=3, seed=1)
    act = record(planted.network, planted.task)
    untrained = record(OneLayerTransformer.initialised(planted.network.config, seed=5), planted.task)
    pca = PCA.of(act.resid_mid)
    found = fit_filters(act.resid_mid, pca, act.classes == 1, r=3, k=2)
    controls = gate_controls(found, act, pca, untrained, r=3, draws=10, seed=0)
    assert found.agreement > 0.999
    assert controls.strongest == max(controls.majority, controls.random.mean, controls.untrained) < 0.9
    assert controls.majority == pytest.approx(0.5, abs=0.1)
    assert controls.random.mean >= controls.majority


def test_random_directions_find_a_filter_that_lies_along_the_only_dimension() -> None:
    resid_mid = torch.linspace(-1, 1, 500)[:, None].double()
    ones = resid_mid[:, 0] > 0.3
    score = random_directions(
        resid_mid, PCA.of(resid_mid), ones, ones.long(), r=1, gates=[Gate.conjunction(1)], draws=4, seed=0
    )
    assert score.worst == 1.0


def test_an_answer_in_no_class_is_never_agreed_with(full: Activations) -> None:
    classes = torch.tensor([0, 1, -1, -1])
    assert agreement(torch.tensor([False, True, False, True]), classes) == 0.5
    assert majority_share(torch.tensor([1, 1, 0, -1])) == 0.5
    assert majority_share(torch.tensor([-1, -1, 0])) == 2 / 3
    assert chance_share(torch.tensor([1, 1, 0, -1])) == 0.25 + 2 / 16
