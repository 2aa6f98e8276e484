"""Exports the proxies' reports to an OpenTelemetry collector.

Promise: counting never waits for the collector. Only the newest report of each proxy waits: because counts are
cumulative, a report that is not delivered reduces the resolution but loses no count. Ten thousand reports may wait, as
many as proxies can be connected. When there are more, because a collector is unreachable for days while tasks start and
stop, the report that has waited longest is dropped.
A failed export is sent again; a report that the collector refuses for good is dropped, which is logged once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import ProxyId
from moyai.telemetry.collector import Collector, CollectorDelivery, ExportOutcome
from moyai.telemetry.exposition import otlp_encoding
from moyai.telemetry.reporters.envoy_stats import ProxyReport
from moyai.telemetry.reporters.reporter import Reporter

EXPORT_INTERVAL: Final = 5.0
"""Seconds between two deliveries while no export fails."""
BATCH: Final = 100
"""The most proxies in one request."""
MAX_WAITING: Final = 10_000
"""The most reports that wait."""
_MAX_ENDPOINTS: Final = 10_000
"""The most endpoints in all parts of one report."""


class Outbox:
    """The reports that wait for delivery; the one that has waited longest is first."""

    def __init__(self) -> None:
        self._waiting: dict[ProxyId, otlp_encoding.ExportedReport] = {}

    def put(self, proxy: ProxyId, reporter: Reporter, report: ProxyReport) -> None:
        """Add a report, which replaces an older one of the same proxy. The parts of one flush become one report."""
        waiting = self._waiting.get(proxy)
        parts = waiting.endpoints if waiting is not None and waiting.taken_at == report.taken_at else {}
        if len(parts) >= _MAX_ENDPOINTS:
            parts = {}
        if waiting is None and len(self._waiting) >= MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        endpoints = {**parts, **report.endpoints}
        self._waiting[proxy] = otlp_encoding.ExportedReport(
            proxy, reporter, report.taken_at, report.proxy_start, endpoints
        )

    def first(self, number: int) -> Sequence[otlp_encoding.ExportedReport]:
        """The reports of one request: those that have waited longest."""
        return [report for report, _ in zip(self._waiting.values(), range(number), strict=False)]

    def remove(self, batch: Sequence[otlp_encoding.ExportedReport]) -> None:
        """Remove these reports, but not newer ones that have replaced them."""
        for report in batch:
            if self._waiting.get(report.proxy) is report:
                del self._waiting[report.proxy]


class OtlpExporter:
    """Delivers the reports of an outbox to a collector. ``run`` it once."""

    def __init__(self, outbox: Outbox, collector: Collector, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock
        self._delivery = CollectorDelivery(collector, clock, "metrics", EXPORT_INTERVAL)

    async def run(self) -> NoReturn:
        """Deliver every EXPORT_INTERVAL seconds, less often while exports fail, until cancelled."""
        await self._delivery.repeat(self.deliver)

    async def deliver(self) -> None:
        """Deliver all reports that wait, until an export fails."""
        while batch := self._outbox.first(BATCH):
            if await self._delivery.send(otlp_encoding.encode_reports(batch)) is ExportOutcome.RETRY:
                return
            self._outbox.remove(batch)
            await self._clock.sleep(Seconds(0))
