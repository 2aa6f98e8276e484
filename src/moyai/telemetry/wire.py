"""Where the figures stand in the bytes of an OTLP push. Pure.

Promise: of every sum, gauge and histogram that has a data point, the place of its first one's values: they are all of
fixed width (``fixed64``, ``sfixed64``, ``double``, and these packed), so their places depend on the names alone.
Fields that are not known are stepped over. Source: https://protobuf.dev/programming-guides/encoding/,
opentelemetry/proto/metrics/v1/metrics.proto
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from moyai.kernel.errors import MoyaiError

WIDTH: Final = 8
"""Bytes of every value."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CONTINUES, _SEVEN, _LONGEST = 0x80, 0x7F, 10
_MORE_THAN_ANY: Final = 4096
"""Buckets of one histogram."""
_NAME, _GAUGE, _SUM, _HISTOGRAM = 1, 5, 7, 9
_POINTS: Final = 1
_START, _TIME, _AS_INT = 2, 3, 6
_TOTAL, _COUNTS, _BOUNDS = 5, 6, 7
_UNREAD: Final = (4, 11, 12)
"""A histogram's count, which is the sum of its buckets, its minimum and maximum."""


class NotOtlp(MoyaiError):
    """These bytes are no metrics export."""


class Place(NamedTuple):
    """Where one metric's figures are: offsets into the message; None where it does not say.

    ``value`` is a number's; ``counts`` and ``sum`` are a histogram's, whose ``bounds`` are here already.
    """

    name: str
    time: int | None
    start: int | None = None
    value: int | None = None
    counts: int | None = None
    sum: int | None = None
    bounds: tuple[float, ...] = ()
    others: tuple[int, ...] = ()
    """What else changes in the point, and is not read."""

    @property
    def buckets(self) -> range:
        """Where each bucket of a histogram is; of a number nowhere."""
        return (
            range(0) if self.counts is None else range(self.counts, self.counts + (len(self.bounds) + 1) * WIDTH, WIDTH)
        )


_Field = tuple[int, int, int, int]
"""Its number and its kind, where it begins and where it ends. Plain tuples: there are two thousand in a push."""


def places(body: bytes) -> Iterator[Place]:
    """Every metric in the push, in its order. Raises NotOtlp."""
    try:
        for _, _, start, end in _inside(body, 0, len(body), 1):
            for _, _, first, last in _inside(body, start, end, 2):
                for _, _, begins, ends in _inside(body, first, last, 2):
                    place = _metric(body, begins, ends)
                    if place is not None:
                        yield place
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise NotOtlp("the message is not an OTLP metrics export") from error


def _metric(body: bytes, start: int, end: int) -> Place | None:
    found = {number: (at, to) for number, kind, at, to in _fields(body, start, end) if kind == _BYTES}
    if _NAME not in found:
        return None
    at, to = found[_NAME]
    name = body[at:to].decode()
    for number, read in _READERS:
        if number in found:
            for _, _, first, last in _inside(body, *found[number], _POINTS):
                return read(body, name, first, last)
            return None
    return None


def _number(body: bytes, name: str, start: int, end: int) -> Place | None:
    found = {number: at for number, kind, at, _ in _fields(body, start, end) if kind == _FIXED64}
    value = found.get(_AS_INT)
    return None if value is None else Place(name, found.get(_TIME), found.get(_START), value)


def _histogram(body: bytes, name: str, start: int, end: int) -> Place | None:
    found = {number: (at, to) for number, kind, at, to in _fields(body, start, end) if kind in {_FIXED64, _BYTES}}
    places = {number: at for number, (at, _) in found.items()}
    if _COUNTS not in found or _BOUNDS not in found:
        return None
    (counts, counts_end), (limits_start, limits_end) = found[_COUNTS], found[_BOUNDS]
    bounds = (limits_end - limits_start) // WIDTH
    if bounds > _MORE_THAN_ANY or counts_end - counts != (bounds + 1) * WIDTH:
        return None
    limits = struct.unpack_from(f"<{bounds}d", body, limits_start)
    if not _rise(limits):
        return None
    others = tuple(places[number] for number in _UNREAD if number in places)
    return Place(name, places.get(_TIME), places.get(_START), None, counts, places.get(_TOTAL), limits, others)


def _rise(bounds: Sequence[float]) -> bool:
    return all(map(math.isfinite, bounds)) and all(lower < upper for lower, upper in pairwise(bounds))


_READERS: Final = ((_SUM, _number), (_GAUGE, _number), (_HISTOGRAM, _histogram))


def _inside(body: bytes, start: int, end: int, number: int) -> Iterator[_Field]:
    """The messages in a message that have this number."""
    return (one for one in _fields(body, start, end) if one[0] == number and one[1] == _BYTES)


def _fields(body: bytes, at: int, end: int) -> Iterator[_Field]:
    while at < end:
        tag, at = body[at], at + 1
        if tag >= _CONTINUES:  # hardly any
            tag, at = _varint(body, at - 1)
        kind = tag & 7
        if kind == _BYTES:
            size, at = body[at], at + 1
            if size >= _CONTINUES:
                size, at = _varint(body, at - 1)
        elif kind == _FIXED64:
            size = 8
        elif kind == _VARINT:
            size = _varint(body, at)[1] - at
        elif kind == _FIXED32:
            size = 4
        else:
            raise IndexError(at)
        if at + size > end:
            raise IndexError(at)
        yield tag >> 3, kind, at, at + size
        at += size


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends."""
    value = 0
    for place in range(_LONGEST):
        byte = body[at + place]
        value |= (byte & _SEVEN) << 7 * place
        if byte < _CONTINUES:
            return value, at + place + 1
    raise IndexError(at)
