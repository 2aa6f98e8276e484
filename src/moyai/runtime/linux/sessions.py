"""Commands inside containers, each with a small process beside it (see shim/visit.py).

The terminal's other end, or three pipes, are this process's own; they and the socket to the helper are closed by the
kernel when it dies, and then the helper ends the command.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable

from moyai.ports.sessions import Execution, Output, TerminalSize
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.session_start import SessionStart, StartedSession, end, set_size

_CHUNK = 16 * 1024
_END_OF_TRANSMISSION = b"\x04"
_KILLED = 137
_END_TIMEOUT = 10.0
"""Seconds that a helper has to hang up on the command, to kill it and to clear up."""


Work = Callable[[Callable[[], StartedSession]], Awaitable[StartedSession]]
"""Does blocking work on a worker thread."""


class Sessions:
    """The sessions of one runtime. Used from one event loop."""

    def __init__(self, layout: Layout, work: Work) -> None:
        self._layout = layout
        self._work = work
        self._starts: set[SessionStart] = set()
        self._sessions: set[LinuxSession] = set()
        self._discards: set[asyncio.Task[None]] = set()

    async def start(self, execution: Execution) -> LinuxSession:
        """Start the command. Raises NotRunning, CannotStart. Cancelled, it ends when nothing of it is left."""
        start = SessionStart(self._layout, execution)
        self._starts.add(start)
        running = asyncio.ensure_future(self._work(start.run))
        try:
            session = LinuxSession(await asyncio.shield(running), self._sessions.discard)
        except asyncio.CancelledError:
            start.cancel()
            discard = asyncio.create_task(_discard(running))
            self._discards.add(discard)
            discard.add_done_callback(self._discards.discard)
            await asyncio.shield(discard)
            raise
        finally:
            self._starts.discard(start)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        """End all of them."""
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*(session.close() for session in self._sessions), *self._discards)


async def _discard(running: asyncio.Future[StartedSession]) -> None:
    await asyncio.wait({running})
    if not running.cancelled() and running.exception() is None:
        await asyncio.to_thread(running.result().end)


class LinuxSession:
    """See the port. Made on the event loop."""

    def __init__(self, started: StartedSession, forget: Callable[[LinuxSession], None]) -> None:
        """``forget`` is told when it is closed."""
        self._started = started
        self._forget = forget
        self._outputs = dict(started.outputs)
        self._input: int | None = started.input
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.create_task(self._until_end())
        self._closed = False

    async def read(self) -> Output | None:
        """See the port."""
        while self._outputs:
            for stream, fd in tuple(self._outputs.items()):
                try:
                    data = os.read(fd, _CHUNK)
                except BlockingIOError:
                    continue
                except OSError:  # a terminal that nobody is on any more says EIO
                    data = b""
                if data:
                    return Output(stream, data)
                del self._outputs[stream]
                self._loop.remove_reader(fd)
                if fd != self._started.input:
                    os.close(fd)
                break
            else:
                await self._readable()
        return None

    async def _readable(self) -> None:
        ready = asyncio.Event()
        watched = tuple(self._outputs.values())
        for fd in watched:
            self._loop.add_reader(fd, ready.set)
        try:
            await ready.wait()
        finally:
            for fd in watched:
                if fd in self._outputs.values():  # else it is closed, and the number may be another's by now
                    self._loop.remove_reader(fd)

    async def write(self, data: bytes) -> None:
        """See the port."""
        rest = memoryview(data)
        while rest and self._input is not None:
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                await self._writable(self._input)
            except OSError:  # it reads no more
                self._close_input()

    async def _writable(self, fd: int) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(fd, ready.set)
        try:
            await ready.wait()
        finally:
            if fd == self._input:
                self._loop.remove_writer(fd)

    def end_input(self) -> None:
        """See the port."""
        if self._input is None:
            return
        if self._started.terminal:
            with contextlib.suppress(OSError):
                os.write(self._input, _END_OF_TRANSMISSION)
        else:
            self._close_input()

    def _close_input(self) -> None:
        fd, self._input = self._input, None
        if fd is not None and not self._started.terminal:
            os.close(fd)

    def resize(self, size: TerminalSize) -> None:
        """See the port."""
        if self._started.terminal and self._input is not None:
            with contextlib.suppress(OSError):
                set_size(self._input, size)

    async def wait(self) -> int:
        """See the port."""
        return await asyncio.shield(self._ended)

    async def _until_end(self) -> int:
        code = _KILLED
        with contextlib.suppress(OSError):
            while said := await self._loop.sock_recv(self._started.control, 4096):
                word, _, number = said.decode(errors="replace").partition(" ")
                if word == "exit" and number.isdecimal():
                    code = int(number)
        return code

    async def close(self) -> None:
        """See the port."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._started.control.shutdown(socket.SHUT_WR)
        try:  # before its input ends: a command that reads it might take that for the end
            await asyncio.wait_for(asyncio.shield(self._ended), _END_TIMEOUT)
        except TimeoutError:
            self._started.helper.kill()
            await self._ended
        self._let_go()
        await asyncio.to_thread(end, self._started.helper)
        self._started.control.close()
        self._forget(self)

    def _let_go(self) -> None:
        """Close the command's files: on a terminal it is hung up on, a pipe breaks."""
        fds = {*self._outputs.values(), *(() if self._input is None else (self._input,))}
        if self._started.terminal:
            fds = {self._started.input}
        self._outputs, self._input = {}, None
        for fd in fds:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
            os.close(fd)
