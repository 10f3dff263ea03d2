"""Values resampled among inputs of nearly the same image."""

from dataclasses import replace

import pytest
import torch

from scrubjay.core.stats import Stopping
from scrubjay.evidence.embeddings.input_scrubbing import CONTROL_DRAWS, InputScrub, scrub_inputs, within_bins
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.run import Basis, Run, Sampling
from tests.planted import Planted, plant

SAMPLINGS: list[Sampling] = ["independent", "permute"]


@pytest.fixture(scope="module")
def made() -> Planted:
    return plant("AND", data=3, tokens=24, seed=3)


@pytest.fixture(scope="module")
def run(made: Planted) -> Run:
    return made.run()


def scrubbed(
    made: Planted, run: Run, basis: Basis = "orthogonal", sampling: Sampling = "independent", draws: int = 2
) -> tuple[InputScrub, ...]:
    domain = run.task.domain
    parts = ExtendedEmbedding.of(run.network, domain, run.mean_pattern)
    return scrub_inputs(
        Hypothesis.of(made.filters, run.full.resid_mid, basis),
        run.full.resid_mid,
        made.filters.values(parts.resid_mid(domain.choices(domain.inputs()))),
        run.readout,
        run.full.classes,
        ("α", "β"),
        stopping=Stopping(draws),
        seed=0,
        sampling=sampling,
    )


def test_values_of_one_image_keep_the_answer_where_attention_is_fixed(made: Planted, run: Run) -> None:
    rows = scrubbed(made, run)
    assert rows == scrubbed(made, run)
    assert [row.name for row in rows] == ["α", "β", "α+β"]
    for row in rows:
        assert row.left.worst > 0.96
        assert row.control.mean < 0.85


def test_the_control_is_drawn_a_few_times_and_the_value_until_it_is_known(made: Planted, run: Run) -> None:
    rows = scrubbed(made, run, draws=12)
    assert {row.control.draws for row in rows} == {CONTROL_DRAWS}
    assert {row.left.draws for row in rows} <= {10, 11, 12}


def test_complement_and_donors_make_a_difference(made: Planted, run: Run) -> None:
    bases: list[Basis] = ["orthogonal", "uncorrelated"]
    turned = replace(made, directions=torch.nn.functional.normalize(made.directions + 0.2))
    every = [scrubbed(turned, run, basis, sampling) for basis in bases for sampling in SAMPLINGS]
    assert all(one != other for at, one in enumerate(every) for other in every[:at])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_an_input_is_exchanged_with_any_of_its_bin_and_with_no_other(sampling: Sampling) -> None:
    bins = torch.randint(16, (120,), generator=torch.Generator().manual_seed(0))
    draw = torch.Generator().manual_seed(1)
    met = torch.zeros(120, 120, dtype=torch.bool)
    for _ in range(200):
        donors = within_bins(bins, draw, sampling)
        assert torch.equal(bins[donors], bins)
        if sampling == "permute":
            assert torch.equal(donors.sort().values, torch.arange(120))
        met[torch.arange(120), donors] = True
    assert torch.equal(met, bins[:, None] == bins)
