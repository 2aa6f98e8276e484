"""Exports the proxies' reports to an OpenTelemetry collector.

Promise: counting never waits for the collector. Because counts are cumulative, a report that is not delivered costs
resolution and no count, so only the newest report of each proxy waits. Ten thousand may wait, as many as proxies can be
connected; beyond, the one that has waited longest is dropped: a collector may be away for days while tasks come and go.
What the collector does not accept is offered again, at first after a second and then ever later, up to a minute; what
it will never accept is dropped, and the log says so once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NoReturn, Protocol

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ProxyId
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
_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0
"""Seconds until the collector is tried again."""
_log = logging.getLogger(__name__)


class ExportFault(MoyaiError):
    """The collector has not accepted an export. ``is_permanent``: it never will."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


class Collector(Protocol):
    """An OpenTelemetry collector, which accepts metrics by OTLP."""

    async def export(self, body: bytes) -> None:
        """Send an ``ExportMetricsServiceRequest``. Raises ExportFault."""


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
        self._outbox, self._collector, self._clock = outbox, collector, clock
        self._is_failing = False
        self._delay = EXPORT_INTERVAL

    async def run(self) -> NoReturn:
        """Deliver every EXPORT_INTERVAL seconds, less often while the collector fails, until cancelled."""
        while True:
            await self._clock.sleep(Seconds(self._delay))
            await self.deliver()

    async def deliver(self) -> None:
        """Deliver everything that waits, until the collector refuses."""
        self._delay = EXPORT_INTERVAL if not self._is_failing else min(self._delay * 2, _LAST_RETRY)
        while batch := self._outbox.first(BATCH):
            if not await self._export(batch):
                return
            await self._clock.sleep(Seconds(0))

    async def _export(self, batch: Sequence[ExportedReport]) -> bool:
        """Send a batch. True when the next one may be sent at once."""
        try:
            await self._collector.export(encode_reports(batch))
        except ExportFault as fault:
            if not self._is_failing:
                _log.warning("the OpenTelemetry collector does not take metrics: %s", fault)
                self._delay = _FIRST_RETRY
            self._is_failing = True
            if fault.is_permanent:
                self._outbox.remove(batch)
            return fault.is_permanent
        if self._is_failing:
            _log.info("the OpenTelemetry collector takes metrics again")
        self._is_failing, self._delay = False, EXPORT_INTERVAL
        self._outbox.remove(batch)
        return True
