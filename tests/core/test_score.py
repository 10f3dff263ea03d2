"""Scores over draws: Student's quantiles, coverage by simulation, and when drawing stops."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from scrubjay.core.stats import (
    LEAST_DRAWS,
    Score,
    Stopping,
    agreement,
    chance_share,
    majority_share,
    mean_interval,
    share_of,
    student_quantile,
)

TRUE, INPUTS = 0.83, 400
"""The simulated ablation keeps each of 400 answers with this probability."""
REPEATS = 2000
WITHIN = 0.02
"""How far the coverage that is found may lie from 95%: four standard errors of a share of 2,000, rounded up."""


def simulated(draws: int, seed: int) -> np.ndarray:
    """The shares of ``REPEATS`` studies of so many draws each, [REPEATS, draws]."""
    return np.random.default_rng(seed).binomial(INPUTS, TRUE, (REPEATS, draws)) / INPUTS


# Student's t


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    # Abramowitz and Stegun (1964), table 26.10, column A = 0.95
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365), (8, 2.306), (9, 2.262),
     (10, 2.228), (11, 2.201), (19, 2.093), (20, 2.086), (30, 2.042), (60, 2.000), (120, 1.980)],
)  # fmt: skip
def test_students_quantiles_are_those_of_the_table(freedom: int, quantile: float) -> None:
    assert student_quantile(freedom) == pytest.approx(quantile, abs=5.1e-4)


def test_students_quantiles_have_closed_forms_at_one_and_two_and_fall_towards_the_normals() -> None:
    assert student_quantile(1) == pytest.approx(np.tan(0.475 * np.pi), abs=1e-9)
    assert student_quantile(2) == pytest.approx(0.95 * np.sqrt(2 / (1 - 0.95**2)), abs=1e-9)
    quantiles = [student_quantile(freedom) for freedom in range(1, 60)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert student_quantile(5000) == pytest.approx(1.959964, abs=1e-3) and student_quantile(5000) > 1.959964


# Intervals


def test_a_score_summarises_its_draws() -> None:
    score = Score.over([0.5, 0.7, 0.6, 0.8])
    half = 3.18244630528 * np.std([0.5, 0.7, 0.6, 0.8], ddof=1) / 2
    assert score.mean == pytest.approx(0.65)
    assert score.interval == pytest.approx((0.65 - half, 0.65 + half))
    assert (score.worst, score.draws) == (0.5, 4)


def test_an_interval_keeps_to_shares_and_one_draw_says_nothing_of_others() -> None:
    assert Score.over([0.9, 1.0]).interval == pytest.approx((0.95 - 12.7062047 * 0.05, 1.0))
    assert Score.over([0.0, 0.1]).low == 0.0
    assert Score.over([0.4]) == Score(0.4, 0.0, 1.0, 0.4, 1)
    assert mean_interval([0.4]) is None and mean_interval([]) is None
    assert Score.over([0.5] * 3).interval == (0.5, 0.5)


@pytest.mark.parametrize("draws", [2, 5, 10, 20])
def test_the_interval_holds_the_true_mean_in_95_of_100_studies(draws: int) -> None:
    scores = [Score.over(values) for values in simulated(draws, seed=draws).tolist()]
    covered = np.mean([score.low <= TRUE <= score.high for score in scores])
    assert covered == pytest.approx(0.95, abs=WITHIN)


@pytest.mark.parametrize(("draws", "of_new", "of_mean"), [(2, 0.30, 0.43), (5, 0.64, 0.93), (20, 0.88, 1.0)])
def test_quantiles_of_the_draws_are_no_such_interval(draws: int, of_new: float, of_mean: float) -> None:
    """The 2.5% and 97.5% quantiles of the draws hold neither 95% of new draws nor the mean in 95% of studies."""
    values, new = simulated(draws, seed=draws), simulated(1, seed=99)[:, 0]
    low, high = np.quantile(values, [0.025, 0.975], axis=1)
    assert float(((low <= new) & (new <= high)).mean()) == pytest.approx(of_new, abs=WITHIN)
    assert float(((low <= TRUE) & (high >= TRUE)).mean()) == pytest.approx(of_mean, abs=WITHIN)


# When drawing stops


def counted(draw: Callable[[int], float]) -> tuple[list[int], Callable[[int], float]]:
    asked: list[int] = []

    def noted(number: int) -> float:
        asked.append(number)
        return draw(number)

    return asked, noted


def test_drawing_stops_at_ten_where_all_draws_agree_and_each_draw_knows_its_number() -> None:
    asked, draw = counted(lambda number: 0.75)
    score = Stopping(most=100).score(draw)
    assert asked == list(range(LEAST_DRAWS)) and LEAST_DRAWS == 10
    assert (score.draws, score.mean, score.interval) == (10, 0.75, (0.75, 0.75))


def test_drawing_goes_on_until_the_interval_is_narrow_and_never_beyond_the_most() -> None:
    values = np.random.default_rng(0).normal(0.8, 0.002, 200).tolist()
    rule = Stopping(most=200, width=0.001)
    score = rule.score(values.__getitem__)
    assert LEAST_DRAWS < score.draws < 200
    assert score.high - score.low < 0.001 and score == Score.over(values[: score.draws])
    for fewer in range(LEAST_DRAWS, score.draws):
        low, high = Score.over(values[:fewer]).interval
        assert high - low >= 0.001 and not rule.is_enough(values[:fewer])
    assert Stopping(most=25, width=0.0).score(values.__getitem__).draws == 25
    assert Stopping(most=4).score(lambda number: 0.5).draws == 4
    assert not rule.is_enough([0.5] * 9) and rule.is_enough([0.5] * 10)


def test_a_rule_may_be_given_fewer_draws_and_keeps_the_rest() -> None:
    rule = Stopping(most=50, width=0.01, least=4)
    assert rule.at_most(20) == Stopping(20, 0.01, 4) and rule.at_most(80) == rule


def test_a_rule_may_ask_for_fewer_draws_at_the_least() -> None:
    assert Stopping(most=50, least=3).score(lambda number: 0.5).draws == 3
    assert Stopping(most=50, width=1.2, least=3).score([0.5, 0.9, 0.1, 0.5].__getitem__).draws == 4
    assert Stopping(most=2, least=3).score(lambda number: 0.5).draws == 2


def test_the_interval_holds_the_true_mean_where_drawing_stops_as_needed() -> None:
    """Stopping early favours draws that happen to agree, which costs about two points of the coverage."""
    rule, covered, numbers = Stopping(most=60, width=0.015), 0, []
    for values in simulated(60, seed=7)[:400].tolist():
        score = rule.score(values.__getitem__)
        covered += score.low <= TRUE <= score.high
        numbers.append(score.draws)
    assert covered / 400 == pytest.approx(0.93, abs=0.04)  # three standard errors of a share of 400
    assert min(numbers) >= LEAST_DRAWS and LEAST_DRAWS < np.mean(numbers) < 60


# Shares that need no interval


def test_shares_of_classes() -> None:
    classes = torch.tensor([0, 0, 0, 1, 1, -1])
    assert share_of(classes == 0) == 0.5
    assert majority_share(classes) == 0.5
    assert chance_share(classes) == pytest.approx((3 / 6) ** 2 + (2 / 6) ** 2 + (1 / 6) ** 2)
    assert agreement(torch.tensor([False, False, True, True, False, False]), classes) == 3 / 6
    assert chance_share(torch.ones(4, dtype=torch.int64)) == majority_share(torch.ones(4, dtype=torch.int64)) == 1


def test_chance_is_what_is_left_when_every_answer_is_another_inputs() -> None:
    draw = torch.Generator().manual_seed(0)
    classes = torch.randint(0, 3, (20_000,), generator=draw).clamp(max=1)
    others = classes[torch.randint(len(classes), (len(classes),), generator=draw)]
    assert chance_share(classes) == pytest.approx(share_of(classes == others), abs=0.015)
