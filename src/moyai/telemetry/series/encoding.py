"""The encoding of summaries: the bytes of a group's minute, and of one metric's hour. Pure.

Promise: what was encoded decodes to equal summaries. A body is MessagePack: first the bounds of all histograms in it,
each once, then for each column (metric) its entries. An entry is a list of numbers: its key (a slot or a minute), then
one value (a summary of one sample), or count, sum, minimum and maximum, and after them the histogram, if there is one:
the index of its bounds, and pairs of a bucket and its count. So an entry of one sample takes three to ten bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram, Summary
from moyai.kernel.errors import MoyaiError

WHOLE_MINUTE: Final = 12
"""The key of a whole minute; the keys below are its twelve slots of five seconds."""
_SINGLE_LENGTH, _PLAIN_LENGTH = 2, 5
_COMPRESSION = 6  # zlib's default level; level 1 is a tenth larger and hardly faster for bodies of this size
_FIXARRAY, _FIXARRAY_END = 0x90, 16
"""MessagePack's head of an array: one byte for fewer than sixteen items, else three bytes."""
_MAX_BODY: Final = 16 * 1024 * 1024

Entries = Sequence[tuple[int, Summary]]
"""Summaries with their keys."""
BoundsIndex = dict[tuple[float, ...], int]
"""The bounds of histograms, each once, with its index in the body."""
_RawBody = tuple[list[tuple[float, ...]], dict[int, msgspec.Raw]]
_BODY_DECODER, _COLUMN_DECODER = msgspec.msgpack.Decoder(_RawBody), msgspec.msgpack.Decoder(list[list[float]])


class InvalidBody(MoyaiError):
    """The bytes are not an encoded body."""


class DecodedBody(NamedTuple):
    """A decoded body: bounds of histograms, and columns, which are decoded when they are read, because a body may have
    hundreds of them.
    """

    bounds: list[tuple[float, ...]]
    columns: Mapping[int, msgspec.Raw]

    def entries(self, column: int) -> Iterator[tuple[int, Summary]]:
        """The entries of one column, without those that can't be read."""
        for entry in self._raw_entries(column):
            summary = _summary(entry, self.bounds)
            if summary is not None:
                yield int(entry[0]), summary

    def whole_minute(self, column: int) -> Summary | None:
        """The whole minute of one column; None if it is missing or can't be read."""
        for entry in self._raw_entries(column):
            if entry and entry[0] == WHOLE_MINUTE:
                return _summary(entry, self.bounds)
        return None

    def _raw_entries(self, column: int) -> Sequence[list[float]]:
        try:
            return _COLUMN_DECODER.decode(self.columns[column]) if column in self.columns else ()
        except msgspec.MsgspecError:
            return ()


def encode_body(columns: Mapping[int, msgspec.Raw], bounds: BoundsIndex) -> bytes:
    """A body of these columns, whose histograms have these bounds."""
    return msgspec.msgpack.encode((list(bounds), columns))


def encode_column(entries: bytes, count: int) -> msgspec.Raw:
    """A column of ``count`` encoded entries, one after the other."""
    head = bytes((_FIXARRAY + count,)) if count < _FIXARRAY_END else b"\xdc" + count.to_bytes(2)
    return msgspec.Raw(head + entries)


def encode_entry(key: int, summary: Summary, bounds: BoundsIndex) -> bytes:
    """A summary with its key. The bounds of its histogram are added to ``bounds``."""
    numbers = _numbers(key, summary, bounds)
    try:
        return msgspec.msgpack.encode(numbers)
    except OverflowError:  # a proxy reported a sum beyond 64 bits
        return msgspec.msgpack.encode([float(number) for number in numbers])


def decode_column(column: msgspec.Raw, bounds: BoundsIndex) -> Entries:
    """The entries of one encoded column."""
    return list(DecodedBody(list(bounds), {0: column}).entries(0))


def decode_body(body: bytes) -> DecodedBody:
    """The inverse of ``encode_body``. Raises InvalidBody."""
    try:
        return DecodedBody(*_BODY_DECODER.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidBody(str(error)) from error


def encode_hour(entries: Entries) -> bytes:
    """The minutes of one metric's hour, compressed."""
    bounds: BoundsIndex = {}
    encoded = b"".join([encode_entry(key, summary, bounds) for key, summary in entries])
    return zlib.compress(encode_body({0: encode_column(encoded, len(entries))}, bounds), _COMPRESSION)


def decode_hour(body: bytes) -> Iterable[tuple[int, Summary]]:
    """The inverse of ``encode_hour``. Raises InvalidBody."""
    try:
        decompressor = zlib.decompressobj()
        return decode_body(decompressor.decompress(body, _MAX_BODY)).entries(0)
    except zlib.error as error:
        raise InvalidBody(str(error)) from error


def _numbers(key: int, summary: Summary, bounds: BoundsIndex) -> list[float]:
    if summary.histogram is None:
        if summary.count == 1 and summary.minimum == summary.sum == summary.maximum:
            return [key, summary.sum]
        return [key, summary.count, summary.sum, summary.minimum, summary.maximum]
    index = bounds.setdefault(summary.histogram.bounds, len(bounds))
    numbers = [key, summary.count, summary.sum, summary.minimum, summary.maximum, index]
    for bucket, count in enumerate(summary.histogram.counts):
        if count:
            numbers += (bucket, count)
    return numbers


def _summary(entry: list[float], bounds: list[tuple[float, ...]]) -> Summary | None:
    if len(entry) == _SINGLE_LENGTH:
        value = entry[1]
        return Summary(1, value, value, value)
    try:
        _, count, total, minimum, maximum = entry[:_PLAIN_LENGTH]
        if len(entry) == _PLAIN_LENGTH:
            return Summary(count, total, minimum, maximum)
        own_bounds = bounds[int(entry[_PLAIN_LENGTH])]
        counts = [0] * (len(own_bounds) + 1)
        for index in range(_PLAIN_LENGTH + 1, len(entry), 2):
            counts[int(entry[index])] = int(entry[index + 1])
    except (ValueError, IndexError):
        return None
    return Summary(count, total, minimum, maximum, Histogram(own_bounds, tuple(counts)))
