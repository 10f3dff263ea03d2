"""The explorer as a notebook widget, for Jupyter, Colab, VS Code and marimo (extra ``notebook``: anywidget)."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from scrubjay.core.errors import BadInput, UsageError
from scrubjay.nets.files.given import Given, as_saved
from scrubjay.report.bundle import style, widget_script
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task

if TYPE_CHECKING:
    import anywidget


def explore(
    network: Given,
    task: Task | str | Path | None = None,
    *,
    title: str | None = None,
    seed: int = 0,
) -> "anywidget.AnyWidget":
    """Show a network in a notebook, where its attention can be scaled, its neurons dropped and its stream shifted.

    That needs a network with one layer and without normalisation; of all others the widget shows what was recorded on
    every input. Two filters are fitted in the causal subspace, without the controls of a study, so what the widget
    shows is a picture and not evidence. Its trait ``pinned`` is the index of the input that is pinned, or None. It
    changes when an input is pinned in the picture, and the picture follows when the trait is set.

    Example:
        >>> import scrubjay
        >>> widget = scrubjay.explore("bundled")  # doctest: +SKIP
        >>> widget.pinned = 45  # doctest: +SKIP

    Args:
        network: a network, what ``load_network`` returns, or a place that it reads.
        task: the task, or the words that name it; by default the task that the network's file names.
        title: what to call the network; by default its own name.
        seed: seed for the fit.

    Raises:
        UsageError: anywidget is not installed.
        BadInput: the task does not fit the network, has too many inputs to draw, or is not given.
    """
    saved = as_saved(network)
    chosen = saved.task if task is None else task
    if chosen is None:
        raise BadInput(f"network {saved.name} names no task, so one must be given")
    widget = _widget()
    portrait = Portrait.of(saved.network, as_task(chosen), title=title or saved.name, seed=seed)
    return widget(portrait=portrait_json(portrait))


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
