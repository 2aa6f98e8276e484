"""The traffic map as a browser draws it: the places of its texts, boxes, frames and lines, and what covers what.

A canvas has no elements. The calls of the worker that draws are recorded, so that the measured drawing is the visible
one, in the page's fonts. All numbers are pixels of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, takewhile
from typing import Any, NamedTuple

from playwright.sync_api import Page, Route

from moyai.console.files import FOLDER

SCRIPT = "**/draw.worker-*.js"
"""The script of the worker."""
RECORDER = """
self.drawing = null;
{
  const pen = OffscreenCanvasRenderingContext2D.prototype;
  const SEGMENTS = 16;
  let [points, end] = [[], [0, 0]];
  const before = (name, record) => {
    const draw = pen[name];
    pen[name] = function (...values) {
      record(this, ...values);
      return draw.apply(this, values);
    };
  };
  const pixel = (ctx, x, y) => {
    const {a, d, e, f} = ctx.getTransform();
    return [a * x + e, d * y + f];
  };
  const addPoint = (ctx, x, y) => {
    points.push(pixel(ctx, x, y));
    end = [x, y];
  };
  const addLine = (reach) => {
    if (points.length > 0) self.drawing.lines.push({points, reach});
  };
  before("fillRect", ({canvas}, x, y, width, height) => {
    const isBackground = width === canvas.width && height === canvas.height;
    if (isBackground) self.drawing = {scale: 1, size: [width, height], frames: [], boxes: [], lines: [], texts: []};
  });
  before("beginPath", () => { points = []; });
  before("moveTo", addPoint);
  before("lineTo", addPoint);
  before("bezierCurveTo", (ctx, x2, y2, x3, y3, x4, y4) => {
    const [x1, y1] = end;
    for (let n = 1; n <= SEGMENTS; n += 1) {
      const [t, u] = [n / SEGMENTS, 1 - n / SEGMENTS];
      const mix = (a, b, c, d) => u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t ** 3 * d;
      addPoint(ctx, mix(x1, x2, x3, x4), mix(y1, y2, y3, y4));
    }
  });
  before("roundRect", (ctx, x, y, width, height, radius) => {
    self.drawing.scale = ctx.getTransform().a;
    self.drawing[radius > 10 ? "frames" : "boxes"].push([...pixel(ctx, x, y), ...pixel(ctx, x + width, y + height)]);
  });
  before("stroke", (ctx) => { addLine((ctx.lineWidth * ctx.getTransform().a) / 2); });
  before("fill", () => { addLine(0); });
  before("fillText", (ctx, text, x, y, widest = Infinity) => {
    const size = ctx.measureText(text);
    const share = Math.min(widest / size.width, 1);
    const start = pixel(ctx, x - size.actualBoundingBoxLeft * share, y - size.actualBoundingBoxAscent);
    const stop = pixel(ctx, x + size.actualBoundingBoxRight * share, y + size.actualBoundingBoxDescent);
    const kind = ctx.textAlign === "center" ? "label" : ctx.font.startsWith("bold") ? "title" : "box text";
    self.drawing.texts.push({text, kind, bounds: [...start, ...stop]});
  });
}
"""
"""Keeps the last drawing in ``drawing``. The heads of lines are lines, too."""

Point = tuple[float, float]


class Bounds(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Bounds) -> bool:
        """Whether they have an inner point in common."""
        return (
            self.left < other.right and self.right > other.left and self.top < other.bottom and self.bottom > other.top
        )

    def with_margin(self, by: float) -> Bounds:
        """The rectangle with so much more on each side."""
        return Bounds(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def contains(self, other: Bounds) -> bool:
        """Whether the other is inside of it."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def bounds_around(points: Sequence[Point]) -> Bounds:
    """The smallest rectangle with all of these points."""
    xs, ys = zip(*points, strict=True)
    return Bounds(min(xs), min(ys), max(xs), max(ys))


class Line(NamedTuple):
    """A stroke. ``reach``: half of its width."""

    points: Sequence[Point]
    reach: float
    bounds: Bounds

    def crosses(self, bounds: Bounds) -> bool:
        """Whether a part of the stroke is inside of a rectangle."""
        target = bounds.with_margin(self.reach)
        return self.bounds.overlaps(target) and any(_crosses(target, a, b) for a, b in pairwise(self.points))


