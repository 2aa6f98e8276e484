"""The start of a command inside a container: its files, and the small process beside it (see shim/visit.py).

Promise: whoever stops waiting for a session ends it: the helper process sees its socket closed, and kills what it had
begun. A helper that does not end by itself is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import termios

from moyai.ports.runtime import CannotStart, NotRunning
from moyai.ports.sessions import Execution, Stream, TerminalSize
from moyai.runtime.linux import interpreter, processes
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.shim import __main__ as shim_entry
from moyai.runtime.linux.shim.files import TERMINAL
from moyai.runtime.linux.shim.record import RUNNING, boot_id
from moyai.runtime.linux.shim.visit import LONGEST_VISIT, Visit

_START_TIMEOUT = 30.0
_END_TIMEOUT = 5.0


class StartedSession:
    """The helper, the socket to it, and the command's files."""

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

    def end(self) -> None:
        """End the command before anybody used it. Blocking."""
        self.control.close()
        for fd in {self.input, *self.outputs.values()}:
            os.close(fd)
        end(self.helper)


class SessionStart:
    """A session that a worker thread starts, and that may be cancelled from another one."""

    def __init__(self, layout: Layout, execution: Execution) -> None:
        self._layout = layout
        self._execution = execution
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def cancel(self) -> None:
        """Have ``run`` fail, soon."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def run(self) -> StartedSession:
        """Start the command. Blocking. Raises NotRunning and CannotStart."""
        with self._theirs:
            try:
                return self._start(_visit(self._layout, self._execution))
            except BaseException as error:
                self._control.close()
                if isinstance(error, OSError):
                    raise CannotStart(f"no process could be started: {error}") from error
                raise

    def _start(self, visit: bytes) -> StartedSession:
        self._control.settimeout(_START_TIMEOUT)
        self._control.send(visit)
        helper = _spawn(interpreter.program(self._layout.run), self._theirs, self._execution)
        self._theirs.close()
        pipes = [pipe for pipe in (helper.stdout, helper.stderr, helper.stdin) if pipe is not None]
        fds: list[int] = []
        try:
            fds += [os.dup(pipe.fileno()) for pipe in pipes]
            _await_start(self._control, fds)
            for fd in fds:
                os.set_blocking(fd, False)
        except BaseException:
            self.cancel()
            end(helper)
            for fd in fds:
                os.close(fd)
            raise
        finally:
            for pipe in pipes:
                pipe.close()
        self._control.settimeout(0)
        if self._execution.terminal is not None:
            set_size(fds[0], self._execution.terminal)
            return StartedSession(helper, self._control, {Stream.OUT: fds[0]}, fds[0])
        return StartedSession(helper, self._control, {Stream.OUT: fds[0], Stream.ERR: fds[1]}, fds[2])


def _visit(layout: Layout, execution: Execution) -> bytes:
    directory = layout.container(execution.task, execution.container)
    kept = processes.read(directory)
    if kept is None or kept.phase != RUNNING or kept.boot != boot_id() or not kept.keeper_lives():
        raise NotRunning(f"the container {execution.container} is not running")
    visit = Visit(
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
    if len(visit) > LONGEST_VISIT:
        raise CannotStart("the command is too long")
    return visit


def _spawn(program: str, control: socket.socket, execution: Execution) -> subprocess.Popen[bytes]:
    files = subprocess.DEVNULL if execution.terminal else subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own file
        [sys.executable, "-I", "-S", "-OO", shim_entry.__file__, "--visit", str(control.fileno())],
        executable=program,
        stdin=files,
        stdout=files,
        stderr=files,
        pass_fds=(control.fileno(),),
        start_new_session=True,
        env={},
        cwd="/",
    )


def _await_start(control: socket.socket, fds: list[int]) -> None:
    """Wait for the helper's answer; a terminal that comes before it joins ``fds``. Raises CannotStart."""
    said = TERMINAL
    while said == TERMINAL:
        said, received, _, _ = socket.recv_fds(control, 4096, 1)
        fds += received
    if said != b"ok":
        reason = said.decode(errors="replace").removeprefix("failed ")
        raise CannotStart(reason or "the session's helper ended without an answer")


def end(helper: subprocess.Popen[bytes]) -> None:
    """Wait until a helper has ended, whose socket is closed; kill it when that takes too long. Blocking."""
    try:
        helper.wait(_END_TIMEOUT)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


def set_size(terminal: int, size: TerminalSize) -> None:
    """Give a terminal its size, and tell whoever is on it."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
