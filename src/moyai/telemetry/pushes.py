"""The pushes of many proxies, each of which is like the last of the same proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from moyai.telemetry.arrays import Ints
from moyai.telemetry.envoy_stats import Endpoint, Form, Grammar, Report
from moyai.telemetry.layout import Layout
from moyai.telemetry.shape import Kinship, Shape
from moyai.telemetry.wire import Place, places

MAX_ENDPOINTS: Final = 2000
"""How many discovery names one proxy may report on; the rest is passed over."""
_PARTS: Final = 4
"""Layouts remembered of one proxy: a large push comes in parts, and each has its own."""
_ABOUT: Final = 2
"""What is read before the figures: when the push was made, and when the proxy began."""


class Reading(NamedTuple):
    """One push. ``taken_at``: nanoseconds, by the proxy's own clock; the same in all parts of one flush. ``began``:
    when the proxy did, in whatever unit; 0 when it does not say. ``values``: the figures, in the shape's order.
    """

    shape: Shape
    taken_at: int
    began: int
    values: Ints

    @property
    def report(self) -> Report:
        """The same by endpoint."""
        return Report(self.taken_at, dict(self.shape.counted(self.values)), self.began)


class _Known(NamedTuple):
    layout: Layout
    shape: Shape


class Pushes:
    """Reads them. Proxies that report on the same have one ``Shape``."""

    def __init__(self) -> None:
        self._shapes: WeakValueDictionary[tuple[Kinship, ...], Shape] = WeakValueDictionary()

    def reader(self, grammar: Grammar) -> Callable[[bytes], Reading]:
        """A function that reads the pushes of one proxy. It raises NotOtlp."""
        known: dict[int, _Known] = {}

        def read(body: bytes) -> Reading:
            held = known.get(len(body))
            values = None if held is None else held.layout.read(body)
            if held is None or values is None:
                held, values = self._learn(body, grammar)
                if len(known) >= _PARTS:
                    known.clear()
                known[len(body)] = held
            taken_at, began = (max(int(value), 0) for value in values[:_ABOUT])
            return Reading(held.shape, taken_at, began, values[_ABOUT:])

        return read

    def _learn(self, body: bytes, grammar: Grammar) -> tuple[_Known, Ints]:
        metrics = list(places(body))
        found: dict[Endpoint, dict[str, Place]] = {}
        for one in metrics:
            place = grammar.place(one.name)
            if place is not None and (place[0] in found or len(found) < MAX_ENDPOINTS):
                found.setdefault(place[0], {})[place[1]] = one
        kin = _kin(found, grammar)
        shape = self._shapes.get(kin) or self._shapes.setdefault(kin, Shape(kin))
        about = [next((at for one in metrics if (at := when(one)) is not None), None) for when in (_time, _start)]
        wanted = [*about, *(at for block in shape.blocks for at in block.offsets(found))]
        layout = Layout(body, wanted, metrics)
        values = layout.read(body)
        assert values is not None  # noqa: S101  it is the push's own
        return _Known(layout, shape), values


def _kin(found: Mapping[Endpoint, Mapping[str, Place]], grammar: Grammar) -> tuple[Kinship, ...]:
    """Who is made alike, in an order that follows from who there is."""
    alike: dict[tuple[Form, tuple[float, ...]], list[Endpoint]] = {}
    for endpoint in sorted(found):
        form = grammar.form(endpoint, found[endpoint])
        if form is not None:
            timed = None if form.timed is None else found[endpoint].get(form.timed)
            bounds = () if timed is None or timed.counts is None else timed.bounds
            alike.setdefault((form, bounds), []).append(endpoint)
    return tuple((form, bounds, tuple(endpoints)) for (form, bounds), endpoints in alike.items())


def _time(metric: Place) -> int | None:
    return metric.time


def _start(metric: Place) -> int | None:
    return metric.start
