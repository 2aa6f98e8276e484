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
_MAX_BODY: Final = 16 * 1024 * 1024

Entries = Sequence[tuple[int, Summary]]
_Raw = tuple[list[tuple[float, ...]], dict[int, list[list[float]]]]
_READER = msgspec.msgpack.Decoder(_Raw)


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


def encode(columns: Mapping[int, Entries]) -> bytes:
    """A body of these columns."""
    bounds: dict[tuple[float, ...], int] = {}
    rows = {column: [_entry(key, of, bounds) for key, of in entries] for column, entries in columns.items()}
    return msgspec.msgpack.encode((list(bounds), rows))


def decode(body: bytes) -> Block:
    """What ``encode`` made. Raises BadBlock."""
    try:
        return Block(*_READER.decode(body))
    except msgspec.MsgspecError as error:
        raise BadBlock(str(error)) from error


def pack(entries: Entries) -> bytes:
    """An hour of one metric, small."""
    return zlib.compress(encode({0: entries}), _LEVEL)


def unpack(body: bytes) -> Iterable[tuple[int, Summary]]:
    """What ``pack`` made. Raises BadBlock."""
    try:
        inflating = zlib.decompressobj()
        return decode(inflating.decompress(body, _MAX_BODY)).of(0)
    except zlib.error as error:
        raise BadBlock(str(error)) from error


def _entry(key: int, of: Summary, bounds: dict[tuple[float, ...], int]) -> list[float]:
    if of.histogram is None:
        if of.count == 1 and of.minimum == of.sum == of.maximum:
            return [key, of.sum]
        return [key, of.count, of.sum, of.minimum, of.maximum]
    place = bounds.setdefault(of.histogram.bounds, len(bounds))
    entry = [key, of.count, of.sum, of.minimum, of.maximum, place]
    for bucket, count in enumerate(of.histogram.counts):
        if count:
            entry += (bucket, count)
    return entry


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
