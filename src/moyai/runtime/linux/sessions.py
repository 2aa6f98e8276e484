"""Commands inside containers, each with a small process beside it (see shim/visit.py).

The terminal's other end, or three pipes, are this process's own; they and the socket to the helper are closed by the
kernel when it dies, and then the helper ends the command.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Awaitable, Callable

from moyai.ports.runtime import CannotStart, NotRunning
from moyai.ports.sessions import Execution, Output, Stream, TerminalSize
from moyai.runtime.linux import interpreter, processes
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.shim import __main__ as shim_entry
from moyai.runtime.linux.shim.files import TERMINAL
from moyai.runtime.linux.shim.record import RUNNING, boot_id
from moyai.runtime.linux.shim.visit import LONGEST_VISIT, Visit

_START_TIMEOUT = 30.0
_CHUNK = 16 * 1024
_END_OF_TRANSMISSION = b"\x04"
_KILLED = 137


class Beginning:
    """A session as the worker thread made it: the helper, the way to it, and the command's files."""

    def __init__(
        self, helper: subprocess.Popen[bytes], control: socket.socket, outputs: dict[Stream, int], entry: int
    ) -> None:
        self.helper = helper
        self.control = control
        self.outputs = outputs
        self.input = entry
        """A descriptor; the same as that of the only output when it is a terminal."""

    @property
    def terminal(self) -> bool:
        """Whether it is one."""
        return self.input in self.outputs.values()


def begin(layout: Layout, execution: Execution) -> Beginning:
    """Start the command in a container. Blocking. Raises NotRunning and CannotStart."""
    directory = layout.container(execution.task, execution.container)
    kept = processes.read(directory)
    if kept is None or kept.phase != RUNNING or kept.boot != boot_id() or not kept.keeper_lives():
        raise NotRunning(f"the container {execution.container} is not running")
    order = Visit(
        {
            "directory": str(directory),
            "init": kept.init,
            "init_ticks": kept.init_ticks,
            "arguments": execution.arguments,
            "environment": dict(execution.environment),
            "user": execution.user,
            "terminal": execution.terminal is not None,
        }
    ).pack()
    if len(order) > LONGEST_VISIT:
        raise CannotStart("the command is too long")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            ours.settimeout(_START_TIMEOUT)
            ours.send(order)
            return _begun(execution, interpreter.program(layout.run), ours, theirs)
        except BaseException as error:
            ours.close()
            if isinstance(error, OSError):
                raise CannotStart(f"no process could be started: {error}") from error
            raise


def _begun(execution: Execution, program: str, ours: socket.socket, theirs: socket.socket) -> Beginning:
    command = [sys.executable, "-I", "-S", "-OO", shim_entry.__file__, "--visit", str(theirs.fileno())]
    files = subprocess.DEVNULL if execution.terminal else subprocess.PIPE
    helper = subprocess.Popen(  # noqa: S603 - this interpreter, our own file
        command,
        executable=program,
        stdin=files,
        stdout=files,
        stderr=files,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
        env={},
        cwd="/",
    )
    theirs.close()
    fds: list[int] = []
    try:
        if execution.terminal is None:
            fds = [os.dup(pipe.fileno()) for pipe in (helper.stdout, helper.stderr, helper.stdin) if pipe is not None]
        _hear_out(ours, fds)
        for fd in fds:
            os.set_blocking(fd, False)
    except BaseException:
        ours.close()
        helper.wait()
        for fd in fds:
            os.close(fd)
        raise
    finally:
        for pipe in (helper.stdin, helper.stdout, helper.stderr):
            if pipe is not None:
                pipe.close()
    ours.settimeout(0)
    if execution.terminal is not None:
        set_size(fds[0], execution.terminal)
        return Beginning(helper, ours, {Stream.OUT: fds[0]}, fds[0])
    return Beginning(helper, ours, {Stream.OUT: fds[0], Stream.ERR: fds[1]}, fds[2])


def _hear_out(ours: socket.socket, fds: list[int]) -> None:
    """Wait for the helper's answer; a terminal that comes before it joins ``fds``. Raises CannotStart."""
    said = TERMINAL
    while said == TERMINAL:
        said, received, _, _ = socket.recv_fds(ours, 4096, 1)
        fds += received
    if said != b"ok":
        reason = said.decode(errors="replace").removeprefix("failed ")
        raise CannotStart(reason or "the session's helper ended without an answer")


async def begun(work: Awaitable[Beginning]) -> Beginning:
    """What the worker thread makes; whoever stops waiting for it leaves nothing running."""
    making = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_abandon)
        raise


def _abandon(making: asyncio.Future[Beginning]) -> None:
    if not making.cancelled() and making.exception() is None:
        made = making.result()
        made.control.close()
        for fd in {made.input, *made.outputs.values()}:
            os.close(fd)
        made.helper.wait()


def set_size(terminal: int, size: TerminalSize) -> None:
    """Give a terminal its size, and tell whoever is on it."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


class LinuxSession:
    """See the port. Made on the event loop."""

    def __init__(self, beginning: Beginning, forget: Callable[[LinuxSession], None]) -> None:
        """``forget`` is told when it is closed."""
        self._begun = beginning
        self._forget = forget
        self._outputs = dict(beginning.outputs)
        self._input: int | None = beginning.input
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
                if fd != self._begun.input:
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
        if self._begun.terminal:
            with contextlib.suppress(OSError):
                os.write(self._input, _END_OF_TRANSMISSION)
        else:
            self._close_input()

    def _close_input(self) -> None:
        fd, self._input = self._input, None
        if fd is not None and not self._begun.terminal:
            os.close(fd)

    def resize(self, size: TerminalSize) -> None:
        """See the port."""
        if self._begun.terminal and self._input is not None:
            with contextlib.suppress(OSError):
                set_size(self._input, size)

    async def wait(self) -> int:
        """See the port."""
        return await asyncio.shield(self._ended)

    async def _until_end(self) -> int:
        code = _KILLED
        with contextlib.suppress(OSError):
            while said := await self._loop.sock_recv(self._begun.control, 4096):
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
            self._begun.control.shutdown(socket.SHUT_WR)
        await asyncio.shield(self._ended)  # before its input ends: a command that reads it might take that for the end
        self._let_go()
        await asyncio.to_thread(self._begun.helper.wait)
        self._begun.control.close()
        self._forget(self)

    def _let_go(self) -> None:
        """Close the command's files: on a terminal it is hung up on, a pipe breaks."""
        fds = {*self._outputs.values(), *(() if self._input is None else (self._input,))}
        if self._begun.terminal:
            fds = {self._begun.input}
        self._outputs, self._input = {}, None
        for fd in fds:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
            os.close(fd)
