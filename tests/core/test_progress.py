"""Progress of the parts of a piece of work."""

import pytest

from scrubjay.core.progress import part_of, silent


def test_a_parts_progress_is_a_stretch_of_the_wholes() -> None:
    told: list[tuple[str, float]] = []
    report = part_of(lambda stage, share: told.append((stage, share)), 0.2, 0.6)
    for share in (0.0, 0.5, 1.0):
        report("fitting", share)
    part_of(report, 0.5, 1.0, stage="control")("fitting", 0.5)
    assert [stage for stage, _ in told] == ["fitting"] * 3 + ["control"]
    assert [share for _, share in told] == pytest.approx([0.2, 0.4, 0.6, 0.2 + 0.4 * 0.75])
    silent("nothing", 0.3)
