"""Summaries as bytes: a minute of a group, an hour of one metric. Pure.

Promise: what ``encode`` returned decodes to equal summaries. A body is MessagePack: first the bounds of all
histograms in it, each once, then for each column its entries. An entry is a list of numbers: its key, then one value
(a summary of one sample), or count, sum, minimum and maximum, and after them the histogram, if there is one: which
bounds, and pairs of a bucket and what is in it. So an entry of one sample takes three to ten bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram, Summary
from moyai.kernel.errors import MoyaiError

WHOLE: Final = 12
"""A minute's key for all of it; below are its twelve slots of five seconds."""
_SINGLE, _PLAIN = 2, 5
_LEVEL = 6  # zlib's own middle; 1 is a tenth larger and hardly faster on bodies this small
_FEW, _NOT_FEW = 0x90, 16
"""MessagePack's head of an array of so many: one byte for fewer than sixteen, else three."""
_MAX_BODY: Final = 16 * 1024 * 1024

Entries = Sequence[tuple[int, Summary]]
Bounds = dict[tuple[float, ...], int]
"""Of histograms, each once, and its place."""
_Raw = tuple[list[tuple[float, ...]], dict[int, list[list[float]]]]
_READER, _ROW = msgspec.msgpack.Decoder(_Raw), msgspec.msgpack.Decoder(list[list[float]])


class BadBlock(MoyaiError):
    """These bytes are no block."""


class Block(NamedTuple):
    """A body that was read: bounds, and raw entries by column."""

    bounds: list[tuple[float, ...]]
    columns: Mapping[int, list[list[float]]]

    def of(self, column: int) -> Iterator[tuple[int, Summary]]:
        """The entries of one column; those that can't be read are passed over."""
        for entry in self.columns.get(column, ()):
            found = _summary(entry, self.bounds)
            if found is not None:
                yield int(entry[0]), found


def encode(columns: Mapping[int, msgspec.Raw], bounds: Bounds) -> bytes:
    """A body of these columns, whose histograms have these bounds."""
    return msgspec.msgpack.encode((list(bounds), columns))


def row(entries: bytes, count: int) -> msgspec.Raw:
    """A column of so many entries, one after the other."""
    head = bytes((_FEW + count,)) if count < _NOT_FEW else b"\xdc" + count.to_bytes(2)
    return msgspec.Raw(head + entries)


def entry(key: int, of: Summary, bounds: Bounds) -> bytes:
    """A summary with its key; the bounds of its histogram join the others."""
    numbers = _numbers(key, of, bounds)
    try:
        return msgspec.msgpack.encode(numbers)
    except OverflowError:  # a sum of what a proxy made up
        return msgspec.msgpack.encode([float(number) for number in numbers])


def read(column: msgspec.Raw, bounds: Bounds) -> Entries:
    """The entries of one column."""
    return list(Block(list(bounds), {0: _ROW.decode(column)}).of(0))


def decode(body: bytes) -> Block:
    """What ``encode`` made. Raises BadBlock."""
    try:
        return Block(*_READER.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBlock(str(error)) from error


def pack(entries: Entries) -> bytes:
    """An hour of one metric, small."""
    bounds: Bounds = {}
    packed = b"".join([entry(key, of, bounds) for key, of in entries])
    return zlib.compress(encode({0: row(packed, len(entries))}, bounds), _LEVEL)


def unpack(body: bytes) -> Iterable[tuple[int, Summary]]:
    """What ``pack`` made. Raises BadBlock."""
    try:
        inflating = zlib.decompressobj()
        return decode(inflating.decompress(body, _MAX_BODY)).of(0)
    except zlib.error as error:
        raise BadBlock(str(error)) from error


def _numbers(key: int, of: Summary, bounds: Bounds) -> list[float]:
    if of.histogram is None:
        if of.count == 1 and of.minimum == of.sum == of.maximum:
            return [key, of.sum]
        return [key, of.count, of.sum, of.minimum, of.maximum]
    place = bounds.setdefault(of.histogram.bounds, len(bounds))
    made = [key, of.count, of.sum, of.minimum, of.maximum, place]
    for bucket, count in enumerate(of.histogram.counts):
        if count:
            made += (bucket, count)
    return made


def _summary(entry: list[float], bounds: list[tuple[float, ...]]) -> Summary | None:
    if len(entry) == _SINGLE:
        value = entry[1]
        return Summary(1, value, value, value)
    try:
        _, count, total, least, most = entry[:_PLAIN]
        if len(entry) == _PLAIN:
            return Summary(count, total, least, most)
        limits = bounds[int(entry[_PLAIN])]
        counts = [0] * (len(limits) + 1)
        for place in range(_PLAIN + 1, len(entry), 2):
            counts[int(entry[place])] = int(entry[place + 1])
    except (ValueError, IndexError):
        return None
    return Summary(count, total, least, most, Histogram(limits, tuple(counts)))
