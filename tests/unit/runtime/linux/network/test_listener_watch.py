"""A watch notifies once when a task's listeners change, and ends after a while."""

from __future__ import annotations

from moyai.domain.sandbox.listener import ExpectedListener
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network.listener_watch import ExpectedListeners, ListenerWatch, OpenListeners
from moyai.testing.clock import ManualClock

TASK, OTHER = TaskId("1"), TaskId("2")
WEB = ExpectedListener("tcp", 80, 80, ("127.0.0.1",))
NONE: frozenset[ExpectedListener] = frozenset()


class Sockets:
    """What is there, and how often it was looked at."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.there = NONE
        self.looks = 0
        self.told: list[TaskId] = []
        self.watch = ListenerWatch(self.look, self.told.append, self.clock)

    async def look(self, wanted: ExpectedListeners) -> OpenListeners:
        self.looks += 1
        return dict.fromkeys(wanted, self.there)


async def test_a_change_is_notified_once():
    it = Sockets()
    it.watch.watch(TASK, [WEB], NONE)
    await it.clock.advance(0.5)
    assert it.told == []
    it.there = frozenset({WEB})
    await it.clock.advance(1)
    assert it.told == [TASK]
    it.there = NONE
    await it.clock.advance(10)
    assert it.told == [TASK]
    await it.watch.close()


async def test_a_closed_port_is_notified():
    it = Sockets()
    it.there = frozenset({WEB})
    it.watch.watch(TASK, [WEB], it.there)
    it.there = NONE
    await it.clock.advance(1)
    assert it.told == [TASK]
    await it.watch.close()


async def test_a_task_is_polled_only_for_a_while_after_the_last_question():
    it = Sockets()
    it.watch.watch(TASK, [WEB], NONE)
    await it.clock.advance(6)
    looks = it.looks
    await it.clock.advance(60)
    assert it.looks == looks
    assert looks < 100, "less often the longer it takes"
    await it.watch.close()


async def test_due_tasks_are_polled_together():
    it = Sockets()
    it.watch.watch(TASK, [WEB], NONE)
    it.watch.watch(OTHER, [WEB], NONE)
    await it.clock.advance(0.011)
    assert it.looks == 1
    await it.watch.close()
