"""A log store that applies filters to the events that it stores: it writes the metrics of metric filters, and queues
the events that subscription filters match for delivery.

Promise: every stored event is counted once, at its own time, by each filter of its group. A filter with a default value
publishes it for a batch in which no event matches. An event whose value is not a number is ignored.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from typing_extensions import override

from moyai.domain.cloudwatch.metric import metric_id, summary_of_values
from moyai.domain.keys import scope_of
from moyai.domain.logs.event import LogEvent
from moyai.domain.logs.metric_filter import MetricFilter, MetricTransformation
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.pattern import Selector, compile_filter_pattern, compile_selector
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import EventPage, EventQuery, LogBatch, LogStore, StreamTimes
from moyai.ports.metrics import MetricWriter
from moyai.ports.store import Store
from moyai.telemetry.log_deliveries import PendingLogDeliveries

_LONGEST = 255
"""The most characters of a number, and of a dimension's value."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class _CompiledFilter(NamedTuple):
    matches: TextPredicate
    value: Selector
    dimensions: tuple[tuple[str, Selector], ...]


class MeteredLogs(LogStore):
    """Another log store, ``logs``, whose groups' filters are applied to the events that are appended to them."""

    def __init__(self, logs: LogStore, store: Store, metrics: MetricWriter) -> None:
        self._logs = logs
        self._store = store
        self._metrics = metrics
        self.deliveries = PendingLogDeliveries(store)

    @override
    async def append(self, batches: Sequence[LogBatch], now: Instant) -> None:
        await self._logs.append(batches, now)
        for batch in batches:
            for metric_filter in self._filters_of(batch.group):
                self._publish(metric_filter, batch.events)
            self.deliveries.offer(batch)

    def _filters_of(self, group_id: LogGroupId) -> Iterator[MetricFilter]:
        world = self._store.world
        if len(world.metric_filters):
            for group in world.log_groups.by("id", group_id):
                yield from world.metric_filters.by("group", group.arn)

    def _publish(self, metric_filter: MetricFilter, events: Sequence[LogEvent]) -> None:
        transformation = metric_filter.transformation
        compiled = _compile(
            metric_filter.pattern, transformation.metric_value, tuple(sorted(transformation.dimensions.items()))
        )
        has_match = False
        for event in events:
            message = event.message.decode("utf-8", "replace")
            if compiled.matches(message):
                has_match = True
                value = _number(compiled.value(message))
                dimensions = {name: select(message) for name, select in compiled.dimensions}
                if value is not None:
                    self._write(metric_filter, event.at, value, {k: v[:_LONGEST] for k, v in dimensions.items() if v})
        if not has_match and events and transformation.default_value is not None:
            self._write(metric_filter, events[-1].at, transformation.default_value, {})

    def _write(self, metric_filter: MetricFilter, at: int, value: float, dimensions: Mapping[str, str]) -> None:
        transformation: MetricTransformation = metric_filter.transformation
        metric = metric_id(transformation.metric_namespace, transformation.metric_name, dimensions.items())
        summary = summary_of_values([(value, 1.0)])
        self._metrics.write(scope_of(metric_filter.group), metric, transformation.unit, Instant(at / 1000), summary)

    @override
    async def read(self, question: EventQuery) -> EventPage:
        return await self._logs.read(question)

    @override
    async def times(self, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
        return await self._logs.times(streams)

    @override
    async def sizes(self, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
        return await self._logs.sizes(groups)

    @override
    async def positions(self) -> Mapping[str, int]:
        return await self._logs.positions()

    @override
    async def streams(self) -> Collection[LogStreamId]:
        return await self._logs.streams()

    @override
    async def trim(self, group: LogGroupId, before: int) -> None:
        await self._logs.trim(group, before)

    @override
    async def forget(self, streams: Collection[LogStreamId], sources: Collection[str] = ()) -> None:
        await self._logs.forget(streams, sources)

    @override
    async def fault(self) -> str | None:
        return await self._logs.fault()

    @override
    async def close(self) -> None:
        await self._logs.close()


@lru_cache(maxsize=256)
def _compile(pattern: str, value: str, dimensions: tuple[tuple[str, str], ...]) -> _CompiledFilter:
    selectors = tuple((name, compile_selector(pattern, text)) for name, text in dimensions)
    return _CompiledFilter(compile_filter_pattern(pattern), compile_selector(pattern, value), selectors)


def _number(text: str | None) -> float | None:
    """Read a number in ASCII digits. Python alone would accept ``1_0`` and the digits of other scripts too."""
    if text is None or len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) and abs(number) <= 2.0**360 else None
