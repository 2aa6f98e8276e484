"""The helper of an exec session: one small process beside a command inside a container.

The control plane starts it and talks with it over one socket (SOCK_SEQPACKET): it sends an ``ExecRequest``, and the
helper answers ``terminal`` (with the terminal's other end), ``ok`` or ``failed <reason>``, and finally ``exit <code>``.
When the control plane closes its end, or dies, the command gets SIGHUP and a moment later everything that it started is
killed: all of it is in a cgroup of the session's own, below the container's.
"""

from __future__ import annotations

import _socket
import marshal
import os
import select
import time

from moyai.runtime.linux.shim import cgroup_processes, container_process, syscalls
from moyai.runtime.linux.shim.entry import EnteringProcess, reap
from moyai.runtime.linux.shim.launch_config import LaunchConfig, unpack
from moyai.runtime.linux.shim.record import start_ticks
from moyai.runtime.linux.shim.syscalls import SIGCHLD

MAX_REQUEST_BYTES = 128 * 1024
_START_SECONDS = 20.0
"""Less than the control plane waits."""
_SIGHUP = 1
_HANG_UP_SECONDS = 1.0
"""The time between SIGHUP and SIGKILL."""


class ExecRequest:
    """A command, the container by its directory and first process, and what differs from its launch configuration."""

    directory: str
    init: int
    init_ticks: int
    arguments: tuple[str, ...]
    environment: dict[str, str]
    user: str | None
    terminal: bool

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)

    def pack(self) -> bytes:
        """The request as bytes."""
        return marshal.dumps(self.__dict__)


def main(control: int) -> None:
    """Run the session that is requested on the socket ``control``, from its beginning to its end."""
    os.set_inheritable(control, False)  # noqa: FBT003 (the command must not answer in the helper's place)
    link = _socket.socket(fileno=control)
    request = ExecRequest(marshal.loads(link.recv(MAX_REQUEST_BYTES)))  # noqa: S302 - from the control plane
    ExecSession(request, link).run()


class _Failed(Exception):
    """The command could not be started."""


class ExecSession:
    """The command of a session, from its start to the removal of its processes."""

    def __init__(self, request: ExecRequest, link: _socket.socket) -> None:
        self._request = request
        self._link = link
        self._cgroups: list[str] = []
        syscalls.block_signals((SIGCHLD,))
        self._signals = syscalls.signal_fd((SIGCHLD,))

    def run(self) -> None:
        """Start the command, wait for its end or the control plane's, and leave no process behind."""
        try:
            process = self._start()
            self._send("ok")
            code = self._wait(process)
            self._remove_cgroups()
            self._send(f"exit {code}")
        except _Failed as error:
            self._send(f"failed {error}")
        finally:
            self._remove_cgroups()

    def _start(self) -> EnteringProcess:
        try:
            process = self._fork()
        except OSError as error:
            raise _Failed(container_process.describe(error)) from error
        self._close_streams()
        try:
            reason = process.wait_until_started(_START_SECONDS, self._link.fileno())
        except OSError as error:  # the start took too long, or the control plane no longer waits
            reason = str(error)
        if reason:
            raise _Failed(reason)
        return process

    def _fork(self) -> EnteringProcess:
        """Fork the process that becomes the command."""
        request = self._request
        try:
            directory = os.open(f"/proc/{request.init}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise _Failed("the container has ended") from error
        if start_ticks(request.init) != request.init_ticks:
            raise _Failed("the container has ended")
        # From here on the descriptor stands for that process and no other, even if its pid is reused.
        namespaces = container_process.open_namespaces(f"/proc/self/fd/{directory}")
        os.close(directory)
        control, config = self._link.fileno() if request.terminal else -1, self._launch_config()
        process = EnteringProcess(config.processes)
        if process.child is not None:
            container_process.run_exec_command(config, namespaces, control, process.child)
        for fd, _ in namespaces:
            os.close(fd)
        return process

    def _launch_config(self) -> LaunchConfig:
        """The container's launch configuration, changed for this command."""
        request = self._request
        with open(request.directory + "/order", "rb") as file:  # noqa: PTH123
            config = unpack(file.read())
        config.arguments = request.arguments
        config.environment = config.environment | request.environment
        config.user = config.user if request.user is None else request.user
        self._cgroups = [f"{path.rpartition('/')[0]}/session-{os.getpid()}" for path in config.processes]
        for group in self._cgroups:
            os.makedirs(group, exist_ok=True)  # noqa: PTH103
        files = (path.rpartition("/")[2] for path in config.processes)
        config.processes = tuple(f"{group}/{file}" for group, file in zip(self._cgroups, files, strict=True))
        return config

    def _close_streams(self) -> None:
        """Close this process's copies of the command's streams, so that their end is seen."""
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for target in (0, 1):
            os.dup2(null, target)
        if not self._request.terminal:
            os.dup2(null, 2)

    def _wait(self, process: EnteringProcess) -> int:
        """Wait for the command's end; end it when the control plane goes away. Returns its exit code."""
        poll = select.poll()
        poll.register(self._link.fileno(), select.POLLIN)
        poll.register(self._signals, select.POLLIN)
        kill_at: float | None = None
        while True:
            for pid, code in reap():
                if process.record_end(pid):
                    return code
            wait = None if kill_at is None else max(0.0, kill_at - time.monotonic()) * 1000 + 1
            for fd, _ in poll.poll(wait):
                if fd == self._signals:
                    os.read(fd, 4096)
                else:
                    poll.unregister(fd)
                    os.kill(process.pid, _SIGHUP)
                    kill_at = time.monotonic() + _HANG_UP_SECONDS
            if kill_at is not None and time.monotonic() >= kill_at:
                process.kill()
                kill_at = None

    def _remove_cgroups(self) -> None:
        """Kill the processes that the command left, and remove the session's cgroups."""
        cgroup_processes.remove(self._cgroups)
        self._cgroups = []

    def _send(self, line: str) -> None:
        try:
            self._link.send(line.encode()[:4096])
        except OSError:  # the control plane is gone
            return