def _crosses(bounds: Bounds, a: Point, b: Point) -> bool:
    """Whether a segment has a point inside of a rectangle: Liang and Barsky's clipping."""
    first, last = 0.0, 1.0
    for start, end, low, high in ((a[0], b[0], bounds.left, bounds.right), (a[1], b[1], bounds.top, bounds.bottom)):
        if start == end:
            if not low < start < high:
                return False
            continue
        enters, leaves = sorted(((low - start) / (end - start), (high - start) / (end - start)))
        first, last = max(first, enters), min(last, leaves)
    return first < last


class Text(NamedTuple):
    """Words that are drawn at once. ``kind``: ``label`` of a line, ``title`` of a frame, or ``box text``."""

    words: str
    kind: str
    bounds: Bounds


class Drawing(NamedTuple):
    """A drawing. ``scale``: pixels of a unit of the layout; ``size``: width and height."""

    scale: float
    size: Sequence[float]
    frames: Sequence[Bounds]
    boxes: Sequence[Bounds]
    lines: Sequence[Line]
    texts: Sequence[Text]

    def of_kind(self, kind: str) -> list[Text]:
        """The texts of a kind."""
        return [text for text in self.texts if text.kind == kind]

    def extent(self) -> Bounds:
        """The rectangle with all frames."""
        return bounds_around([corner for frame in self.frames for corner in (frame[:2], frame[2:])])

    def collisions(self) -> list[str]:
        """What covers something else: labels, titles and texts of boxes, and boxes in front of lines."""
        return [*self._covered_texts(), *self._lines_at_texts(), *self._texts_outside(), *self._hidden_lines()]

    def _covered_texts(self) -> Iterator[str]:
        from_left = sorted(self.texts, key=lambda text: text.bounds.left)
        for index, text in enumerate(from_left, 1):
            for other in takewhile(lambda other: other.bounds.left < text.bounds.right, islice(from_left, index, None)):  # noqa: B023 (it is called here)
                if text.bounds.overlaps(other.bounds):
                    yield f"{text.kind} {text.words!r} is on {other.kind} {other.words!r}"

    def _lines_at_texts(self) -> Iterator[str]:
        for text in (*self.of_kind("label"), *self.of_kind("title")):
            if any(line.crosses(text.bounds) for line in self.lines):
                yield f"{text.kind} {text.words!r} is on a line"
            if any(box.overlaps(text.bounds) for box in self.boxes):
                yield f"{text.kind} {text.words!r} is on a box"

    def _texts_outside(self) -> Iterator[str]:
        for text in self.of_kind("box text"):
            if not any(box.contains(text.bounds) for box in self.boxes):
                yield f"{text.kind} {text.words!r} is not in its box"

    def _hidden_lines(self) -> Iterator[str]:
        middles = [line._replace(reach=0) for line in self.lines]
        for box in self.boxes:
            if any(line.crosses(box.with_margin(-1)) for line in middles):
                yield f"a line is behind the box at {box}"


def record_drawings(page: Page) -> None:
    """Record what is drawn on the pages that are opened from now on."""

    def answer(route: Route) -> None:
        script = FOLDER / "assets" / route.request.url.rpartition("/")[2]
        route.fulfill(body=RECORDER + script.read_text(), content_type="text/javascript")

    page.route(SCRIPT, answer)


def last_drawing(page: Page, above: float) -> Drawing | None:
    """The last drawing of the page's map; None before there is one of a scale above this."""
    workers = [worker for worker in page.workers if "/draw.worker-" in worker.url]
    recorded = [
        worker.evaluate("above => self.drawing?.scale > above ? self.drawing : null", above) for worker in workers
    ]
    return next((_drawing(**drawing) for drawing in recorded if drawing), None)


def _drawing(
    scale: float,
    size: Sequence[float],
    frames: Sequence[Sequence[float]],
    boxes: Sequence[Sequence[float]],
    lines: Sequence[dict[str, Any]],
    texts: Sequence[dict[str, Any]],
) -> Drawing:
    return Drawing(
        scale,
        size,
        [Bounds(*frame) for frame in frames],
        [Bounds(*box) for box in boxes],
        [
            Line(line["points"], line["reach"], bounds_around(line["points"]).with_margin(line["reach"]))
            for line in lines
        ],
        [Text(text["text"], text["kind"], Bounds(*text["bounds"])) for text in texts],
    )
