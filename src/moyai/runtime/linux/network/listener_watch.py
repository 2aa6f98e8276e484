"""Notifies when a task opens or closes one of its expected listeners, for tasks that the planner asked about lately.

The kernel announces no listening socket, so this module polls: often at first, less often the longer a task takes, and
all tasks that are due in one go. After a notification the caller asks again, which starts another watch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from moyai.domain.sandbox.state import ExpectedListener
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.ids import TaskId

_MIN_WAIT, _MAX_WAIT, _WAIT_FRACTION = 0.01, 0.25, 1 / 16
"""Seconds between two polls of a task: a sixteenth of the time that it has been watched, within these bounds."""

_WAIT_PER_COST = 4
"""A poll waits for four times as long as the last read took: the network thread has other work to do."""

_WATCH_SECONDS = 5.0
"""How long a task is watched after the last question about it."""

OpenListeners = Mapping[TaskId, frozenset[ExpectedListener]]
ExpectedListeners = Mapping[TaskId, Sequence[ExpectedListener]]


class _WatchedTask(msgspec.Struct):
    """A task with its expected listeners, and with those that were open at the last question. ``since``, ``until``: the
    beginning and the end of the watch; ``due``: the time of the next poll.
    """

    listeners: Sequence[ExpectedListener]
    open_listeners: frozenset[ExpectedListener]
    since: Instant
    until: Instant
    due: Instant


class ListenerWatch:
    """Polls the tasks that were asked about, in a task of the event loop."""

    def __init__(
        self,
        read: Callable[[ExpectedListeners], Awaitable[OpenListeners]],
        notify: Callable[[TaskId], None],
        clock: Clock,
    ) -> None:
        """``read``: reads which of the expected listeners are open; ``notify``: is called with a task whose open
        listeners have changed.
        """
        self._read, self._notify, self._clock = read, notify, clock
        self._tasks: dict[TaskId, _WatchedTask] = {}
        self._running: asyncio.Task[None] | None = None

    def watch(self, task: TaskId, listeners: Sequence[ExpectedListener], open_now: frozenset[ExpectedListener]) -> None:
        """Notify once the open listeners of the task are no longer ``open_now``."""
        now = self._clock.now()
        before = self._tasks.get(task)
        since = now if before is None else before.since
        self._tasks[task] = _WatchedTask(listeners, open_now, since, later(now, _WATCH_SECONDS), later(now, _MIN_WAIT))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop watching all tasks."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while self._tasks:
            now = self._clock.now()
            due = {task: watched.listeners for task, watched in self._tasks.items() if now >= watched.due}
            if due:
                open_listeners = await self._read(due)
                self._notify_changes(open_listeners, self._clock.now() - now)
            else:
                await self._clock.sleep(Seconds(max(0.001, min(watched.due for watched in self._tasks.values()) - now)))

    def _notify_changes(self, open_listeners: OpenListeners, cost: float) -> None:
        """Notify of tasks with changes and schedule the next polls. ``cost``: the seconds that the last read took."""
        now = self._clock.now()
        for task, listeners in open_listeners.items():
            watch = self._tasks.get(task)
            if watch is None:
                continue
            if listeners != watch.open_listeners or now >= watch.until:
                del self._tasks[task]
            if listeners != watch.open_listeners:
                self._notify(task)
            wait = min(_MAX_WAIT, max(_MIN_WAIT, (now - watch.since) * _WAIT_FRACTION))
            watch.due = later(now, max(wait, cost * _WAIT_PER_COST))
