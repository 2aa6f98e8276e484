"""Brings the proxies' reports to an OpenTelemetry collector.

Promise: counting never waits for the collector. What it does not take is offered again, at first after a second and
then ever later, up to a minute; what it says it will never take is let go, and the log says so once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NoReturn, Protocol

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.errors import MoyaiError
from moyai.telemetry.export import Outbox, Waiting, encode

EVERY: Final = 5.0
"""Seconds between two deliveries."""
BATCH: Final = 100
"""Proxies in one request."""
_FIRST, _LAST = 1.0, 60.0
_log = logging.getLogger(__name__)


class NotTaken(MoyaiError):
    """The collector has not taken it. ``for_good``: and never will."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class Collector(Protocol):
    """Takes OTLP."""

    async def take(self, body: bytes) -> None:
        """Take an export of metrics. Raises NotTaken."""


class Exporter:
    """Between an outbox and a collector. ``run`` it once."""

    def __init__(self, outbox: Outbox, collector: Collector, clock: Clock) -> None:
        self._outbox, self._collector, self._clock = outbox, collector, clock
        self._failing = False
        self._wait = EVERY

    async def run(self) -> NoReturn:
        """Deliver until cancelled."""
        while True:
            await self._clock.sleep(Seconds(self._wait))
            await self.deliver()

    async def deliver(self) -> None:
        """Deliver what waits, until the collector refuses."""
        self._wait = EVERY if not self._failing else min(self._wait * 2, _LAST)
        while batch := self._outbox.first(BATCH):
            if not await self._offer(batch):
                return
            await self._clock.sleep(Seconds(0))

    async def _offer(self, batch: Sequence[Waiting]) -> bool:
        """Whether there is a point in offering more."""
        try:
            await self._collector.take(encode(batch))
        except NotTaken as fault:
            if not self._failing:
                _log.warning("the OpenTelemetry collector does not take metrics: %s", fault)
                self._wait = _FIRST
            self._failing = True
            if fault.for_good:
                self._outbox.delivered(batch)
            return fault.for_good
        if self._failing:
            _log.info("the OpenTelemetry collector takes metrics again")
        self._failing, self._wait = False, EVERY
        self._outbox.delivered(batch)
        return True
