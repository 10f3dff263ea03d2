"""Row patterns against every pattern with every threshold."""

from itertools import combinations

import numpy as np

from scrubjay.fit.row_patterns import PATTERNS, Row, fit_rows, patterns_of


def test_each_row_has_as_few_errors_as_any_pattern_can_have_and_as_few_thresholds() -> None:
    draw = np.random.default_rng(0)
    known, ones = draw.random((60, 9)) < 0.7, draw.random((60, 9)) < 0.5
    known[0] = False
    found = fit_rows(known, ones)
    for row, seen, wanted in zip(found.rows, known, ones, strict=True):
        every = [
            (int((Row(pattern, cuts).classes(9) != wanted)[seen].sum()), len(cuts))
            for pattern in PATTERNS
            for cuts in combinations(range(1, 9), len(pattern) - 1)
        ]
        assert (int((row.classes(9) != wanted)[seen].sum()), len(row.thresholds)) == min(every)


def test_what_a_row_of_a_pattern_says() -> None:
    assert Row("010", (2, 4)).classes(6).tolist() == [False, False, True, True, False, False]
    assert Row("10", (1,)).classes(3).tolist() == [True, False, False]
    assert Row("1", ()).classes(2).tolist() == [True, True]


def test_rows_with_thresholds_come_back_and_a_threshold_lies_in_the_middle_of_what_is_unknown() -> None:
    planted = [Row("01", (5,)), Row("10", (12,)), Row("010", (4, 9)), Row("101", (3, 15)), Row("0", ()), Row("1", ())]
    ones = np.stack([row.classes(20) for row in planted])
    found = fit_rows(np.ones_like(ones), ones)
    assert found.rows == tuple(planted) and np.array_equal(found.image(), ones)
    assert found.bits == 6 * np.log2(6) + 6 * np.log2(20)
    known = np.zeros((1, 20), dtype=np.bool_)
    known[0, [0, 2, 10, 15]] = True
    (row,) = fit_rows(known, np.arange(20)[None] >= 8).rows
    assert row == Row("01", (6,))  # between cell 2 and cell 10 it may be 3 to 10


def test_unknown_cells_are_never_read_and_a_row_of_them_follows_the_majority() -> None:
    draw = np.random.default_rng(2)
    known, ones = draw.random((20, 15)) < 0.5, draw.random((20, 15)) < 0.7
    known[4] = False
    assert fit_rows(known, ones) == fit_rows(known, ones ^ ~known)
    assert fit_rows(known, ones).rows[4] == Row("1", ())


def test_patterns_of_answers_are_those_of_their_rows_and_strays_may_be_either() -> None:
    image = np.array([[0, 0, 1, 1, 1], [1, 1, -1, 1, 1], [0, -1, 1, 1, 0], [0, 0, 0, -1, 0]])
    assert patterns_of(image) == ("01", "1", "010", "0")
