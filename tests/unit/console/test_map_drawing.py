"""What a drawing of the traffic map says of itself: what covers what."""

from __future__ import annotations

import pytest

from tests.e2e.console.map_drawing import Bounds, Drawing, Line, Text, bounds_around

BOX = Bounds(100, 100, 200, 150)
NAME = Text("web", "box text", Bounds(110, 110, 150, 120))
LABEL = Text("12/s", "label", Bounds(20, 110, 60, 120))
TITLE = Text("shop", "title", Bounds(10, 10, 60, 24))


def line(*points: tuple[float, float]) -> Line:
    return Line(points, 1, bounds_around(points).with_margin(1))


def drawing(*texts: Text, lines: tuple[Line, ...] = (line((0, 130), (99, 130)),)) -> Drawing:
    return Drawing(1, (300, 300), [Bounds(0, 0, 300, 300)], [BOX], lines, texts)


def test_a_drawing_in_which_nothing_covers_anything_has_no_collision():
    assert drawing(NAME, LABEL, TITLE).collisions() == []


@pytest.mark.parametrize(
    ("covered", "collision"),
    [
        (drawing(LABEL, Text("3/s", "label", Bounds(50, 115, 90, 125))), "label '12/s' is on label '3/s'"),
        (drawing(LABEL, lines=(line((0, 115), (99, 115)),)), "label '12/s' is on a line"),
        (drawing(TITLE, lines=(line((0, 0), (70, 30)),)), "title 'shop' is on a line"),
        (drawing(Text("5/s", "label", Bounds(90, 110, 130, 120))), "label '5/s' is on a box"),
        (drawing(Text("web", "box text", Bounds(190, 110, 230, 120))), "box text 'web' is not in its box"),
        (drawing(lines=(line((0, 130), (250, 130)),)), f"a line is behind the box at {BOX}"),
    ],
)
def test_a_covered_text_or_line_is_a_collision(covered, collision):
    assert covered.collisions() == [collision]
