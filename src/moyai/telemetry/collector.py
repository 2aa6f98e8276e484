"""Sends exports to an OpenTelemetry collector, less often while it does not accept them.

Promise: a collector that refuses is tried again after a second and then ever later, up to a minute. The log says once
that it refuses, and once that it accepts again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final, NoReturn, Protocol

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.errors import MoyaiError

_FIRST_RETRY: Final = 1.0
_LAST_RETRY: Final = 60.0
"""Seconds until the collector is tried again."""
_log = logging.getLogger(__name__)


class ExportFault(MoyaiError):
    """The collector has not accepted an export. ``is_permanent``: it never will."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


class Collector(Protocol):
    """An OpenTelemetry collector, which accepts metrics or traces by OTLP."""

    async def export(self, body: bytes) -> None:
        """Send an export request. Raises ExportFault."""


class ExportOutcome(Enum):
    """The outcome of an export: accepted, to be sent again, or never accepted."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REFUSED = "refused"


class CollectorDelivery:
    """The deliveries of one signal, ``metrics`` or ``traces``, every ``interval`` seconds while all is well."""

    def __init__(self, collector: Collector, clock: Clock, signal: str, interval: float) -> None:
        self._collector, self._clock, self._signal, self._interval = collector, clock, signal, interval
        self._is_failing = False
        self._delay = interval

    async def repeat(self, deliver: Callable[[], Awaitable[None]]) -> NoReturn:
        """Call ``deliver`` again and again, less often while the collector refuses, until cancelled."""
        while True:
            await self._clock.sleep(Seconds(self._delay))
            self._delay = min(self._delay * 2, _LAST_RETRY) if self._is_failing else self._interval
            await deliver()

    async def send(self, body: bytes) -> ExportOutcome:
        """Send one export request."""
        try:
            await self._collector.export(body)
        except ExportFault as fault:
            if not self._is_failing:
                _log.warning("the OpenTelemetry collector does not take %s: %s", self._signal, fault)
                self._delay = _FIRST_RETRY
            self._is_failing = True
            return ExportOutcome.REFUSED if fault.is_permanent else ExportOutcome.RETRY
        if self._is_failing:
            _log.info("the OpenTelemetry collector takes %s again", self._signal)
        self._is_failing, self._delay = False, self._interval
        return ExportOutcome.ACCEPTED
