"""From a matrix of labels to the program behind it, or to the statement that there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2

from scrubjay.core.progress import Progress, part_of, silent
from scrubjay.program.assembly import assembled, merged, misses, rearranged
from scrubjay.program.boundaries import Boundary, Cutting, cut_plane
from scrubjay.program.clusters import clustered_bits
from scrubjay.program.constants import constants_between, polished
from scrubjay.program.curves import Curve, linear
from scrubjay.program.expression import Length, Program
from scrubjay.program.families import Family, Ordered, families
from scrubjay.program.observed import Observed
from scrubjay.program.periods import SUMS, Columns, find_phases

MOST_SEARCHED = 20_000
"""The largest number of labels that a search looks at; of more it takes a sample. Its time grows in proportion."""
MOST_EXCEPTIONS = 0.04
"""The share of labels that may be exceptions of a program that counts as found."""
MOST_NEIGHBOURING = 1 / 3
"""The share of the neighbours of exceptions that may be exceptions themselves."""
_NEGLIGIBLE = 0.005
"""Up to this share of labels, exceptions may lie anywhere."""
_HOPELESS = 0.6
"""Curves after which the labels still take this share of the table's bits are not pursued."""
_PROMISING = 0.15
"""The largest share of exceptions of a rough program that is refined."""
_SUMS_TRIED = 2
"""How many sums i a + j b are searched for a phase."""
_PHASES = 48
"""How many phases of each variable become rough programs."""
_REFINED = 2
"""How many rough programs of each variable are refined, and how many more with a whole modulus."""
_FIRST_MISS_BITS = 6.0
"""The price of an exception in a rough program."""
_WORTH = 16.0
"""The bits that each curve must save beyond its own length."""
_SUMS_DONE = 0.3
"""The share of a search after which the sums to try are known."""
_ALL_SEARCHED = 0.9
"""The share of a search after which only the fit to all labels is left."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A program with its description length on known labels.

    Attributes:
        program: the program.
        length: its bits, and those of its exceptions.
        cost: what the search makes small: the same bits, but those of exceptions that are expected to lie together
            (``clusters``).
    """

    program: Program
    length: Length
    cost: float

    @classmethod
    def of(cls, program: Program, seen: Observed) -> "Candidate":
        """Count the bits of a program and of its exceptions."""
        wrong = misses(program, seen)
        length = Length(program.bits, int(wrong.sum()), seen.n)
        return cls(program, length, length.program + clustered_bits(seen, wrong))

    def is_found(self, seen: Observed) -> bool:
        """Whether the program is much shorter than the table, and its exceptions are few and scattered.

        A program of many parts proves little about a small table. So the program must take less than a fifth of the
        table's bits, and less than half of them together with its exceptions.

        Exceptions that lie side by side are a shape that the program lacks. Curves and arcs cover a smooth field that
        is no program, except for slivers along its edges. Flipped labels are neighbours only by chance, and a
        network's errors only in part.
        """
        length, wrong = self.length, misses(self.program, seen)
        few = length.exceptions <= _NEGLIGIBLE * seen.n
        scattered = few or seen.neighbouring(wrong) <= MOST_NEIGHBOURING
        short = length.total < seen.table_bits / 2 and length.program < seen.table_bits / 5
        return short and scattered and length.exceptions <= MOST_EXCEPTIONS * seen.n

    @property
    def miss_bits(self) -> float:
        """Roughly the bits of one more exception, which are fewer the more closely exceptions lie together."""
        together = (self.cost - self.length.program) / self.length.exception_bits
        return max(2.0, together * log2(self.length.n / (self.length.exceptions + 1)))


def best_program(
    seen: Observed, progress: Progress = silent, *, most: int = MOST_SEARCHED, seed: int = 0
) -> Candidate | None:
    """Find the shortest program behind known labels.

    For every variable that the labels may depend on within regions, the search cuts the plane (``boundaries``), finds
    phases (``periods``), sets the arcs (``assembly``), cuts again with the phase in the place of the variable,
    simplifies the constants (``constants``), leaves out curves that do not pay, and merges curves into sums of
    thresholds.

    Args:
        seen: the known labels.
        progress: called with the present stage and the share of the work that is done.
        most: how many labels the search may see. If there are more, it works on a sample of this size, and then fits
            the constants and arcs of the best program to all labels.
        seed: seed for the sample.

    Returns:
        The program with its bits, counted over all labels, or None if no program is much shorter than the table of
        labels (``Candidate.is_found``).
    """
    part = seen.sample(most, seed=seed)
    ordered = families(part)
    found: list[Candidate] = []
    variables = [(0, 0), (1, 0), (0, 1), *_sums(ordered, part, part_of(progress, 0.0, _SUMS_DONE))]
    for number, (i, j) in enumerate(variables):
        done = _SUMS_DONE + (_ALL_SEARCHED - _SUMS_DONE) * number / len(variables)
        progress(f"programs that repeat along {linear(i, j, '')}" if i or j else "programs of curves alone", done)
        found += _behind(i, j, ordered, part)
    best = min(found, key=lambda each: each.cost, default=None)
    if best is not None and part.n < seen.n:
        progress("fitting constants to all labels", _ALL_SEARCHED)
        best = fitted(best.program, seen)
    progress("done", 1.0)
    return best if best is not None and best.is_found(seen) else None


