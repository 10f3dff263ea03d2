"""Draw how often each rival explanation gives the network's answer, and how long it is."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scrubjay.core.stats import Share
from scrubjay.evidence.drawing import INK, finish, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.evidence.rivals.measure import RivalsResult
from scrubjay.evidence.rivals.yardstick import Rival

_UNSEEN = "#009E73"
_MISTAKES = "#D55E00"
_READS = {"tokens": "#56B4E9", "resid_mid": "#CC79A7"}
_EXCEPTIONS = "#cccccc"


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
            "random inputs. Bits: those of what was fitted, and those of a list of the exceptions. Compare bits only "
            "between explanations that read the same thing, tokens or resid_mid.",
            lambda: _draw(result),
        )
    ]


def _draw(result: RivalsResult) -> Figure:
    """Draw each rival's agreement on all inputs, on the unseen half and on the mistakes there, and its bits."""
    rivals = result.scored
    figure = new_figure(16, 1.9 + 0.42 * len(rivals))
    shares, bits = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _dots(shares, rivals)
    _bits(bits, rivals)
    shares.set_yticks(range(len(rivals)), [rival.what for rival in rivals])
    shares.set_ylim(len(rivals) - 0.5, -0.5)
    finish(figure, result.run, "; rival explanations, fitted to the training half", classes=False)
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
    axes.set(xlim=(-0.01, 1.01), xlabel="share of the network's answers that are predicted, with 95% intervals")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.38, -0.09), ncols=3, fontsize=9)


def _interval(axes: Axes, share: Share, height: float, colour: str, marker: str, label: str | None) -> None:
    axes.plot((share.low, share.high), (height, height), color=colour, linewidth=2)
    axes.plot(share.value, height, marker, color=colour, markersize=5, label=label)


def _bits(axes: Axes, rivals: tuple[Rival, ...]) -> None:
    for at, rival in enumerate(rivals):
        length = rival.length
        axes.barh(at, length.program, 0.6, color=_READS[rival.reads])
        axes.barh(at, length.exception_bits, 0.6, left=length.program, color=_EXCEPTIONS)
        words = f" {length.program:,.0f} + {length.exception_bits:,.0f} bits, reads {rival.reads}"
        axes.annotate(words, (length.total, at), va="center", fontsize=8)
    axes.set(xlim=(0, 1.8 * max(rival.length.total for rival in rivals)), xlabel="bits, and those of its exceptions")
    axes.tick_params(left=False)
    handles = [Patch(color=colour, label=f"reads {reads}") for reads, colour in _READS.items()]
    axes.legend(
        handles=[*handles, Patch(color=_EXCEPTIONS, label="exceptions")],
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        ncols=3,
        fontsize=9,
    )


def _once(label: str, first: bool) -> str | None:
    return label if first else None
