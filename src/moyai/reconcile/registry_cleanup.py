"""The loop that deletes from the registry what a lifecycle policy expires and what nothing needs; ``plan/registry``
decides which.

Promise: a blob is removed only when it is durable that no record refers to it, and when it was written an hour ago or
longer, so that one that is just being pushed stays.
"""

from __future__ import annotations

import logging
from typing import Final

from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.plan.registry import plan_layer_deletion, plan_lifecycle_policies, used_blobs
from moyai.ports.blobs import BlobStore
from moyai.ports.store import StateUnwritable, Store

_INTERVAL: Final = Seconds(3600.0)
_RETRY: Final = Seconds(60.0)
_NEW: Final = 3600.0
_log = logging.getLogger(__name__)


class RegistryCleanup:
    """Cleans the registry once an hour, and when it starts."""

    def __init__(self, store: Store, blobs: BlobStore, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.clean()
            except (StateUnwritable, OSError) as fault:
                _log.warning("the registry can't be cleaned: %s", fault)
                await self._clock.sleep(_RETRY)
            else:
                await self._clock.sleep(_INTERVAL)

    async def clean(self) -> None:
        """Delete what is to be deleted now. Raises StateUnwritable, OSError."""
        now = self._clock.now()
        self._store.apply(plan_lifecycle_policies(self._store.world, now))
        self._store.apply(plan_layer_deletion(self._store.world, now))
        await self._store.durable()
        freed = await self._blobs.remove_unused(used_blobs(self._store.world), Instant(now - _NEW))
        if freed:
            _log.info("the registry freed %d MiB of images that nothing needs", freed // 1024**2)
