"""The name of a group, by an isomorphism that is written down and checked on the whole table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.functions.catalogue import NamedGroup, named_groups, orders_of_product
from scrubjay.functions.groups import Elements, Group

MOST_TRIALS = 20_000
"""How many images of generators are tried before a group of the catalogue is given up."""

_Some = Int[np.ndarray, "_"]


def named_group(group: Group) -> tuple[Group, NamedGroup | None]:
    """Find the group of the catalogue that a group is isomorphic to.

    Returns:
        The same group with its name and ``standard`` filled in, and the group of the catalogue; the group as it is and
        None if the catalogue has none.
    """
    counts = dict(Counter(group.orders.tolist()))
    for known in named_groups(group.n, abelian=group.is_abelian):
        if orders_of_product(known.factors) == counts:
            image = isomorphism(known, group)
            if image is not None:
                return replace(group, name=known.name, standard=np.argsort(image)), known
    return group, None


def isomorphism(known: NamedGroup, group: Group) -> Elements | None:
    """Find an isomorphism from a group of the catalogue by trying images of its generators.

    Images are tried in ascending order, the first generator's up to conjugation only, and an image is kept only if the
    subgroups that are generated so far correspond.

    Returns:
        For each element of the catalogue's group the element that it becomes, shape [n]; None if there is none, or none
        among the images that are tried.
    """
    source = known.group
    if source.n != group.n or _kinds(source) != _kinds(group):
        return None
    chains = [_Chain.of(source, known.generators[: count + 1]) for count in range(len(known.generators))]
    image = _extended(source, group, chains, [], iter(range(MOST_TRIALS)))
    if image is None or not np.array_equal(image[source.table], group.table[np.ix_(image, image)]):
        return None
    return image


@dataclass(frozen=True, eq=False)
class _Chain:
    """How the elements of a subgroup arise from its generators.

    Attributes:
        generators: the generators.
        levels: new elements, the earlier element that each follows, and the place of the generator it is multiplied by.
        inside: True for each element of the subgroup, shape [n].
    """

    generators: tuple[int, ...]
    levels: tuple[tuple[_Some, _Some, _Some], ...]
    inside: Bool[np.ndarray, "n"]

    @classmethod
    def of(cls, group: Group, generators: tuple[int, ...]) -> "_Chain":
        inside, new, levels = np.zeros(group.n, dtype=np.bool_), np.array([group.identity]), []
        inside[new] = True
        while len(new):
            elements, first = np.unique(group.table[new][:, generators].reshape(-1), return_index=True)
            fresh = ~inside[elements]
            elements, first = elements[fresh], first[fresh]
            levels.append((elements, new[first // len(generators)], first % len(generators)))
            inside[elements] = True
            new = elements
        return cls(generators, tuple(levels[:-1]), inside)

    def image(self, source: Group, group: Group, images: list[int]) -> Elements | None:
        """The images of the subgroup's elements, -1 elsewhere, or None if no injective homomorphism has them."""
        image, chosen = np.full(source.n, -1), np.array(images)
        image[source.identity] = group.identity
        for elements, before, by in self.levels:
            image[elements] = group.table[image[before], chosen[by]]
        of = image[self.inside]
        if len(np.unique(of)) < len(of):
            return None
        keeps = (
            np.array_equal(image[source.table[self.inside, one]], group.table[of, other])
            for one, other in zip(self.generators, images, strict=True)
        )
        return image if all(keeps) else None


def _extended(
    source: Group, group: Group, chains: list[_Chain], images: list[int], trials: Iterator[int]
) -> Elements | None:
    """The isomorphism whose first generators have these images; None if there is none, or no trial is left."""
    chain = chains[len(images)]
    for candidate in _candidates(source, group, chain, images):
        if next(trials, None) is None:
            return None
        image = chain.image(source, group, [*images, candidate])
        if image is not None and len(images) + 1 < len(chains):
            image = _extended(source, group, chains, [*images, candidate], trials)
        if image is not None:
            return image
    return None


def _candidates(source: Group, group: Group, chain: _Chain, images: list[int]) -> list[int]:
    """Elements that resemble the chain's last generator, alone and in products with the former ones."""
    wanted = chain.generators[-1]
    alike = (group.fingerprints == source.fingerprints[wanted]).all(1)
    for one, other in zip(chain.generators, images, strict=False):
        for before, after in ((one, other), (source.inverse[one], group.inverse[other])):
            alike &= group.orders[group.table[after]] == source.orders[source.table[before, wanted]]
    if not images:
        alike &= np.isin(np.arange(group.n), [members[0] for members in group.classes])
    found: list[int] = np.flatnonzero(alike).tolist()
    return found


def _kinds(group: Group) -> Counter[tuple[int, ...]]:
    rows: Int[np.ndarray, "n 3"] = group.fingerprints
    return Counter(tuple(row) for row in rows.tolist())
