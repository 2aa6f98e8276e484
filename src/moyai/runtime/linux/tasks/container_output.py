"""The output of containers. That of a proxy container which stands for the host's proxy is a part of that proxy's."""

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

    async def lines(self, task: TaskId, container: str, *, follow: bool) -> AsyncIterator[LogLine]:
        """See ``TaskRuntime.logs``."""
        is_shared = await asyncio.to_thread(self._divide_if_shared, task, container)

        async def has_ended() -> bool:
            state = await self._inspect(task)
            if is_shared:
                await asyncio.to_thread(self._divide)
                return state is None
            container_state = state.containers.get(container) if state else None
            return container_state is None or container_state.phase is ContainerPhase.STOPPED

        log = self._paths.log(task, container)
        async for line in logs.read_lines(log, self._clock, has_ended if follow else None):
            yield line

    async def read(self, task: TaskId, container: str, after: int) -> Output:
        """See ``TaskRuntime.output``."""
        return await asyncio.to_thread(self._read, task, container, after)

    def _read(self, task: TaskId, container: str, after: int) -> Output:
        self._divide_if_shared(task, container)
        return logs.read_output(self._paths.log(task, container), after)

    def _divide_if_shared(self, task: TaskId, container: str) -> bool:
        is_shared = self._shared.is_of(task, container)
        if is_shared:
            self._divide()
        return is_shared

    def _divide(self) -> None:
        try:
            self._shared.divide()
        except OSError as error:
            raise CannotCreate(f"the output of the host's proxy can't be divided: {error}") from error
