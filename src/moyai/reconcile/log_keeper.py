"""Deletes the log events that nobody can read any more. What they are is decided in ``plan/log_keeping``."""

from __future__ import annotations

import logging
from typing import Final

from moyai.kernel.clock import Clock, Seconds
from moyai.plan.log_keeping import clearing
from moyai.ports.logs import LogStore, LogStoreFault
from moyai.ports.store import Store

_EVERY: Final = Seconds(60.0)
_log = logging.getLogger(__name__)


class LogRetention:
    """Looks once a minute, for ever."""

    def __init__(self, store: Store, logs: LogStore, clock: Clock) -> None:
        self._store = store
        self._logs = logs
        self._clock = clock

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                await self.clear()
            except LogStoreFault as fault:
                _log.warning("log events that are due can't be deleted: %s", fault)
            await self._clock.sleep(_EVERY)

    async def clear(self) -> None:
        """Delete what is due now. Raises LogStoreFault."""
        streams, sources = await self._logs.streams(), await self._logs.positions()
        due = clearing(self._store.world, streams, sources, self._clock.now())
        if due.streams or due.sources:
            await self._logs.forget(due.streams, due.sources)
        for group, before in due.before:
            await self._logs.trim(group, before)
