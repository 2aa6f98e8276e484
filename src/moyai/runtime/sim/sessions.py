"""A simulated exec session: it prints its own arguments, and then its input, until that ends.

With the arguments ``sim exit=N`` it ends at once with that exit code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from moyai.kernel.clock import Clock, Seconds
from moyai.ports.runtime import CannotStart
from moyai.ports.sessions import CommandOutput, Execution, StandardStream, TerminalSize
from moyai.runtime.sim.machine import SIGKILL_EXIT

_POLL_SECONDS = 0.25


class SimSession:
    """A ``CommandSession`` of the port. ``size``: the terminal's current size."""

    def __init__(self, execution: Execution, clock: Clock, is_alive: Callable[[], bool]) -> None:
        """``is_alive``: whether its container still runs."""
        arguments = execution.arguments
        if arguments[:2] == ("sim", "cannot_start"):
            raise CannotStart(f"{execution.container}: the arguments say cannot_start")
        self.size = execution.terminal
        self._outputs: asyncio.Queue[CommandOutput | None] = asyncio.Queue()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._is_alive, self._clock = is_alive, clock
        self._watch = asyncio.create_task(self._end_with_container())
        if arguments[0] == "sim" and arguments[-1].startswith("exit="):
            self._end(int(arguments[-1].removeprefix("exit=")))
        else:
            self._print(" ".join(arguments).encode() + b"\n")

    async def read(self) -> CommandOutput | None:
        output = await self._outputs.get()
        if output is None:
            self._outputs.put_nowait(None)
        return output

    async def write(self, data: bytes) -> None:
        if not self._code.done():
            self._print(data)

    def end_input(self) -> None:
        self._end(0)

    def resize(self, size: TerminalSize) -> None:
        if self.size is not None:
            self.size = size

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    async def close(self) -> None:
        self._end(SIGKILL_EXIT)
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)

    def _print(self, data: bytes) -> None:
        self._outputs.put_nowait(CommandOutput(StandardStream.OUT, data))

    def _end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)
            self._outputs.put_nowait(None)

    async def _end_with_container(self) -> None:
        while self._is_alive() and not self._code.done():
            await self._clock.sleep(Seconds(_POLL_SECONDS))
        self._end(SIGKILL_EXIT)
