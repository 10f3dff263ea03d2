"""Masks and lines where the answer is known."""

import pytest
import torch

from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import record
from scrubjay.evidence.embeddings.filter_images import compare_masks, line_fits
from scrubjay.evidence.embeddings.input_scrubbing import scrub_inputs, within_bins
from scrubjay.evidence.scrubber import Hypothesis
from scrubjay.fit.filters import Filters
from tests.planted import plant


def test_pairwise_agreements_are_counted() -> None:
    filters = Filters(torch.eye(2).double(), torch.zeros(2).double(), plant("AND", tokens=5).gate, 1.0)
    resid_mid = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    table = compare_masks(filters, ("α", "β"), resid_mid, {"truth": torch.tensor([1, 0, 0, 1])})
    assert table.names == ("α", "β", "gate", "truth")
    assert table.between("α", "β") == 0.5
    assert table.between("gate", "truth") == 0.75
    assert torch.equal(table.agreement, table.agreement.T)
    assert torch.equal(table.agreement.diag(), torch.ones(4).double())


def test_r_squared_is_one_on_a_line_and_nothing_when_permuted() -> None:
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(5000, 2, generator=draw, dtype=torch.float64)
    noise = torch.randn(5000, generator=draw, dtype=torch.float64)
    values = torch.stack([3 - 2 * image[:, 0], image[:, 1] + noise], dim=1)
    exact, noisy = line_fits(values, image, seed=0)
    assert exact.r_squared == pytest.approx(1)
    assert noisy.r_squared == pytest.approx(0.5, abs=0.03)
    assert max(exact.permuted, noisy.permuted) < 0.005


def test_values_resampled_among_inputs_of_one_image_keep_the_answer_where_attention_is_fixed() -> None:
    planted = plant("AND", data=3, seed=3)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
    domain = planted.task.domain
    parts = ExtendedEmbedding.of(planted.network, domain, mean_pattern(act))
    images = filters.values(parts.resid_mid(domain.choices(domain.inputs())))
    rows, again = (
        scrub_inputs(
            Hypothesis.of(filters, act.resid_mid),
            act.resid_mid,
            images,
            readout,
            act.classes,
            ("α", "β"),
            draws=2,
            seed=0,
        )
        for _ in range(2)
    )
    assert rows == again
    assert [row.name for row in rows] == ["α", "β", "α+β"]
    for row in rows:
        assert row.left.worst > 0.97
        assert row.control.mean < 0.85


def test_an_input_is_exchanged_with_any_of_its_bin_and_with_no_other() -> None:
    bins = torch.randint(64, (500,), generator=torch.Generator().manual_seed(0))
    draw = torch.Generator().manual_seed(1)
    met = torch.zeros(500, 500, dtype=torch.bool)
    for _ in range(200):
        donors = within_bins(bins, draw)
        assert torch.equal(bins[donors], bins)
        met[torch.arange(500), donors] = True
    assert torch.equal(met, bins[:, None] == bins)


def test_a_permuted_bin_gives_each_input_once() -> None:
    bins = torch.randint(64, (500,), generator=torch.Generator().manual_seed(0))
    draw = torch.Generator().manual_seed(1)
    met = torch.zeros(500, 500, dtype=torch.bool)
    for _ in range(200):
        donors = within_bins(bins, draw, "permute")
        assert torch.equal(bins[donors], bins) and torch.equal(donors.sort().values, torch.arange(500))
        met[torch.arange(500), donors] = True
    assert torch.equal(met, bins[:, None] == bins)
