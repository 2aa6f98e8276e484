"""Sends exports to an OpenTelemetry collector, and less often while they fail.

Promise: after a failure the next export is sent after a second, then after twice as long each time, up to a minute. The
failure is logged once, and so is the next success.
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
"""Seconds between a failed export and the next one, at first and at most."""
_log = logging.getLogger(__name__)


class ExportFault(MoyaiError):
    """The collector has not accepted an export. ``is_permanent``: sending it again would fail as well."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


class Collector(Protocol):
    """An OpenTelemetry collector that receives metrics or traces by OTLP."""

    async def export(self, body: bytes) -> None:
        """Send an export request. Raises ExportFault."""


class ExportOutcome(Enum):
    """The outcome of an export: accepted, to be sent again, or refused for good."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REFUSED = "refused"


class CollectorDelivery:
    """Delivers one signal, ``metrics`` or ``traces``, every ``interval`` seconds while no export fails."""

    def __init__(self, collector: Collector, clock: Clock, signal: str, interval: float) -> None:
        self._collector, self._clock, self._signal, self._interval = collector, clock, signal, interval
        self._is_failing = False
        self._delay = interval

    async def repeat(self, deliver: Callable[[], Awaitable[None]]) -> NoReturn:
        """Call ``deliver`` again and again until cancelled, less often while exports fail."""
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
                _log.warning("the OpenTelemetry collector does not accept %s: %s", self._signal, fault)
                self._delay = _FIRST_RETRY
            self._is_failing = True
            return ExportOutcome.REFUSED if fault.is_permanent else ExportOutcome.RETRY
        if self._is_failing:
            _log.info("the OpenTelemetry collector accepts %s again", self._signal)
        self._is_failing, self._delay = False, self._interval
        return ExportOutcome.ACCEPTED
