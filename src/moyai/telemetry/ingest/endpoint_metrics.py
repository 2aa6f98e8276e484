"""Writers of one endpoint's metrics, for each kind of value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.ingest.totals import Total
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, Side
from moyai.telemetry.reporters.reporter import MetricDefinition, MetricTarget
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.group import Series, SlotTime
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.values import ResponseTimes, SampleKind


class EndpointMetrics:
    """The writers of one endpoint's metrics, and the endpoint's total if it has one.

    ``counters``: each counter with the writer of its metric. ``gauges``: each gauge with the writer of its metric, and
    whether the value 0 is written too.
    """

    __slots__ = ("_shares", "_times", "_total", "counters", "gauges")

    def __init__(
        self, head: MetricHead, scope: Scope, targets: Iterable[MetricTarget], total: Total | None = None
    ) -> None:
        self._total = total
        self.counters: list[tuple[EndpointCounter, SeriesWriter]] = []
        self.gauges: list[tuple[EndpointGauge, bool, SeriesWriter]] = []
        self._shares: list[tuple[EndpointCounter, SeriesWriter]] = []
        self._times: list[SeriesWriter] = []
        for definition, metrics in targets:
            self._add(definition, SeriesWriter(head, scope, definition, tuple(metrics)))

    def write_counters(self, proxy: ProxyId, counters: Sequence[int], time: SlotTime) -> None:
        """Write the counts of one proxy."""
        for counter, writer in self.counters:
            if counters[counter]:
                writer.write(time, Sample({proxy: counters[counter]}))

    def write_totals(
        self, counters: Sequence[int], times: ResponseTimes | None, time: SlotTime, targets: int = 0
    ) -> None:
        """Write the sums of all proxies' counts: the total, the shares of ``targets`` targets, and the times."""
        if self._total is not None:
            self._total.add(counters, times, time.at)
        for counter, writer in self._shares:
            if counters[counter]:
                writer.write(time, Sample(total=counters[counter], targets=targets))
        if times is not None:
            for writer in self._times:
                writer.write(time, Sample(times=times.in_seconds() if writer.is_in_seconds else times))

    def _add(self, definition: MetricDefinition, writer: SeriesWriter) -> None:
        if isinstance(definition.source, EndpointGauge):
            self.gauges.append((definition.source, definition.side is Side.SERVER, writer))
        elif definition.source is None:
            self._times.append(writer)
        elif definition.kind in {SampleKind.SHARE, SampleKind.QUOTIENT}:
            self._shares.append((definition.source, writer))
        else:
            self.counters.append((definition.source, writer))


class SeriesWriter:
    """Writes one metric to the series of all its names. It looks up the series at the first sample, and again when the
    head has dropped series.
    """

    __slots__ = ("_definition", "_generation", "_head", "_scope", "_series", "metrics")

    def __init__(
        self, head: MetricHead, scope: Scope, definition: MetricDefinition, metrics: tuple[MetricId, ...]
    ) -> None:
        self._head, self._scope, self._definition, self.metrics = head, scope, definition, metrics
        self._series: tuple[Series, ...] = ()
        self._generation = -1

    @property
    def is_in_seconds(self) -> bool:
        """Whether the metric's times are in seconds; the times of proxies are in milliseconds."""
        return self._definition.unit == "Seconds"

    def write(self, time: SlotTime, sample: Sample, minute_sample: Sample | None = None) -> None:
        """Add a sample to each series, like ``Series.add_at``."""
        head, definition = self._head, self._definition
        if self._generation != head.generation:
            self._generation = head.generation
            self._series = tuple(
                head.series(self._scope, metric, definition.kind, definition.unit) for metric in self.metrics
            )
        for series in self._series:
            series.add_at(time, sample, minute_sample)
