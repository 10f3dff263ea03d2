"""A tree against exhaustive search, against its own bits, and on labels that one tree gives exactly."""

from itertools import product

import numpy as np

from scrubjay.fit.tree import Split, grow, tree_bits


def entropy(ones: np.ndarray) -> float:
    share = ones.mean() if len(ones) else 0.0
    return -float(sum(len(ones) * p * np.log2(p) for p in (share, 1 - share) if p > 0))


def test_the_first_split_is_the_best_of_all() -> None:
    sizes = (4, 5, 3)
    choices = np.array(list(product(*map(range, sizes))))
    for seed in range(5):
        ones = np.random.default_rng(seed).random(len(choices)) < 0.4
        tree = grow(choices, ones, sizes, budget=tree_bits(1, sizes))
        left = {
            (position, cut): sum(entropy(ones[side]) for side in (below, ~below))
            for position, size in enumerate(sizes)
            for cut in range(1, size)
            for below in [choices[:, position] < cut]
        }
        (split,) = tree.splits
        assert left[split.position, split.cut] == min(left.values())
        below = choices[:, split.position] < split.cut
        assert tree.classes == (
            bool(2 * ones[below].sum() > below.sum()),
            bool(2 * ones[~below].sum() > (~below).sum()),
        )


def test_boxes_come_back_and_no_bits_are_spent_beyond_the_budget() -> None:
    choices = np.array(list(product(range(12), range(12))))
    ones = (choices[:, 0] >= 5) & (choices[:, 1] < 4)
    tree = grow(choices, ones, (12, 12), budget=1e9)
    assert np.array_equal(tree.predict(choices), ones)
    assert len(tree.splits) == 2 and {split.position for split in tree.splits} == {0, 1}
    noise = np.random.default_rng(0).random(len(choices)) < 0.5
    for budget in (0.0, 30.0, 100.0):
        grown = grow(choices, noise, (12, 12), budget)
        assert grown.bits == tree_bits(len(grown.splits), (12, 12))
        assert not grown.splits or grown.bits <= budget < tree_bits(len(grown.splits) + 1, (12, 12))
    assert tree_bits(1, (9, 9)) == 3 + 2 + 4


def test_constant_answers_need_no_split() -> None:
    choices = np.array(list(product(range(3), range(3))))
    tree = grow(choices, np.ones(9, dtype=np.bool_), (3, 3), budget=1e9)
    assert tree.splits == () and tree.predict(choices).all()
    assert Split(0, 1, 2) not in tree.splits
