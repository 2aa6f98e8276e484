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


class _Field(NamedTuple):
    number: int
    kind: int
    start: int
    end: int


def places(body: bytes) -> Iterator[Place]:
    """Every metric in the push, in its order. Raises NotOtlp."""
    try:
        for resource in _inside(body, _Field(0, _BYTES, 0, len(body)), 1):
            for scope in _inside(body, resource, 2):
                for metric in _inside(body, scope, 2):
                    place = _metric(body, metric)
                    if place is not None:
                        yield place
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise NotOtlp("the message is not an OTLP metrics export") from error


def _metric(body: bytes, metric: _Field) -> Place | None:
    found = {field.number: field for field in _fields(body, metric) if field.kind == _BYTES}
    if _NAME not in found:
        return None
    name = body[found[_NAME].start : found[_NAME].end].decode()
    for number, read in ((_SUM, _number), (_GAUGE, _number), (_HISTOGRAM, _histogram)):
        if number in found:
            points = _inside(body, found[number], _POINTS)
            first = next(points, None)
            return None if first is None else read(body, name, first)
    return None


def _number(body: bytes, name: str, point: _Field) -> Place | None:
    found = {field.number: field.start for field in _fields(body, point) if field.kind == _FIXED64}
    return Place(name, found.get(_TIME), found.get(_START), value=found[_AS_INT]) if _AS_INT in found else None


def _histogram(body: bytes, name: str, point: _Field) -> Place | None:
    found = {field.number: field for field in _fields(body, point) if field.kind in {_FIXED64, _BYTES}}
    places = {number: field.start for number, field in found.items()}
    if _COUNTS not in found or _BOUNDS not in found:
        return None
    bounds = (found[_BOUNDS].end - found[_BOUNDS].start) // WIDTH
    if bounds > _MORE_THAN_ANY or found[_COUNTS].end - found[_COUNTS].start != (bounds + 1) * WIDTH:
        return None
    limits = struct.unpack_from(f"<{bounds}d", body, found[_BOUNDS].start)
    if not _rise(limits):
        return None
    others = tuple(places[number] for number in _UNREAD if number in places)
    return Place(
        *(name, places.get(_TIME), places.get(_START), None, found[_COUNTS].start, places.get(_TOTAL)), limits, others
    )


def _rise(bounds: Sequence[float]) -> bool:
    return all(map(math.isfinite, bounds)) and all(lower < upper for lower, upper in pairwise(bounds))


def _inside(body: bytes, field: _Field, number: int) -> Iterator[_Field]:
    """The messages in a message that have this number."""
    return (one for one in _fields(body, field) if one.number == number and one.kind == _BYTES)


def _fields(body: bytes, message: _Field) -> Iterator[_Field]:
    at, end = message.start, message.end
    while at < end:
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == _BYTES:
            size, at = _varint(body, at)
        elif kind == _VARINT:
            size = _varint(body, at)[1] - at
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise IndexError(at)
        if at + size > end:
            raise IndexError(at)
        yield _Field(tag >> 3, kind, at, at + size)
        at += size


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends."""
    value = body[at]
    if value < _CONTINUES:  # nearly all of them
        return value, at + 1
    value &= _SEVEN
    for place in range(1, _LONGEST):
        byte = body[at + place]
        value |= (byte & _SEVEN) << 7 * place
        if byte < _CONTINUES:
            return value, at + place + 1
    raise IndexError(at)
