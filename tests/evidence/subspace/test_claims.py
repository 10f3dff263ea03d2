"""What the subspace line says of a network whose dimensions are known."""

from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.study import Study


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
    assert planted_study.claim("subspace.causal").control >= 11
