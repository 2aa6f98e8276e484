"""Reads the output of containers. A proxy container of a task that shares the host's proxy has a part of that proxy's.

Promise: however many readers wait for parts of the host's proxy's output, one thread divides it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from moyai.domain.sandbox.state import ContainerPhase, LogLine, SandboxState
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, Output
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks import logs
from moyai.runtime.linux.tasks.shared_output import SharedOutput


class OutputReader:
    """The output of the containers of one installation. ``inspect``: that of the runtime."""

    def __init__(
        self, paths: RuntimePaths, clock: Clock, inspect: Callable[[TaskId], Awaitable[SandboxState | None]]
    ) -> None:
        self._paths, self._clock, self._inspect = paths, clock, inspect
        self._shared = SharedOutput(paths)
        self._division: asyncio.Task[int] | None = None

    async def lines(self, task: TaskId, container: str, *, follow: bool) -> AsyncIterator[LogLine]:
        """See ``TaskRuntime.logs``."""
        is_shared = self._shared.is_of(task, container)
        if is_shared and not follow:
            await self._divide_all()

        async def has_ended() -> bool:
            state = await self._inspect(task)
            if is_shared:
                await (self._divide() if state else self._divide_all())
                return state is None
            container_state = state.containers.get(container) if state else None
            return container_state is None or container_state.phase is ContainerPhase.STOPPED

        log = self._paths.log(task, container)
        async for line in logs.read_lines(log, self._clock, has_ended if follow else None):
            yield line

    async def read(self, task: TaskId, container: str, after: int) -> Output:
        """See ``TaskRuntime.output``."""
        if self._shared.is_of(task, container):
            await self._divide()
        return await asyncio.to_thread(logs.read_output, self._paths.log(task, container), after)

    async def _divide_all(self) -> None:
        """Divide the output that exists now, but for what can't be divided yet, such as an incomplete line."""
        end, reached = self._shared.end(), -1
        while reached < (position := await self._divide()) < end:
            reached = position

    async def _divide(self) -> int:
        """Start a division, or wait for the one that is running. Returns the position in the output that it reached."""
        if self._division is None or self._division.done():
            self._division = asyncio.create_task(self._start_division(), name="divide shared output")
        return await asyncio.shield(self._division)

    async def _start_division(self) -> int:
        try:
            return await asyncio.to_thread(self._shared.divide)
        except OSError as error:
            raise CannotCreate(f"the output of the host's proxy can't be divided: {error}") from error
