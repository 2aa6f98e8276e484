"""Exports spans to an OpenTelemetry collector.

Promise: recording never waits for the collector. At most MOST_WAITING spans wait for it; when there are more, the
oldest are dropped, because new spans are worth more than old ones. A batch that the collector does not accept is sent
again, unless the collector refuses it for good. The number of dropped spans is logged.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, NoReturn

from moyai.kernel.clock import Clock
from moyai.ports.spans import TraceSpan
from moyai.telemetry.collector import Collector, CollectorDelivery, ExportOutcome
from moyai.telemetry.traces import otlp

EXPORT_INTERVAL: Final = 2.0
"""Seconds between two deliveries."""
BATCH: Final = 500
"""The most spans in one request."""
MOST_WAITING: Final = 10_000
"""The most spans that wait."""
_log = logging.getLogger(__name__)


class SpanExporter:
    """Delivers spans to a collector. ``run`` it once."""

    def __init__(self, collector: Collector, clock: Clock) -> None:
        self._delivery = CollectorDelivery(collector, clock, "traces", EXPORT_INTERVAL)
        self._waiting: deque[TraceSpan] = deque()
        self.dropped = 0
        """The number of spans that were dropped since the start."""
        self._reported_drops = 0

    def put(self, spans: Sequence[TraceSpan]) -> None:
        """Add spans to those that wait."""
        self._waiting.extend(spans)
        self._drop_oldest(len(self._waiting) - MOST_WAITING)

    async def run(self) -> NoReturn:
        """Deliver every EXPORT_INTERVAL seconds, less often while the collector fails, until cancelled."""
        await self._delivery.repeat(self.deliver)

    async def deliver(self) -> None:
        """Deliver all spans that wait, until the collector fails."""
        while batch := self._take_batch():
            outcome = await self._delivery.send(otlp.encode_spans(batch))
            if outcome is ExportOutcome.RETRY:
                self._put_back(batch)
                break
            if outcome is ExportOutcome.REFUSED:
                self.dropped += len(batch)
        self._report_drops()

    def _take_batch(self) -> list[TraceSpan]:
        """Remove the oldest spans, so that none of them is dropped or sent twice while the collector answers."""
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _put_back(self, batch: Sequence[TraceSpan]) -> None:
        self._waiting.extendleft(reversed(batch))
        self._drop_oldest(len(self._waiting) - MOST_WAITING)

    def _drop_oldest(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
            self.dropped += 1

    def _report_drops(self) -> None:
        if self.dropped > self._reported_drops:
            _log.warning("%d spans were dropped, %d since the start", self.dropped - self._reported_drops, self.dropped)
            self._reported_drops = self.dropped
