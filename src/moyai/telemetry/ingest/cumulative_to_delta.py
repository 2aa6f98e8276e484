"""Converts the cumulative counts in a proxy's reports to deltas. Pure.

Promise: for any sequence of one proxy's reports, even if some are lost or arrive twice, the sum of the deltas is the
last count that arrived: nothing is counted twice, and nothing before that count is lost.

- A count restarts from 0 when it goes down, when it was missing from a report, or when the proxy says that it started
  at another time. (Envoy forgets a statistic with the last cluster or listener that has its name.)
- A counter that is a difference of two statistics may go down without a restart, because Envoy does not read the two at
  the same instant. Then its largest value is kept.
- A report that is older than the last one is late and ignored, unless it can't be late: its counts are larger, or it is
  older than a late report could be. Then the proxy's clock was set back, and counting continues from that report.
- The first report of a proxy counts from 0. If it is a baseline, nothing in it is counted, because nobody knows how
much of it was counted earlier.

The state of a proxy can be serialized; after it was read again, counting continues.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from moyai.telemetry.ingest.push_decoder import DecodedPush
from moyai.telemetry.ingest.push_schema import COUNTERS, CountArrays, PushSchema, SchemaBlock
from moyai.telemetry.reporters.envoy_stats import Side, StatEndpoint
from moyai.telemetry.values import Ints

_MAX_DELAY: Final = 3600 * 10**9
"""The longest time in nanoseconds until a report arrives, even if the control plane was stopped for a while."""
_MAX_SCHEMAS: Final = 50
"""The most schemas that are remembered of one proxy. A flush of an Envoy has a few parts, each with its own schema."""
_Count = Annotated[int, msgspec.Meta(le=2**63 - 1)]


class _Snapshot(NamedTuple):
    """The counts of the last report with one schema."""

    taken_at: int
    counts: CountArrays


class _EndpointCounts(msgspec.Struct, array_like=True):
    """The last counts of one endpoint, as they are serialized. ``bounds_index``: of its bounds in the state's
    ``bounds``.
    """

    side: Side
    name: str
    taken_at: int
    counters: list[_Count]
    buckets: list[_Count]
    sum: float
    bounds_index: int


class _SerializedState(msgspec.Struct, array_like=True):
    """The state of a proxy, as it is serialized."""

    proxy_start: int
    taken_at: int
    previous_taken_at: int
    bounds: list[tuple[float, ...]]
    endpoints: list[_EndpointCounts]


_DECODER = msgspec.msgpack.Decoder(_SerializedState)


class DeltaState:
    """The last counts of one proxy. The next report is compared to them.

    For each report call ``previous``, which returns the counts to subtract, and then ``commit``. ``is_uncommitted``:
    ``commit`` was not called yet for the last report, so ``previous`` must not be called for another one. ``changed``:
    the state differs from its last serialization.
    """

    def __init__(self) -> None:
        self.is_uncommitted = False
        self.changed = False
        self._proxy_start = self._taken_at = self._previous_taken_at = 0
        """The times at which the proxy started and made its last two reports."""
        self._snapshots: dict[PushSchema, _Snapshot] = {}
        self._restored_endpoints: list[_EndpointCounts] = []
        """The endpoints of the deserialized state, until they are too old. Snapshots are newer and take precedence."""
        self._restored_bounds: list[tuple[float, ...]] = []
        """The bounds of the restored endpoints' histograms."""

    @classmethod
    def deserialize(cls, body: bytes) -> DeltaState:
        """The inverse of ``serialize``. Raises msgspec.MsgspecError or ValueError for other bytes."""
        record = _DECODER.decode(body)
        if not all(_has_known_shape(endpoint, record.bounds) for endpoint in record.endpoints):
            raise ValueError("counts of another version")
        state = cls()
        state._proxy_start = record.proxy_start
        state._taken_at, state._previous_taken_at = record.taken_at, record.previous_taken_at
        state._restored_endpoints, state._restored_bounds = record.endpoints, record.bounds
        return state

    def serialize(self) -> bytes:
        """The state as bytes, without the endpoints whose counts will restart."""
        self._forget_missing()
        self.changed = False
        endpoints, index_of_bounds = self._endpoint_counts()
        bounds = list(index_of_bounds)
        record = _SerializedState(self._proxy_start, self._taken_at, self._previous_taken_at, bounds, endpoints)
        return msgspec.msgpack.encode(record)

    def previous(self, push: DecodedPush, *, is_baseline: bool = False) -> CountArrays | None:
        """Record the times of a push, and return the counts to subtract from the push's counts.

        Returns None when the push is late or was already counted. For a baseline it returns the push's own counts, so
        that nothing in it is new.
        """
        if push.taken_at < self._taken_at:
            if not self._was_clock_set_back(push):
                return None
            self._date_back(push.taken_at)
        if push.proxy_start and push.proxy_start != self._proxy_start:
            if self._proxy_start:
                self._forget_all()
            self._proxy_start = push.proxy_start
        if push.taken_at > self._taken_at:
            self._previous_taken_at, self._taken_at = self._taken_at, push.taken_at
        if is_baseline:
            self.changed = True
            return push.schema.compute(push.values[np.newaxis])[0].row(0)
        snapshot = self._snapshots.get(push.schema)
        if snapshot is not None and snapshot.taken_at == push.taken_at:
            return None
        if snapshot is not None and snapshot.taken_at == self._previous_taken_at:
            return snapshot.counts
        return self._in_order_of(push.schema)

    def commit(self, push: DecodedPush, counts: CountArrays, *, has_news: bool) -> None:
        """Remember the counts of a push that has been counted. ``has_news``: at least one delta is not 0."""
        self.is_uncommitted = False
        self.changed |= has_news or push.schema not in self._snapshots
        self._snapshots[push.schema] = _Snapshot(push.taken_at, counts)
        if len(self._snapshots) > _MAX_SCHEMAS:
            del self._snapshots[next(iter(self._snapshots))]

    def _was_clock_set_back(self, push: DecodedPush) -> bool:
        """Whether a push is older than the last one because the proxy's clock was set back, and not because it is late.

        A push can't be late if it is older than _MAX_DELAY, if its proxy started later than the known one, or if its
        counts are larger than those of the last report with the same schema.
        """
        if push.taken_at < self._taken_at - _MAX_DELAY or push.proxy_start > self._proxy_start > 0:
            return True
        snapshot = self._snapshots.get(push.schema)
        if snapshot is None or snapshot.taken_at != self._taken_at or push.proxy_start != self._proxy_start:
            return False
        growth = push.schema.compute(push.values[np.newaxis])[0].counts[0] - snapshot.counts.counts
        return bool(np.all(growth >= 0) and np.any(growth))

    def _date_back(self, taken_at: int) -> None:
        """Set the time of the last report to just before ``taken_at``, which is in the new time of the proxy's clock.

        Only the counts in the last report are kept; all others were missing from it, and restart.
        """
        last, self._taken_at, self._previous_taken_at = self._taken_at, taken_at, taken_at - 1
        self._snapshots = {
            schema: _Snapshot(self._previous_taken_at, snapshot.counts)
            for schema, snapshot in self._snapshots.items()
            if snapshot.taken_at == last
        }
        self._restored_endpoints = [
            replace(endpoint, taken_at=self._previous_taken_at)
            for endpoint in self._restored_endpoints
            if endpoint.taken_at == last
        ]

    def _in_order_of(self, schema: PushSchema) -> CountArrays:
        """The last counts of each of the schema's endpoints, in the schema's order, from reports with any schema.

        An unknown endpoint counts from 0, and so does a histogram whose bounds have changed.
        """
        self._forget_missing()
        endpoints, index_of_bounds = self._endpoint_counts()
        oldest_first = sorted(endpoints, key=lambda endpoint: endpoint.taken_at)
        last_counts = {StatEndpoint(endpoint.side, endpoint.name): endpoint for endpoint in oldest_first}
        row = schema.zeros()
        counts, sums = row.counts[np.newaxis], row.sums
        for block in schema.blocks:
            counters, buckets = block.counters(counts)[0], block.buckets(counts)[0]
            bounds_index = index_of_bounds.get(block.bounds)
            for column, endpoint in enumerate(block.endpoints):
                last = last_counts.get(endpoint)
                if last is None:
                    continue
                counters[:, column] = last.counters
                if block.bounds and last.buckets and last.bounds_index == bounds_index:
                    buckets[:, column], sums[block.sums.start + column] = last.buckets, last.sum
        return row

    def _endpoint_counts(self) -> tuple[list[_EndpointCounts], dict[tuple[float, ...], int]]:
        """The last counts of all endpoints of all schemas, and the index of each tuple of bounds."""
        endpoints = [*self._restored_endpoints]
        index_of_bounds = {bounds: index for index, bounds in enumerate(self._restored_bounds)}
        for schema, (taken_at, counts) in self._snapshots.items():
            for block in schema.blocks:
                index = index_of_bounds.setdefault(block.bounds, len(index_of_bounds))
                endpoints += (
                    _EndpointCounts(endpoint.side, endpoint.name, taken_at, counters, buckets, total, index)
                    for endpoint, counters, buckets, total in block.endpoint_counts(counts)
                )
        return endpoints, index_of_bounds

    def _forget_missing(self) -> None:
        """Forget the counts that were in neither of the last two reports. They restart from 0 if they appear again."""
        oldest = self._previous_taken_at
        self._snapshots = {
            schema: snapshot for schema, snapshot in self._snapshots.items() if snapshot.taken_at >= oldest
        }
        self._restored_endpoints = [endpoint for endpoint in self._restored_endpoints if endpoint.taken_at >= oldest]
        if not self._restored_endpoints:
            self._restored_bounds = []

    def _forget_all(self) -> None:
        self._snapshots.clear()
        self._restored_endpoints.clear()


