"""A simulated session: it says its own words, and then everything that it hears, until its input ends.

``sim exit=N`` as its words makes it end at once with that code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from moyai.kernel.clock import Clock, Seconds
from moyai.ports.runtime import CannotStart
from moyai.ports.sessions import Execution, Output, Stream, TerminalSize
from moyai.runtime.sim.machine import SIGKILL_EXIT

_LOOK_EVERY = 0.25


class SimSession:
    """See the port. ``size``: the terminal's last."""

    def __init__(self, execution: Execution, clock: Clock, alive: Callable[[], bool]) -> None:
        """``alive``: whether its container still runs."""
        words = execution.arguments
        if words[:2] == ("sim", "cannot_start"):
            raise CannotStart(f"{execution.container}: its words say cannot_start")
        self.size = execution.terminal
        self._said: asyncio.Queue[Output | None] = asyncio.Queue()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._alive, self._clock = alive, clock
        self._watch = asyncio.create_task(self._until_container_ends())
        if words[0] == "sim" and words[-1].startswith("exit="):
            self._end(int(words[-1].removeprefix("exit=")))
        else:
            self._say(" ".join(words).encode() + b"\n")

    async def read(self) -> Output | None:
        """See the port."""
        said = await self._said.get()
        if said is None:
            self._said.put_nowait(None)
        return said

    async def write(self, data: bytes) -> None:
        """See the port."""
        if not self._code.done():
            self._say(data)

    def end_input(self) -> None:
        """See the port."""
        self._end(0)

    def resize(self, size: TerminalSize) -> None:
        """See the port."""
        if self.size is not None:
            self.size = size

    async def wait(self) -> int:
        """See the port."""
        return await asyncio.shield(self._code)

    async def close(self) -> None:
        """See the port."""
        self._end(SIGKILL_EXIT)
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)

    def _say(self, data: bytes) -> None:
        self._said.put_nowait(Output(Stream.OUT, data))

    def _end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)
            self._said.put_nowait(None)

    async def _until_container_ends(self) -> None:
        while self._alive() and not self._code.done():
            await self._clock.sleep(Seconds(_LOOK_EVERY))
        self._end(SIGKILL_EXIT)
