"""The loop that ships the output of containers to their log streams.

Promise: lines are stored together with the position up to which they were read, in one transaction, so a crash neither
loses nor repeats a line. A task's last lines are shipped after it has stopped. Lines that were written while the
control plane was down are shipped later, as far as the runtime has kept them. Lines for a deleted stream, and empty
lines, are dropped, as by AWS's driver. ``plan/task/log_streams`` decides which stream a container has.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from moyai.domain.ecs.task import Container, Task
from moyai.domain.logs.driver import LogDestination
from moyai.domain.logs.event import LogEvent, milliseconds
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.ids import TaskArn
from moyai.plan.task.log_streams import destinations, log_source
from moyai.ports.logs import LogBatch, LogStore, LogStoreFault, SourcePosition
from moyai.ports.runtime import Output, RuntimeFault, TaskRuntime
from moyai.ports.store import Store

_INTERVAL: Final = Seconds(0.5)
_LAST_SHARED_LINES: Final = 5.0
"""Seconds after a task's end in which a shared proxy writes its last lines."""
_BATCHES: Final = 16
"""Containers whose lines are stored in one transaction; this bounds the memory."""
_log = logging.getLogger(__name__)


class LogShipper:
    """Follows the store for tasks and the runtime for their output. ``run`` it once."""

    def __init__(self, store: Store, runtime: TaskRuntime, logs: LogStore, clock: Clock) -> None:
        self._store = store
        self._runtime = runtime
        self._logs = logs
        self._clock = clock
        self._tasks: dict[TaskArn, None] = dict.fromkeys(t.arn for t in store.world.tasks if self._has_log(t))
        self._positions: dict[str, int] = {}

    async def run(self) -> None:
        """Ship the output of every task that has a log, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._ship_all())

    async def _follow(self) -> None:
        async for keys in self._store.watch():
            for key in keys:
                task = self._store.world.tasks.get(key.key) if key.table == "task" else None
                if task is not None and self._has_log(task):
                    self._tasks[task.arn] = None

    async def _ship_all(self) -> None:
        has_positions, is_failing = False, False
        while True:
            try:
                if not has_positions:
                    await self.resume()
                    has_positions = True
                await self.ship()
                is_failing = False
            except (LogStoreFault, RuntimeFault) as fault:
                if not is_failing:
                    _log.warning("the output of containers can't be shipped to log streams now: %s", fault)
                is_failing = True
            await self._clock.sleep(_INTERVAL)

    async def resume(self) -> None:
        """Load the positions that an earlier process reached. Raises LogStoreFault."""
        self._positions = dict(await self._logs.positions())

    async def ship(self) -> None:
        """Ship the lines that the runtime has now. Raises LogStoreFault, RuntimeFault."""
        batches: list[LogBatch] = []
        for arn in tuple(self._tasks):
            task = self._store.world.tasks.get(arn)
            is_stopped = task is None or self._has_last_lines(task)
            of_task = [] if task is None else await self._batches(task)
            batches += of_task
            if is_stopped and not of_task:
                self._tasks.pop(arn, None)
            if len(batches) >= _BATCHES:
                await self._append(batches)
                batches = []
        await self._append(batches)

    def _has_last_lines(self, task: Task) -> bool:
        """Whether the runtime has the task's last lines; a shared proxy's arrive some time after the task's end."""
        return task.stopped and (
            not task.shares_proxy or self._clock.now() >= later(task.stopped_at or Instant(0), _LAST_SHARED_LINES)
        )

    async def _batches(self, task: Task) -> list[LogBatch]:
        definition = self._store.world.task_definitions.get(task.task_definition)
        if definition is None:
            return []
        batches = [await self._batch(task, container, to) for container, to in destinations(task, definition)]
        return [batch for batch in batches if batch is not None]

    async def _batch(self, task: Task, container: Container, to: LogDestination) -> LogBatch | None:
        source = log_source(task, container)
        after = self._positions.get(source, 0)
        output = await self._runtime.output(task.id, container.name, after)
        if output.position <= after:
            return None
        group = self._store.world.log_groups.get(to.group_arn)
        stream = self._store.world.log_streams.get(to.stream_arn)
        if group is None or stream is None:
            self._positions[source] = output.position
            return None
        return LogBatch(group.id, stream.id, _events(output), SourcePosition(source, output.position))

    async def _append(self, batches: list[LogBatch]) -> None:
        if not batches:
            return
        await self._logs.append(batches, self._clock.now())
        for batch in batches:
            if batch.position is not None:
                self._positions[batch.position.source] = batch.position.offset

    def _has_log(self, task: Task) -> bool:
        definition = self._store.world.task_definitions.get(task.task_definition)
        return definition is not None and any(destinations(task, definition))


def _events(output: Output) -> list[LogEvent]:
    return [LogEvent(milliseconds(line.at), line.text.encode("utf-8", "replace")) for line in output.lines if line.text]
