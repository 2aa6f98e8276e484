"""Where the figures are in the pushes of one proxy.

Between two pushes of an Envoy only values change: the names, their order and every length stay, until a statistic
comes or goes. So the places are looked for once, and a push that has the same bytes around its values is read in one
stroke; any other is looked through anew. That is what makes a push cheap: see docs/decisions/metrics-on-disk.md.

Promise: ``read`` says the same whether the places were known or not. What is around the values is told apart by 64 bits
of Python's own hash, whose key nobody outside knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from moyai.telemetry.arrays import Ints
from moyai.telemetry.wire import WIDTH, Place

_NOTHING = bytes(WIDTH)
"""Behind a message: the value of what is not in it."""


class Layout:
    """The places of one push. ``wanted``: those of the figures, in the order in which they are read; None reads as 0.
    ``metrics``: all that is in the push.
    """

    __slots__ = ("_around", "_changing", "_places", "_size")

    def __init__(self, body: bytes, wanted: Iterable[int | None], metrics: Iterable[Place]) -> None:
        self._size = len(body)
        small = np.min_scalar_type(len(body))
        self._places = np.fromiter((len(body) if place is None else place for place in wanted), small)
        self._changing = np.fromiter((place for one in metrics for place in _changing(one)), small)
        self._around = self._hash(body)

    def read(self, body: bytes) -> Ints | None:
        """All figures; None when the push has another layout."""
        if len(body) != self._size or self._hash(body) != self._around:
            return None
        read: Ints = _numbers(body + _NOTHING)[self._places]
        return read

    def _hash(self, body: bytes) -> int:
        around = bytearray(body)
        _numbers(around)[self._changing] = 0
        return hash(bytes(around))


def _numbers(body: bytes | bytearray) -> Ints:
    """The number that begins at each byte."""
    return np.ndarray((max(len(body) - WIDTH + 1, 0),), "<i8", body, strides=(1,))


def _changing(metric: Place) -> Iterator[int]:
    """Where there is something that need not be the same in the next push."""
    for place in (metric.time, metric.start, metric.value, metric.sum, *metric.others):
        if place is not None:
            yield place
    yield from metric.buckets
