"""A watch notifies once when a task's listeners change, and ends after a while."""

from __future__ import annotations

from moyai.domain.sandbox.state import ExpectedListener
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network.listener_watch import ExpectedListeners, ListenerWatch, OpenListeners
from moyai.testing.clock import ManualClock

TASK, OTHER = TaskId("1"), TaskId("2")
WEB = ExpectedListener("tcp", 80, 80, ("127.0.0.1",))
NONE: frozenset[ExpectedListener] = frozenset()


class WatchedSockets:
    """A watch, the listeners that it reads, its notifications, and how often and how long it reads."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.open = NONE
        self.reads = 0
        self.read_seconds = Seconds(0)
        self.notified: list[TaskId] = []
        self.watch = ListenerWatch(self.read, self.notified.append, self.clock)

    async def read(self, expected: ExpectedListeners) -> OpenListeners:
        self.reads += 1
        if self.read_seconds:
            await self.clock.sleep(self.read_seconds)
        return dict.fromkeys(expected, self.open)


async def test_a_change_is_notified_once():
    sockets = WatchedSockets()
    sockets.watch.watch(TASK, [WEB], NONE)
    await sockets.clock.advance(0.5)
    assert sockets.notified == []
    sockets.open = frozenset({WEB})
    await sockets.clock.advance(1)
    assert sockets.notified == [TASK]
    sockets.open = NONE
    await sockets.clock.advance(10)
    assert sockets.notified == [TASK]
    await sockets.watch.close()


async def test_a_closed_port_is_notified():
    sockets = WatchedSockets()
    sockets.open = frozenset({WEB})
    sockets.watch.watch(TASK, [WEB], sockets.open)
    sockets.open = NONE
    await sockets.clock.advance(1)
    assert sockets.notified == [TASK]
    await sockets.watch.close()


async def test_a_task_is_polled_only_for_a_while_after_the_last_question():
    sockets = WatchedSockets()
    sockets.watch.watch(TASK, [WEB], NONE)
    await sockets.clock.advance(6)
    reads = sockets.reads
    await sockets.clock.advance(60)
    assert sockets.reads == reads
    assert reads < 100, "less often the longer it takes"
    await sockets.watch.close()


async def test_due_tasks_are_polled_together():
    sockets = WatchedSockets()
    sockets.watch.watch(TASK, [WEB], NONE)
    sockets.watch.watch(OTHER, [WEB], NONE)
    await sockets.clock.advance(0.011)
    assert sockets.reads == 1
    await sockets.watch.close()


async def test_slow_reads_are_rare():
    sockets = WatchedSockets()
    sockets.read_seconds = Seconds(0.2)
    sockets.watch.watch(TASK, [WEB], NONE)
    for _ in range(50):
        await sockets.clock.advance(0.1)
    assert 3 < sockets.reads <= 6
    await sockets.watch.close()
