"""The groups that have names here, by their order: their tables, generators and words.

Cyclic, dihedral, symmetric, alternating and dicyclic groups, affine groups over a prime field, and all direct products
of these. Every abelian group is a product of cyclic ones.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from math import factorial, lcm, prod
from typing import Literal

import numpy as np

from scrubjay.functions.groups import Elements, Group, Square

Kind = Literal["cyclic", "dihedral", "symmetric", "alternating", "dicyclic", "affine"]
MOST_LETTERS = 7
"""The largest symmetric group whose table is made has this many letters, and 5,040 elements."""


@dataclass(frozen=True)
class Factor:
    """A group that is written as one letter with a number.

    Attributes:
        kind: its family.
        number: n for the cyclic group of order n, the dihedral group of order 2n, the permutations of n letters and
            the dicyclic group of order 4n; the prime p for the maps x -> m x + t of the integers mod p.
        scales: for affine groups, the number of factors m.
    """

    kind: Kind
    number: int
    scales: int = 1

    @property
    def order(self) -> int:
        """The number of elements."""
        sizes = {
            "cyclic": self.number,
            "dihedral": 2 * self.number,
            "symmetric": factorial(self.number),
            "alternating": factorial(self.number) // 2,
            "dicyclic": 4 * self.number,
            "affine": self.number * self.scales,
        }
        return sizes[self.kind]

    @property
    def name(self) -> str:
        """The short name, such as "D59"."""
        if self.kind == "affine":
            return f"C{self.number} ⋊ C{self.scales}"
        if self.kind == "dicyclic" and self.number & (self.number - 1) == 0:
            return f"Q{4 * self.number}"
        letters = {"cyclic": "C", "dihedral": "D", "symmetric": "S", "alternating": "A", "dicyclic": "Dic"}
        return f"{letters[self.kind]}{self.number}"

    @property
    def words(self) -> str:
        """What the name stands for."""
        words = {
            "cyclic": f"the cyclic group of order {self.number}",
            "dihedral": f"the dihedral group of order {self.order}, the symmetries of a polygon of {self.number} sides",
            "symmetric": f"the symmetric group on {self.number} letters",
            "alternating": f"the alternating group on {self.number} letters",
            "dicyclic": f"the dicyclic group of order {self.order}",
            "affine": f"the group of the maps x → m·x + t mod {self.number} with {self.scales} different m",
        }
        return "the group of quaternion units" if self.name == "Q8" else words[self.kind]

    @cached_property
    def table(self) -> Square:
        """The multiplication table, shape [order, order]."""
        n, at = self.number, np.arange(self.order)
        x, y = at[:, None], at[None, :]
        table: Square
        if self.kind == "cyclic":
            table = (x + y) % n
        elif self.kind == "dihedral":
            table = np.where(x < n, x + y, x - y) % n + n * ((x >= n) != (y >= n))
        elif self.kind == "dicyclic":
            turned = (np.where(x < 2 * n, x + y, x - y) + n * ((x >= 2 * n) & (y >= 2 * n))) % (2 * n)
            table = turned + 2 * n * ((x >= 2 * n) != (y >= 2 * n))
        elif self.kind == "affine":
            scale = np.array([pow(self.unit, int(power), n) for power in range(self.scales)])
            table = (x % n + scale[x // n] * (y % n)) % n + n * ((x // n + y // n) % self.scales)
        else:
            table = permutation_table(self.permutations)
        return table

    @property
    def unit(self) -> int:
        """For affine groups, the smallest number whose powers are the factors m."""
        return next(m for m in range(1, self.number) if order_mod(m, self.number) == self.scales)

    @property
    def permutations(self) -> np.ndarray:
        """The elements of a symmetric or alternating group in lexicographic order, shape [order, letters]."""
        every = np.array(list(permutations(range(self.number))))
        if self.kind == "symmetric":
            return every
        later = np.triu(np.ones((self.number, self.number), dtype=np.bool_), 1)
        swaps = ((every[:, :, None] > every[:, None, :]) & later).sum((1, 2))
        even: np.ndarray = every[swaps % 2 == 0]
        return even

    @property
    def generators(self) -> tuple[int, ...]:
        """Elements that generate the group, as numbers of rows of the table."""
        n = self.number
        if self.kind in ("symmetric", "alternating"):
            every = [tuple(row) for row in self.permutations.tolist()]
            turn = (*range(1, n), 0)
            if self.kind == "symmetric":
                return every.index(turn), every.index((1, 0, *range(2, n)))
            odd = turn if n % 2 else (0, *range(2, n), 1)
            return every.index(odd), every.index((1, 2, 0, *range(3, n)))
        second = {"dihedral": n, "dicyclic": 2 * n, "affine": n}
        return (1, second[self.kind]) if self.kind in second else (1,)


@dataclass(frozen=True)
class NamedGroup:
    """A direct product of factors, whose elements are numbered in row-major order.

    Attributes:
        factors: the factors, of which the first varies slowest.
    """

    factors: tuple[Factor, ...]

    @property
    def name(self) -> str:
        """The short name, such as "S3 × C2^2"."""
        counted = Counter(factor.name for factor in self.factors)
        parts = [name if count == 1 else f"{name}^{count}" for name, count in counted.items()]
        return " × ".join(f"({part})" if "⋊" in part and len(parts) > 1 else part for part in parts)

    @property
    def words(self) -> str:
        """The name with what it stands for, such as "S5, the symmetric group on 5 letters"."""
        if len(self.factors) == 1:
            return f"{self.name}, {self.factors[0].words}"
        order = prod(factor.order for factor in self.factors)
        if {factor.kind for factor in self.factors} != {"cyclic"}:
            return f"{self.name}, a direct product of order {order}"
        prime = len(set(self.factors)) == 1 and is_prime(self.factors[0].number)
        return f"{self.name}, {'the elementary' if prime else 'an'} abelian group of order {order}"

    @cached_property
    def group(self) -> Group:
        """The group itself, whose elements stand for themselves."""
        table = np.zeros((1, 1), dtype=np.int64)
        for factor in self.factors:
            n, m = len(table), factor.order
            both = table[:, None, :, None] * m + factor.table[None, :, None, :]
            table = both.reshape(n * m, n * m)
        return Group(table, 0, self.name, np.arange(len(table)))

    @property
    def generators(self) -> tuple[int, ...]:
        """Elements that generate the group: those of each factor in turn."""
        found: list[int] = []
        below = prod(factor.order for factor in self.factors)
        for factor in self.factors:
            below //= factor.order
            found += [element * below for element in factor.generators]
        return tuple(found)


def permutation_table(elements: np.ndarray) -> Square:
    """The table of a group of permutations, given in lexicographic order; the right factor acts first."""
    letters = elements.shape[1]
    weights = letters ** np.arange(letters)[::-1]
    codes = elements @ weights
    products: Elements = sum(elements[:, elements[:, at]] * weights[at] for at in range(letters))
    return np.searchsorted(codes, products)


def named_groups(order: int, *, abelian: bool) -> Iterator[NamedGroup]:
    """The groups of one order that have names, simpler names first, either the abelian ones or the others."""
    if abelian:
        yield from (NamedGroup(tuple(Factor("cyclic", n) for n in sizes)) for sizes in abelian_types(order))
        return
    found = [
        NamedGroup((*factors, *(Factor("cyclic", n) for n in sizes if n > 1)))
        for size in divisors(order)
        for factors in _products(size)
        for sizes in abelian_types(order // size)
    ]
    yield from sorted(found, key=lambda each: len(each.factors))


def abelian_types(order: int) -> list[tuple[int, ...]]:
    """The orders of the cyclic factors of each abelian group of an order, each a multiple of the next one."""
    types: list[tuple[int, ...]] = [()]
    for prime in (p for p in divisors(order) if is_prime(p)):
        exponent = next(k for k in range(1, order.bit_length() + 1) if order % prime ** (k + 1))
        longer = []
        for sizes in types:
            for parts in _partitions(exponent, exponent):
                width = max(len(sizes), len(parts))
                padded = (*sizes, *(1,) * (width - len(sizes))), (*parts, *(0,) * (width - len(parts)))
                longer.append(tuple(size * prime**part for size, part in zip(*padded, strict=True)))
        types = longer
    return [sizes or (1,) for sizes in types]


def orders_of_product(factors: tuple[Factor, ...]) -> dict[int, int]:
    """How many elements of each order a direct product has."""
    counts = {1: 1}
    for factor in factors:
        longer: Counter[int] = Counter()
        for one, many in counts.items():
            for other, more in _orders(factor).items():
                longer[lcm(one, other)] += many * more
        counts = dict(longer)
    return counts


def divisors(number: int) -> list[int]:
    """The divisors of a number, ascending."""
    return [d for d in range(1, number + 1) if number % d == 0]


def is_prime(number: int) -> bool:
    """Whether a number is prime."""
    return number > 1 and all(number % d for d in range(2, int(number**0.5) + 1))


def order_mod(unit: int, modulus: int) -> int:
    """The smallest exponent above 0 with which a power of a unit is 1 modulo a number; 0 if there is none."""
    power, value = 1, unit % modulus
    while value != 1 and power < modulus:
        power, value = power + 1, value * unit % modulus
    return power if value == 1 else 0


def _orders(factor: Factor) -> dict[int, int]:
    if factor.kind in ("cyclic", "dihedral"):
        n = factor.number
        counts = Counter({d: sum(1 for k in range(d) if _coprime(k, d)) for d in divisors(n)})
        counts[2] += n if factor.kind == "dihedral" else 0
        return {order: count for order, count in counts.items() if count}
    return dict(Counter(Group(factor.table, 0).orders.tolist()))


def _coprime(k: int, d: int) -> bool:
    return lcm(k, d) == k * d if k else d == 1


def _partitions(total: int, most: int) -> Iterator[tuple[int, ...]]:
    if not total:
        yield ()
    for part in range(min(total, most), 0, -1):
        yield from ((part, *rest) for rest in _partitions(total - part, part))


def _single(order: int) -> Iterator[Factor]:
    """The factors of an order that are not abelian, none of them isomorphic to another."""
    for letters in range(3, MOST_LETTERS + 1):
        if factorial(letters) == order:
            yield Factor("symmetric", letters)
        if letters > 3 and factorial(letters) == 2 * order:
            yield Factor("alternating", letters)
    if order % 2 == 0 and order >= 8:
        yield Factor("dihedral", order // 2)
    if order % 4 == 0 and order >= 8:
        yield Factor("dicyclic", order // 4)
    for p in divisors(order):
        scales = order // p
        if is_prime(p) and scales > 2 and (p - 1) % scales == 0:
            yield Factor("affine", p, scales)


def _products(order: int, start: int = 6) -> Iterator[tuple[Factor, ...]]:
    """All products of factors that are not abelian, the factors in order of size."""
    for size in divisors(order):
        if size < start:
            continue
        for factor in _single(size):
            if size == order:
                yield (factor,)
            else:
                yield from ((*rest, factor) for rest in _products(order // size, size))
