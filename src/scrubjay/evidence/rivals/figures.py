"""Draw how often each rival explanation gives the network's answer, and how long it is."""

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay.core.stats import Share
from scrubjay.evidence.drawing import CONTROL, INK, SERIES, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.rivals.measure import RivalsResult
from scrubjay.evidence.rivals.yardstick import Rival

_UNSEEN, _RESID, _MISTAKES, _TOKENS = SERIES[:4]
_READS = {"tokens": _TOKENS, "resid_mid": _RESID}
_LONGEST = 32
"""The largest number of letters in a line that names an explanation."""


def figures(result: RivalsResult) -> list[Picture]:
    """Make the figure of this line."""
    return [
        Picture(
            "rivals.png",
            "For each rival explanation, the share of the network's answers that it predicts on all inputs, on the "
            "half that it never saw, and on the mistakes there; beside it its length in bits",
            "Each explanation is fitted to the network's answers on the training half. An explanation that describes "
            "the mechanism should also predict the mistakes on the other half. Look for orange marks far to the right "
            "of their tick, which shows how many mistakes would be predicted by as many departures from the labels at "
            "random inputs. Numbers beside the bars: the bits of what was fitted and those of a list of the "
            "exceptions, and what the explanation reads. Compare bits only between explanations that read the same "
            "thing, tokens or resid_mid.",
            lambda: _draw(result),
        )
    ]


def _draw(result: RivalsResult) -> Figure:
    """Draw each rival's agreement on all inputs, on the unseen half and on the mistakes there, and its bits."""
    rivals = result.scored
    figure = new_figure(10, 2.2 + 0.5 * len(rivals))
    shares, bits = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _dots(shares, rivals)
    _bits(bits, rivals)
    shares.set_yticks(range(len(rivals)), [fill(rival.what, _LONGEST) for rival in rivals], parse_math=False)
    shares.set(ylim=(len(rivals) - 0.5, -0.5), ylabel="explanation")
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    finish(figure, result.run, classes=False)
    return figure


def _dots(axes: Axes, rivals: tuple[Rival, ...]) -> None:
    for at, rival in enumerate(rivals):
        scores, first = rival.scores, at == 0
        axes.axhline(at, color="#eeeeee", linewidth=0.8, zorder=0)
        axes.plot(
            scores.everywhere,
            at,
            "o",
            markersize=8,
            markerfacecolor="none",
            color=INK,
            label=_once("all inputs", first),
        )
        _interval(axes, scores.unseen, at - 0.14, _UNSEEN, "o", _once("the half that it never saw", first))
        axes.plot(
            rival.control.unseen.mean, at - 0.14, "|", color=_UNSEEN, label=_once("... fitted to shuffled", first)
        )
        if scores.mistakes is not None:
            _interval(axes, scores.mistakes, at + 0.14, _MISTAKES, "D", _once("the network's mistakes there", first))
        if scores.mistakes is not None and scores.departures is not None:
            axes.plot(
                scores.departures, at + 0.14, "|", color=_MISTAKES, label=_once("... if it departed anywhere", first)
            )
    axes.set(xlim=(-0.01, 1.01), xlabel="share of answers predicted, 95% intervals")


def _interval(axes: Axes, share: Share, height: float, colour: str, marker: str, label: str | None) -> None:
    axes.plot((share.low, share.high), (height, height), color=colour, linewidth=2)
    axes.plot(share.value, height, marker, color=colour, markersize=5, label=label)


def _bits(axes: Axes, rivals: tuple[Rival, ...]) -> None:
    seen: set[str] = set()
    for at, rival in enumerate(rivals):
        length = rival.length
        label = _once(f"reads {rival.reads}", rival.reads not in seen)
        seen.add(rival.reads)
        axes.barh(at, length.program, 0.6, color=_READS[rival.reads], label=label)
        left = length.program
        axes.barh(at, length.exception_bits, 0.6, left=left, color=CONTROL, label=_once("exceptions", at == 0))
        words = f"{length.program:,.0f} + {length.exception_bits:,.0f}\n{rival.reads}"
        axes.annotate(words, (length.total, at), (3, 0), textcoords="offset points", va="center")
    axes.set(xlim=(0, 1.75 * max(rival.length.total for rival in rivals)), xlabel="length (bits)")
    axes.locator_params("x", nbins=4)
    axes.tick_params(left=False)


def _once(label: str, first: bool) -> str | None:
    return label if first else None
