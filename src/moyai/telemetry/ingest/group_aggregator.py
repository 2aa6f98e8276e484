"""Adds up the counts of all proxies of a group, and writes the sums to the series.

Promise: a metric is written once for many reports instead of once for each, with the same series as a result: one
sample for each proxy's counts in the slot, one for each report of a gauge, and one for each request's time.

A group consists of the proxies whose reporters have the same metrics. Reports wait in the aggregator until ``flush``;
those with the same schema then become the rows of one array. For each schema a ``_WritePlan`` specifies where a row's
values are written: some counts to columns of the group's ``SampleMatrix``, the rest to each endpoint's metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.cumulative_to_delta import DeltaState, subtract
from moyai.telemetry.ingest.endpoint_metrics import EndpointMetrics, SeriesWriter
from moyai.telemetry.ingest.push_decoder import DecodedPush
from moyai.telemetry.ingest.push_schema import CountArrays, PushSchema, SchemaBlock
from moyai.telemetry.ingest.sample_matrix import SampleMatrix, summarize_columns
from moyai.telemetry.ingest.totals import Total, Totals
from moyai.telemetry.reporters.envoy_stats import EndpointGauge, EndpointProtocol, GaugeArrays, Side
from moyai.telemetry.reporters.reporter import MetricTarget, Reporter
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.group import SlotTime
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.values import Ints

_MAX_PENDING: Final = 50
"""The most reports of one schema that are aggregated at once. This takes a few milliseconds."""
_MAX_ENDPOINTS: Final = 10_000
"""The most endpoints that are remembered, many more than a proxy has. A group with more forgets all of them."""
TaskMetrics = dict[EndpointProtocol, EndpointMetrics]
"""The metrics of a single proxy by endpoint."""


class PendingReport(NamedTuple):
    """A report that is not aggregated yet, and the counts to subtract from it. ``task_metrics`` is filled on demand."""

    proxy: ProxyId
    delta_state: DeltaState
    task_metrics: TaskMetrics
    push: DecodedPush
    previous: CountArrays


class GroupAggregator:
    """The pending reports of one group. All counts are also added to the lifetime totals ``totals``."""

    __slots__ = (
        "__weakref__",
        "_columns",
        "_endpoints",
        "_head",
        "_matrix",
        "_pending",
        "_plans",
        "_reporter",
        "_time",
        "_totals",
    )

    def __init__(self, head: MetricHead, totals: Totals, reporter: Reporter) -> None:
        self._head, self._totals, self._reporter = head, totals, reporter
        self._time: SlotTime | None = None
        """The time at which the last pending report arrived. All pending reports are of one slot."""
        self._pending: dict[PushSchema, list[PendingReport]] = {}
        self._matrix = SampleMatrix()
        self._columns: dict[Sequence[MetricId], _MetricColumn] = {}
        """The column of each metric in the matrix. Endpoints that share a metric share its column."""
        self._endpoints: dict[EndpointProtocol, EndpointMetrics] = {}
        self._plans: WeakKeyDictionary[PushSchema, _WritePlan] = WeakKeyDictionary()

    def accepts(self, time: SlotTime) -> bool:
        """Whether a report of this time may be added. It may not while reports of another slot are pending."""
        pending = self._time
        return pending is None or (pending.slot_number, pending.minute) == (time.slot_number, time.minute)

    def add(self, report: PendingReport, time: SlotTime) -> bool:
        """Add a report. Returns True when the caller must flush, because very many are pending."""
        self._time = time
        report.delta_state.is_uncommitted = True
        same_schema = self._pending.setdefault(report.push.schema, [])
        same_schema.append(report)
        return len(same_schema) >= _MAX_PENDING

    def flush(self) -> None:
        """Write all pending reports to the series."""
        time, pending = self._time, self._pending
        if time is None:
            return
        self._time, self._pending = None, {}
        for schema, reports in pending.items():
            deltas, gauges = _commit(schema, reports)
            plan = self._plan(schema, time)
            self._write_counters(plan, reports, deltas, time)
            group_deltas = CountArrays(deltas.counts.sum(axis=0), deltas.sums.sum(axis=0))
            for block_writers, block_gauges in zip(plan.blocks, gauges, strict=True):
                block_writers.write(group_deltas, block_gauges, time)
                self._write_task_metrics(block_writers.block, reports, deltas, time)

    def _write_counters(
        self, plan: _WritePlan, reports: Sequence[PendingReport], deltas: CountArrays, time: SlotTime
    ) -> None:
        """Add each proxy's deltas to the matrix, and write the new summaries of the columns that have changed."""
        counts = deltas.counts[:, plan.count_indexes]
        indexes = np.flatnonzero(np.any(counts, axis=0)).tolist()
        if not indexes:
            return
        proxies = [report.proxy for report in reports]
        slot, minute = self._matrix.add(time, proxies, plan.matrix_columns, counts).tolist()
        for index in indexes:
            writer = plan.writers[index]
            writer.write(time, _subtotal(writer, slot[index]), _subtotal(writer, minute[index]))

    def _write_task_metrics(
        self, block: SchemaBlock, reports: Sequence[PendingReport], deltas: CountArrays, time: SlotTime
    ) -> None:
        """Write the metrics of each single proxy. Only the server side has such metrics."""
        if not any(endpoint.side is Side.SERVER for endpoint in block.endpoints):
            return
        for row, report in enumerate(reports):
            for endpoint, counters, times in block.endpoint_times(deltas.row(row)):
                if endpoint.side is not Side.SERVER:
                    continue
                metrics = self._task_metrics(report, EndpointProtocol(endpoint, block.mapping.protocol))
                metrics.write_counters(report.proxy, counters, time)
                metrics.write_totals(counters, times, time)

    def _task_metrics(self, report: PendingReport, endpoint: EndpointProtocol) -> EndpointMetrics:
        task_metrics = report.task_metrics
        metrics = task_metrics.get(endpoint)
        if metrics is None:
            if len(task_metrics) >= _MAX_ENDPOINTS:
                task_metrics.clear()
            targets = self._reporter.task_metrics(report.proxy, endpoint)
            metrics = task_metrics[endpoint] = self._new_metrics(targets, None)
        return metrics

    def _plan(self, schema: PushSchema, time: SlotTime) -> _WritePlan:
        plan = self._plans.get(schema)
        if plan is None:
            if len(self._endpoints) >= _MAX_ENDPOINTS:
                self._forget_endpoints()
            plan = self._plans[schema] = self._new_plan(schema, time.at)
        return plan

    def _forget_endpoints(self) -> None:
        """Start again with an empty matrix. Sums stay exact, but this minute may have two samples of one task."""
        self._matrix = SampleMatrix()
        for by_key in (self._columns, self._endpoints, self._plans):
            by_key.clear()

    def _new_plan(self, schema: PushSchema, now: Instant) -> _WritePlan:
        blocks: list[_BlockWriters] = []
        sources: list[tuple[int, SeriesWriter]] = []
        """The index in the row of each count that is a metric, and the metric's writer."""
        for block in schema.blocks:
            protocol, width = block.mapping.protocol, len(block.endpoints)
            endpoints = [self._endpoint(EndpointProtocol(endpoint, protocol), now) for endpoint in block.endpoints]
            blocks.append(_BlockWriters(block, endpoints))
            for position, metrics in enumerate(endpoints):
                for counter, writer in metrics.counters:
                    # In a block's counts, the values of one counter are side by side, one for each endpoint.
                    sources.append((block.counts.start + counter * width + position, writer))
        columns = [
            self._columns.setdefault(writer.metrics, _MetricColumn(len(self._columns), writer)) for _, writer in sources
        ]
        return _WritePlan(
            count_indexes=np.array([index for index, _ in sources], np.int64),
            matrix_columns=np.array([column.number for column in columns], np.int64),
            writers=[column.writer for column in columns],
            blocks=blocks,
        )

    def _endpoint(self, endpoint: EndpointProtocol, now: Instant) -> EndpointMetrics:
        """An endpoint's metrics for the whole group."""
        metrics = self._endpoints.get(endpoint)
        if metrics is None:
            key = self._reporter.total_key(endpoint)
            total = None if key is None else self._totals.total(key, now)
            metrics = self._endpoints[endpoint] = self._new_metrics(self._reporter.metrics(endpoint), total)
        return metrics

    def _new_metrics(self, targets: Iterable[MetricTarget], total: Total | None) -> EndpointMetrics:
        return EndpointMetrics(self._head, self._reporter.scope, targets, total)


