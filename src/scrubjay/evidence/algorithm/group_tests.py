"""Interchange tests of an algorithm on a group.

In the *mosaic* no token stands at a position any more: each variable takes its part of the embedding from a token of
its own. With sources g_v for the variables v and the other factor b, the causal model predicts the largest of

    logits(g, b) + sum over v of P_v (logits(g_v, b) - logits(g, b)),

where P_v keeps what a function of the answer has in the variable's representations. So each variable acts on its own
part of the logits, and on no other. The network's answer is then compared with the predicted one.

Source: Geiger et al. (2021), "Causal abstractions of neural networks", for interchange interventions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Inputs
from scrubjay.core.stats import Share
from scrubjay.evidence.algorithm.group_variables import GroupVariables, TokenParts, Variable

DRAWN = 4_000
"""How many inputs each test is made on, half of them for each factor."""


@dataclass(frozen=True)
class Predicted:
    """How often the network gives the predicted answer.

    Attributes:
        right: the share of inputs on which it does.
        correlation: between the predicted and the actual changes of the logits.
    """

    right: Share
    correlation: float


@dataclass(frozen=True)
class Mosaic:
    """Each variable from a token of its own.

    Attributes:
        found: with the variables as they are.
        wrong_sources: with the same runs, but each variable predicted from the source of the next one.
        renamed: with the group's elements renamed at random, so that the parts have the same ranks but no meaning.
        mixed: with what all variables hold together split into random parts of the same ranks; None if there is only
            one variable, because its part is then all there is.
    """

    found: Predicted
    wrong_sources: Predicted
    renamed: Predicted
    mixed: Predicted | None

    @property
    def control(self) -> Share:
        """The best of the controls."""
        tests = (self.wrong_sources, self.renamed, self.mixed)
        return max((test.right for test in tests if test is not None), key=lambda share: share.high)


@dataclass(frozen=True)
class Swap:
    """All variables of one factor from another token, so that the answer should be that token's product.

    Attributes:
        found: the share of inputs on which the answer is the product with the other token.
        others: the same if all representations but the variables' come from the other token.
        at_random: the same with random parts of the same rank as the variables' together.
    """

    found: Share
    others: Share
    at_random: Share


@dataclass(frozen=True)
class SingleSwap:
    """One variable from another token, in ``resid_mid``.

    Attributes:
        variable: its name.
        found: how often the network gives the answer that the causal model predicts.
        at_random: the same if a random part of the same rank, inside what all variables hold, comes from the other
            token; None if this variable is the only one, because its part is then all there is.
        top: the same with the leading principal components of what all variables hold; None likewise.
        wrong: the same prediction while another variable's part is taken; None likewise.
    """

    variable: str
    found: Predicted
    at_random: Predicted | None
    top: Predicted | None
    wrong: Predicted | None


def mosaic(parts: GroupVariables, variables: Sequence[Variable], *, seed: int) -> Mosaic:
    """Take each variable of one factor from a token of its own, and everything else from a further one.

    Args:
        parts: the network, split by representation.
        variables: the variables of the causal model.
        seed: seed for the inputs, the sources and the renaming.
    """
    found, wrong = _mosaic(parts, variables, seed)
    renamed, _ = _mosaic(parts.renamed(seed=seed), variables, seed)
    mixed = None if len(variables) == 1 else _mosaic(parts.mixed(variables, seed=seed), variables, seed)[0]
    return Mosaic(found, wrong, renamed, mixed)


def _mosaic(parts: GroupVariables, variables: Sequence[Variable], seed: int) -> tuple[Predicted, Predicted]:
    draw = torch.Generator().manual_seed(seed)
    actual, wanted, shifted, before = [], [], [], []
    for factor, side in enumerate(parts.tokens):
        own = parts.drawn(DRAWN // 2, draw)
        sources = torch.randint(parts.n, (len(variables) + 1, DRAWN // 2), generator=draw)
        rest = side.centred - side.part([i for variable in variables for i in variable.members])
        move = rest[sources[-1]] - side.centred[own[factor]]
        for variable, source in zip(variables, sources[:-1], strict=True):
            move += side.part(variable.members)[source]
        base, inputs = _logits(parts, own), parts.inputs(*own)
        actual.append(parts.splicer.spliced(inputs, {side.position: move}))
        before.append(base)
        wanted.append(_model(parts, variables, factor, own, base, sources[:-1]))
        wrong = sources[:-1].roll(1, 0) if len(variables) > 1 else sources[-1:]
        shifted.append(_model(parts, variables, factor, own, base, wrong))
    start, run = torch.cat(before), torch.cat(actual)
    return _compared(run, torch.cat(wanted), start), _compared(run, torch.cat(shifted), start)


def swap(parts: GroupVariables, variables: Sequence[Variable], *, seed: int) -> Swap:
    """Take the variables of one factor together from another token, and leave everything else.

    Args:
        parts: the network, split by representation.
        variables: the variables of the causal model.
        seed: seed for the inputs, the other tokens and the random parts.
    """
    members = [i for variable in variables for i in variable.members]
    rank = sum(parts.irreps[i].basis.shape[1] for i in members)
    draw = torch.Generator().manual_seed(seed)
    counts = {"found": 0, "others": 0, "at_random": 0}
    for factor, side in enumerate(parts.tokens):
        own = parts.drawn(DRAWN // 2, draw)
        step = torch.randint(1, parts.n, (DRAWN // 2,), generator=draw)
        other = (own[factor] + step) % parts.n  # never the token itself
        tokens = [other if at == factor else each for at, each in enumerate(own)]
        wanted = torch.from_numpy(parts.law.answers(*(each.numpy() for each in tokens)))
        key = side.part(members)
        basis = torch.linalg.qr(torch.randn(parts.n, rank, generator=draw, dtype=torch.float64)).Q
        for name, part in (
            ("found", key),
            ("others", side.centred - key),
            ("at_random", basis @ (basis.T @ side.centred)),
        ):
            said = parts.splicer.spliced(parts.inputs(*own), {side.position: part[other] - part[own[factor]]})
            counts[name] += int((said.argmax(1) == wanted).sum())
    return Swap(**{name: Share.counted(count, DRAWN // 2 * 2) for name, count in counts.items()})


def single_swaps(parts: GroupVariables, variables: Sequence[Variable], *, seed: int) -> tuple[SingleSwap, ...]:
    """Take one variable after the other from another token, in ``resid_mid``, by its tokens' main effects there.

    Args:
        parts: the network, split by representation.
        variables: the variables of the causal model.
        seed: seed for the inputs, the other tokens and the random parts.
    """
    draw = torch.Generator().manual_seed(seed)
    own, other = parts.drawn(DRAWN // 2, draw), torch.randint(parts.n, (DRAWN // 2,), generator=draw)
    stream, base = parts.splicer.run.full.resid_mid[parts.inputs(*own)].double(), _logits(parts, own)
    effects = TokenParts(parts.tokens[0].position, parts.tokens[0].bases, main_effects(parts)[0])
    members = [i for variable in variables for i in variable.members]
    together = effects.part(members)
    span = torch.linalg.svd(together, full_matrices=False)
    held = int((span.S[0] * 1e-6 < span.S).sum())

    def run(step: Float64[Tensor, "k d"]) -> Float64[Tensor, "k n"]:
        return parts.splicer.after_attention(stream + step)

    def tested(step: Float64[Tensor, "k d"], wanted: Float64[Tensor, "k n"]) -> Predicted:
        return _compared(run(step), wanted, base)

    found = []
    for number, variable in enumerate(variables):
        part = effects.part(variable.members)
        wanted = _model(parts, [variable], 0, own, base, other[None])
        right = tested(part[other] - part[own[0]], wanted)
        if len(variables) == 1:
            found.append(SingleSwap(variable.name, right, None, None, None))
            continue
        rank = min(int(torch.linalg.matrix_rank(part, rtol=1e-6)), held)
        mixed = torch.linalg.qr(torch.randn(held, rank, generator=draw, dtype=torch.float64)).Q
        difference = together[other] - together[own[0]]
        at_random, top = (
            tested(difference @ directions @ directions.T, wanted)
            for directions in (span.Vh[:held].T @ mixed, span.Vh[:rank].T)
        )
        next_one = effects.part(variables[(number + 1) % len(variables)].members)
        wrong = tested(next_one[other] - next_one[own[0]], wanted)
        found.append(SingleSwap(variable.name, right, at_random, top, wrong))
    return tuple(found)


def main_effects(parts: GroupVariables) -> tuple[Float64[Tensor, "n d"], Float64[Tensor, "n d"]]:
    """What the tokens of each factor add to ``resid_mid`` on average over the other factor, with mean 0."""
    streams = parts.splicer.run.full.resid_mid.double().view(parts.n, parts.n, -1)
    first, second = streams.mean(1), streams.mean(0)
    return first - first.mean(0), second - second.mean(0)


def _logits(parts: GroupVariables, tokens: Sequence[Int[Tensor, "k"]]) -> Float64[Tensor, "k n"]:
    inputs: Inputs = parts.inputs(*tokens)
    return parts.splicer.logits(inputs)


def _model(
    parts: GroupVariables,
    variables: Sequence[Variable],
    factor: int,
    own: Sequence[Int[Tensor, "k"]],
    base: Float64[Tensor, "k n"],
    sources: Int[Tensor, "v k"],
) -> Float64[Tensor, "k n"]:
    """The logits that the causal model predicts when each variable of one factor comes from a source of its own."""
    found = base.clone()
    for variable, source in zip(variables, sources, strict=True):
        change = _logits(parts, [source if at == factor else each for at, each in enumerate(own)]) - base
        for number in variable.members:
            found += (change @ parts.answers[number]) @ parts.answers[number].T
    return found


def _compared(
    actual: Float64[Tensor, "k n"], wanted: Float64[Tensor, "k n"], before: Float64[Tensor, "k n"]
) -> Predicted:
    right = Share.counted(int((actual.argmax(1) == wanted.argmax(1)).sum()), len(actual))
    changes = [each - before for each in (actual, wanted)]
    one, other = (change - change.mean(1, keepdim=True) for change in changes)
    norms = float(one.norm() * other.norm())
    return Predicted(right, float((one * other).sum()) / norms if norms > 0 else 0.0)
