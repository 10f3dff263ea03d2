"""What the subspace line says of a network whose dimensions are known."""

import torch
from benchmarks.mechanisms import looked_up

from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.run import Run, Settings
from scrubjay.study import Study, explain
from tests.evidence.inner.cut_out import untrained_run


def test_the_counts_are_those_of_the_network(planted_study: Study, line_study: Study) -> None:
    for study, dimensions, width in ((planted_study, 3, 12), (line_study, 1, 6)):
        variance, causal = study.claim("variance.components"), study.claim("subspace.causal")
        assert variance.value is not None and variance.value <= dimensions
        assert causal.value is not None and causal.value <= dimensions
        assert causal.interval is not None and causal.interval[0] <= causal.value <= causal.interval[1]
        assert causal.facts["d_model"] == causal.chance == width and causal.verdict in ("holds", "partly")
        side = study.found.of(SUBSPACE).sides["full"].causal
        assert (causal.value, causal.facts["kept"]) == (side.r, side.kept[side.r].mean)
        assert f"Of the {width} dimensions of its residual stream after attention, {side.r} matter" in study.paragraph


def test_among_random_directions_nearly_all_are_needed(planted_study: Study) -> None:
    facts = planted_study.claim("subspace.causal").facts
    assert facts["random"] >= 11 and planted_study.claim("subspace.causal").control == facts["untrained"] == 8


def test_an_untrained_network_and_one_that_memorised_have_no_few_dimensions() -> None:
    """Their streams vary in no more dimensions than there are tokens, of which few are few of ``d_model`` only."""
    tokens = 8
    labels = torch.randint(2, (tokens * tokens,), generator=torch.Generator().manual_seed(3))
    memorised = looked_up(labels.reshape(tokens, tokens), 2, words="random labels")
    for run in (untrained_run(classes=2, tokens=tokens, d_mlp=16), Run.of(memorised.network, memorised.task)):
        claim = explain(run.network, run.task, Settings(draws=4), lines=(SUBSPACE,)).claim("subspace.causal")
        assert claim.verdict == "fails" and claim.value is not None and 2 * claim.value > claim.facts["untrained"]
