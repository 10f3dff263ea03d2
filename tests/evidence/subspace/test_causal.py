"""The causal subspace where it is known, and where it must not be found."""

import pytest
import torch

from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.fit.pca import PCA
from scrubjay.run import Run
from tests.planted import Planted, one_direction, plant


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant("AND", data=4, d_model=16, tokens=24, seed=2)


@pytest.fixture(scope="module")
def run(planted: Planted) -> Run:
    return planted.run()


def test_all_data_dimensions_are_needed_where_filters_cut_across_them(run: Run) -> None:
    act = run.full
    found = causal_subspace(act.resid_mid, PCA.of(act.resid_mid).components, run.readout, act.classes)
    assert 2 <= found.r <= 4
    assert found.kept[found.r].mean >= 0.99
    assert found.lowest <= found.r <= found.highest


def test_two_dimensions_suffice_in_the_basis_of_the_planted_filters(planted: Planted, run: Run) -> None:
    plane = torch.linalg.qr(planted.directions.T)[0]
    rest = torch.linalg.svd(plane.T)[2][2:]
    found = causal_subspace(run.full.resid_mid, torch.cat([plane.T, rest]), run.readout, run.full.classes)
    assert found.r == 2
    assert found.kept[2].worst == 1.0


def test_one_dimension_suffices_where_one_direction_decides() -> None:
    act = (run := one_direction(others=0.3).run()).full
    basis = torch.eye(6, dtype=torch.float64)
    assert causal_subspace(act.resid_mid, basis, run.readout, act.classes).r == 1
    assert causal_subspace(act.resid_mid, basis.roll(1, 0), run.readout, act.classes).r == 2


def test_the_last_components_first_need_nearly_all(run: Run) -> None:
    act = run.full
    found = causal_subspace(act.resid_mid, PCA.of(act.resid_mid).components.flip(0), run.readout, act.classes)
    assert found.r >= 14


def test_the_mean_over_draws_decides_and_a_draw_that_falls_short_counts_as_its_end(run: Run) -> None:
    act, readout = run.full, run.readout
    components = PCA.of(act.resid_mid).components
    first = causal_subspace(act.resid_mid, components, readout, act.classes, keeps=0.8)
    exact = first.kept[first.r]
    assert exact.worst < exact.mean
    found = causal_subspace(act.resid_mid, components, readout, act.classes, keeps=exact.mean)
    assert found.r == found.highest == first.r and found.kept[found.r] == exact


def test_what_is_kept_is_what_a_plain_recomputation_keeps(run: Run) -> None:
    act = run.full
    components = PCA.of(act.resid_mid).components
    found = causal_subspace(act.resid_mid, components, run.readout, act.classes, draws=1, seed=7, keeps=0.7)
    assert 0 < found.r < 4
    n = len(act.classes)
    donors = torch.randint(n, (n,), generator=torch.Generator().manual_seed(7))
    coordinates, others = act.resid_mid @ components.T, act.resid_mid[donors] @ components.T
    mixed = torch.cat([coordinates[:, : found.r], others[:, found.r :]], dim=1) @ components
    kept = float((run.readout.classes(mixed) == act.classes).double().mean())
    assert found.kept[found.r].mean == pytest.approx(kept, abs=1e-12) and kept < 1
