"""Exec sessions: commands inside containers, each with a helper process beside it (see shim/exec_session.py).

This process has one end of the terminal, or of three pipes, and of the socket to the helper. When it dies the kernel
closes them, and then the helper ends the command.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable

from moyai.ports.sessions import CommandOutput, Execution, TerminalSize
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks.exec_session_start import SessionStart, StartedSession, end_helper, set_terminal_size

_CHUNK_BYTES = 16 * 1024
_END_OF_TRANSMISSION = b"\x04"
_KILLED = 137
_END_TIMEOUT = 10.0
"""Seconds that a helper has to signal the command, to kill it and to remove its cgroup."""


RunBlocking = Callable[[Callable[[], StartedSession]], Awaitable[StartedSession]]
"""Runs a blocking function on a worker thread."""


class ExecSessions:
    """The sessions of one runtime. Used from one event loop."""

    def __init__(self, paths: RuntimePaths, run_blocking: RunBlocking) -> None:
        self._paths = paths
        self._run_blocking = run_blocking
        self._starts: set[SessionStart] = set()
        self._sessions: set[LinuxExecSession] = set()
        self._discards: set[asyncio.Task[None]] = set()

    async def start(self, execution: Execution) -> LinuxExecSession:
        """Start the command. Raises NotRunning and CannotStart. A cancelled start returns once the command is gone."""
        start = SessionStart(self._paths, execution)
        self._starts.add(start)
        running = asyncio.ensure_future(self._run_blocking(start.run))
        try:
            session = LinuxExecSession(await asyncio.shield(running), self._sessions.discard)
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
        """End all sessions and those that are being started."""
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*(session.close() for session in self._sessions), *self._discards)


async def _discard(running: asyncio.Future[StartedSession]) -> None:
    await asyncio.wait({running})
    if not running.cancelled() and running.exception() is None:
        await asyncio.to_thread(running.result().end)


class LinuxExecSession:
    """A ``CommandSession`` of the port, whose methods are documented there. It must be made on the event loop."""

    def __init__(self, session: StartedSession, on_close: Callable[[LinuxExecSession], None]) -> None:
        """``on_close`` is called once the session is closed."""
        self._started = session
        self._on_close = on_close
        self._outputs = dict(session.outputs)
        self._input: int | None = session.input
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.create_task(self._wait_end())
        self._closed = False

    async def read(self) -> CommandOutput | None:
        while self._outputs:
            for stream, fd in tuple(self._outputs.items()):
                try:
                    data = os.read(fd, _CHUNK_BYTES)
                except BlockingIOError:
                    continue
                except OSError:  # EIO: no process has the terminal open any more
                    data = b""
                if data:
                    return CommandOutput(stream, data)
                del self._outputs[stream]
                self._loop.remove_reader(fd)
                if fd != self._started.input:
                    os.close(fd)
                break
            else:
                await self._wait_readable()
        return None

    async def _wait_readable(self) -> None:
        ready = asyncio.Event()
        fds = tuple(self._outputs.values())
        for fd in fds:
            self._loop.add_reader(fd, ready.set)
        try:
            await ready.wait()
        finally:
            for fd in fds:
                if fd in self._outputs.values():  # else the descriptor is closed, and its number may have been reused
                    self._loop.remove_reader(fd)

    async def write(self, data: bytes) -> None:
        remaining = memoryview(data)
        while remaining and self._input is not None:
            try:
                remaining = remaining[os.write(self._input, remaining) :]
            except BlockingIOError:
                await self._wait_writable(self._input)
            except OSError:  # the command no longer reads
                self._close_input()

    async def _wait_writable(self, fd: int) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(fd, ready.set)
        try:
            await ready.wait()
        finally:
            if fd == self._input:
                self._loop.remove_writer(fd)

    def end_input(self) -> None:
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
        if self._started.terminal and self._input is not None:
            with contextlib.suppress(OSError):
                set_terminal_size(self._input, size)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def _wait_end(self) -> int:
        code = _KILLED
        with contextlib.suppress(OSError):
            while message := await self._loop.sock_recv(self._started.control, 4096):
                word, _, number = message.decode(errors="replace").partition(" ")
                if word == "exit" and number.isdecimal():
                    code = int(number)
        return code

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._started.control.shutdown(socket.SHUT_WR)
        try:  # before the input is closed: the command could take that for the input's regular end
            await asyncio.wait_for(asyncio.shield(self._ended), _END_TIMEOUT)
        except TimeoutError:
            self._started.helper.kill()
            await self._ended
        self._close_streams()
        await asyncio.to_thread(end_helper, self._started.helper)
        self._started.control.close()
        self._on_close(self)

    def _close_streams(self) -> None:
        """Close the command's streams: a terminal sends SIGHUP, a pipe breaks."""
        fds = {*self._outputs.values(), *(() if self._input is None else (self._input,))}
        if self._started.terminal:
            fds = {self._started.input}
        self._outputs, self._input = {}, None
        for fd in fds:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
            os.close(fd)
