"""The causal subspace where it is known, and where it must not be found."""

import pytest
import torch

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.fit.pca import PCA
from scrubjay.evidence.subspace.causal import causal_subspace
from tests.planted import Planted, plant


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant("AND", data=4, d_model=16, seed=2)


def test_all_data_dimensions_are_needed_where_filters_cut_across_them(planted: Planted) -> None:
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    found = causal_subspace(act.resid_mid, PCA.of(act.resid_mid).components, readout, act.classes)
    assert 2 <= found.r <= 4
    assert found.kept[found.r].mean >= 0.99
    assert found.lowest <= found.r <= found.highest


def test_two_dimensions_suffice_in_the_basis_of_the_planted_filters(planted: Planted) -> None:
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    plane = torch.linalg.qr(planted.directions.T)[0]
    rest = torch.linalg.svd(plane.T)[2][2:]
    found = causal_subspace(act.resid_mid, torch.cat([plane.T, rest]), readout, act.classes)
    assert found.r == 2
    assert found.kept[2].worst == 1.0


def test_the_last_components_first_need_nearly_all(planted: Planted) -> None:
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    found = causal_subspace(act.resid_mid, PCA.of(act.resid_mid).components.flip(0), readout, act.classes)
    assert found.r >= 14


def test_the_mean_over_draws_decides_and_a_draw_that_falls_short_counts_as_its_end(planted: Planted) -> None:
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    components = PCA.of(act.resid_mid).components
    first = causal_subspace(act.resid_mid, components, readout, act.classes, keeps=0.8)
    exact = first.kept[first.r]
    assert exact.worst < exact.mean
    found = causal_subspace(act.resid_mid, components, readout, act.classes, keeps=exact.mean)
    assert found.r == found.highest == first.r and found.kept[found.r] == exact
