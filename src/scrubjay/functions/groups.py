"""Finite groups as multiplication tables: the axioms, and what follows from a table alone.

The elements of a group of order n are the numbers 0 to n - 1, and ``table[x, y]`` is the product of x and y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from scrubjay.core.errors import BadInput

Square = Int[np.ndarray, "n n"]
Elements = Int[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class Group:
    """A finite group.

    Attributes:
        table: the product of each two elements, shape [n, n].
        identity: the neutral element.
        name: the name of the isomorphic group of the catalogue, such as "S5", or "" if it is not known.
        standard: for each element, the element of the catalogue's group that it stands for, shape [n], or None if the
            name is not known. In a cyclic group this is the exponent of the generator, in a dihedral group of order 2k
            it is below k for the rotations.
    """

    table: Square
    identity: int
    name: str = ""
    standard: Elements | None = None

    @classmethod
    def of(cls, table: np.ndarray) -> "Group":
        """The group with a multiplication table.

        Raises:
            BadInput: the table is not that of a group.
        """
        if not is_latin(table):
            raise BadInput(f"the table of shape {table.shape} is no Latin square, so it is not that of a group")
        identity = neutral_element(table)
        if identity is None or not is_associative(table):
            raise BadInput(
                f"the Latin square of order {len(table)} is not a group's: "
                f"{'it has no neutral element' if identity is None else 'its product is not associative'}"
            )
        return cls(table, identity)

    @property
    def n(self) -> int:
        """The number of elements."""
        return len(self.table)

    @cached_property
    def inverse(self) -> Elements:
        """The inverse of each element, shape [n]."""
        inverse: Elements = np.argmax(self.table == self.identity, axis=1)
        return inverse

    @cached_property
    def is_abelian(self) -> bool:
        """Whether the order of two factors never matters."""
        return bool(np.array_equal(self.table, self.table.T))

    @cached_property
    def orders(self) -> Elements:
        """The order of each element, shape [n]."""
        orders, powers = np.zeros(self.n, dtype=np.int64), np.full(self.n, self.identity)
        left = np.arange(self.n)
        for exponent in range(1, self.n + 1):
            powers = self.table[powers, left]
            done = powers == self.identity
            orders[left[done]] = exponent
            left, powers = left[~done], powers[~done]
            if not len(left):
                break
        return orders

    @cached_property
    def generators(self) -> tuple[int, ...]:
        """Some elements that generate the group, each the smallest one outside the subgroup of those before it."""
        return generators_of(self.table, (self.identity,))

    @cached_property
    def class_of(self) -> Elements:
        """The number of each element's conjugacy class, shape [n]; classes are numbered by their smallest element."""
        smallest = np.arange(self.n)
        moves = [self.table[self.table[s], self.inverse[s]] for s in self.generators]
        while True:
            before = smallest
            for move in moves:
                smallest = np.minimum(smallest, smallest[move])
                np.minimum.at(lower := smallest.copy(), move, smallest)
                smallest = lower
            smallest = smallest[smallest]
            if np.array_equal(before, smallest):
                return np.unique(smallest, return_inverse=True)[1].reshape(-1)

    @cached_property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """The conjugacy classes, each as its elements in ascending order."""
        return tuple(
            tuple(np.flatnonzero(self.class_of == number).tolist()) for number in range(int(self.class_of.max()) + 1)
        )

    @cached_property
    def fingerprints(self) -> Int[np.ndarray, "n 3"]:
        """What an isomorphism keeps of each element: its order, the size of its class and its number of roots."""
        sizes = np.bincount(self.class_of)[self.class_of]
        roots = np.bincount(np.diagonal(self.table), minlength=self.n)
        return np.stack([self.orders, sizes, roots], axis=1)

    def subgroup(self, generators: Sequence[int]) -> Elements:
        """The elements of the subgroup that some elements generate, in ascending order."""
        inside = np.zeros(self.n, dtype=np.bool_)
        inside[self.identity] = True
        _close(self.table, inside, list(generators))
        return np.flatnonzero(inside)


def is_latin(table: Int[np.ndarray, "..."]) -> bool:
    """Whether each of the numbers 0 to n - 1 occurs once in each row and each column of a square table."""
    n = len(table)
    if table.shape != (n, n) or n < 2 or table.min() < 0 or table.max() >= n:
        return False
    lines, seen = np.arange(n)[:, None], np.zeros((n, n), dtype=np.bool_)
    seen[lines, table] = True
    if not seen.all():
        return False
    seen[:] = False
    seen[lines, table.T] = True
    return bool(seen.all())


def neutral_element(table: Square) -> int | None:
    """The element whose row and column are those of the numbers themselves, or None if there is none."""
    n = len(table)
    found = np.flatnonzero((table == np.arange(n)).all(1) & (table == np.arange(n)[:, None]).all(0))
    return int(found[0]) if len(found) else None


def generators_of(table: Square, known: Sequence[int] = ()) -> tuple[int, ...]:
    """Elements from which all others arise by products, each the smallest one that does not arise from the former.

    Args:
        table: a Latin square.
        known: elements that need no generator, such as the neutral one.
    """
    inside = np.zeros(len(table), dtype=np.bool_)
    inside[list(known)] = True
    found: list[int] = []
    while not inside.all():
        found.append(int(np.argmin(inside)))
        _close(table, inside, found)
    return tuple(found)


def is_associative(table: Square) -> bool:
    """Whether (x y) z = x (y z) for all elements.

    Source: Light's test. The elements y for which this holds for all x and z are closed under products, so generators
    are enough. Clifford and Preston (1961), "The algebraic theory of semigroups", section 1.2.
    """
    return all(np.array_equal(table[table[:, y]], table[:, table[y]]) for y in generators_of(table))


def _close(table: Square, inside: np.ndarray, generators: list[int]) -> None:
    """Mark all products of marked elements and generators, from the left to the right."""
    inside[generators] = True
    new = np.flatnonzero(inside)
    while len(new):
        reached = np.zeros_like(inside)
        reached[table[new][:, generators]] = True
        new = np.flatnonzero(reached & ~inside)
        inside |= reached
