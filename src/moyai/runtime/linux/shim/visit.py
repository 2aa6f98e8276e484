"""A session's keeper: one small process beside a command that somebody runs inside a container.

It is started by the control plane and talks with it over one socket (SOCK_SEQPACKET): it is told a ``Visit``, and
says ``terminal`` (with the terminal's other end), ``ok`` or ``failed <reason>``, and at last ``exit <code>``. When the
control plane closes its end, or dies, the command gets SIGHUP and a moment, and then everything that it started is
killed: all of it is in a cgroup of the session's own, below the container's.
"""

from __future__ import annotations

import _socket
import marshal
import os
import select
import time

from moyai.runtime.linux.shim import groups, inside, syscalls
from moyai.runtime.linux.shim.entry import EnteringProcess, reap
from moyai.runtime.linux.shim.order import Order, unpack
from moyai.runtime.linux.shim.record import start_ticks
from moyai.runtime.linux.shim.syscalls import SIGCHLD

LONGEST_VISIT = 128 * 1024
_START_SECONDS = 20.0
"""Less than the control plane waits."""
_SIGHUP = 1
_FAREWELL = 1.0
"""Seconds between SIGHUP and SIGKILL."""


class Visit:
    """What is to be run where: a container by its directory and its first process, and what differs from its order."""

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
        """The visit as bytes."""
        return marshal.dumps(self.__dict__)


def main(control: int) -> None:
    """Run the visit that is told on the socket ``control``, from its beginning to its end."""
    os.set_inheritable(control, False)  # noqa: FBT003 (the command must not speak for us)
    link = _socket.socket(fileno=control)
    visit = Visit(marshal.loads(link.recv(LONGEST_VISIT)))  # noqa: S302 - from the control plane, over its own socket
    Visitor(visit, link).stay()


class _Failed(Exception):
    """The command could not be started."""


class Visitor:
    """One session."""

    def __init__(self, visit: Visit, link: _socket.socket) -> None:
        self._visit = visit
        self._link = link
        self._groups: list[str] = []
        syscalls.block_signals((SIGCHLD,))
        self._signals = syscalls.signal_fd((SIGCHLD,))

    def stay(self) -> None:
        """Start the command, wait for its end or the control plane's, and leave nothing behind."""
        try:
            process = self._start()
            self._say("ok")
            code = self._attend(process)
            self._clear()
            self._say(f"exit {code}")
        except _Failed as error:
            self._say(f"failed {error}")
        finally:
            self._clear()

    def _start(self) -> EnteringProcess:
        visit = self._visit
        directory = os.open(f"/proc/{visit.init}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if start_ticks(visit.init) != visit.init_ticks:
            raise _Failed("the container has ended")
        # From here on the directory stands for that process and no other, whatever becomes of the number.
        namespaces = inside.namespaces(f"/proc/self/fd/{directory}")
        os.close(directory)
        control, order = self._link.fileno() if visit.terminal else -1, self._order()
        process = EnteringProcess()
        if process.child is not None:
            inside.visitor(order, namespaces, control, process.child)
        for fd, _ in namespaces:
            os.close(fd)
        self._let_go_of_files()
        try:
            reason = process.reason(_START_SECONDS, self._link.fileno())
        except OSError as error:  # it took too long, or nobody waits for it any more
            reason = str(error)
        if reason:
            raise _Failed(reason)
        return process

    def _order(self) -> Order:
        """The container's order, as it is for this command."""
        visit = self._visit
        with open(visit.directory + "/order", "rb") as file:  # noqa: PTH123
            order = unpack(file.read())
        order.arguments = visit.arguments
        order.environment = order.environment | visit.environment
        order.user = order.user if visit.user is None else visit.user
        self._groups = [f"{path.rpartition('/')[0]}/session-{os.getpid()}" for path in order.processes]
        for group in self._groups:
            os.makedirs(group, exist_ok=True)  # noqa: PTH103
        files = (path.rpartition("/")[2] for path in order.processes)
        order.processes = tuple(f"{group}/{file}" for group, file in zip(self._groups, files, strict=True))
        return order

    def _let_go_of_files(self) -> None:
        """What the command reads and writes is its own: its end must be seen."""
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for target in (0, 1):
            os.dup2(nothing, target)
        if not self._visit.terminal:
            os.dup2(nothing, 2)

    def _attend(self, process: EnteringProcess) -> int:
        """Wait for the command's end; end it when the control plane goes away."""
        poll = select.poll()
        poll.register(self._link.fileno(), select.POLLIN)
        poll.register(self._signals, select.POLLIN)
        kill_at: float | None = None
        while True:
            for pid, code in reap():
                if process.ended(pid):
                    return code
            wait = None if kill_at is None else max(0.0, kill_at - time.monotonic()) * 1000 + 1
            for fd, _ in poll.poll(wait):
                if fd == self._signals:
                    os.read(fd, 4096)
                else:
                    poll.unregister(fd)
                    os.kill(process.pid, _SIGHUP)
                    kill_at = time.monotonic() + _FAREWELL
            if kill_at is not None and time.monotonic() >= kill_at:
                process.kill()
                kill_at = None

    def _clear(self) -> None:
        """Kill what the command left, and remove the session's cgroup."""
        groups.remove(self._groups)
        self._groups = []

    def _say(self, line: str) -> None:
        try:
            self._link.send(line.encode()[:4096])
        except OSError:  # nobody listens any more
            return
