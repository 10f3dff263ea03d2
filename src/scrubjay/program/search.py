"""From a label matrix to the program behind it, or to the word that there is none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log2

from scrubjay.program.assembly import assembled, length_of, merged, misses
from scrubjay.program.boundaries import Boundary, Cutting, cut_plane
from scrubjay.program.constants import constants_between, polished
from scrubjay.program.curves import Curve, linear
from scrubjay.program.expression import Length, Program
from scrubjay.program.families import Ordered, families
from scrubjay.program.observed import Observed
from scrubjay.program.periods import SUMS, Columns, find_phases

MOST_EXCEPTIONS = 0.04
"""The share of labels that may be exceptions of a program that is called found."""
MOST_NEIGHBOURING = 1 / 3
"""The share of the neighbours of exceptions that may be exceptions themselves."""
_NEGLIGIBLE = 0.005
_HOPELESS, _PROMISING = 0.6, 0.15
_SUMS_TRIED, _PHASES, _REFINED = 2, 48, 2
_FIRST_MISS_BITS = 6.0
_WORTH = 16.0
"""Bits that each curve must save beyond its own length."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A program with its description length on the labels that were searched."""

    program: Program
    length: Length

    @classmethod
    def of(cls, program: Program, seen: Observed) -> "Candidate":
        """Measure a program."""
        return cls(program, length_of(program, seen))

    def is_found(self, seen: Observed) -> bool:
        """Whether it is much shorter than the table, and its exceptions few and scattered.

        On a small table a program of many parts proves little: together with its exceptions it must take less than half
        of the table's bits, and by itself less than a fifth.

        Exceptions that lie side by side are a shape that the program lacks: a smooth field outside the space is covered
        by curves and arcs but for slivers. Flips are neighbours by chance only, and a network's errors in part.
        """
        length, wrong = self.length, misses(self.program, seen)
        few = length.exceptions <= _NEGLIGIBLE * seen.n
        scattered = few or seen.neighbouring(wrong) <= MOST_NEIGHBOURING
        short = length.total < seen.table_bits / 2 and length.program < seen.table_bits / 5
        return short and scattered and length.exceptions <= MOST_EXCEPTIONS * seen.n

    @property
    def miss_bits(self) -> float:
        """What one more exception costs, about."""
        return max(2.0, log2(self.length.n / (self.length.exceptions + 1)))


def best_program(seen: Observed, progress: Callable[[str], None] = lambda stage: None) -> Candidate | None:
    """The shortest program that the search finds behind known labels; None where it finds none worth the name.

    For every variable that the labels may depend on within regions: cut the plane (``boundaries``), find phases
    (``periods``), set the arcs (``assembly``), cut again with the phase in the variable's place, simplify the constants
    (``constants``), leave out curves that don't pay, merge into sums of thresholds.
    """
    ordered = families(seen)
    found: list[Candidate] = []
    for i, j in ((0, 0), (1, 0), (0, 1), *_sums(ordered, seen, progress)):
        progress(f"programs that repeat along {linear(i, j, '')}" if i or j else "programs of curves alone")
        found += _behind(i, j, ordered, seen)
    best = min(found, key=lambda each: each.length.total, default=None)
    return best if best is not None and best.is_found(seen) else None


def _sums(ordered: Sequence[Ordered], seen: Observed, progress: Callable[[str], None]) -> list[tuple[int, int]]:
    """The sums i a + j b of which labels are most nearly a function, region by region."""
    bits = {}
    for i, j in SUMS:
        progress(f"cutting the plane for a function of {linear(i, j, '')}")
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
    roughs.sort(key=lambda each: each.length.total)
    whole = [rough for rough in roughs if rough.program.phase is not None and rough.program.phase.scale == 1]
    for rough in dict.fromkeys((*roughs[:_REFINED], *whole[:_REFINED])):
        if rough.length.exceptions <= _PROMISING * seen.n:
            yield _refined(rough, cutting.boundaries, ordered, seen)


def _refined(rough: Candidate, boundaries: Sequence[Boundary], ordered: Sequence[Ordered], seen: Observed) -> Candidate:
    best, phase = rough, rough.program.phase
    if phase is not None:
        again = cut_plane(ordered, phase.values(seen.a, seen.b), seen.y, start=boundaries)
        tried = assembled(_curves(again.boundaries, seen), phase, seen, miss_bits=best.miss_bits)
        best = min(best, Candidate.of(tried, seen), key=lambda each: each.length.total)
    best = Candidate.of(polished(best.program, ordered, seen, miss_bits=best.miss_bits), seen)
    if best.length.exceptions > _PROMISING * seen.n / 2:
        return best
    best = pruned(_merged(best, seen), best.program.curves, seen)
    return Candidate.of(polished(best.program, ordered, seen, miss_bits=best.miss_bits), seen)


def _merged(rough: Candidate, seen: Observed) -> Candidate:
    return Candidate.of(merged(rough.program, seen, miss_bits=rough.miss_bits), seen)


def pruned(best: Candidate, curves: Sequence[Curve], seen: Observed) -> Candidate:
    """Leave out curves that hardly pay: errors that lie together would buy a curve of their own."""
    for curve in curves:
        left = [other for other in curves if other != curve]
        tried = Candidate.of(assembled(left, best.program.phase, seen, miss_bits=best.miss_bits), seen)
        if tried.length.exception_bits > best.length.total + _WORTH:
            continue
        shorter = _merged(tried, seen)
        if shorter.length.total <= best.length.total + _WORTH:
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