def _has_known_shape(endpoint: _EndpointCounts, bounds: Sequence[tuple[float, ...]]) -> bool:
    """Whether the endpoint has as many counters and buckets as this version expects."""
    has_bounds = 0 <= endpoint.bounds_index < len(bounds)
    buckets = len(bounds[endpoint.bounds_index]) + 1 if has_bounds else -1
    return len(endpoint.counters) == COUNTERS and len(endpoint.buckets) in {0, buckets}


def subtract(schema: PushSchema, now: CountArrays, previous: CountArrays) -> CountArrays:
    """The deltas of each proxy. Where a difference went down, ``now`` is changed to the largest value so far."""
    deltas = CountArrays(now.counts - previous.counts, np.maximum(now.sums - previous.sums, 0.0))
    if np.any(deltas.counts < 0):
        for block in schema.blocks:
            _count_restarts(block, now, deltas)
    return deltas


def _count_restarts(block: SchemaBlock, now: CountArrays, deltas: CountArrays) -> None:
    """Treat a count that went down as restarted from 0, so that all of it is new. A histogram restarts as a whole."""
    counters, buckets = block.counters(deltas.counts), block.buckets(deltas.counts)
    _keep_largest_differences(block, now, counters)
    np.copyto(counters, block.counters(now.counts), where=counters < 0)
    if block.bounds:
        restarted = np.any(buckets < 0, axis=1)
        np.copyto(buckets, block.buckets(now.counts), where=np.expand_dims(restarted, 1))
        np.copyto(deltas.sums[:, block.sums], now.sums[:, block.sums], where=restarted)


def _keep_largest_differences(block: SchemaBlock, now: CountArrays, counters: Ints) -> None:
    """Set the delta of a difference that went down to 0, unless another counter of its endpoint went down too."""
    if not block.mapping.differences:
        return
    others = np.delete(counters, block.mapping.differences, axis=1)
    restarted = np.any(others < 0, axis=1)
    for index in block.mapping.differences:
        decrease = np.where(restarted, 0, np.minimum(counters[:, index], 0))
        block.counters(now.counts)[:, index] -= decrease
        counters[:, index] -= decrease
