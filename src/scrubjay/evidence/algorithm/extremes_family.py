"""The family of networks that answer with the largest or the smallest of several tokens."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from matplotlib.figure import Figure
from torch import Tensor

from scrubjay.core.claim import Claim, measurement, share_claim
from scrubjay.core.stats import Share, majority_share
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm.extreme_tests import (
    Exchanged,
    Extreme,
    Hidden,
    attention_by_rank,
    copying_share,
    exchanged,
    hidden_tests,
)
from scrubjay.evidence.algorithm.family import SECTION, CausalFamily, Setting
from scrubjay.evidence.drawing import CONTROL, INK, SERIES, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.run import Settings

_CLEAR = 2.0
"""How many times as often the answer must follow the keys as the values, or the reverse, to be said to be carried by
them."""


@dataclass(frozen=True, eq=False)
class ExtremeResult:
    """How a network finds an extreme.

    Attributes:
        extreme: the network.
        any_hidden: random positions are hidden.
        only_extreme: all positions but those of the extreme are hidden.
        extreme_hidden: the positions of the extreme are hidden.
        exchanged: the exchange of one token in keys or values; None if no exchange changes an answer.
        attention: the mean attention to a token by its rank, for each head, shape [h, t].
        copies: the share of tokens whose copied value raises their own answer's logit most.
    """

    extreme: Extreme
    any_hidden: Hidden
    only_extreme: Hidden
    extreme_hidden: Hidden
    exchanged: Exchanged | None
    attention: Float64[Tensor, "h t"]
    copies: float

    @property
    def noun(self) -> str:
        """The extreme in words."""
        return "largest" if self.extreme.largest else "smallest"


def _lacks(setting: Setting) -> str | None:
    run, facts = setting.run, setting.function.facts
    task, varying = run.task, run.task.domain.varying
    if setting.function.family != "order statistic" or facts.get("rank") not in (1, len(varying)):
        return ""
    if len(facts["positions"]) != len(varying):
        return "only some of its positions are compared"
    if not run.can.one_layer or run.network.frozen_pattern is not None:
        return "the tests of extremes need one layer with attention of its own"
    if not task.domain.is_product or len({task.domain.positions[at] for at in varying}) != 1:
        return "the tests of extremes need every combination of the same tokens at all positions"
    return setting.lacks_single_tokens


@torch.no_grad()
def _measure(setting: Setting, settings: Settings) -> ExtremeResult:
    run, domain = setting.run, setting.run.task.domain
    table = setting.table
    tokens = domain.positions[domain.varying[0]]
    order = table.tokens[0].argsort()
    ranks = torch.full((run.network.config.d_vocab,), -1)
    ranks[torch.tensor(tokens)[torch.from_numpy(order)]] = torch.arange(len(tokens))
    same = table.tokens[0][order][:, None].repeat(len(domain.varying), axis=1)
    answers = torch.from_numpy(setting.classes_of(setting.function.evaluate(same)))
    extreme = Extreme(run, domain.varying, setting.function.facts["rank"] == 1, ranks, answers)
    any_hidden, only_extreme, extreme_hidden = hidden_tests(extreme, seed=settings.seed)
    return ExtremeResult(
        extreme,
        any_hidden,
        only_extreme,
        extreme_hidden,
        exchanged(extreme, seed=settings.seed),
        attention_by_rank(extreme),
        copying_share(extreme, [tokens[at] for at in order]),
    )


def _claims(result: ExtremeResult) -> list[Claim]:
    noun, chance = result.noun, majority_share(result.extreme.run.full.classes)

    def hiding(name: str, words: str, hidden: Hidden, *, headline: bool = False) -> Claim:
        return share_claim(
            f"algorithm.{name}",
            SECTION,
            f"{words} (control: predicted with other positions hidden)",
            hidden.found.value,
            interval=hidden.found.interval,
            chance=chance,
            control=hidden.wrong.value,
            control_interval=hidden.wrong.interval,
            headline=headline,
            topic=f"answers as predicted, {name.replace('_', ' ')}",
            facts={"inputs": hidden.found.n},
        )

    found = [
        hiding(
            "hidden",
            f"If random positions are hidden from attention, the answer is the {noun} of the tokens that are left",
            result.any_hidden,
            headline=True,
        ),
        hiding(
            "only_extreme",
            f"If all positions but those of the {noun} token are hidden, the answer stays",
            result.only_extreme,
        ),
        hiding(
            "extreme_hidden",
            f"If the positions of the {noun} token are hidden, the answer is the next one",
            result.extreme_hidden,
        ),
    ]
    if result.exchanged is not None:
        keys, values = result.exchanged.keys, result.exchanged.values
        for name, own, other in (("keys", keys, values), ("values", values, keys)):
            found.append(
                measurement(
                    f"algorithm.{name}_alone",
                    SECTION,
                    f"If one token is exchanged in attention's {name} only, the answer is the one for the new token "
                    f"(beside it: in {'values' if name == 'keys' else 'keys'} only)",
                    own.value,
                    interval=own.interval,
                    control=other.value,
                    control_interval=other.interval,
                    topic=f"answers that follow the {name}",
                    facts={"inputs": own.n, "values_that_copy": result.copies},
                )
            )
    return found


def _words(result: ExtremeResult) -> list[str]:
    said = [
        f"If random positions are hidden from its attention, the answer is the {result.noun} of the rest in "
        f"{result.any_hidden.found.value:.1%} of cases (control: {result.any_hidden.wrong.value:.1%})."
    ]
    if result.exchanged is not None:
        keys, values = result.exchanged.keys, result.exchanged.values
        said.append(
            f"{_carried(keys, values)}: a token exchanged in the keys alone moves the answer as it should in "
            f"{keys.value:.1%} of cases, in the values alone in {values.value:.1%}."
        )
    return said


def _brief(result: ExtremeResult) -> str:
    hidden = result.any_hidden
    return (
        f"the {result.noun} that attention sees; positions hidden {hidden.found.value:.1%} "
        f"({hidden.found.low:.1%} to {hidden.found.high:.1%}), control {hidden.wrong.value:.1%}"
    )


def _carried(keys: Share, values: Share) -> str:
    if keys.value >= _CLEAR * values.value:
        return "Which positions are attended to says more than what is copied from them"
    if values.value >= _CLEAR * keys.value:
        return "What is copied says more than which positions are attended to"
    return "Both the attention and what is copied carry the answer"


def _tables(result: ExtremeResult) -> list[Table]:
    heads, tokens = result.attention.shape
    return [
        Table(
            "Mean attention to a token by its rank",
            ("head", *(str(rank) for rank in range(tokens))),
            [(str(head), *(f"{share:.3f}" for share in result.attention[head].tolist())) for head in range(heads)],
            "Rank 0 is the smallest token. The attention is from the position that is read to one position that holds "
            "this token.",
        )
    ]


def _figures(result: ExtremeResult) -> list[Picture]:
    return [
        Picture(
            "algorithm.png",
            "Mean attention of each head to a token by its rank, and the interchange tests",
            f"A head that finds the {result.noun} token pays most attention to it. The bars are shares of answers as "
            "predicted; grey bars are controls.",
            lambda: _draw(result),
        )
    ]


def _draw(result: ExtremeResult) -> Figure:
    figure = new_figure(10, 4.4)
    axes = figure.add_subplot(1, 2, 1)
    for head, row in enumerate(result.attention.tolist()):
        axes.plot(row, marker="o", color=SERIES[head % len(SERIES)], label=f"head {head}")
    axes.set(title="attention to one position", xlabel="rank of its token", ylabel="share of attention, mean")
    axes.legend(frameon=False)
    axes = figure.add_subplot(1, 2, 2)
    bars = [
        (words, hidden.found.value, hidden.wrong.value)
        for words, hidden in (
            ("random positions hidden", result.any_hidden),
            (f"only the {result.noun} visible", result.only_extreme),
            (f"the {result.noun} hidden", result.extreme_hidden),
        )
    ]
    if result.exchanged is not None:
        bars += [("keys alone", result.exchanged.keys.value, 0.0), ("values alone", result.exchanged.values.value, 0.0)]
    for at, (_, found, control) in enumerate(bars):
        axes.barh(-at, 100 * found, height=0.45, color=INK)
        axes.barh(-at - 0.4, 100 * control, height=0.3, color=CONTROL)
    axes.set_yticks([-at for at in range(len(bars))], [words for words, _, _ in bars])
    axes.set(title="answers as predicted", xlabel="% of inputs", ylabel="test", xlim=(0, 102))
    finish(figure, result.extreme.run, classes=False)
    return figure


EXTREMES = CausalFamily("extremes", _lacks, _measure, _claims, _figures, _tables, _words, _brief)
"""The family."""
