"""The real isotypic decomposition of functions on a group, computed numerically from its table.

A function on a group of order n is a vector of n numbers. The translations of the group split these vectors into
subspaces that cannot be split further by left and right translations together, one for each irreducible representation
over the real numbers. In a cyclic group they are the frequencies.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import isqrt
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int

from scrubjay.core.errors import BadInput
from scrubjay.functions.groups import Group

_TRIES = 8
"""Draws of class weights before the decomposition is given up; the first one nearly always does."""
_TOLERANCE = 1e-6
"""How far a rank or a character may be from a whole number, in numbers of the order of 1."""

Type = Literal["real", "complex", "quaternionic"]


@dataclass(frozen=True, eq=False)
class Irrep:
    """One isotypic subspace of the functions on a group.

    Attributes:
        name: "trivial", "frequency 5" for a cyclic group, "sign", "dimension 4 (a)".
        d: the dimension of the complex irreducible representation.
        type: ``real`` if it can be written with real numbers; ``complex`` if its character is not real, and then the
            subspace belongs to it and to its conjugate; ``quaternionic`` otherwise.
        basis: an orthonormal basis of the subspace, shape [n, r], where r is d², or 2 d² for the complex type.
        character: the character at each element, shape [n]; for the complex type the sum of the two characters.
    """

    name: str
    d: int
    type: Type
    basis: Float64[np.ndarray, "n r"]
    character: Float64[np.ndarray, "n"]

    @cached_property
    def projector(self) -> Float64[np.ndarray, "n n"]:
        """The orthogonal projector onto the subspace, shape [n, n]."""
        projector: Float64[np.ndarray, "n n"] = self.basis @ self.basis.T
        return projector

    @cached_property
    def kernel(self) -> Int[np.ndarray, "k"]:
        """The elements that the representation maps to the identity, in ascending order."""
        return np.flatnonzero(np.abs(self.character - self.character.max()) < _TOLERANCE * self.character.max())


def irreps(group: Group, *, seed: int = 0) -> tuple[Irrep, ...]:
    """Decompose the functions on a group.

    Random weights w on the conjugacy classes, with w(g) = w(g⁻¹), give the symmetric matrix M[h, k] = w(k h⁻¹). It
    commutes with all translations, so each isotypic subspace lies in one of its eigenspaces, and for nearly all weights
    the eigenspaces are these subspaces. There are as many as classes, a class and that of the inverses taken as one.
    From the projector P of a subspace its character follows as χ(g) = n P[e, g] / d.

    Source: Dixon (1970), "Computing irreducible representations of groups"; Serre (1977), "Linear representations of
    finite groups", section 2.6 for the projectors and 13.2 for the types.

    Args:
        group: the group. Its name and ``standard`` are needed only for the frequencies' names.
        seed: seed for the weights.

    Returns:
        The trivial representation first, then by dimension, frequency and size of the kernel.

    Raises:
        BadInput: the eigenspaces could not be told apart, as may happen beyond some thousand elements.
    """
    both = np.minimum(group.class_of, group.class_of[group.inverse])
    kinds, paired = np.unique(both, return_inverse=True)
    draw = np.random.default_rng(seed)
    quotients = group.table[:, group.inverse].T  # [h, k] is k h⁻¹
    for _ in range(_TRIES):
        values, vectors = np.linalg.eigh(draw.standard_normal(len(kinds))[paired.reshape(-1)][quotients])
        cuts = np.sort(np.argsort(np.diff(values))[len(values) - len(kinds) :]) + 1
        found = [_irrep(group, basis) for basis in np.split(vectors, cuts, axis=1)]
        if all(found):
            return _named(group, [each for each in found if each is not None])
    raise BadInput(f"the representations of this group of order {group.n} could not be told apart numerically")


def _irrep(group: Group, basis: Float64[np.ndarray, "n r"]) -> Irrep | None:
    """The representation of an eigenspace; None if its rank or its character is no representation's."""
    rank = basis.shape[1]
    is_complex = isqrt(rank) ** 2 != rank
    d = isqrt(rank // 2 if is_complex else rank)
    row = basis @ basis[group.identity]
    if d * d * (1 + is_complex) != rank or abs(row[group.identity] * group.n - rank) > _TOLERANCE * rank:
        return None
    character = group.n * row / d
    squares = float(character[np.diagonal(group.table)].mean())  # of Frobenius and Schur: 1, 0 or -1
    norm = float((character**2).mean())
    if abs(norm - 1 - is_complex) > _TOLERANCE or abs(abs(squares) - (not is_complex)) > _TOLERANCE:
        return None
    kind: Type = "complex" if is_complex else "real" if squares > 0 else "quaternionic"
    return Irrep("", d, kind, basis, character)


def _named(group: Group, found: list[Irrep]) -> tuple[Irrep, ...]:
    bases: list[tuple[tuple[int, ...], str, Irrep]] = []
    for each in found:
        frequency = _frequency(group, each)
        if len(each.kernel) == group.n:
            base = "trivial"
        elif frequency is not None:
            base = f"frequency {frequency}"
        elif each.d == 1 and each.type == "real":
            base = "sign"
        else:
            base = f"dimension {each.d}{'' if each.type == 'real' else f', {each.type}'}"
        order = (each.d, frequency or 0, -len(each.kernel), *np.round(-each.character * 1e4).astype(int).tolist())
        bases.append((order, base, each))
    bases.sort(key=lambda entry: entry[0])
    names = [base for _, base, _ in bases]
    letters = {at: names[:at].count(name) for at, name in enumerate(names) if names.count(name) > 1}
    return tuple(
        replace(each, name=f"{base} ({_letter(letters[at])})" if at in letters else base)
        for at, (_, base, each) in enumerate(bases)
    )


def _frequency(group: Group, irrep: Irrep) -> int | None:
    """The frequency k with which a representation turns along a cyclic group, or the rotations of a dihedral one."""
    is_dihedral = group.name.startswith("D") and group.name[1:].isdecimal() and irrep.d == 2
    is_cyclic = group.name.startswith("C") and group.name[1:].isdecimal()
    if group.standard is None or not (is_cyclic or is_dihedral):
        return None
    turns = int(group.name[1:])
    first = irrep.character[np.argmax(group.standard == 1)] / irrep.character[group.identity]
    return round(float(np.arccos(np.clip(first, -1, 1))) * turns / (2 * np.pi))


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else str(number + 1)
