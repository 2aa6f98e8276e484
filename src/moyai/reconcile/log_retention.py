"""The loop that deletes log events which are past their retention; ``plan/log_keeping`` decides which."""

from __future__ import annotations

import logging
from typing import Final

from moyai.kernel.clock import Clock, Seconds
from moyai.plan.retention import plan_log_deletion
from moyai.ports.logs import LogStore, LogStoreFault
from moyai.ports.store import Store

_INTERVAL: Final = Seconds(60.0)
_log = logging.getLogger(__name__)


class LogRetention:
    """Deletes expired log events once a minute."""

    def __init__(self, store: Store, logs: LogStore, clock: Clock) -> None:
        self._store = store
        self._logs = logs
        self._clock = clock

    async def run(self) -> None:
        """Delete expired log events every minute, until cancelled."""
        while True:
            try:
                await self.delete_expired()
            except LogStoreFault as fault:
                _log.warning("expired log events can't be deleted: %s", fault)
            await self._clock.sleep(_INTERVAL)

    async def delete_expired(self) -> None:
        """Delete what is expired now. Raises LogStoreFault."""
        streams, sources = await self._logs.streams(), await self._logs.positions()
        deletion = plan_log_deletion(self._store.world, streams, sources, self._clock.now())
        if deletion.streams or deletion.sources:
            await self._logs.forget(deletion.streams, deletion.sources)
        for group, before in deletion.before:
            await self._logs.trim(group, before)
