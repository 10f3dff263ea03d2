"""Scores over draws."""

import numpy as np
import pytest

from scrubjay.geometry.draws import Score


def test_a_score_has_the_quantiles_of_its_draws() -> None:
    values = np.random.default_rng(0).random(200).tolist()
    score = Score.over(values)
    assert score.mean == pytest.approx(np.mean(values))
    assert score.interval == pytest.approx(np.quantile(values, [0.025, 0.975]))
    assert (score.worst, score.draws) == (min(values), 200)
