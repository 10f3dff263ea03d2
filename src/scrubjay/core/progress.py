"""How long-running functions report their progress."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the present stage, in words, and the share of the work that is done, between 0 and 1."""


def silent(stage: str, share: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, begin: float, end: float, stage: str | None = None) -> Progress:
    """The progress of one part of a longer piece of work.

    Example:
        >>> second_half = part_of(lambda stage, share: print(stage, share), 0.5, 1.0)
        >>> second_half("fitting", 0.5)
        fitting 0.75

    Args:
        progress: the progress of the whole.
        begin: the share of the whole that is done before the part.
        end: the share of the whole that is done after it.
        stage: reported instead of the part's own stages, if it is given.
    """

    def report(own: str, share: float) -> None:
        progress(own if stage is None else stage, begin + (end - begin) * share)

    return report
