"""From regions and a phase to a program: arcs for each region, and the sum of thresholds that makes it shortest."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import numpy as np
from jaxtyping import Bool, Float64, Int

from scrubjay.program.arcs import Arcs, best_arcs
from scrubjay.program.clusters import clustered_bits
from scrubjay.program.curves import Curve
from scrubjay.program.expression import Program
from scrubjay.program.observed import Observed
from scrubjay.program.phases import Phase

MOST_CUTS = 8
"""The largest number of cuts in the set of one region."""
_HEAVIEST = 7
"""The largest weight that is tried in a sum of up to three thresholds."""
_HEAVIEST_OF_MANY = 2
"""The largest weight that is tried in a sum of four thresholds or more."""
_WIDEST = 64
"""Sums of thresholds are only searched around phases with a modulus up to this."""
_FINALISTS = 6
"""How many of the most promising sums become programs whose bits are counted exactly."""
_BATCH = 512
"""How many sums are scored at a time."""


def misses(program: Program, seen: Observed) -> Bool[np.ndarray, "n"]:
    """Where a program is wrong on known labels."""
    wrong: np.ndarray = program.labels(seen.a, seen.b) != seen.y
    return wrong


def cost_of(program: Program, seen: Observed) -> float:
    """What a search makes small: a program's bits, and those of exceptions that are expected to lie together."""
    return program.bits + clustered_bits(seen, misses(program, seen))


def assembled(curves: Sequence[Curve], phase: Phase | None, seen: Observed, *, miss_bits: float) -> Program:
    """The program in which every curve is a gate, and each region has the best set of arcs.

    Args:
        curves: what the plane is cut by.
        phase: what the arcs are arcs of; None for one value only.
        seen: the known labels.
        miss_bits: the price of an exception, which decides how many cuts are worth their bits.
    """
    return _with_weights(curves, (0,) * len(curves), phase, seen, miss_bits)


def rearranged(program: Program, seen: Observed, *, miss_bits: float) -> Program:
    """The program with the same curves, weights and phase, and the best arcs for other labels."""
    return _with_weights(program.curves, program.weights, program.phase, seen, miss_bits)


def merged(program: Program, seen: Observed, *, miss_bits: float) -> Program:
    """The shortest program with the same curves and phase over all sums of thresholds, or the program itself."""
    phase = program.phase
    if phase is not None and not 0 < phase.modulus <= _WIDEST:
        return program
    found = [program]
    for weights in _promising(program, seen, miss_bits):
        found.append(upright(_with_weights(program.curves, weights, phase, seen, miss_bits)))
    return min(found, key=lambda each: cost_of(each, seen))


def upright(program: Program) -> Program:
    """The same program without negative weights: w [c] equals w + |w| [not c] for a negative w."""
    by = -sum(weight for weight in program.weights if weight < 0)
    curves = tuple(
        curve.opposite() if weight < 0 else curve for curve, weight in zip(program.curves, program.weights, strict=True)
    )
    weights = tuple(abs(weight) for weight in program.weights)
    sets = tuple(None if arcs is None else arcs.moved(by) for arcs in program.sets)
    return Program(curves, weights, program.phase, sets, program.span)


def _with_weights(
    curves: Sequence[Curve], weights: tuple[int, ...], phase: Phase | None, seen: Observed, miss_bits: float
) -> Program:
    span = (1 if phase is None else phase.span(seen.a, seen.b)) + sum(map(abs, weights))
    gates = len(weights) - sum(map(bool, weights))
    blank = Program(tuple(curves), weights, phase, (None,) * 2**gates, span)
    k, gate = blank.sums(seen.a, seen.b), np.zeros(seen.n, dtype=np.int64)
    for curve in blank.gates:
        gate = 2 * gate + curve.truth(seen.a, seen.b)
    cut_bits = float(np.log2(max(2, span))) + 1
    sets: list[Arcs | None] = []
    for at in range(2**gates):
        here = gate == at
        if not here.any():
            sets.append(None)
            continue
        values, place = np.unique(k[here], return_inverse=True)
        ones = np.bincount(place.reshape(-1)[seen.y[here]], minlength=len(values))
        zeros = np.bincount(place.reshape(-1), minlength=len(values)) - ones
        sets.append(best_arcs(values, zeros, ones, cut_bits=cut_bits, miss_bits=miss_bits, most=MOST_CUTS))
    return Program(tuple(curves), weights, phase, tuple(sets), span)


def _promising(program: Program, seen: Observed, miss_bits: float) -> Iterator[tuple[int, ...]]:
    """Weights whose sums still tell the labels apart, those that leave the fewest arcs first."""
    k = program.phase.values(seen.a, seen.b) if program.phase is not None else np.zeros(seen.n, dtype=np.int64)
    span, n_curves = int(k.max()) + 1, len(program.curves)
    place = program.regions(seen.a, seen.b) * span + k
    met, at = np.unique(place, return_inverse=True)
    ones = np.bincount(at.reshape(-1)[seen.y], minlength=len(met))
    zeros = np.bincount(at.reshape(-1), minlength=len(met)) - ones
    truth = (met // span)[:, None] >> np.arange(n_curves)[::-1] & 1
    scored: list[tuple[float, tuple[int, ...]]] = []
    for size in range(1, n_curves + 1):
        heaviest = _HEAVIEST if size < 4 else _HEAVIEST_OF_MANY
        chosen = np.array(list(product([w for w in range(-heaviest, heaviest + 1) if w], repeat=size)))
        for summed in combinations(range(n_curves), size):
            gate = np.zeros(len(met), dtype=np.int64)
            for curve in set(range(n_curves)) - set(summed):
                gate = 2 * gate + truth[:, curve]
            weights = np.zeros((len(chosen), n_curves), dtype=np.int64)
            weights[:, summed] = chosen
            for batch in np.array_split(weights, -(-len(weights) // _BATCH)):
                scores = _scores(gate, met % span + batch @ truth.T, ones, zeros, miss_bits)
                scores += np.abs(batch).sum(axis=1) / 10  # of two that tie, the lighter
                scored += [(float(scores[at]), tuple(batch[at].tolist())) for at in scores.argsort()[:_FINALISTS]]
    yield from (each for _, each in sorted(scored)[:_FINALISTS])


def _scores(
    gate: Int[np.ndarray, "x"],
    sums: Int[np.ndarray, "choices x"],
    ones: Int[np.ndarray, "x"],
    zeros: Int[np.ndarray, "x"],
    miss_bits: float,
) -> Float64[np.ndarray, "choices"]:
    """Roughly the bits of misses, cuts and gates, for many sums, where the label follows from gate and sum alone."""
    low, width = int(sums.min()), int(sums.max() - sums.min()) + 1
    size = (int(gate.max()) + 1) * width
    place = (np.arange(len(sums)) * size)[:, None] + gate * width + (sums - low)
    shape = (len(sums), size)
    right, wrong = (
        np.bincount(place.reshape(-1), np.tile(counts, len(sums)), len(sums) * size).reshape(shape)
        for counts in (ones, zeros)
    )
    row, at = np.nonzero(right + wrong)
    value = right[row, at] > wrong[row, at]
    changes = (value[1:] != value[:-1]) & (row[1:] == row[:-1]) & (at[1:] // width == at[:-1] // width)
    spans = sums.max(axis=1) - sums.min(axis=1) + 1
    cuts = np.bincount(row[1:][changes], minlength=len(sums)) * (np.log2(spans + 1) + 1)
    bits: np.ndarray = np.minimum(right, wrong).sum(axis=1) * miss_bits + cuts + 2 * len(np.unique(gate))
    return bits
