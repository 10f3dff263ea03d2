"""Tables that compute none of the functions that have names, made at random."""

from collections.abc import Callable

import numpy as np


def latin_by_moves(n: int, seed: int) -> np.ndarray:
    """A random Latin square.

    Source: Jacobson and Matthews (1996), "Generating uniformly distributed random Latin squares": moves between
    incidence cubes, of which some have one negative cell.
    """
    draw = np.random.default_rng(seed)
    cube = np.zeros((n, n, n), dtype=np.int64)
    rows, columns = np.indices((n, n))
    cube[rows, columns, (rows + columns) % n] = 1
    moves = 0
    while moves < n**3 or cube.min() < 0:
        negative = np.argwhere(cube < 0)
        if len(negative):
            r, c, s = negative[0]
        else:
            r, c, s = draw.choice(np.argwhere(cube == 0))
        r2 = draw.choice(np.flatnonzero(cube[:, c, s] == 1))
        c2 = draw.choice(np.flatnonzero(cube[r, :, s] == 1))
        s2 = draw.choice(np.flatnonzero(cube[r, c, :] == 1))
        for i, up in ((r, 1), (r2, -1)):
            for j, right in ((c, 1), (c2, -1)):
                for k, further in ((s, 1), (s2, -1)):
                    cube[i, j, k] += up * right * further
        moves += 1
    square: np.ndarray = cube.argmax(2)
    return square


def random_table(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(6, 40))
    return draw.integers(0, n, (n, n))


def random_latin(seed: int) -> np.ndarray:
    return latin_by_moves(8 + seed % 4, seed)


def square_plus(seed: int) -> np.ndarray:
    p = (11, 13, 17, 23, 29, 31, 37, 53)[seed % 8]
    a, b = np.indices((p, p))
    return (a * a + (1 + seed % 3) * b) % p


def random_polynomial(seed: int) -> np.ndarray:
    draw, p = np.random.default_rng(seed), (13, 19, 29, 43)[seed % 4]
    a, b = np.indices((p, p))
    c = draw.integers(1, p, 6)
    table: np.ndarray = (c[0] * a**3 + c[1] * a * a * b + c[2] * b * b + c[3] * a * b + c[4] * a + c[5]) % p
    return table


def noisy_product(seed: int) -> np.ndarray:
    draw, p = np.random.default_rng(seed), (13, 19, 29, 43)[seed % 4]
    a, b = np.indices((p, p))
    return (a * b + draw.integers(0, 3, a.shape)) % p


def shuffled_cells(seed: int) -> np.ndarray:
    """The answers of a function with a name, at random places."""
    draw, n = np.random.default_rng(seed), 9 + seed % 20
    a, b = np.indices((n, n))
    of = ((a + b) % n, np.maximum(a, b), (a < b).astype(int), a + b, (a == b).astype(int))[seed % 5]
    return draw.permutation(of.reshape(-1)).reshape(n, n)


def renamed_maximum(seed: int) -> np.ndarray:
    """The larger of b and a renamed a: rows of the maximum in random order."""
    draw, n = np.random.default_rng(seed), 9 + seed % 20
    a, b = np.indices((n, n))
    return draw.permutation(np.maximum(a, b), axis=0)


def random_bits(seed: int) -> np.ndarray:
    draw, n = np.random.default_rng(seed), 8 + seed % 25
    return (draw.random((n, n)) < (0.05, 0.2, 0.5)[seed % 3]).astype(np.int64)


def crossed_bits(seed: int) -> np.ndarray:
    """Random bits of the rows, exclusive or with random bits of the columns."""
    draw, n = np.random.default_rng(seed), 12 + seed % 20
    return draw.integers(0, 2, (n, 1)) ^ draw.integers(0, 2, (1, n))


def random_symmetric(seed: int) -> np.ndarray:
    draw, n = np.random.default_rng(seed), 8 + seed % 20
    table = draw.integers(0, n, (n, n))
    return np.triu(table) + np.triu(table, 1).T


def random_of_four(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.integers(0, 2 + seed % 5, (5, 5, 5, 5))


def random_function_of_two(seed: int) -> np.ndarray:
    """A random function of two of three positions."""
    draw, n = np.random.default_rng(seed), 6 + seed % 5
    return np.broadcast_to(draw.integers(0, 4, (n, 1, n)), (n, n, n)).copy()


WITHOUT: dict[str, Callable[[int], np.ndarray]] = {
    "random answers": random_table,
    "random Latin squares of order 8 to 11": random_latin,
    "a² + c·b mod p": square_plus,
    "random polynomials of degree 3 mod p": random_polynomial,
    "a·b plus 0, 1 or 2 at random, mod p": noisy_product,
    "answers of a named function at random places": shuffled_cells,
    "rows of the maximum in random order": renamed_maximum,
    "random bits, 5, 20 or 50% of them 1": random_bits,
    "random bits of rows XOR of columns": crossed_bits,
    "random symmetric answers": random_symmetric,
    "random answers to four tokens": random_of_four,
    "random functions of two of three tokens": random_function_of_two,
}
"""Generators by what they make; each takes a seed."""
