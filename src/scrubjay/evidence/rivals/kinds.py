"""The kinds of rival explanations.

Lengths are counted in bits: a real number that is fitted to n answers costs ``log2(n) / 2`` bits, and a choice among c
things costs ``log2(c)`` bits. The components of ``resid_mid`` are found without any answer and cost nothing.
"""

from collections.abc import Sequence
from math import log2

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from scrubjay.evidence.rivals.yardstick import Explanation, Kind, Seen
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.kmeans import kmeans, nearest
from scrubjay.fit.neighbours import chosen_k, votes
from scrubjay.fit.row_patterns import fit_rows
from scrubjay.fit.separable import fit_separable
from scrubjay.fit.tree import grow
from scrubjay.program.code import choice_bits
from scrubjay.program.expression import Length, Program

_NEIGHBOURS = (1, 3, 5)
"""The numbers of neighbours among which one is chosen by the known answers."""
_GROUPS = (2, 4, 8, 16, 32, 64, 128)
"""The numbers of k-means groups among which one is chosen by the total length in bits."""
_RANKS = (1, 2, 3)
"""The numbers of products that are tried in a separable score."""
_PENALTY = 0.1
"""The penalty for a squared entry of a separable score, in nats."""
_FILTERS = {
    1: ("one filter", (Gate.conjunction(1),)),
    2: ("two filters and a gate", (Gate.conjunction(2), Gate.disjunction(2), Gate.parity(2))),
    3: ("three filters and a gate", (Gate.conjunction(3), Gate.disjunction(3))),
}
_AND = (Gate.conjunction(2),)


def kinds(
    seen: Seen,
    program: Program | None = None,
    length: Length | None = None,
    inner: Explanation | None = None,
) -> tuple[Kind, ...]:
    """List all kinds of rivals that apply to a task of two classes.

    Args:
        seen: what rivals may read.
        program: the program behind the task's labels, if one was found.
        length: the program's length. The decision tree may have as many bits; without a program, it may have as many
            bits as two filters and AND.
        inner: what the network inside the network predicts, if there is one.
    """
    two_positions, r = len(seen.task.domain.shape) == 2, seen.r
    causal = f"in {r} component{'s' * (r > 1)}"
    found = [] if inner is None else [_inner(inner)]
    found.append(_filters("and", f"two filters and AND {causal}", seen, r, 2, _AND))
    if r != 2 <= len(seen.pca.mean):
        found.append(_filters("and.2pc", "two filters and AND in 2 components", seen, 2, 2, _AND))
    found += [_filters(f"filters{k}", f"{what} {causal}", seen, r, k, gates) for k, (what, gates) in _FILTERS.items()]
    found += [_neighbours(seen), _separable(seen, 0)]
    if two_positions:
        found += [*(_separable(seen, rank) for rank in _RANKS), _rows(seen)]
    if program is not None and length is not None:
        found.append(_program(seen, program, length.program))
    budget = _filter_bits(seen, r, 2, _AND) if length is None else length.program
    return (*found, _tree(seen, budget), _kmeans(seen))


def _real_bits(seen: Seen) -> float:
    return 0.5 * log2(max(2, seen.n))


def _filter_bits(seen: Seen, r: int, k: int, gates: Sequence[Gate]) -> float:
    """The bits of filters: a unit vector of r dimensions and a threshold are r real numbers; the gate is a choice."""
    return k * r * _real_bits(seen) + log2(len(gates))


def _filters(name: str, what: str, seen: Seen, r: int, k: int, gates: Sequence[Gate]) -> Kind:
    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        found = fit_filters(seen.resid_mid[seen.train], seen.pca, answers, r=r, k=k, gates=gates, seed=seen.seed)
        return Explanation(found.predict(seen.resid_mid), _filter_bits(seen, r, k, gates))

    return Kind(name, what, "resid_mid", fit)


