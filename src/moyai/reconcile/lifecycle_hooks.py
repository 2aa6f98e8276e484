"""The loop that calls the functions of lifecycle hooks.

Promise: a function is called when the record of its stage is durable. Its answer is recorded if the deployment still
waits for it. An interrupted call is repeated with the same invocation id. A slow function delays no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.world import Put, table_name
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import HookId
from moyai.plan.strategy.hooks import (
    HookFunctionAnswer,
    HookFunctionCall,
    due_call,
    parse_answer,
    record_answer,
    unanswered_functions,
)
from moyai.ports.outgoing_calls import CallFailed, FunctionCaller
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue

WORKERS = 64
"""Functions that are called at the same time."""
_TABLE = table_name(ServiceDeployment)


class LifecycleHookLoop:
    """Calls the functions of lifecycle hooks. ``run`` it once."""

    def __init__(self, store: Store, caller: FunctionCaller, clock: Clock) -> None:
        self._store = store
        self._caller = caller
        self._clock = clock
        self._queue = WorkQueue(clock)

    async def run(self) -> None:
        """Call the functions of the hooks that have no answer, until cancelled."""
        try:
            await self._queue.serve(self._store, self._unanswered_calls, self._call, "the hook", workers=WORKERS)
        finally:
            await self._caller.close()

    def _unanswered_calls(self, keys: Iterable[Key]) -> Iterator[str]:
        for key in keys:
            record = self._store.world.service_deployments.get(key.key) if key.table == _TABLE else None
            yield from (f"{key.key} {run.hook_id}" for run in (unanswered_functions(record) if record else ()))

    async def _call(self, key: str) -> Instant | None:
        deployment, _, hook = key.partition(" ")
        record = self._store.world.service_deployments.get(deployment)
        call = None if record is None else due_call(self._store.world, record, HookId(hook), self._clock.now())
        if not isinstance(call, HookFunctionCall):
            return call
        await self._store.durable()
        answer = await self._answer(call)
        record = self._store.world.service_deployments.get(deployment)
        if record is not None and (record_after := record_answer(record, call, answer, self._clock.now())) != record:
            self._store.apply([Put(record_after)])
        return self._clock.now()

    async def _answer(self, call: HookFunctionCall) -> HookFunctionAnswer:
        if call.url is None:
            return HookFunctionAnswer(fault="No URL is known for {target}: register one with moyai hook put")
        try:
            return parse_answer(
                await self._caller.call(call.url, msgspec.json.encode(call.event), f"{call.hook}/{call.invocation}")
            )
        except CallFailed as fault:
            reason = str(fault).replace("{", "(").replace("}", ")")
            return HookFunctionAnswer(fault=f"Lifecycle hook target {{target}} could not be called: {reason}")
