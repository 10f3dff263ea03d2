"""The figures as they stand on a page: text that can be read, nothing on top of text, and a unit on every axis."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from scrubjay.evidence.algorithm.group_figures import group_figures
from scrubjay.evidence.drawing import WIDEST, new_figure
from scrubjay.report.population_figures import population_figures
from scrubjay.study import Study
from tests.evidence.algorithm.test_group_table import with_the_sign
from tests.sweep.test_population import TASK, population

PAGE = 800
"""The width of a figure on a page, in pixels."""
SMALLEST = 10.5
"""The height in pixels of text that can be read."""
STUDIES = ("small_study", "many_classes", "three_positions")


def drawn(figure: Figure) -> list[tuple[Text, Bbox]]:
    """The texts that are seen, and where they are on a page of that width."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    unseen = set(off_axis(figure))
    scale = PAGE / figure.bbox.width
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [
        (text, Bbox(text.get_window_extent().get_points() * scale))
        for text in texts
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def off_axis(figure: Figure) -> Iterator[Text]:
    """The texts of panels that are switched off, and those of ticks beyond the ends of an axis."""
    for axes in figure.axes:
        if not axes.axison:
            yield from (text for text in axes.findobj(Text) if isinstance(text, Text))
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    yield from (tick.label1, tick.label2)


def labelled(axes: Axes) -> bool:
    """Whether both axes of a panel have a label, or share one with the panel below or beside; for a scale, one has."""
    across = any(other.get_xlabel() for other in axes.get_shared_x_axes().get_siblings(axes))
    up = any(other.get_ylabel() for other in axes.get_shared_y_axes().get_siblings(axes))
    return across or up or bool(axes.get_title()) if "outline" in axes.spines else across and up


def faults(figure: Figure) -> Iterator[str]:
    """What a reader would complain of."""
    if figure.get_figwidth() > WIDEST:
        yield f"{figure.get_figwidth()} inches wide"
    texts = drawn(figure)
    for text, box in texts:
        height = float(text.get_fontsize()) / 72 * PAGE / figure.get_figwidth()
        if height < SMALLEST:
            yield f"{text.get_text()!r} is {height:.1f} pixels high"
        outside = max(-box.x0, -box.y0, box.x1 - PAGE, box.y1 - figure.bbox.height * PAGE / figure.bbox.width)
        if outside > 2:
            yield f"{text.get_text()!r} is cut off"
    for (one, box), (other, its) in combinations(texts, 2):
        over = Bbox.intersection(box, its)
        if over is not None and min(over.width, over.height) > 3:
            yield f"{one.get_text()!r} and {other.get_text()!r} overlap by {over.width:.0f} by {over.height:.0f} pixels"
    for axes in figure.axes:
        if axes.has_data() and not labelled(axes):
            yield f"the panel {axes.get_title()!r} has the labels {axes.get_xlabel()!r} and {axes.get_ylabel()!r}"


@pytest.mark.parametrize("name", STUDIES)
def test_figures_of_a_study_can_be_read_on_a_page(name: str, request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(name)
    pictures = [picture for own in study.pictures().values() for picture in own]
    assert len(pictures) >= 3
    assert {picture.file: list(faults(picture.draw())) for picture in pictures} == {
        picture.file: [] for picture in pictures
    }


@pytest.mark.parametrize("networks", [1, 7])
def test_figures_of_a_population_can_be_read_on_a_page(networks: int, tmp_path: Path) -> None:
    many = population(*[(0.8 + at / 100, 0.5) for at in range(networks)], along=True)
    pictures = population_figures(many, TASK, tmp_path)
    assert len(pictures) == 4
    assert {picture.file: list(faults(picture.draw())) for picture in pictures} == {
        picture.file: [] for picture in pictures
    }


def test_figures_of_a_group_can_be_read_on_a_page() -> None:
    assert {picture.file: list(faults(picture.draw())) for picture in group_figures(with_the_sign())} == {
        "algorithm.png": [],
        "group-table.png": [],
    }


def test_a_wider_figure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 11 inches wide.*this one is 11\.5"):
        new_figure(11.5, 4)
