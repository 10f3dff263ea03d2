"""A label program: regions cut out by curves, and in each a set of values of one phase.

    k     = phase + sum of weight * [curve], over the curves that have a weight
    label = k in the set that belongs to the truth values of the other curves, the gates

Without weights it is a table from regions to arcs. Without gates it is a single sum of thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool, Int

from scrubjay.core.errors import BadInput
from scrubjay.program.arcs import Arcs
from scrubjay.program.code import choice_bits, whole_bits
from scrubjay.program.curves import Curve
from scrubjay.program.phases import Phase


@dataclass(frozen=True)
class Program:
    """A function from two whole numbers, a and b, to a binary label.

    Attributes:
        curves: the curves that cut the plane.
        weights: the weight of each curve in the sum k; 0 for a gate.
        phase: the periodic part of k, or None.
        sets: for each combination of the gates' truth values, in the order of ``itertools.product``, the set of k
            whose label is 1; None for a combination that never occurred (its label is 0).
        span: the number of values that k may take; a cut of a set costs its logarithm.

    Raises:
        BadInput: the number of weights is not that of the curves, or there is not one set for each combination of the
            gates.
    """

    curves: tuple[Curve, ...]
    weights: tuple[int, ...]
    phase: Phase | None
    sets: tuple[Arcs | None, ...]
    span: int

    def __post_init__(self) -> None:
        sets = 2 ** self.weights.count(0)
        if len(self.weights) != len(self.curves) or len(self.sets) != sets:
            raise BadInput(
                f"a program of {len(self.curves)} curves needs as many weights, and {sets} sets for those that are 0; "
                f"it has {len(self.weights)} and {len(self.sets)}"
            )

    @property
    def gates(self) -> tuple[Curve, ...]:
        """The curves that choose a set, which are those without a weight."""
        return tuple(curve for curve, weight in zip(self.curves, self.weights, strict=True) if not weight)

    @property
    def reads_a(self) -> bool:
        """Whether any part of the program depends on a."""
        phased = self.phase is not None and self.phase.i != 0
        return phased or any(curve.kind != "line" or curve.i != 0 for curve in self.curves)

    def labels(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """The label of each pair (a, b), True for 1."""
        return self.decided([curve.truth(a, b) for curve in self.curves], self.phase_values(a, b))

    def decided(self, truths: Sequence[Bool[np.ndarray, "n"]], phase: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """The labels that follow from the truth values of each curve and from the phase."""
        k, gate = phase, np.zeros(len(phase), dtype=np.int64)
        for holds, weight in zip(truths, self.weights, strict=True):
            k, gate = (k + weight * holds, gate) if weight else (k, 2 * gate + holds)
        found = np.zeros(len(phase), dtype=np.bool_)
        for at, arcs in enumerate(self.sets):
            if arcs is not None:
                found[gate == at] = arcs.holds(k[gate == at])
        return found

    def phase_values(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """The phase of each pair; 0 for all pairs if the program has no phase."""
        return np.zeros(len(a), dtype=np.int64) if self.phase is None else self.phase.values(a, b)

    def sums(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """The sum k of each pair."""
        k = self.phase_values(a, b)
        for curve, weight in zip(self.curves, self.weights, strict=True):
            k = k + weight * curve.truth(a, b)
        return k

    def regions(self, a: Int[np.ndarray, "n"], b: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """The region of each pair: the truth values of the curves, as the digits of a binary number."""
        region = np.zeros(len(a), dtype=np.int64)
        for curve in self.curves:
            region = 2 * region + curve.truth(a, b)
        return region

    def arcs_by_region(self) -> list[tuple[int, Arcs]]:
        """What the curves add to the phase, and the set of k, for each combination of truth values that has a set."""
        found = []
        for truths in product((False, True), repeat=len(self.curves)):
            gate, added = 0, 0
            for holds, weight in zip(truths, self.weights, strict=True):
                gate, added = (gate, added + weight * holds) if weight else (2 * gate + holds, added)
            arcs = self.sets[gate]
            if arcs is not None:
                found.append((added, arcs))
        return found

    @property
    def bits(self) -> float:
        """The description length without exceptions: curves, weights, phase and sets. A repeated set is only named."""
        total = float(whole_bits(len(self.curves)) + sum(curve.bits for curve in self.curves))
        total += sum(whole_bits(abs(weight)) for weight in self.weights)
        total += 1 + (0 if self.phase is None else self.phase.bits)
        seen: list[Arcs] = []
        for arcs in self.sets:
            if arcs is not None:
                total += float(np.log2(len(seen) + 1))
                if arcs not in seen:
                    total += arcs.bits(self.span)
                    seen.append(arcs)
        return total

    def python(self) -> str:
        """The program as the source of a Python function ``label(a, b)``, with the import that it needs."""
        k = self._sum("python")
        named = any(arcs is not None and arcs.cuts for arcs in self.sets)
        body = [f"k = {k}"] if named else []
        for condition, arcs in self._rules("python"):
            value = f"int({arcs.python('k')})" if arcs.cuts else str(int(arcs.first))
            body += [f"if {condition}:", f"    return {value}"] if condition else [f"return {value}"]
        head = "from math import isqrt\n\n\n" if named and "isqrt" in k else ""
        return f"{head}def label(a, b):\n" + "".join(f"    {line}\n" for line in body)

    def mathematics(self) -> str:
        """The program in mathematical notation."""
        named = any(arcs is not None and arcs.cuts for arcs in self.sets)
        lines, rules = [f"k = {self._sum('mathematics')}"] if named else [], self._rules("mathematics")
        for condition, arcs in rules:
            value = f"1 iff {arcs.mathematics('k')}" if arcs.cuts else str(int(arcs.first))
            where = f" where {condition}" if condition else " elsewhere" if len(rules) > 1 else ""
            lines.append(f"label = {value}{',' if arcs.cuts and where else ''}{where}")
        return "\n".join(lines)

    def _sum(self, how: str) -> str:
        python = how == "python"
        times, terms = ("*", []) if python else ("\N{MIDDLE DOT}", [])
        if self.phase is not None:
            terms.append(self.phase.python() if python else self.phase.mathematics())
        for curve, weight in zip(self.curves, self.weights, strict=True):
            if weight:
                truth = f"({curve.python()})" if python else f"[{curve.mathematics()}]"
                terms.append(truth if weight == 1 else f"{weight}{times}{truth}")
        return " + ".join(terms).replace("+ -", "- ") or "0"

    def _rules(self, how: str) -> list[tuple[str, Arcs]]:
        """Conditions and the sets that hold under them, to be read in order; the last has no condition."""
        combinations = product((False, True), repeat=len(self.gates))
        met = {key: arcs for key, arcs in zip(combinations, self.sets, strict=True) if arcs is not None}
        by_set: dict[Arcs, list[tuple[bool, ...]]] = {}
        for combination, arcs in met.items():
            by_set.setdefault(arcs, []).append(combination)
        last = max(by_set, key=lambda arcs: len(by_set[arcs]), default=Arcs(first=False))
        rules = []
        for arcs, wanted in by_set.items():
            if arcs != last:
                others = [each for each, other in met.items() if other != arcs]
                rules += [(self._condition(cover, how), arcs) for cover in _covers(wanted, others)]
        return [*rules, ("", last)]

    def _condition(self, cover: tuple[bool | None, ...], how: str) -> str:
        sides = [
            gate if holds else gate.opposite()
            for gate, holds in zip(self.gates, cover, strict=True)
            if holds is not None
        ]
        return " and ".join(side.python() if how == "python" else side.mathematics() for side in sides)


def _covers(wanted: list[tuple[bool, ...]], others: list[tuple[bool, ...]]) -> list[tuple[bool | None, ...]]:
    """Conditions that hold for every wanted combination and for none of the others, each as general as possible."""
    covers: list[tuple[bool | None, ...]] = []
    for combination in wanted:
        if not any(_matches(cover, combination) for cover in covers):
            cover: tuple[bool | None, ...] = combination
            for at in range(len(cover)):
                looser = (*cover[:at], None, *cover[at + 1 :])
                if not any(_matches(looser, other) for other in others):
                    cover = looser
            covers.append(cover)
    return covers


def _matches(cover: tuple[bool | None, ...], combination: tuple[bool, ...]) -> bool:
    return all(wanted is None or wanted == has for wanted, has in zip(cover, combination, strict=True))


@dataclass(frozen=True, eq=False)
class Length:
    """The description length of some labels: of a program, and of the list of its exceptions.

    Attributes:
        program: the bits of the program.
        exceptions: how many labels it gets wrong.
        n: how many labels are known.
    """

    program: float
    exceptions: int
    n: int

    @property
    def exception_bits(self) -> float:
        """The bits of the list of exceptions."""
        return choice_bits(self.n, self.exceptions)

    @property
    def total(self) -> float:
        """The bits of the program and of the list of exceptions."""
        return self.program + self.exception_bits
