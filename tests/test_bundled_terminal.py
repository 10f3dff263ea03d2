"""What ``explain`` prints of the bundled network, which the README shows."""

import re
from pathlib import Path

import pytest

from scrubjay.report.terminal import brief_text
from scrubjay.study import Study
from tests.report.test_terminal import flat, printed, shown

README = Path(__file__).parents[1] / "README.md"


def test_what_explain_prints_is_one_screen_and_stands_in_the_readme(
    bundled_study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = printed(bundled_study, monkeypatch, tmp_path).splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    stands = flat(README.read_text(encoding="utf-8"))
    assert flat(bundled_study.opening) in stands
    rows = [flat(line) for line in lines if line.rstrip().endswith(("holds", "partly", "fails"))]
    same = [row for row in rows if re.sub(r"[\d.,%]+", "", row) in re.sub(r"[\d.,%]+", "", stands)]
    assert len(same) == len(rows) == len(bundled_study.headlines)


@pytest.mark.parametrize("width", [40, 60])
def test_no_word_of_it_is_broken_in_a_narrow_terminal(bundled_study: Study, width: int) -> None:
    text = shown(brief_text(bundled_study), width)
    assert max(map(len, text.splitlines())) <= width
    assert set(bundled_study.opening.split()) <= set(text.split())
