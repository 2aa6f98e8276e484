"""The schema of a push: its endpoints and values, in the same order for all proxies.

Promise: two pushes with the same endpoints and the same mappings have one schema, even if their statistics are in
different orders. So the pushes of many proxies become the rows of one array, which is computed at once.

A row of counts has, for each block, first all counters and then all buckets of the block's histograms:
``EndpointCounter`` by endpoint, then bucket by endpoint. So a block's counts, reshaped, have one column per endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.ingest.otlp_offsets import FieldOffsets
from moyai.telemetry.reporters.envoy_stats import (
    EndpointCounter,
    EndpointStats,
    GaugeArrays,
    StatEndpoint,
    StatMapping,
)
from moyai.telemetry.values import Floats, Ints, ResponseTimes

COUNTERS: Final = len(EndpointCounter)
_MAX_COUNT: Final = 2**56
"""The bytes of two months at 100 Gbit/s. Larger and negative counts are ignored, so that sums fit into 64 bits."""
_MAX_BUCKET_COUNT: Final = 2**50
_ANY_BITS: Final = 2**63 - 1
"""The limit for the bits of a histogram's sum, because they are a float."""
_MAX_TIME_SUM: Final = 1e18
"""The largest sum in milliseconds, about the age of the universe. Larger sums are ignored, and so is NaN."""
BlockKey = tuple[StatMapping, tuple[float, ...], tuple[StatEndpoint, ...]]
"""A mapping, the bounds of the histograms (() without histograms), and the endpoints that have both."""
SchemaKey = tuple[BlockKey, ...]


class CountArrays(NamedTuple):
    """The counts of proxies, a row for each, in the order of a schema: the counters and the histograms' buckets, and
    the histograms' sums. The counts of a single proxy have one dimension less.
    """

    counts: Ints
    sums: Floats

    def row(self, index: int) -> CountArrays:
        """The counts of one proxy."""
        return CountArrays(self.counts[index], self.sums[index])


class SchemaBlock(NamedTuple):
    """Endpoints with the same mapping and the same bounds, and the positions of their values in a row: of values read
    from a push, of counts, and of sums.
    """

    mapping: StatMapping
    bounds: tuple[float, ...]
    endpoints: tuple[StatEndpoint, ...]
    values: slice
    counts: slice
    sums: slice

    def counters(self, counts: Ints) -> Ints:
        """The block's counters in rows of counts, by proxy, counter and endpoint."""
        return self._by_endpoint(counts)[:, :COUNTERS]

    def buckets(self, counts: Ints) -> Ints:
        """The block's buckets in rows of counts, by proxy, bucket and endpoint."""
        return self._by_endpoint(counts)[:, COUNTERS:]

    def endpoint_counts(self, row: CountArrays) -> Iterator[tuple[StatEndpoint, list[int], list[int], float]]:
        """Each endpoint with its counters, its buckets (none if the block has no histograms) and their sum."""
        counts = row.counts[np.newaxis]
        counters, buckets = self.counters(counts)[0].T.tolist(), self.buckets(counts)[0].T.tolist()
        sums = row.sums[self.sums].tolist() or [0.0] * len(self.endpoints)
        return zip(self.endpoints, counters, buckets, sums, strict=True)

    def endpoint_times(self, row: CountArrays) -> Iterator[tuple[StatEndpoint, list[int], ResponseTimes | None]]:
        """Each endpoint with its counters, and with its response times if it has any."""
        for endpoint, counters, buckets, total in self.endpoint_counts(row):
            times = ResponseTimes(Histogram(self.bounds, tuple(buckets)), total) if any(buckets) else None
            yield endpoint, counters, times

    def _by_endpoint(self, counts: Ints) -> Ints:
        return counts[:, self.counts].reshape(len(counts), -1, len(self.endpoints))

    def offsets(self, by_endpoint: Mapping[StatEndpoint, Mapping[str, FieldOffsets]]) -> Iterator[int | None]:
        """The offsets of the block's values in a push, in the block's order; None for a missing statistic."""
        statistics = [by_endpoint[endpoint] for endpoint in self.endpoints]
        for name in self.mapping.statistics:
            yield from (None if (field := by_name.get(name)) is None else field.value for by_name in statistics)
        if self.mapping.histogram is None or not self.bounds:
            return
        histograms = [by_name[self.mapping.histogram] for by_name in statistics]
        for bucket in zip(*(histogram.buckets for histogram in histograms), strict=True):
            yield from bucket
        yield from (histogram.sum for histogram in histograms)


