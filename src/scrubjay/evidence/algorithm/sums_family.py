"""The family of networks that add up a contribution of each token: counts, majorities, signs of sums.

The causal model has one variable for each position, the contribution c(t) of its token t, and the answer follows from
the sum. The embedding of a position's tokens is split into the direction that follows the contribution,
w = Σ (c(t) - mean) E(t) / Σ (c(t) - mean)², and the rest. The test moves every position along w only, as far as the
contribution of another token says, so that the position holds one token's contribution and another token's rest.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int
from matplotlib.figure import Figure
from torch import Tensor

from scrubjay.core.claim import Claim, measurement, share_claim, untested
from scrubjay.core.stats import Share
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm.family import SECTION, CausalFamily, Setting
from scrubjay.evidence.algorithm.splicing import Splicer
from scrubjay.evidence.drawing import INK, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.run import Run, Settings

_DRAWN = 4_000
"""How many inputs the test is made on; only those whose answer should change are counted."""
_NOTHING = 1e-6
"""If the rest of the embedding holds a smaller share of its variance, the test of the contribution is vacuous."""


@dataclass(frozen=True, eq=False)
class SumResult:
    """How a network adds up contributions.

    Attributes:
        run: the run.
        contributions: the contribution of each token that may stand at the first varying position, shape [t].
        along: the place of each of these tokens' embeddings along the contribution's direction, shape [t].
        share: the share of the embedding's variance along the direction, mean over the positions.
        moved: how often the answer is the one for the new sum, where it should change.
        rest: the same if the rest of the embedding is exchanged instead.
        at_random: the same if every position moves as far, along a random direction among those of the embeddings.
    """

    run: Run
    contributions: Float64[Tensor, "t"]
    along: Float64[Tensor, "t"]
    share: float
    moved: Share | None
    rest: Share | None
    at_random: Share | None

    @property
    def is_vacuous(self) -> bool:
        """Whether the embeddings hold nothing but the contribution, so that a swap of it swaps everything."""
        return 1 - self.share < _NOTHING


def _lacks(setting: Setting) -> str | None:
    if setting.function.family not in ("sum", "count") or setting.law is not None:
        return ""
    if _contributions(setting, setting.table.tokens[0]) is None:
        return "the number that it follows is not a sum of one contribution of each token"
    return None


def _contributions(setting: Setting, tokens: Int[np.ndarray, "t"]) -> Float64[Tensor, "t"] | None:
    """What each token adds to the sum; None if the function is not one of a sum."""
    facts = setting.function.facts
    if "contributions" in facts:
        return torch.tensor([float(facts["contributions"][str(token)]) for token in tokens.tolist()]).double()
    if "token" in facts:
        return torch.from_numpy((tokens == facts["token"]).astype(float))
    return torch.from_numpy(tokens.astype(float)) if facts["statistic"] == "the sum of the tokens" else None


@torch.no_grad()
def _measure(setting: Setting, settings: Settings) -> SumResult:
    run, table, domain = setting.run, setting.table, setting.run.task.domain
    splicer, draw = Splicer.of(run), torch.Generator().manual_seed(settings.seed)
    inputs = torch.randint(domain.size, (_DRAWN,), generator=draw)
    inputs = inputs[torch.from_numpy(table.known)[inputs]]
    choices = torch.from_numpy(table.choices)[inputs]
    others = torch.stack([torch.randint(len(axis), (len(inputs),), generator=draw) for axis in table.tokens], 1)
    along, rest, at_random, shares, first = {}, {}, {}, [], None
    for at, (position, tokens) in enumerate(zip(domain.varying, table.tokens, strict=True)):
        values = _contributions(setting, tokens)
        assert values is not None
        centred = splicer.embedded(position)
        centred = centred - centred.mean(0)
        weight = values - values.mean()
        direction = weight @ centred / weight.square().sum()
        own, new = choices[:, at], others[:, at]
        along[position] = (values[new] - values[own])[:, None] * direction
        rest[position] = centred[new] - centred[own] - along[position]
        basis = torch.linalg.svd(centred, full_matrices=False).Vh[: int(torch.linalg.matrix_rank(centred))]
        chosen = torch.randn(len(basis), generator=draw, dtype=torch.float64) @ basis
        at_random[position] = (values[new] - values[own])[:, None] * (chosen / chosen.norm() * direction.norm())
        shares.append(float((weight.square().sum() * direction.square().sum()) / centred.square().sum()))
        if first is None:
            first = values, centred @ direction / direction.square().sum()
    assert first is not None
    tokens_of = [torch.from_numpy(axis) for axis in table.tokens]
    before, after = (
        setting.classes_of(
            setting.function.evaluate(torch.stack([axis[each[:, i]] for i, axis in enumerate(tokens_of)], 1).numpy())
        )
        for each in (choices, others)
    )
    counted = torch.from_numpy((before != after) & (after >= 0))
    wanted = torch.from_numpy(after)[counted]

    def share(moves: dict[int, Float64[Tensor, "n d"]]) -> Share | None:
        if not len(wanted):
            return None
        said = splicer.classes(inputs[counted], {position: move[counted] for position, move in moves.items()})
        return Share.counted(int((said == wanted).sum()), len(wanted))

    return SumResult(run, *first, sum(shares) / len(shares), share(along), share(rest), share(at_random))


def _claims(result: SumResult) -> list[Claim]:
    words = (
        "If the embedding at every position moves along the direction of its contribution only, to another token's, "
        "the network gives the answer for the new sum, where it should change (control: the rest of the embedding "
        "instead, or random directions)"
    )
    topic = "interchange accuracy of the contributions"
    if result.moved is None or result.rest is None or result.at_random is None:
        return [untested("algorithm.contributions", SECTION, words, control=0.0, topic=topic)]
    control = max((result.rest, result.at_random), key=lambda share: share.high)
    facts = {
        "embedding_along_the_contribution": result.share,
        "rest_instead": result.rest.value,
        "random_directions": result.at_random.value,
        "vacuous": result.is_vacuous,
        "inputs": result.moved.n,
    }
    value, interval, control_interval = result.moved.value, result.moved.interval, control.interval
    if result.is_vacuous:
        words += ". The embeddings hold nothing else, so this test is vacuous and gets no verdict"
        return [
            measurement(
                "algorithm.contributions",
                SECTION,
                words,
                value,
                interval=interval,
                control=control.value,
                control_interval=control_interval,
                facts=facts,
                topic=topic,
            )
        ]
    return [
        share_claim(
            "algorithm.contributions",
            SECTION,
            words,
            value,
            interval=interval,
            chance=0.0,
            control=control.value,
            control_interval=control_interval,
            headline=True,
            facts=facts,
            topic=topic,
        )
    ]


def _words(result: SumResult) -> list[str]:
    if result.moved is None or result.rest is None:
        return []
    said = (
        f"One direction of the embedding holds each token's contribution ({result.share:.1%} of its variance). A move "
        f"along it alone gives the answer for the new sum in {result.moved.value:.1%} of cases"
    )
    if result.is_vacuous:
        return [f"{said}, but the embeddings hold nothing else, so that this test is vacuous."]
    return [f"{said} (the rest of the embedding instead: {result.rest.value:.1%})."]


def _brief(result: SumResult) -> str:
    if result.moved is None or result.rest is None:
        return "contributions, not tested"
    vacuous = ", vacuous" if result.is_vacuous else ""
    moved = result.moved
    return (
        f"contributions along one direction; moved {moved.value:.1%} ({moved.low:.1%} to {moved.high:.1%}), rest "
        f"instead {result.rest.value:.1%}{vacuous}"
    )


def _tables(result: SumResult) -> list[Table]:
    return []


def _figures(result: SumResult) -> list[Picture]:
    return [
        Picture(
            "algorithm.png",
            "The place of each token's embedding along the direction of its contribution",
            "Each point is a token. If the network adds up these contributions, the points lie on the diagonal.",
            lambda: _draw(result),
        )
    ]


def _draw(result: SumResult) -> Figure:
    figure = new_figure(5.5, 4.6)
    axes = figure.add_subplot()
    axes.scatter(result.contributions.numpy(), result.along.numpy(), color=INK)
    axes.set(
        title="contribution of each token",
        xlabel="contribution to the sum",
        ylabel="embedding along its direction (contributions)",
    )
    finish(figure, result.run, classes=False)
    return figure


SUMS = CausalFamily("sums", _lacks, _measure, _claims, _figures, _tables, _words, _brief)
"""The family."""