def fitted(program: Program, seen: Observed) -> Candidate:
    """The program with the constants and arcs that cost the fewest bits on other labels than it was found on.

    The kinds and exponents of its curves stay as they are.
    """
    best = Candidate.of(program, seen)
    if best.length.exceptions:
        kinds = dict.fromkeys(Family(curve.kind, curve.i, curve.j) for curve in program.curves)
        ordered = [each for each in (Ordered.of(family, seen) for family in kinds) if len(each.cuts)]
        if ordered:
            best = _shorter(best, polished(best.program, ordered, seen, miss_bits=best.miss_bits), seen)
        best = _shorter(best, rearranged(best.program, seen, miss_bits=best.miss_bits), seen)
    return best


def _shorter(best: Candidate, program: Program, seen: Observed) -> Candidate:
    return min(best, Candidate.of(program, seen), key=lambda each: each.cost)


def _sums(ordered: Sequence[Ordered], seen: Observed, progress: Progress) -> list[tuple[int, int]]:
    """The sums i a + j b of which labels are most nearly a function, region by region."""
    bits = {}
    for number, (i, j) in enumerate(SUMS):
        progress(f"cutting the plane for a function of {linear(i, j, '')}", number / len(SUMS))
        bits[i, j] = _cutting(i, j, ordered, seen, thorough=False).bits
    return sorted(bits, key=lambda each: bits[each])[:_SUMS_TRIED]


def _cutting(i: int, j: int, ordered: Sequence[Ordered], seen: Observed, *, thorough: bool = True) -> Cutting:
    variable = i * seen.a + j * seen.b
    return cut_plane(ordered, variable - variable.min(), seen.y, thorough=thorough)


def _behind(i: int, j: int, ordered: Sequence[Ordered], seen: Observed) -> Iterator[Candidate]:
    cutting = _cutting(i, j, ordered, seen)
    if cutting.bits > _HOPELESS * seen.table_bits:
        return
    curves = _curves(cutting.boundaries, seen)
    columns = Columns.of(i * seen.a + j * seen.b, cutting.regions(seen.n), seen.y)
    phases = find_phases(columns, i, j)[:_PHASES] if i or j else [None]
    roughs = [Candidate.of(assembled(curves, phase, seen, miss_bits=_FIRST_MISS_BITS), seen) for phase in phases]
    roughs.sort(key=lambda each: each.cost)
    whole = [rough for rough in roughs if rough.program.phase is not None and rough.program.phase.scale == 1]
    for rough in dict.fromkeys((*roughs[:_REFINED], *whole[:_REFINED])):
        if rough.length.exceptions <= _PROMISING * seen.n:
            yield _refined(rough, cutting.boundaries, ordered, seen)


def _refined(rough: Candidate, boundaries: Sequence[Boundary], ordered: Sequence[Ordered], seen: Observed) -> Candidate:
    best, phase = rough, rough.program.phase
    if phase is not None:
        again = cut_plane(ordered, phase.values(seen.a, seen.b), seen.y, start=boundaries)
        tried = assembled(_curves(again.boundaries, seen), phase, seen, miss_bits=best.miss_bits)
        best = min(best, Candidate.of(tried, seen), key=lambda each: each.cost)
    best = Candidate.of(polished(best.program, ordered, seen, miss_bits=best.miss_bits), seen)
    if best.length.exceptions > _PROMISING * seen.n / 2:
        return best
    best = pruned(_merged(best, seen), best.program.curves, seen)
    return Candidate.of(polished(best.program, ordered, seen, miss_bits=best.miss_bits), seen)


def _merged(rough: Candidate, seen: Observed) -> Candidate:
    return Candidate.of(merged(rough.program, seen, miss_bits=rough.miss_bits), seen)


def pruned(best: Candidate, curves: Sequence[Curve], seen: Observed) -> Candidate:
    """Leave out curves that hardly pay, such as one around a few errors that lie together.

    Args:
        best: the program so far.
        curves: the curves that may be left out.
        seen: the known labels.
    """
    for curve in curves:
        left = [other for other in curves if other != curve]
        tried = Candidate.of(assembled(left, best.program.phase, seen, miss_bits=best.miss_bits), seen)
        if tried.cost - tried.length.program > best.cost + _WORTH:
            continue
        shorter = _merged(tried, seen)
        if shorter.cost <= best.cost + _WORTH:
            return pruned(shorter, left, seen)
    return best


def _curves(boundaries: Sequence[Boundary], seen: Observed) -> list[Curve]:
    curves = []
    for boundary in boundaries:
        tried = [
            boundary.ordered.family.curve(constant, relation)
            for constant, relation in constants_between(boundary.ordered, boundary.cut, seen)
        ]
        if tried:
            curves.append(min(tried, key=lambda curve: curve.bits))
    return curves
