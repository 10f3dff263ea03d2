"""The challenge's labels against the public matrix and against the formula in plain Python."""

import math
import random
from collections import Counter
from itertools import groupby, product
from pathlib import Path

import numpy as np

from scrubjay.tasks.task import Task


def reference(a: int, b: int) -> int:
    k = math.floor(math.sqrt(a**3)) % 8
    if a**4 < 40000 * b:
        k += 3
    if b**4 >= 360000 * a:
        k += 2
    return 1 if k >= 7 or (k in (2, 3) and a + b < 133) else 0


def rows(task: Task) -> list[list[int]]:
    assert task.labels is not None
    matrix: list[list[int]] = task.domain.image(task.labels).tolist()
    return matrix


def test_labels_follow_the_formula(challenge: Task) -> None:
    assert rows(challenge) == [[reference(a, b) for b in range(113)] for a in range(113)]


def test_labels_are_the_public_matrix(challenge: Task, public_labels: Path) -> None:
    with np.load(public_labels) as archive:
        published = archive["labels"]
    assert published.shape == (113, 113) and published.dtype == np.uint8
    assert rows(challenge) == published.tolist()


def test_both_classes_have_the_published_sizes(challenge: Task) -> None:
    assert Counter(label for row in rows(challenge) for label in row) == {0: 7304, 1: 5465}


def test_rows_have_six_patterns(challenge: Task) -> None:
    patterns = Counter("".join(str(label) for label, _ in groupby(row)) for row in rows(challenge))
    assert patterns == {"01": 36, "0": 32, "10": 14, "010": 11, "1": 11, "101": 9}


def test_inputs_are_all_pairs_and_a_third_token(challenge: Task) -> None:
    tokens = challenge.domain.tokens(challenge.domain.inputs())
    assert tokens.tolist() == [[a, b, 113] for a, b in product(range(113), repeat=2)]
    assert challenge.classes == ((0,), (1,)) and challenge.is_binary


def test_the_training_half_is_the_first_half_of_the_shuffled_pairs(challenge: Task) -> None:
    pairs = list(product(range(113), repeat=2))
    random.Random(0).shuffle(pairs)
    assert challenge.train is not None and int(challenge.train.sum()) == 6384
    train = challenge.domain.tokens(challenge.domain.inputs()[challenge.train])
    assert {(a, b) for a, b, _ in train.tolist()} == set(pairs[:6384])