def _neighbours(seen: Seen) -> Kind:
    """The vote of neighbours. It needs all training answers, so that it costs as many bits as a list of these."""

    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        known, ones = _on_grid(seen, answers)
        k = chosen_k(known, ones, _NEIGHBOURS)
        said = torch.from_numpy(votes(known, ones, (k,))[k]).reshape(-1)
        return Explanation(said, choice_bits(len(answers), int(answers.sum())) + log2(len(_NEIGHBOURS)))

    return Kind("neighbours", "the vote of the nearest known inputs", "tokens", fit)


def _separable(seen: Seen, rank: int) -> Kind:
    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        found = fit_separable(
            seen.choices[seen.train],
            answers,
            seen.task.domain.shape,
            products=rank,
            penalty=_PENALTY,
            seed=seen.seed,
        )
        return Explanation(found.scores(seen.choices) > 0, found.free * _real_bits(seen))

    two_positions = len(seen.task.domain.shape) == 2
    what = "a score f(a) + g(b)" if two_positions else "a score that adds up over the tokens"
    if rank:
        what += f" + {rank} product{'s' * (rank > 1)} u(a)·v(b)"
    return Kind(f"rank{rank}" if rank else "additive", what, "tokens", fit)


def _rows(seen: Seen) -> Kind:
    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        known, ones = _on_grid(seen, answers)
        found = fit_rows(known, ones)
        return Explanation(torch.from_numpy(found.image()).reshape(-1), found.bits)

    return Kind("rows", "a pattern with thresholds for each row", "tokens", fit)


def _program(seen: Seen, program: Program, bits: float) -> Kind:
    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        tokens = seen.task.domain.varying_tokens().numpy()
        return Explanation(torch.from_numpy(program.labels(tokens[:, 0], tokens[:, 1])), bits)

    return Kind("program", "the program of the labels", "tokens", fit, is_fitted=False, origin="found from the labels")


def _inner(inner: Explanation) -> Kind:
    """The network inside the network, with its numbers rounded to few bits."""
    what = "the network inside the network, with rounded numbers"
    return Kind("inner", what, "tokens", lambda answers: inner, is_fitted=False, origin="read off the weights")


def _tree(seen: Seen, budget: float) -> Kind:
    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        found = grow(seen.choices[seen.train].numpy(), answers.numpy(), seen.task.domain.shape, budget)
        return Explanation(torch.from_numpy(found.predict(seen.choices.numpy())), found.bits)

    return Kind("tree", f"a decision tree of at most {budget:.0f} bits", "tokens", fit)


def _kmeans(seen: Seen) -> Kind:
    """K-means groups. They are found without answers; then each takes the majority answer of its training inputs."""
    points = seen.pca.scores(seen.resid_mid, seen.r)
    among = points[seen.train]
    wanted = [k for k in _GROUPS if k <= len(among)] or [1]
    grouped = [kmeans(among, k, seed=seen.seed)[0] for k in wanted]
    members = [nearest(points, centres) for centres in grouped]

    def fit(answers: Bool[Tensor, "t"]) -> Explanation:
        best: tuple[float, Explanation] | None = None
        for centres, member in zip(grouped, members, strict=True):
            k = len(centres)
            counts = torch.bincount(2 * member[seen.train] + answers.long(), minlength=2 * k).view(-1, 2)
            predicted = (counts[:, 1] > counts[:, 0])[member]
            bits = centres.numel() * _real_bits(seen) + k + log2(len(wanted))
            total = bits + choice_bits(len(answers), int((predicted[seen.train] != answers).sum()))
            if best is None or total < best[0]:
                best = total, Explanation(predicted, bits)
        assert best is not None
        return best[1]

    what = f"a class for each k-means group of resid_mid in {seen.r} component{'s' * (seen.r > 1)}"
    return Kind("kmeans", what, "resid_mid", fit)


def _on_grid(
    seen: Seen, answers: Bool[Tensor, "t"]
) -> tuple[Bool[np.ndarray, "*positions"], Bool[np.ndarray, "*positions"]]:
    """The training half and its answers of class 1, as two masks of the shape of the domain."""
    ones = torch.zeros(len(seen.train), dtype=torch.bool)
    ones[seen.train] = answers
    return seen.task.domain.image(seen.train).numpy(), seen.task.domain.image(ones).numpy()
