"""A strip: one claim over many networks, with a dot for each network, a ring for its control, and published figures."""

from collections.abc import Sequence
from html import escape

_WIDTH = 330
"""Width of the drawing, in the units of its ``viewBox``."""
_HEIGHT = 34
"""Height of the drawing."""
_EDGE = 8
"""Distance of the ends of the axis from the sides."""
_VALUES = 9
"""Height at which the dots lie."""
_CONTROLS = 21
"""Height at which the rings lie."""
_AXIS = 28
"""Height of the lower end of the published figure's line."""
_ROWS = 3
"""Number of heights among which marks at one place alternate."""
_STEP = 2.6
"""Distance between these heights."""
_NEAR = 4.0
"""Distance along the axis below which two marks would cover each other."""


def strip(
    values: Sequence[float],
    controls: Sequence[float],
    names: Sequence[str],
    published: float | None,
    told: Sequence[str],
) -> str:
    """Draw a strip as SVG.

    Args:
        values: the claim's value in each network.
        controls: its control in each network.
        names: the names of the networks.
        published: the published figure, or None if there is none.
        told: the values as readers should see them, such as ``93.1%``.
    """
    low, high = _range([*values, *controls, *([] if published is None else [published])])

    def x(value: float) -> float:
        return _EDGE + (value - low) / (high - low) * (_WIDTH - 2 * _EDGE)

    rings = "".join(
        f'<circle class="control" cx="{x(value):.1f}" cy="{height:.1f}" r="2.6"/>'
        for value, height in zip(controls, _beside([x(value) for value in controls], _CONTROLS), strict=True)
    )
    dots = "".join(
        f'<circle class="value" cx="{x(value):.1f}" cy="{height:.1f}" r="3.2">'
        f"<title>{escape(f'{name}: {shown}')}</title></circle>"
        for value, height, name, shown in zip(
            values, _beside([x(value) for value in values], _VALUES), names, told, strict=True
        )
    )
    line = ""
    if published is not None:
        line = f'<line class="published" x1="{x(published):.1f}" x2="{x(published):.1f}" y1="1" y2="{_AXIS}"/>'
    ends = (
        f'<text x="{_EDGE - 4}" y="{_HEIGHT}">{_end(low, high)[0]}</text>'
        f'<text x="{_WIDTH - _EDGE + 4}" y="{_HEIGHT}" text-anchor="end">{_end(low, high)[1]}</text>'
    )
    spoken = f"{len(values)} networks, from {min(values):.3g} to {max(values):.3g}"
    return (
        f'<svg class="strip" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{spoken}">'
        f'<line class="axis" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{_AXIS - 4}" y2="{_AXIS - 4}"/>'
        f"{rings}{dots}{line}{ends}</svg>"
    )


def _range(everything: Sequence[float]) -> tuple[float, float]:
    """The range of the axis: 0 to 1 for shares, and 0 to the largest value for anything else."""
    if min(everything) >= 0 and max(everything) <= 1:
        return 0.0, 1.0
    low, high = min(0.0, *everything), max(everything)
    return low, high if high > low else low + 1.0


def _end(low: float, high: float) -> tuple[str, str]:
    return ("0%", "100%") if (low, high) == (0.0, 1.0) else (f"{low:.3g}", f"{high:.3g}")


def _beside(places: Sequence[float], middle: float) -> list[float]:
    """A height for each mark, so that marks at one place lie beside each other and not on each other."""
    heights: list[float] = []
    for at, place in enumerate(places):
        close = sum(abs(place - other) < _NEAR for other in places[:at]) % _ROWS
        heights.append(middle + (0, -_STEP, _STEP)[close])
    return heights
