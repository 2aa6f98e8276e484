"""What a push tells, in an order that all proxies have in common, as arrays.

Promise: two pushes that tell of the same endpoints in the same forms have one shape, whatever their own orders are. So
the pushes of many proxies are rows of one array, and are worked on together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.arrays import Floats, Ints
from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Form, Timed
from moyai.telemetry.wire import Place

FIGURES: Final = len(Figure)
_MOST: Final = 2**56
"""Of a count: bytes of two months at 100 Gbit/s. More is not believed, nor less than nothing, so that sums fit."""
_MOST_TIMES: Final = 2**50
"""In a bucket."""
_ANY: Final = np.iinfo(np.int64).max
"""Of the bits of a sum."""
_BEYOND: Final = 1e18
"""Milliseconds, the age of the world: no sum of times is like that, and what is no number neither."""
Kinship = tuple[Form, tuple[float, ...], tuple[Endpoint, ...]]
"""Endpoints whose figures are made alike, and the bounds of their histograms; () when they have none."""
Levels = Sequence[Ints | None]
"""Of each gauge, in the order of ``Gauge``: by proxy and endpoint; None when these endpoints have none."""


class Figures(NamedTuple):
    """Of each proxy, in the order of a shape: whatever is counted, buckets of histograms included, and their sums."""

    counts: Ints
    sums: Floats

    def row(self, place: int) -> Figures:
        """Those of one proxy."""
        return Figures(self.counts[place], self.sums[place])


class Block(NamedTuple):
    """Endpoints whose figures are made alike, and where in a row these are: in what was read, counts and sums."""

    form: Form
    bounds: tuple[float, ...]
    endpoints: tuple[Endpoint, ...]
    read: slice
    counts: slice
    sums: slice

    def counters(self, counts: Ints) -> Ints:
        """By proxy, figure and endpoint."""
        return self._of(counts)[:, :FIGURES]

    def buckets(self, counts: Ints) -> Ints:
        """By proxy, bucket and endpoint."""
        return self._of(counts)[:, FIGURES:]

    def by_endpoint(self, row: Figures) -> Iterator[tuple[Endpoint, list[int], list[int], float]]:
        """Of one row: each endpoint, its counters, its buckets and their sum; no buckets when these have none."""
        counts = row.counts[np.newaxis]
        counters, buckets = self.counters(counts)[0].T.tolist(), self.buckets(counts)[0].T.tolist()
        sums = row.sums[self.sums].tolist() or [0.0] * len(self.endpoints)
        return zip(self.endpoints, counters, buckets, sums, strict=True)

    def _of(self, counts: Ints) -> Ints:
        return counts[:, self.counts].reshape(len(counts), -1, len(self.endpoints))

    def offsets(self, found: Mapping[Endpoint, Mapping[str, Place]]) -> Iterator[int | None]:
        """Where in a push these are that are read, in their order; None where there is none."""
        mine = [found[endpoint] for endpoint in self.endpoints]
        for name in self.form.statistics:
            yield from (None if (place := of.get(name)) is None else place.value for of in mine)
        if self.form.timed is None or not self.bounds:
            return
        timed = [of[self.form.timed] for of in mine]
        for bucket in zip(*(of.buckets for of in timed), strict=True):
            yield from bucket
        yield from (of.sum for of in timed)


class Shape:
    """``counts``, ``sums``: how many of each a row has."""

    __slots__ = ("__weakref__", "_most", "blocks", "counts", "sums")

    def __init__(self, kin: Iterable[Kinship]) -> None:
        self.blocks: list[Block] = []
        most: list[int] = []
        """Of each number that is read."""
        read = self.counts = self.sums = 0
        for form, bounds, endpoints in kin:
            buckets, many = (len(bounds) + 1 if bounds else 0), len(endpoints)
            sums = many if bounds else 0
            ends = (
                read + (len(form.statistics) + buckets) * many + sums,
                self.counts + (FIGURES + buckets) * many,
                self.sums + sums,
            )
            most += [_MOST] * len(form.statistics) * many + [_MOST_TIMES] * buckets * many + [_ANY] * sums
            begins = (read, self.counts, self.sums)
            self.blocks.append(Block(form, bounds, endpoints, *map(slice, begins, ends)))
            read, self.counts, self.sums = ends
        self._most = np.array(most, np.int64)

    def nothing(self) -> Figures:
        """A row of zeros."""
        return Figures(np.zeros(self.counts, np.int64), np.zeros(self.sums))

    def figures(self, read: Ints) -> tuple[Figures, Sequence[Levels]]:
        """What each proxy has counted, of what was read of each; and the levels of each block."""
        read = np.minimum(np.maximum(read, 0), self._most)
        counts, sums = np.zeros((len(read), self.counts), np.int64), np.empty((len(read), self.sums))
        levels = []
        for block in self.blocks:
            values = read[:, block.read].reshape(len(read), -1, len(block.endpoints))
            statistics = len(block.form.statistics)
            made, of_gauges = block.form.make(*values[:, :statistics].swapaxes(0, 1))
            counters = block.counters(counts)
            for figure, value in enumerate(made):
                counters[:, figure] = value
            if block.bounds:
                block.buckets(counts)[:] = values[:, statistics:-1]
                told = values[:, -1].view(np.float64)
                sums[:, block.sums] = np.where((told >= 0) & (told < _BEYOND), told, 0.0)
            levels.append(of_gauges)
        return Figures(counts, sums), levels

    def counted(self, read: Ints) -> Iterator[tuple[Endpoint, Counted]]:
        """What one proxy says of each endpoint."""
        figures, levels = self.figures(read[np.newaxis])
        for block, gauges in zip(self.blocks, levels, strict=True):
            for at, (endpoint, counters, buckets, total) in enumerate(block.by_endpoint(figures.row(0))):
                looked = tuple(None if gauge is None else int(gauge[0, at]) for gauge in gauges)
                time = Timed(Histogram(block.bounds, tuple(buckets)), total) if buckets else None
                yield endpoint, Counted(block.form.protocol, tuple(counters), looked, time)
