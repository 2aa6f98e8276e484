"""The offsets of values in the bytes of an OTLP push. Pure.

Between two pushes of an Envoy only values change: the names, their order and every length stay the same until a
statistic is added or removed. So the offsets of all values are found once (``metric_offsets``), and a push that has the
same bytes around its values is read with one array operation (``ValueOffsets``); any other push is parsed again. This
makes a push cheap, see docs/decisions/metrics-on-disk.md.

Promise: every sum, gauge and histogram with a data point gets the offsets of its first one's values. All of these have
a fixed width (``fixed64``, ``sfixed64``, ``double``, and these packed), so their offsets depend on the names alone.
Unknown fields are skipped. Source: https://protobuf.dev/programming-guides/encoding/,
opentelemetry/proto/metrics/v1/metrics.proto
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from moyai.kernel.errors import MoyaiError
from moyai.telemetry.values import Ints

WIDTH: Final = 8
"""The number of bytes of every value."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Protobuf's wire types."""
_CONTINUATION_BIT, _VARINT_BITS, _MAX_VARINT_BYTES = 0x80, 0x7F, 10
_MAX_BUCKETS: Final = 4096
_NAME, _GAUGE, _SUM, _HISTOGRAM = 1, 5, 7, 9
"""Field numbers of a ``Metric``."""
_DATA_POINTS: Final = 1
_START_TIME, _TIME, _AS_INT = 2, 3, 6
"""Field numbers of a data point."""
_HISTOGRAM_SUM, _BUCKET_COUNTS, _EXPLICIT_BOUNDS = 5, 6, 7
_IGNORED_HISTOGRAM_FIELDS: Final = (4, 11, 12)
"""A histogram's count, which is the sum of its buckets, its minimum and maximum."""
_PADDING = bytes(WIDTH)
"""Zeros after a message, which are read for a statistic that the message does not have."""


class NotOtlp(MoyaiError):
    """The bytes are not an OTLP export of metrics or of spans."""


class FieldOffsets(NamedTuple):
    """The offsets of one metric's values in the message; None for a field that it does not have.

    Numbers have ``value``. Histograms have ``counts`` and ``sum``, and their ``bounds`` are already read. ``ignored``:
    values that may be different in every push and are not read.
    """

    name: str
    time: int | None
    start_time: int | None = None
    value: int | None = None
    counts: int | None = None
    sum: int | None = None
    bounds: tuple[float, ...] = ()
    ignored: tuple[int, ...] = ()

    @property
    def buckets(self) -> range:
        """The offset of each bucket of a histogram. Empty for a number."""
        return (
            range(0) if self.counts is None else range(self.counts, self.counts + (len(self.bounds) + 1) * WIDTH, WIDTH)
        )


class ValueOffsets:
    """Reads the values of one push, and of every later push with the same layout.

    ``wanted``: the offsets to read, in the order of the result; None is read as 0. ``metrics``: all metrics in the
    push. The bytes around the values are compared by Python's own 64-bit hash, which has a secret key.
    """

    __slots__ = ("_changing", "_offsets", "_size", "_surroundings")

    def __init__(self, body: bytes, offsets: Iterable[int | None], metrics: Iterable[FieldOffsets]) -> None:
        self._size = len(body)
        dtype = np.min_scalar_type(len(body))
        self._offsets = np.fromiter((len(body) if offset is None else offset for offset in offsets), dtype)
        self._changing = np.fromiter((offset for metric in metrics for offset in _changing_offsets(metric)), dtype)
        self._surroundings = self._hash_without_values(body)

    def read(self, body: bytes) -> Ints | None:
        """The wanted values; None when the push has another layout."""
        if len(body) != self._size or self._hash_without_values(body) != self._surroundings:
            return None
        values: Ints = _number_at_each_byte(body + _PADDING)[self._offsets]
        return values

    def _hash_without_values(self, body: bytes) -> int:
        surroundings = bytearray(body)
        _number_at_each_byte(surroundings)[self._changing] = 0
        return hash(bytes(surroundings))


def _number_at_each_byte(body: bytes | bytearray) -> Ints:
    """A view of the body: for each of its bytes, the 64-bit number that begins there."""
    return np.ndarray((max(len(body) - WIDTH + 1, 0),), "<i8", body, strides=(1,))


def _changing_offsets(metric: FieldOffsets) -> Iterator[int]:
    """The offsets of all values that may be different in the next push."""
    for offset in (metric.time, metric.start_time, metric.value, metric.sum, *metric.ignored):
        if offset is not None:
            yield offset
    yield from metric.buckets


_Field = tuple[int, int, int, int]
"""A field's number, wire type, first byte and end. It is a plain tuple because a push has two thousand fields."""


def metric_offsets(body: bytes) -> Iterator[FieldOffsets]:
    """The offsets of every metric in a push, in the push's order. Raises NotOtlp."""
    with _otlp():
        for start, end in _metric_spans(body):
            metric = _metric(body, start, end)
            if metric is not None:
                yield metric


