"""Groups made by routes of their own: permutations that are composed, matrices, formulas."""

from itertools import permutations, product

import numpy as np


def composed(elements: list[tuple[int, ...]]) -> np.ndarray:
    """The table of some permutations; the right one acts first."""
    place = {element: at for at, element in enumerate(elements)}
    return np.array([[place[tuple(p[i] for i in q)] for q in elements] for p in elements])


def symmetric(letters: int) -> np.ndarray:
    return composed(list(permutations(range(letters))))


def alternating(letters: int) -> np.ndarray:
    def is_even(p: tuple[int, ...]) -> bool:
        return round(float(np.linalg.det(np.eye(letters)[list(p)]))) == 1

    return composed([p for p in permutations(range(letters)) if is_even(p)])


def dihedral(sides: int) -> np.ndarray:
    """The symmetries of a polygon, as permutations of its corners."""
    turns = [tuple((i + k) % sides for i in range(sides)) for k in range(sides)]
    flips = [tuple((k - i) % sides for i in range(sides)) for k in range(sides)]
    return composed(turns + flips)


def quaternions() -> np.ndarray:
    """The eight units 1, i, j, k and their opposites, as complex matrices."""
    one, i = np.eye(2, dtype=complex), np.diag([1j, -1j])
    j = np.array([[0, 1], [-1, 0]], dtype=complex)
    units = [sign * unit for unit in (one, i, j, i @ j) for sign in (1, -1)]
    return np.array([[next(at for at, c in enumerate(units) if np.allclose(a @ b, c)) for b in units] for a in units])


def affine(p: int, scales: list[int]) -> np.ndarray:
    """The maps x -> m x + t of the integers mod p, as permutations."""
    return composed([tuple((m * x + t) % p for x in range(p)) for m in scales for t in range(p)])


def cyclic(*orders: int) -> np.ndarray:
    """A product of cyclic groups."""
    elements = list(product(*map(range, orders)))
    place = {element: at for at, element in enumerate(elements)}
    return np.array(
        [[place[tuple((x + y) % n for x, y, n in zip(a, b, orders, strict=True))] for b in elements] for a in elements]
    )


def times(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A direct product."""
    n, m = len(one), len(other)
    return np.array([[one[a // m, b // m] * m + other[a % m, b % m] for b in range(n * m)] for a in range(n * m)])


def renamed(table: np.ndarray, seed: int) -> np.ndarray:
    """The same group with its elements in random order."""
    order = np.random.default_rng(seed).permutation(len(table))
    back = np.argsort(order)
    moved: np.ndarray = order[table[back][:, back]]
    return moved


GROUPS = {
    "C11": cyclic(11),
    "C30": cyclic(2, 3, 5),
    "C2^5": cyclic(2, 2, 2, 2, 2),
    "C3^3": cyclic(3, 3, 3),
    "C12 × C2": cyclic(4, 6),
    "C8 × C4 × C2": cyclic(2, 4, 8),
    "S3": symmetric(3),
    "S4": symmetric(4),
    "S5": symmetric(5),
    "A4": alternating(4),
    "A5": alternating(5),
    "D4": dihedral(4),
    "D7": dihedral(7),
    "D18": dihedral(18),
    "Q8": quaternions(),
    "C7 ⋊ C3": affine(7, [1, 2, 4]),
    "C5 ⋊ C4": affine(5, [1, 2, 3, 4]),
    "S4 × C3": times(cyclic(3), symmetric(4)),
    "Q8 × C2": times(cyclic(2), quaternions()),
    "S3^2": times(symmetric(3), symmetric(3)),
}
