"""The traffic map of small and large meshes in a browser, measured as it is drawn, from the first view to full size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import MappingProxyType

import pytest

from moyai.telemetry.reporters.connect_metrics import OWN_NAMESPACE
from tests.e2e.console.browser import Person
from tests.e2e.console.city import NAMESPACES, city, fill
from tests.e2e.console.map_drawing import Drawing, last_drawing, record_drawings
from tests.e2e.console.pictures import SIZE, Gallery
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually
from tests.e2e.witnesses import since

pytestmark = pytest.mark.e2e

CITIES = MappingProxyType({3: {"shop": 3}, 12: {"shop": 12}, 60: {"shop": 40, "media": 20}, 200: NAMESPACES})
"""The services of each namespace, by the number of all."""
COUNTS = frozenset({"TargetRequestCount", "TargetConnectionCount"})
FILLED = 0.85
"""The least share of the view's width, or of its height, that the first view fills."""
PATIENCE = 300
"""Seconds, for 200 services on a busy machine."""
DRAWN = 20
"""Seconds within which a map is drawn at another scale."""


class MapView:
    """A person's view of the map."""

    def __init__(self, person: Person) -> None:
        self._page = person.page
        self._canvas = person.page.locator("canvas[data-lines]")

    def save(self, gallery: Gallery, name: str) -> None:
        """Take a picture of it."""
        gallery.save_map(self._canvas, name)

    def has_lines(self, count: int) -> bool:
        """Whether the map has so many lines, once it is drawn."""
        self._canvas.wait_for(timeout=PATIENCE * 1000)
        with suppress(AssertionError):
            return eventually(partial(self._counts_lines, count), f"the map has {count} lines", DRAWN)
        return False

    def _counts_lines(self, count: int) -> bool:
        return int(self._canvas.get_attribute("data-lines") or 0) >= count

    def drawing(self, above: float = 0, patience: float = PATIENCE) -> Drawing:
        """The last drawing, once its scale is above this."""
        is_larger = partial(last_drawing, self._page, above)
        drawing = eventually(is_larger, f"the map is drawn larger than {above}", patience)
        assert drawing is not None
        return drawing

    def zoom_levels(self) -> Iterator[Drawing]:
        """A drawing of this view, and of each second step to full size."""
        drawing = self.drawing()
        while True:
            yield drawing
            if drawing.scale >= 1:
                return
            [drawing] = eventually(partial(self._zoomed, drawing.scale * 1.5), "the map is drawn larger", PATIENCE)

    def _zoomed(self, above: float) -> list[Drawing]:
        """The drawing two steps nearer; none of a map that was shown as a whole again, because its size has changed."""
        self._canvas.press("+")
        self._canvas.press("+")
        with suppress(AssertionError):
            return [self.drawing(above, DRAWN)]
        return []

    def filled_share(self, drawing: Drawing) -> float:
        """The share of the view's width or height that the frames have, whichever is larger."""
        view, extent = self._canvas.bounding_box(), drawing.extent()
        assert view is not None
        return max((extent.right - extent.left) / view["width"], (extent.bottom - extent.top) / view["height"])


def has_times(drawing: Drawing) -> bool:
    """Whether labels have response times, which the page reads last."""
    return any(label.words.endswith(" ms") for label in drawing.of_kind("label"))


def counted_calls(installation: Installation) -> int:
    """The number of calls, each of a service to a name, that CloudWatch has counts of."""
    pages = installation.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=OWN_NAMESPACE)
    metrics = [metric for page in pages for metric in page["Metrics"] if metric["MetricName"] in COUNTS]
    return len({frozenset((d["Name"], d["Value"]) for d in metric["Dimensions"]) for metric in metrics})


@pytest.mark.parametrize("count", [12, *(pytest.param(n, marks=pytest.mark.heavy) for n in (3, 60, 200))])
def test_nothing_covers_a_label_or_a_line_of_a_map(count, visit, simulation, gallery):
    """`make screenshots` keeps the pictures of the maps."""
    begun_time, services = time.time(), list(city(CITIES[count]))
    simulation.own("POST", "reset")
    fill(simulation.client, services)
    calls = sum(len(service.calls) for service in services)
    eventually(lambda: counted_calls(simulation) >= calls, "every call is counted", PATIENCE)
    person: Person = visit(simulation, viewport=SIZE)
    record_drawings(person.page)
    view = MapView(person)

    def shows_every_call() -> bool:
        start, end = since(begun_time)  # the last calls may be of a later minute than when the map was opened
        person.open(f"traffic?range={start}-{end}")
        return view.has_lines(calls)

    eventually(shows_every_call, f"the map has {calls} lines", PATIENCE)
    view.drawing()
    view.save(gallery, f"map-{count}")
    drawings = list(view.zoom_levels())
    assert len(drawings[0].lines) >= calls
    assert len(drawings[0].boxes) >= count
    assert all(d.lines and d.boxes and d.texts for d in drawings), "a map's part that is shown is recorded, too"
    assert [(d.scale, collision) for d in drawings for collision in d.collisions()] == []
    assert view.filled_share(drawings[0]) > FILLED
    assert eventually(lambda: has_times(view.drawing()), "the labels have response times", PATIENCE)
