"""Calls for one task run one after the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moyai.app.clock import SystemClock
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime import LinuxRuntime
from tests.contract.runtime.adapters import puller_of

TASK = TaskId("1")


class Counting(LinuxRuntime):
    """Counts how many releases run at once, and starts another one when the first has ended."""

    running = most = 0
    late: asyncio.Task[None] | None = None

    async def _release(self, task: TaskId) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1

    async def first(self) -> None:
        await self.release(TASK)
        self.late = asyncio.create_task(self.release(TASK))


async def test_waiting_and_later_calls_for_a_task_run_one_after_the_other(tmp_path: Path) -> None:
    runtime = Counting(tmp_path, "test", Path("/envoy"), "/bin", SystemClock(), puller_of(tmp_path))
    await asyncio.gather(runtime.first(), runtime.release(TASK))
    assert runtime.late is not None
    await runtime.late
    assert runtime.most == 1
