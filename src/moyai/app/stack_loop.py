"""The start of the loop for stacks, which waits for the first one: until then, its modules need not be imported."""

from __future__ import annotations

from moyai.kernel.clock import Clock
from moyai.kernel.ids import Ids
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Store
from moyai.reconcile import stacks


class DeferredStackLoop:
    """Works on stacks as soon as there are any. ``run`` it once."""

    def __init__(self, store: Store, caller: AwsCaller, clock: Clock, ids: Ids) -> None:
        self._store, self._caller, self._clock, self._ids = store, caller, clock, ids

    async def run(self) -> None:
        """Work until cancelled."""
        async for _ in self._store.watch():
            if len(self._store.world.stacks) > 0:
                break
        await stacks.StackLoop(self._store, self._caller, self._clock, self._ids).run()
