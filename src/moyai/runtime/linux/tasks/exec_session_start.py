"""Starts an exec session: the command's streams, and the helper process beside it (see shim/exec_session.py).

Promise: a caller that stops waiting ends the session. The helper sees its socket closed and kills what it has started.
A helper that does not end by itself is killed.
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
from moyai.ports.sessions import Execution, StandardStream, TerminalSize
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.interpreter import interpreter_path
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim import __main__ as shim_entry
from moyai.runtime.linux.shim.exec_session import MAX_REQUEST_BYTES, ExecRequest
from moyai.runtime.linux.shim.record import RUNNING, boot_id
from moyai.runtime.linux.shim.standard_streams import TERMINAL

_START_TIMEOUT = 30.0
_END_TIMEOUT = 5.0


class StartedSession:
    """A started helper, the socket to it, and the command's streams."""

    def __init__(
        self, helper: subprocess.Popen[bytes], control: socket.socket, outputs: dict[StandardStream, int], input_fd: int
    ) -> None:
        self.helper = helper
        self.control = control
        self.outputs = outputs
        self.input = input_fd
        """A descriptor; on a terminal the same as that of the only output."""

    @property
    def terminal(self) -> bool:
        """Whether the command has a terminal."""
        return self.input in self.outputs.values()

    def end(self) -> None:
        """End the command before anything reads or writes its streams. Blocking."""
        self.control.close()
        for fd in {self.input, *self.outputs.values()}:
            os.close(fd)
        end_helper(self.helper)


class SessionStart:
    """The start of a session on a worker thread, which another thread may cancel."""

    def __init__(self, paths: RuntimePaths, execution: Execution) -> None:
        self._paths = paths
        self._execution = execution
        self._control, self._helper_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def cancel(self) -> None:
        """Make ``run`` fail soon, on the thread that runs it."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def run(self) -> StartedSession:
        """Start the command. Blocking. Raises NotRunning and CannotStart."""
        with self._helper_end:
            try:
                return self._start(_encode_request(self._paths, self._execution))
            except BaseException as error:
                self._control.close()
                if isinstance(error, OSError):
                    raise CannotStart(f"no process could be started: {error}") from error
                raise

    def _start(self, request: bytes) -> StartedSession:
        self._control.settimeout(_START_TIMEOUT)
        self._control.send(request)
        helper = _spawn(interpreter_path(self._paths.run), self._helper_end, self._execution)
        self._helper_end.close()
        pipes = [pipe for pipe in (helper.stdout, helper.stderr, helper.stdin) if pipe is not None]
        fds: list[int] = []
        try:
            fds += [os.dup(pipe.fileno()) for pipe in pipes]
            _await_start(self._control, fds)
            for fd in fds:
                os.set_blocking(fd, False)
        except BaseException:
            self.cancel()
            end_helper(helper)
            for fd in fds:
                os.close(fd)
            raise
        finally:
            for pipe in pipes:
                pipe.close()
        self._control.settimeout(0)
        if self._execution.terminal is not None:
            set_terminal_size(fds[0], self._execution.terminal)
            return StartedSession(helper, self._control, {StandardStream.OUT: fds[0]}, fds[0])
        return StartedSession(helper, self._control, {StandardStream.OUT: fds[0], StandardStream.ERR: fds[1]}, fds[2])


def _encode_request(paths: RuntimePaths, execution: Execution) -> bytes:
    directory = paths.container(execution.task, execution.container)
    record = monitors.read_record(directory)
    if record is None or record.phase != RUNNING or record.boot != boot_id() or not record.monitor_lives():
        raise NotRunning(f"the container {execution.container} is not running")
    request = ExecRequest(
        {
            "directory": str(directory),
            "init": record.init,
            "init_ticks": record.init_ticks,
            "arguments": execution.arguments,
            "environment": dict(execution.environment),
            "user": execution.user,
            "terminal": execution.terminal is not None,
        }
    ).pack()
    if len(request) > MAX_REQUEST_BYTES:
        raise CannotStart("the command is too long")
    return request


def _spawn(program: str, control: socket.socket, execution: Execution) -> subprocess.Popen[bytes]:
    stream = subprocess.DEVNULL if execution.terminal else subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own file
        [sys.executable, "-I", "-S", "-OO", shim_entry.__file__, "--exec-session", str(control.fileno())],
        executable=program,
        stdin=stream,
        stdout=stream,
        stderr=stream,
        pass_fds=(control.fileno(),),
        start_new_session=True,
        env={},
        cwd="/",
    )


def _await_start(control: socket.socket, fds: list[int]) -> None:
    """Wait for the helper's answer. A terminal that it sends before is added to ``fds``. Raises CannotStart."""
    message = TERMINAL
    while message == TERMINAL:
        message, received, _, _ = socket.recv_fds(control, 4096, 1)
        fds += received
    if message != b"ok":
        reason = message.decode(errors="replace").removeprefix("failed ")
        raise CannotStart(reason or "the session's helper ended without an answer")


def end_helper(helper: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a helper whose socket is closed, and kill it if that takes too long. Blocking."""
    try:
        helper.wait(_END_TIMEOUT)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


def set_terminal_size(terminal: int, size: TerminalSize) -> None:
    """Set the size of a terminal; the kernel signals its foreground processes."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
