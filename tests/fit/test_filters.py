"""The filter fit on planted filters, on blobs, and against its own definition."""

import pytest
import torch

from scrubjay.core.stats import share_of
from scrubjay.fit.filters import fit_filters, in_order
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from scrubjay.nets.recording import record
from scrubjay.run import Run
from tests.planted import plant


@pytest.mark.parametrize(
    ("gate", "k", "data", "seed"),
    [("AND", 2, 2, 0), ("AND", 2, 3, 1), ("OR", 2, 3, 2), ("AND", 3, 4, 3), ("AND", 1, 3, 4)],
)
def test_planted_filters_come_back_to_a_degree(gate: str, k: int, data: int, seed: int) -> None:
    planted = plant(gate, k=k, data=data, seed=seed, tokens=113)
    act = record(planted.network, planted.task)
    assert planted.task.labels is not None and torch.equal(act.classes, planted.task.labels)
    found = fit_filters(act.resid_mid, PCA.of(act.resid_mid), act.classes == 1, r=data, k=k, seed=7)
    assert found.agreement >= 0.999
    assert found.gate == planted.gate
    cosines = found.directions @ planted.directions.T
    assert cosines.max(1).values.acos().rad2deg().max() < 1
    assert sorted(cosines.argmax(1).tolist()) == list(range(k))


def test_a_planted_xor_is_no_and() -> None:
    planted = plant("XOR", data=3, seed=5)
    act = record(planted.network, planted.task)
    pca, ones = PCA.of(act.resid_mid), act.classes == 1
    assert fit_filters(act.resid_mid, pca, ones, r=3, k=2).agreement < 0.9
    xor = fit_filters(act.resid_mid, pca, ones, r=3, k=2, gates=[Gate((False, True, True, False))])
    assert xor.agreement >= 0.999
    assert xor.gate.name in ("XOR", "XNOR")


def test_filters_classify_without_the_pca_and_the_agreement_is_what_they_reach(small_run: Run) -> None:
    ones = small_run.full.classes == 1
    pca = PCA.of(small_run.full.resid_mid)
    found = fit_filters(small_run.full.resid_mid, pca, ones, r=3, k=2)
    assert share_of(found.predict(small_run.full.resid_mid) == ones) == pytest.approx(found.agreement, abs=1e-12)
    beyond = found.directions @ pca.components[3:].T
    assert beyond.abs().max() < 1e-9
    assert found.directions.norm(dim=1) == pytest.approx(torch.ones(2), abs=1e-12)


def test_each_filter_is_on_where_class_1_is_more_frequent(small_run: Run) -> None:
    ones = small_run.full.classes == 1
    found = fit_filters(small_run.full.resid_mid, PCA.of(small_run.full.resid_mid), ones, r=3, k=2)
    for bit in found.bits(small_run.full.resid_mid).T:
        assert ones[bit].double().mean() > ones[~bit].double().mean()


def test_alpha_is_the_filter_whose_loss_costs_more(small_run: Run) -> None:
    ones = small_run.full.classes == 1
    found = fit_filters(small_run.full.resid_mid, PCA.of(small_run.full.resid_mid), ones, r=3, k=2)
    swapped = in_order(
        type(found)(found.directions.flip(0), found.thresholds.flip(0), found.gate, found.agreement),
        small_run.full.resid_mid,
        ones,
    )
    assert torch.equal(swapped.directions, found.directions)
    alpha, beta = (max(float((bit == ones).double().mean()), 0.5) for bit in found.bits(small_run.full.resid_mid).T)
    assert alpha > beta


def test_constant_answers_and_a_vanishing_stream_are_borne() -> None:
    resid_mid = torch.zeros(50, 4)
    found = fit_filters(resid_mid, PCA.of(resid_mid), torch.zeros(50, dtype=torch.bool), r=2, k=2)
    assert found.agreement == 1.0
    assert bool(torch.isfinite(found.directions).all())
