"""Tells when a task begins or ceases to listen, of the tasks that somebody has asked about lately.

The kernel announces no listening socket, so they are looked at again and again: often at first, less often the longer a
task takes, and all tasks that are due in one go. Who is told asks again; nothing is told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from moyai.domain.sandbox.listener import ExpectedListener
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.ids import TaskId

_FIRST_WAIT, _LAST_WAIT, _SHARE = 0.01, 0.25, 1 / 16
"""Seconds between two looks at a task: a sixteenth of the time that it has been followed, within these bounds."""

_FOLLOWED = 5.0
"""Seconds for which a task is followed after it was last asked about."""

Found = Mapping[TaskId, frozenset[ExpectedListener]]
Wanted = Mapping[TaskId, Sequence[ExpectedListener]]


class _Followed(msgspec.Struct):
    expected: Sequence[ExpectedListener]
    seen: frozenset[ExpectedListener]
    since: Instant
    until: Instant
    due: Instant


class ListenerWatch:
    """``look``: which of the expected listeners are there, task by task; ``tell``: called with a task whose listeners
    are no longer those that were seen.
    """

    def __init__(
        self, look: Callable[[Wanted], Awaitable[Found]], tell: Callable[[TaskId], None], clock: Clock
    ) -> None:
        self._look, self._tell, self._clock = look, tell, clock
        self._tasks: dict[TaskId, _Followed] = {}
        self._running: asyncio.Task[None] | None = None

    def follow(self, task: TaskId, expected: Sequence[ExpectedListener], seen: frozenset[ExpectedListener]) -> None:
        """Tell when the task listens elsewhere than where it was just seen to."""
        now = self._clock.now()
        before = self._tasks.get(task)
        since = now if before is None else before.since
        self._tasks[task] = _Followed(expected, seen, since, later(now, _FOLLOWED), later(now, _FIRST_WAIT))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Follow nobody any more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while self._tasks:
            now = self._clock.now()
            due = {task: one.expected for task, one in self._tasks.items() if now >= one.due}
            if due:
                self._compare(await self._look(due))
            else:
                await self._clock.sleep(Seconds(max(0.001, min(one.due for one in self._tasks.values()) - now)))

    def _compare(self, found: Found) -> None:
        now = self._clock.now()
        for task, listeners in found.items():
            known = self._tasks.get(task)
            if known is None:
                continue
            if listeners != known.seen or now >= known.until:
                del self._tasks[task]
            if listeners != known.seen:
                self._tell(task)
            known.due = later(now, min(_LAST_WAIT, max(_FIRST_WAIT, (now - known.since) * _SHARE)))