class _MetricColumn(NamedTuple):
    """A column of the matrix, and the writer of its metric."""

    number: int
    writer: SeriesWriter


class _WritePlan(NamedTuple):
    """Where a schema's counts are written. ``count_indexes``: the counts of a row that are metrics. Each is added to
    its column in ``matrix_columns``, and its writer in ``writers`` writes the column's summary.
    """

    count_indexes: Ints
    matrix_columns: Ints
    writers: Sequence[SeriesWriter]
    blocks: Sequence[_BlockWriters]


class _BlockWriters(NamedTuple):
    """The metrics of a block's endpoints, for the values that are not in the matrix."""

    block: SchemaBlock
    endpoints: Sequence[EndpointMetrics]

    def write(self, group_deltas: CountArrays, gauges: GaugeArrays, time: SlotTime) -> None:
        """Write the sums of all proxies' counts, and the gauges of each proxy."""
        target_gauge = gauges[EndpointGauge.TARGETS]
        targets = [0] * len(self.endpoints) if target_gauge is None else target_gauge.max(axis=0).tolist()
        counts = self.block.endpoint_times(group_deltas)
        for metrics, (_, counters, times), target_count in zip(self.endpoints, counts, targets, strict=True):
            metrics.write_totals(counters, times, time, target_count)
        for gauge in {gauge for metrics in self.endpoints for gauge, _, _ in metrics.gauges}:
            values = gauges[gauge]
            if values is not None:
                self._write_gauge(gauge, values, time)

    def _write_gauge(self, gauge: EndpointGauge, values: Ints, time: SlotTime) -> None:
        """Write a gauge of each endpoint. Zeros are written only where ``EndpointMetrics.gauges`` says so."""
        summaries, minimums = summarize_columns(values).tolist(), values.min(axis=0).tolist()
        for metrics, (count, total, minimum, maximum), minimum_with_zeros in zip(
            self.endpoints, summaries, minimums, strict=True
        ):
            for source, writes_zero, writer in metrics.gauges:
                if source is gauge and writes_zero:
                    writer.write(time, Sample(summary=Summary(len(values), total, minimum_with_zeros, maximum)))
                elif source is gauge and count:
                    writer.write(time, Sample(summary=Summary(count, total, minimum, maximum)))


def _subtotal(writer: SeriesWriter, summary: Sequence[int]) -> Sample:
    count, total, minimum, maximum = summary
    return Sample(subtotal=(writer, Summary(count, total, minimum, maximum)))


def _commit(schema: PushSchema, reports: Sequence[PendingReport]) -> tuple[CountArrays, Sequence[GaugeArrays]]:
    """The deltas of all reports and their gauges. Commits each proxy's counts to its delta state."""
    counts, gauges = schema.compute(np.stack([report.push.values for report in reports]))
    previous = CountArrays(
        np.stack([report.previous.counts for report in reports]), np.stack([report.previous.sums for report in reports])
    )
    deltas = subtract(schema, counts, previous)
    has_news = np.any(deltas.counts, axis=1)
    for row, report in enumerate(reports):
        report.delta_state.commit(report.push, counts.row(row), has_news=bool(has_news[row]))
    return deltas, gauges
