"""Exports the proxies' reports to an OpenTelemetry collector.

Promise: counting never waits for the collector. Because counts are cumulative, a report that is not delivered costs
resolution and no count, so only the newest report of each proxy waits. Ten thousand may wait, as many as proxies can be
connected; beyond, the one that has waited longest is dropped: a collector may be away for days while tasks come and go.
What the collector does not accept is offered again; what it will never accept is dropped, and the log says so once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import ProxyId
from moyai.telemetry.collector import Collector, CollectorDelivery, ExportOutcome
from moyai.telemetry.exposition.otlp_encoding import ExportedReport, encode_reports
from moyai.telemetry.reporters.envoy_stats import ProxyReport
from moyai.telemetry.reporters.reporter import Reporter

EXPORT_INTERVAL: Final = 5.0
"""Seconds between two deliveries."""
BATCH: Final = 100
"""Proxies in one request."""
MAX_WAITING: Final = 10_000
"""Reports that wait."""
_MAX_ENDPOINTS: Final = 10_000
"""Endpoints in all parts of one report."""


class Outbox:
    """The reports that wait for delivery, the one that has waited longest first."""

    def __init__(self) -> None:
        self._waiting: dict[ProxyId, ExportedReport] = {}

    def put(self, proxy: ProxyId, reporter: Reporter, report: ProxyReport) -> None:
        """Add a report in the place of an older one of the same proxy. The parts of one flush are put together."""
        before = self._waiting.get(proxy)
        parts = before.endpoints if before is not None and before.taken_at == report.taken_at else {}
        if len(parts) >= _MAX_ENDPOINTS:
            parts = {}
        if before is None and len(self._waiting) >= MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        endpoints = {**parts, **report.endpoints}
        self._waiting[proxy] = ExportedReport(proxy, reporter, report.taken_at, report.proxy_start, endpoints)

    def first(self, number: int) -> Sequence[ExportedReport]:
        """The reports that have waited longest."""
        return [report for report, _ in zip(self._waiting.values(), range(number), strict=False)]

    def remove(self, batch: Sequence[ExportedReport]) -> None:
        """Remove these reports, but not a newer one that has taken the place of one of them."""
        for report in batch:
            if self._waiting.get(report.proxy) is report:
                del self._waiting[report.proxy]


class OtlpExporter:
    """Delivers the reports of an outbox to a collector. ``run`` it once."""

    def __init__(self, outbox: Outbox, collector: Collector, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock
        self._delivery = CollectorDelivery(collector, clock, "metrics", EXPORT_INTERVAL)

    async def run(self) -> NoReturn:
        """Deliver every EXPORT_INTERVAL seconds, less often while the collector fails, until cancelled."""
        await self._delivery.repeat(self.deliver)

    async def deliver(self) -> None:
        """Deliver everything that waits, until the collector refuses."""
        while batch := self._outbox.first(BATCH):
            if await self._delivery.send(encode_reports(batch)) is ExportOutcome.RETRY:
                return
            self._outbox.remove(batch)
            await self._clock.sleep(Seconds(0))