class PushSchema:
    """The order of the values of all pushes with the same endpoints and mappings. ``counts`` and ``sums``: the numbers
    of counts and of sums in a row.
    """

    __slots__ = ("__weakref__", "_limits", "blocks", "counts", "sums")

    def __init__(self, key: SchemaKey) -> None:
        self.blocks: list[SchemaBlock] = []
        limits: list[int] = []
        """The limit of each value that is read."""
        values = self.counts = self.sums = 0
        for mapping, bounds, endpoints in key:
            buckets, width = (len(bounds) + 1 if bounds else 0), len(endpoints)
            sums = width if bounds else 0
            ends = (
                values + (len(mapping.statistics) + buckets) * width + sums,
                self.counts + (COUNTERS + buckets) * width,
                self.sums + sums,
            )
            limits += [_MAX_COUNT] * len(mapping.statistics) * width
            limits += [_MAX_BUCKET_COUNT] * buckets * width + [_ANY_BITS] * sums
            starts = (values, self.counts, self.sums)
            self.blocks.append(SchemaBlock(mapping, bounds, endpoints, *map(slice, starts, ends)))
            values, self.counts, self.sums = ends
        self._limits = np.array(limits, np.int64)

    def zeros(self) -> CountArrays:
        """A row of zeros."""
        return CountArrays(np.zeros(self.counts, np.int64), np.zeros(self.sums))

    def compute(self, values: Ints) -> tuple[CountArrays, Sequence[GaugeArrays]]:
        """The counts of proxies and the gauges of each block, from a row of values for each proxy."""
        values = np.minimum(np.maximum(values, 0), self._limits)
        counts, sums = np.zeros((len(values), self.counts), np.int64), np.empty((len(values), self.sums))
        gauges = []
        for block in self.blocks:
            block_values = values[:, block.values].reshape(len(values), -1, len(block.endpoints))
            statistics = len(block.mapping.statistics)
            block_counters, block_gauges = block.mapping.compute(*block_values[:, :statistics].swapaxes(0, 1))
            counters = block.counters(counts)
            for index, counter in enumerate(block_counters):
                counters[:, index] = counter
            if block.bounds:
                block.buckets(counts)[:] = block_values[:, statistics:-1]
                time_sums = block_values[:, -1].view(np.float64)
                sums[:, block.sums] = np.where((time_sums >= 0) & (time_sums < _MAX_TIME_SUM), time_sums, 0.0)
            gauges.append(block_gauges)
        return CountArrays(counts, sums), gauges

    def endpoint_stats(self, values: Ints) -> Iterator[tuple[StatEndpoint, EndpointStats]]:
        """The report of one proxy, by endpoint."""
        counts, gauges = self.compute(values[np.newaxis])
        for block, block_gauges in zip(self.blocks, gauges, strict=True):
            for column, (endpoint, counters, buckets, total) in enumerate(block.endpoint_counts(counts.row(0))):
                endpoint_gauges = tuple(None if gauge is None else int(gauge[0, column]) for gauge in block_gauges)
                times = ResponseTimes(Histogram(block.bounds, tuple(buckets)), total) if buckets else None
                yield endpoint, EndpointStats(block.mapping.protocol, tuple(counters), endpoint_gauges, times)
