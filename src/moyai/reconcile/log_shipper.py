"""Carries what containers write to their log streams.

Promise: lines and how far they were read are kept in one stroke, so that a crash between any two lines loses none and
doubles none. A task's last lines are carried after it has stopped; what was written while nobody carried is carried
later, as far as the runtime holds it. Lines for a stream that was deleted are passed over, as AWS's driver does.
Empty lines are none, as there. No policy: which stream a container has is said in ``plan/log_streams``.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from moyai.domain.ecs.task import Container, Task
from moyai.domain.logs.driver import Destination
from moyai.domain.logs.event import LogEvent, milliseconds
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import TaskArn
from moyai.plan.log_streams import destinations, log_source
from moyai.ports.logs import Batch, LogStore, LogStoreFault, Position
from moyai.ports.runtime import Output, RuntimeFault, TaskRuntime
from moyai.ports.store import Store

_EVERY: Final = Seconds(0.5)
_AT_ONCE: Final = 16
"""Containers whose lines are kept in one stroke, so that memory stays bounded."""
_log = logging.getLogger(__name__)


class LogShipper:
    """Follows the store for tasks and the runtime for their lines."""

    def __init__(self, store: Store, runtime: TaskRuntime, logs: LogStore, clock: Clock) -> None:
        self._store = store
        self._runtime = runtime
        self._logs = logs
        self._clock = clock
        self._tasks: dict[TaskArn, None] = dict.fromkeys(t.arn for t in store.world.tasks if self._wanted(t))
        self._read: dict[str, int] = {}

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._carry())

    async def _follow(self) -> None:
        async for keys in self._store.watch():
            for key in keys:
                task = self._store.world.tasks.get(key.key) if key.table == "task" else None
                if task is not None and self._wanted(task):
                    self._tasks[task.arn] = None

    async def _carry(self) -> None:
        resumed, waiting = False, False
        while True:
            try:
                if not resumed:
                    await self.resume()
                    resumed = True
                await self.ship()
                waiting = False
            except (LogStoreFault, RuntimeFault) as fault:
                if not waiting:
                    _log.warning("lines of containers wait to be carried to their log streams: %s", fault)
                waiting = True
            await self._clock.sleep(_EVERY)

    async def resume(self) -> None:
        """Learn how far an earlier carrier came. Raises LogStoreFault."""
        self._read = dict(await self._logs.positions())

    async def ship(self) -> None:
        """Carry what is there now. Raises LogStoreFault, RuntimeFault."""
        batches: list[Batch] = []
        for arn in tuple(self._tasks):
            task = self._store.world.tasks.get(arn)
            stopped = task is None or task.stopped
            found = [] if task is None else await self._lines(task)
            batches += found
            if stopped and not found:
                self._tasks.pop(arn, None)
            if len(batches) >= _AT_ONCE:
                await self._keep(batches)
                batches = []
        await self._keep(batches)

    async def _lines(self, task: Task) -> list[Batch]:
        definition = self._store.world.task_definitions.get(task.task_definition)
        if definition is None:
            return []
        found = [await self._batch(task, container, to) for container, to in destinations(task, definition)]
        return [batch for batch in found if batch is not None]

    async def _batch(self, task: Task, container: Container, to: Destination) -> Batch | None:
        source = log_source(task, container)
        after = self._read.get(source, 0)
        output = await self._runtime.output(task.id, container.name, after)
        if output.position <= after:
            return None
        group = self._store.world.log_groups.get(to.group_arn)
        stream = self._store.world.log_streams.get(to.stream_arn)
        if group is None or stream is None:
            self._read[source] = output.position
            return None
        return Batch(group.id, stream.id, _events(output), Position(source, output.position))

    async def _keep(self, batches: list[Batch]) -> None:
        if not batches:
            return
        await self._logs.append(batches, self._clock.now())
        for batch in batches:
            if batch.position is not None:
                self._read[batch.position.source] = batch.position.offset

    def _wanted(self, task: Task) -> bool:
        definition = self._store.world.task_definitions.get(task.task_definition)
        return definition is not None and any(destinations(task, definition))


def _events(output: Output) -> list[LogEvent]:
    return [LogEvent(milliseconds(line.at), line.text.encode("utf-8", "replace")) for line in output.lines if line.text]
