"""Wilson's interval against published values and its own definition."""

import pytest
import torch

from scrubjay.core.stats import Share


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_published_intervals(count: int, n: int, low: float, high: float) -> None:
    share = Share.counted(count, n)
    assert share.value == count / n
    assert share.interval == pytest.approx((low, high), abs=5e-5)


def test_its_ends_are_the_shares_that_lie_as_many_deviations_away() -> None:
    share = Share.counted(7, 40)
    for end in share.interval:
        deviations = abs(end - share.value) / (end * (1 - end) / 40) ** 0.5
        assert deviations == pytest.approx(1.959964, abs=1e-6)


def test_of_a_mask_and_of_nothing() -> None:
    assert Share.of(torch.tensor([True, False, True, True])) == Share.counted(3, 4)
    assert Share.of(torch.zeros(0, dtype=torch.bool)) is None
    assert (Share.counted(5, 5).high, Share.counted(0, 5).low) == (1.0, 0.0)


@pytest.mark.parametrize("n", [1, 7, 12_769])
def test_the_count_comes_back_and_the_interval_holds_the_share(n: int) -> None:
    for count in {0, 1, n // 3, n - 1, n}:
        share = Share.counted(count, n)
        assert share.count == count and 0 <= share.low <= share.value <= share.high <= 1


def test_the_interval_narrows_with_the_number_of_things_and_mirrors_when_the_others_are_counted() -> None:
    widths = [high - low for low, high in (Share.counted(3 * n, 10 * n).interval for n in (1, 10, 100))]
    assert widths == sorted(widths, reverse=True)
    few, rest = Share.counted(2, 9), Share.counted(7, 9)
    assert few.interval == pytest.approx((1 - rest.high, 1 - rest.low))
