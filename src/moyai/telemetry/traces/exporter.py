"""Exports spans to an OpenTelemetry collector.

Promise: recording never waits for the collector. A bounded number of spans waits for it, and the oldest are dropped:
a trace is a sample, and a late one is worth little. A batch that the collector does not accept is offered once more
with the next one, unless it never will be.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final, NoReturn

from moyai.kernel.clock import Clock, Seconds
from moyai.ports.spans import TraceSpan
from moyai.telemetry.exposition.otlp_exporter import Collector, ExportFault
from moyai.telemetry.traces.otlp import encode_spans

EXPORT_INTERVAL: Final = 2.0
"""Seconds between two deliveries."""
BATCH: Final = 500
"""Spans in one request."""
MOST_WAITING: Final = 10_000
"""Spans that wait."""
_log = logging.getLogger(__name__)


class SpanExporter:
    """Delivers spans to a collector. ``run`` it once."""

    def __init__(self, collector: Collector, clock: Clock) -> None:
        self._collector, self._clock = collector, clock
        self._waiting: deque[TraceSpan] = deque(maxlen=MOST_WAITING)
        self._is_failing = False

    def put(self, spans: Sequence[TraceSpan]) -> None:
        """Add spans to those that wait."""
        self._waiting.extend(spans)

    async def run(self) -> NoReturn:
        """Deliver every EXPORT_INTERVAL seconds, until cancelled."""
        while True:
            await self._clock.sleep(Seconds(EXPORT_INTERVAL))
            await self.deliver()

    async def deliver(self) -> None:
        """Deliver everything that waits, until the collector refuses."""
        while batch := list(islice(self._waiting, BATCH)):
            try:
                await self._collector.export(encode_spans(batch))
            except ExportFault as fault:
                if not self._is_failing:
                    _log.warning("the OpenTelemetry collector does not take traces: %s", fault)
                self._is_failing = True
                if not fault.is_permanent:
                    return
            else:
                self._is_failing = False
            for _ in range(min(len(batch), len(self._waiting))):
                self._waiting.popleft()
