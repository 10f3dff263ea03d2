"""The explorer as a notebook widget, for Jupyter, Colab, VS Code and marimo (extra ``notebook``: anywidget)."""

from functools import cache
from typing import TYPE_CHECKING

from scrubjay.core.errors import UsageError
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.report.bundle import style, widget_script
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.tasks.task import Task

if TYPE_CHECKING:
    import anywidget


def explore(
    network: OneLayerTransformer, task: Task, *, title: str = "network", seed: int = 0
) -> "anywidget.AnyWidget":
    """Show a network over its whole domain, to be played with.

    Two filters are fitted in its causal subspace, without a study's controls: what the widget shows is a picture, not
    evidence. Its trait ``pinned`` is the index of the pinned input (or None), and follows both ways.

    Example:
        >>> import scrubjay
        >>> scrubjay.explore(scrubjay.load_network("bundled").network, "challenge2")  # doctest: +SKIP

    Args:
        network: such as ``load_network(...).network``.
        task: its domain and classes.
        title: what to call the network.
        seed: of the fit.

    Raises:
        UsageError: anywidget is not installed.
        BadInput: the task's inputs don't fit the network, or are too many to draw.
    """
    return _widget()(portrait=portrait_json(Portrait.of(network, task, title=title, seed=seed)))


@cache
def _widget() -> "type[anywidget.AnyWidget]":
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise UsageError(
            f"explore needs anywidget ({error}); it comes with the extra: pip install 'scrubjay[notebook]'"
        ) from error

    class Explorer(anywidget.AnyWidget):
        _esm = widget_script()
        _css = style("explorer")
        portrait = traitlets.Unicode().tag(sync=True)
        pinned = traitlets.Int(None, allow_none=True).tag(sync=True)

    return Explorer