def divide(body: bytes, owner_of: Callable[[str], str | None]) -> Mapping[str, bytes]:
    """Create a push for each owner that ``owner_of`` returns for a metric's name, with the owner's metrics in the same
    order. Metrics without an owner are omitted. Raises NotOtlp.
    """
    metrics: dict[str, list[bytes]] = {}
    with _otlp():
        for start, end in _metric_spans(body):
            name = next(_messages(body, start, end, _NAME), None)
            owner = None if name is None else owner_of(body[name[2] : name[3]].decode())
            if owner is not None:
                metrics.setdefault(owner, []).append(_message(2, body[start:end]))
    return {owner: _message(1, _message(2, b"".join(encoded))) for owner, encoded in metrics.items()}


@contextmanager
def _otlp() -> Iterator[None]:
    try:
        yield
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise NotOtlp("the message is not an OTLP metrics export") from error


def _metric_spans(body: bytes) -> Iterator[tuple[int, int]]:
    for _, _, resource_start, resource_end in _messages(body, 0, len(body), 1):
        for _, _, scope_start, scope_end in _messages(body, resource_start, resource_end, 2):
            for _, _, start, end in _messages(body, scope_start, scope_end, 2):
                yield start, end


def _message(number: int, body: bytes) -> bytes:
    """A field that is a message."""
    header, size = bytearray([number << 3 | _BYTES]), len(body)
    while size >= _CONTINUATION_BIT:
        header.append(size & _VARINT_BITS | _CONTINUATION_BIT)
        size >>= 7
    header.append(size)
    return bytes(header) + body


def _metric(body: bytes, start: int, end: int) -> FieldOffsets | None:
    spans = {number: (at, to) for number, kind, at, to in _fields(body, start, end) if kind == _BYTES}
    if _NAME not in spans:
        return None
    at, to = spans[_NAME]
    name = body[at:to].decode()
    for number, read_point in _POINT_READERS:
        if number in spans:
            for _, _, point_start, point_end in _messages(body, *spans[number], _DATA_POINTS):
                return read_point(body, name, point_start, point_end)
            return None
    return None


def _number(body: bytes, name: str, start: int, end: int) -> FieldOffsets | None:
    offsets = {number: at for number, kind, at, _ in _fields(body, start, end) if kind == _FIXED64}
    value = offsets.get(_AS_INT)
    return None if value is None else FieldOffsets(name, offsets.get(_TIME), offsets.get(_START_TIME), value)


def _histogram(body: bytes, name: str, start: int, end: int) -> FieldOffsets | None:
    spans = {number: (at, to) for number, kind, at, to in _fields(body, start, end) if kind in {_FIXED64, _BYTES}}
    offsets = {number: at for number, (at, _) in spans.items()}
    if _BUCKET_COUNTS not in spans or _EXPLICIT_BOUNDS not in spans:
        return None
    (counts_start, counts_end), (bounds_start, bounds_end) = spans[_BUCKET_COUNTS], spans[_EXPLICIT_BOUNDS]
    number_of_bounds = (bounds_end - bounds_start) // WIDTH
    if number_of_bounds > _MAX_BUCKETS or counts_end - counts_start != (number_of_bounds + 1) * WIDTH:
        return None
    bounds = struct.unpack_from(f"<{number_of_bounds}d", body, bounds_start)
    if not _are_rising(bounds):
        return None
    ignored_offsets = tuple(offsets[number] for number in _IGNORED_HISTOGRAM_FIELDS if number in offsets)
    return FieldOffsets(
        name,
        offsets.get(_TIME),
        offsets.get(_START_TIME),
        counts=counts_start,
        sum=offsets.get(_HISTOGRAM_SUM),
        bounds=bounds,
        ignored=ignored_offsets,
    )


def _are_rising(bounds: Sequence[float]) -> bool:
    return all(map(math.isfinite, bounds)) and all(lower < upper for lower, upper in pairwise(bounds))


_POINT_READERS: Final = ((_SUM, _number), (_GAUGE, _number), (_HISTOGRAM, _histogram))


def _messages(body: bytes, start: int, end: int, number: int) -> Iterator[_Field]:
    """The fields of a message that have this number and are messages themselves."""
    return (field for field in _fields(body, start, end) if field[0] == number and field[1] == _BYTES)


def _fields(body: bytes, at: int, end: int) -> Iterator[_Field]:
    while at < end:
        tag, at = body[at], at + 1
        if tag >= _CONTINUATION_BIT:  # hardly any field has a number this large
            tag, at = _varint(body, at - 1)
        kind = tag & 7
        if kind == _BYTES:
            size, at = body[at], at + 1
            if size >= _CONTINUATION_BIT:
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
    """The number, and the offset after it."""
    value = 0
    for place in range(_MAX_VARINT_BYTES):
        byte = body[at + place]
        value |= (byte & _VARINT_BITS) << 7 * place
        if byte < _CONTINUATION_BIT:
            return value, at + place + 1
    raise IndexError(at)
