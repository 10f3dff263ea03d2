"""For each claim with a verdict: in which planted networks it is true, and in which it is false.

The table was written before the first run, but for two things. At first the parity of a sum counted as an answer
without a gate. A sum modulo an odd number is even on one half of a circle, so this is a half-space of one frequency.
Random residues took its place, and nothing is said of gates in the parities. And the claims ``inner.scrub`` and
``inner.interchange.heads`` counted as false in all untrained networks. Some of these are linear on their domain: their
answers are those of an inner network without a hinge, to which the claims apply as they do to a planted half-space.
Such networks do not count for these two claims.

A family that is named in neither column says nothing about a claim, either because its truth follows from nothing that
was planted, or because the claim is an exact count that cannot be false when it is made. Claims that differ only by the
row of an ablation are represented by the mildest and the strictest one, since a verdict is never better than that of a
milder row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

GATES = ("AND", "OR", "XOR")
ATTENDING = ("AND, attention by token", "OR, attention by token")
HALF = ("one half-space",)
INNER = ("inner network",)
SUMS = ("sum of contributions",)
FREQUENCIES = ("cyclic group by frequencies",)
GROUPS = ("D5 by two representations", "S3 by one representation", "D7 by one representation")
MAXIMUM = ("largest of three",)
LOOKED_UP = ("addition looked up", "largest looked up", "sum of contributions looked up")
RESIDUES = ("random residues of a sum by frequencies",)
PARITY = ("parity of a sum by frequencies",)
RANDOM = ("random labels looked up", "random labels memorised in training")
UNTRAINED = ("untrained",)
UNTRAINED_MANY = ("untrained, eleven classes",)
SHUFFLED = ("AND, labels shuffled",)
TRAINED = ("trained on AND", "trained on one half-space", "trained on an inner network", "trained on addition")
PLANTED = (*INNER, *GATES, *HALF, *ATTENDING, *SUMS, *FREQUENCIES, *GROUPS, *MAXIMUM)

Pick = Callable[[Mapping[str, str]], str | None]
"""Finds the verdict of a row in the claims of one network; None if the claim was not made or could not be tested."""


@dataclass(frozen=True)
class Row:
    """A claim, or claims that differ only in a filter or an ablation.

    Attributes:
        name: the claim's id as the table shows it.
        verdict: how to find its verdict.
        true: the families in which it is true.
        other: the families in which something else was planted and it is false.
        shuffled: the families of shuffled or random labels in which it is false.
        untrained: the untrained networks in which it is false.
        counts: whether a network in which it is false counts, by the network's verdicts.
    """

    name: str
    verdict: Pick
    true: Sequence[str] = ()
    other: Sequence[str] = ()
    shuffled: Sequence[str] = ()
    untrained: Sequence[str] = ()
    counts: Callable[[Mapping[str, str]], bool] = lambda claims: True


def _only(claim_id: str) -> Pick:
    return lambda claims: claims.get(claim_id)


def _last(start: str, avoid: str = "refined") -> Pick:
    """The verdict of the last claim whose id starts so: of an ablation, the strictest row."""

    def pick(claims: Mapping[str, str]) -> str | None:
        found = [each for each in claims if each.startswith(start) and avoid not in each]
        return claims[found[-1]] if found else None

    return pick


def _row(
    name: str,
    true: Sequence[str] = (),
    other: Sequence[str] = (),
    shuffled: Sequence[str] = (),
    untrained: Sequence[str] = (),
    pick: Pick | None = None,
    counts: Callable[[Mapping[str, str]], bool] = lambda claims: True,
) -> Row:
    return Row(name, pick or _only(name), true, other, shuffled, untrained, counts)


def _is_bent(claims: Mapping[str, str]) -> bool:
    """Whether the inner network has hinges, so that their interchange was tested."""
    return "inner.interchange.hinges" in claims


_NAMED = (*SUMS, *FREQUENCIES, *GROUPS, *MAXIMUM, *LOOKED_UP)
_NO_FUNCTION = (*INNER, *GATES, *HALF, *ATTENDING)
_GROUPED = (*FREQUENCIES, *GROUPS)
_FLAT = (*GATES, *HALF)
"""Gates with uniform attention."""
_ALL_GATES = (*GATES, *HALF, *ATTENDING)


def _gate(name: str, true: Sequence[str], pick: Pick | None = None) -> Row:
    """A claim about filters, which is false where the answers follow from no gate."""
    return _row(name, true, RESIDUES, RANDOM, UNTRAINED, pick)


ROWS: tuple[Row, ...] = (
    _row("accuracy.all", (*PLANTED, *LOOKED_UP, *PARITY, *RESIDUES), (), SHUFFLED, ()),
    _row("algorithm.function", _NAMED, _NO_FUNCTION, RANDOM, (*UNTRAINED, *UNTRAINED_MANY)),
    _row("algorithm.keys", _GROUPED, LOOKED_UP[:1]),
    _row("algorithm.swap", _GROUPED, LOOKED_UP[:1]),
    _row("algorithm.mosaic", _GROUPED, LOOKED_UP[:1]),
    _row("algorithm.single", (*FREQUENCIES, GROUPS[0]), LOOKED_UP[:1]),
    _row("algorithm.neurons", FREQUENCIES, LOOKED_UP[:1]),
    _row("algorithm.gate", _FLAT, RESIDUES, RANDOM, UNTRAINED),
    _row("algorithm.hidden", MAXIMUM, LOOKED_UP[1:2]),
    _row("algorithm.only_extreme", MAXIMUM, LOOKED_UP[1:2]),
    _row("algorithm.extreme_hidden", MAXIMUM, LOOKED_UP[1:2]),
    _row("algorithm.contributions", SUMS, LOOKED_UP[2:]),
    _row("inner.size", (*INNER, *GATES, *ATTENDING), (), RANDOM[1:], UNTRAINED),
    _row("inner.agreement", (*INNER, *_ALL_GATES, *SUMS, *MAXIMUM)),
    _row("inner.interchange.hinges", (*INNER, *GATES, *ATTENDING), (), RANDOM[1:], UNTRAINED),
    _row("inner.interchange.heads", (*INNER, *ATTENDING), (), (), UNTRAINED, counts=_is_bent),
    _row("inner.scrub", (*INNER, *_ALL_GATES), (), RANDOM[1:], UNTRAINED, counts=_is_bent),
    _row("inner.additive", ATTENDING),
    _row("inner.numbers", _ALL_GATES),
    _row("frozen.agreement", (*_FLAT, *SUMS, *_GROUPED), (*MAXIMUM, *ATTENDING)),
    _row("attention.first_order"),
    _row("variance.components", (*INNER, *_ALL_GATES), (), (), UNTRAINED),
    _row("subspace.causal", (*INNER, *_ALL_GATES, *FREQUENCIES), (), RANDOM, UNTRAINED),
    _gate("gate.full", _ALL_GATES),
    _gate("gate.full.2pc", ()),
    _gate("gate.frozen", _FLAT),
    _gate("mask.frozen", _FLAT),
    _gate("mask.full", _FLAT),
    _row("line.alpha", _FLAT),
    _gate("scrub.inputs (all filters)", _FLAT, pick=_last("scrub.inputs.")),
    _row("threshold.nearness"),
    _row("embedding.error", (*PLANTED, *LOOKED_UP, *PARITY, *RESIDUES)),
    _row("mlp.separability", (*GATES, RANDOM[0]), HALF, (), UNTRAINED),
    _gate("mlp.gate", GATES),
    _gate("steering.random", _ALL_GATES),
    _gate("steering.boundary", _ALL_GATES),
    _row("scrub.full.1*", _ALL_GATES),
    _gate("scrub.full.1", _ALL_GATES),
    _gate("scrub.full (all rows together)", _ALL_GATES, pick=_last("scrub.full.")),
    _gate("scrub.full.refined", _ALL_GATES, pick=_last("scrub.full.refined", "!")),
    _gate("scrub.frozen.1", _FLAT),
    _gate("scrub.frozen (all rows together)", _FLAT, pick=_last("scrub.frozen.")),
    _row("rows.embedding"),
    _row("swap.within"),
    _row("swap.across", _FLAT),
)
"""Every claim with a verdict that a study of these networks makes, except those about errors."""
