"""The representations of a group: whole numbers that are known, and projectors that commute with translations."""

from itertools import permutations

import numpy as np
import pytest

from scrubjay.functions.groups import Group
from scrubjay.functions.irreps import Irrep, irreps
from scrubjay.functions.isomorphism import named_group
from tests.functions.by_hand import GROUPS, cyclic, dihedral, renamed

DIMENSIONS = {
    "S4": [(1, "real"), (1, "real"), (2, "real"), (3, "real"), (3, "real")],
    "S5": [(1, "real"), (1, "real"), (4, "real"), (4, "real"), (5, "real"), (5, "real"), (6, "real")],
    "A4": [(1, "complex"), (1, "real"), (3, "real")],
    "A5": [(1, "real"), (3, "real"), (3, "real"), (4, "real"), (5, "real")],
    "Q8": [(1, "real")] * 4 + [(2, "quaternionic")],
    "C7 ⋊ C3": [(1, "complex"), (1, "real"), (3, "complex")],
    "C5 ⋊ C4": [(1, "complex"), (1, "real"), (1, "real"), (4, "real")],
    "C12 × C2": [(1, "complex")] * 10 + [(1, "real")] * 4,
}


def found(name: str, seed: int = 3) -> tuple[Group, tuple[Irrep, ...]]:
    group, _ = named_group(Group.of(renamed(GROUPS[name], seed)))
    return group, irreps(group)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimensions_and_types_are_those_of_the_character_table(name: str) -> None:
    _, parts = found(name)
    assert sorted((part.d, part.type) for part in parts) == sorted(DIMENSIONS[name])
    assert parts[0].name == "trivial" and len({part.name for part in parts}) == len(parts)


@pytest.mark.parametrize("name", ["C11", "S4", "Q8", "A5", "C7 ⋊ C3", "D18", "C2^5"])
def test_the_subspaces_are_orthogonal_complete_and_kept_by_all_translations(name: str) -> None:
    group, parts = found(name)
    n = group.n
    together = np.concatenate([part.basis for part in parts], axis=1)
    assert together.shape == (n, n) and np.allclose(together.T @ together, np.eye(n), atol=1e-9)
    for part in parts:
        assert part.basis.shape[1] == part.d**2 * (2 if part.type == "complex" else 1)
        for g in range(n):
            left, right = np.eye(n)[:, group.table[g]], np.eye(n)[:, group.table[:, g]]
            for moved in (left, right):
                assert np.allclose(moved @ part.projector, part.projector @ moved, atol=1e-9)


@pytest.mark.parametrize("name", ["S5", "Q8", "C7 ⋊ C3", "D7"])
def test_characters_are_orthogonal_constant_on_classes_and_kernels_are_normal(name: str) -> None:
    group, parts = found(name)
    for part in parts:
        assert all(np.ptp(part.character[list(members)]) < 1e-9 for members in group.classes)
        assert part.character[group.identity] == pytest.approx(part.d * (2 if part.type == "complex" else 1))
        for other in parts:
            expected = 0 if part is not other else 2 if part.type == "complex" else 1
            assert float((part.character * other.character).mean()) == pytest.approx(expected, abs=1e-9)
        assert group.subgroup(part.kernel.tolist()).tolist() == part.kernel.tolist()


def test_the_standard_character_of_s4_counts_fixed_letters() -> None:
    table = GROUPS["S4"]
    fixed = np.array([sum(i == j for i, j in enumerate(p)) for p in permutations(range(4))])
    assert any(np.allclose(part.character, fixed - 1) for part in irreps(Group.of(table)))


def test_frequencies_of_a_cyclic_group_are_cosines() -> None:
    group, _ = named_group(Group.of(cyclic(13)))
    parts = irreps(group)
    assert [part.name for part in parts] == ["trivial", *(f"frequency {k}" for k in range(1, 7))]
    assert group.standard is not None
    for k, part in enumerate(parts[1:], 1):
        assert np.allclose(part.character, 2 * np.cos(2 * np.pi * k * group.standard / 13))
        wave = np.sin(2 * np.pi * k * group.standard / 13)
        assert np.allclose(part.projector @ wave, wave)


def test_frequencies_of_a_dihedral_group_are_those_of_its_rotations() -> None:
    group, _ = named_group(Group.of(dihedral(7)))
    names = [part.name for part in irreps(group)]
    assert names == ["trivial", "sign", "frequency 1", "frequency 2", "frequency 3"]
