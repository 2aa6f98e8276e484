"""The keeper's life: start the container, keep it, write down how it ended.

It is started by the control plane, forks away from it, and answers on its standard output with one
line: ``ok``, ``already`` (this container runs or ran), or ``<category>: <reason>``. From then on the two
share only files: the record (see record.py), the log, and a file ``stop`` whose appearance, told by
SIGTERM, means stop. The lock file is held for the keeper's whole life, so there is never a second one.
"""

from __future__ import annotations

import fcntl
import os
import select
import time

from moyai.runtime.linux.shim import groups, inside, record, syscalls
from moyai.runtime.linux.shim.entry import NOT_STARTED, EnteringProcess, Inner, reap
from moyai.runtime.linux.shim.files import Files
from moyai.runtime.linux.shim.order import Order, unpack
from moyai.runtime.linux.shim.output import Log, Stream
from moyai.runtime.linux.shim.probe import KILL, START, Prober, envoy_is_ready, envoy_is_ready_at
from moyai.runtime.linux.shim.shared import Shared
from moyai.runtime.linux.shim.syscalls import SIGCHLD, SIGKILL, SIGTERM

_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_START_SECONDS = 60.0
"""Longer than the control plane waits."""
_LAST_OUTPUT = 1.0
_WRITE_AGAIN = 1.0


def main(order_file: str) -> None:
    """Fork away from the caller and keep the container that the order describes."""
    if os.fork():
        os._exit(0)
    with open(order_file, "rb") as file:  # noqa: PTH123 - no pathlib in a keeper
        order = unpack(file.read())
    lock = os.open(order.directory + "/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _answer("already")
        return
    if os.path.exists(order.directory + "/state.json"):  # noqa: PTH110
        _answer("already")
        return
    os.chdir(order.run)
    inside.write("/proc/self/oom_score_adj", "-900")
    Keeper(order).keep()


class Keeper:
    """One container, from before its first process to after its last."""

    _first: EnteringProcess

    def __init__(self, order: Order) -> None:
        self._order = order
        self._groups = [path.rpartition("/")[0] for path in order.processes]
        self._record = record.Record(order.directory, order.run, order.task, order.attempt)
        self._poll = select.poll()
        self._files = Files(order)
        self._streams: dict[int, Stream] = {}
        self._running_probe: EnteringProcess | None = None
        self._namespaces: list[tuple[int, int]] = []
        self._status: int | None = None
        self._kill_at: float | None = None
        self._killed_before = self._out_of_memory_kills()
        syscalls.block_signals((SIGCHLD, SIGTERM))
        self._signals = syscalls.signal_fd((SIGCHLD, SIGTERM))
        self._poll.register(self._signals, select.POLLIN)
        self._prober = Prober(order, time.monotonic())

    def keep(self) -> None:
        """Start, answer, stay until the end."""
        self._record.write()
        failure = self._start()
        if failure:
            self._record.phase = record.FAILED
            self._record.reason = failure
            self._record.write()
            _answer(failure)
            return
        self._record.phase = record.RUNNING
        self._record.started_at = record.now()
        self._record.init = self._first.pid
        self._record.init_ticks = record.start_ticks(self._first.pid)
        self._record.write()
        _answer("ok")
        self._prober = Prober(self._order, time.monotonic())
        while self._status is None:
            self._turn()
        self._finish()

    # ------------------------------------------------------------------------------------------------- beginning

    def _start(self) -> str:
        """Fork the first process; the text of what went wrong, or nothing."""
        try:
            own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            shared = Shared(self._order)
            self._kill_others()
            shared.make_processes()
            self._first = EnteringProcess()
            if self._first.child is not None:
                inside.first(self._order, self._files, shared, self._first.child)
            syscalls.setns(own, syscalls.CLONE_NEWPID)  # further children are not born in there
            os.close(own)
        except OSError as error:
            return f"CannotCreateContainerError: the container's namespaces can't be had: {error.strerror}"
        shared.close()
        self._files.keep()
        try:
            reason = self._first.reason(_START_SECONDS)
        except TimeoutError as error:
            reason = f"CannotStartContainerError: {error}"
        if reason:
            return reason
        self._open_namespaces()
        log = Log(self._order.logs, self._order.held_output)
        for name, fd in self._files.outputs():
            self._streams[fd] = Stream(name, fd, log)
            self._poll.register(fd, select.POLLIN)
        return ""

    def _open_namespaces(self) -> None:
        """Keep hold of the container's namespaces, for its probes."""
        try:
            self._namespaces = inside.namespaces(f"/proc/{self._first.pid}")
        except OSError:  # it has ended already
            return

    # --------------------------------------------------------------------------------------------------- keeping

    def _turn(self) -> None:
        """Wait for output, a child's end, an order to stop, or a deadline; act on what came."""
        if self._kill_at is None and os.path.exists(self._order.directory + "/stop"):  # noqa: PTH110
            os.kill(self._first.pid, SIGTERM)
            groups.thaw(self._groups)
            self._kill_at = time.monotonic() + self._order.stop_timeout
        again = None if self._record.saved else time.monotonic() + _WRITE_AGAIN
        deadlines = [at for at in (self._kill_at, self._prober.deadline(), again) if at is not None]
        wait = None if not deadlines else max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1
        for fd, _ in self._poll.poll(wait):
            if fd == self._signals:
                os.read(fd, 4096)
            elif not self._streams[fd].pump():
                self._poll.unregister(fd)
                os.close(fd)
                del self._streams[fd]
        self._reap()
        if not self._record.saved:
            self._record.write()
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at and self._status is None:
            os.kill(self._first.pid, SIGKILL)
            groups.kill(self._groups)
            self._kill_at = now + 1
        if self._status is None:
            self._probe(self._prober.due(now), now)

    def _reap(self) -> None:
        for pid, code in reap():
            if self._first.ended(pid):
                self._status = code
            elif self._running_probe is not None and self._running_probe.ended(pid):
                self._running_probe = None
                self._judge(code)

    def _probe(self, what: str | None, now: float) -> None:
        if what == START:
            self._prober.started(now)
            try:
                self._running_probe = EnteringProcess()
            except OSError:  # the machine can have no more processes, or files
                self._judge(NOT_STARTED)
                return
            if self._running_probe.child is not None:
                self._check_health(self._running_probe.child)
        elif what == KILL and self._running_probe is not None:
            self._running_probe.kill()

    def _judge(self, code: int) -> None:
        if self._prober.ended(code, time.monotonic()) and self._status is None:
            self._record.health = self._prober.health
            self._record.write()

    def _check_health(self, inner: Inner) -> None:
        try:
            if not self._namespaces:  # it would run outside of the container
                os._exit(NOT_STARTED)
            kind, *rest = self._order.probe
            if kind == "ENVOY":
                os._exit(0 if envoy_is_ready(rest[0]) else 1)
            if kind == "ENVOY-PORT":
                inside.enter_network(self._namespaces)
                os._exit(0 if envoy_is_ready_at(int(rest[0])) else 1)
            arguments = ("/bin/sh", "-c", *rest) if kind == "CMD-SHELL" else tuple(rest)
            inside.another(self._order, self._namespaces, arguments, inner)
        finally:
            os._exit(NOT_STARTED)

    # ---------------------------------------------------------------------------------------------------- ending

    def _finish(self) -> None:
        """The first process is gone, and the others go with it: keep the last output and write the end."""
        self._kill_others()
        if self._running_probe is not None:
            self._running_probe.kill()
        self._files.end()
        end = time.monotonic() + _LAST_OUTPUT
        while self._streams and time.monotonic() < end:
            for fd, stream in list(self._streams.items()):
                if not stream.pump():
                    del self._streams[fd]
            if self._streams:
                self._poll.poll(10)
        for stream in self._streams.values():
            stream.finish()
        self._record.phase = record.STOPPED
        self._record.finished_at = record.now()
        self._record.exit_code = self._status
        if self._status == 128 + SIGKILL and self._out_of_memory_kills() > self._killed_before:
            self._record.reason = _OUT_OF_MEMORY
        self._record.write()
        while not self._record.saved:
            select.select([], [], [], _WRITE_AGAIN)
            self._record.write()

    def _kill_others(self) -> None:
        """Where the container has no process namespace of its own, nothing but its group tells what is its."""
        if any(kind == "pid" for kind, _, _ in self._order.joins):
            groups.end(self._groups)

    def _out_of_memory_kills(self) -> int:
        """How many processes of the container's group, which outlives its runs, were killed for want of memory."""
        if not self._order.oom_events:
            return 0
        with open(self._order.oom_events, encoding="ascii") as file:  # noqa: PTH123
            return sum(int(line.split()[1]) for line in file if line.startswith("oom_kill "))


def _answer(line: str) -> None:
    """Tell the control plane, if it is still there, and let go of its pipe."""
    try:
        os.write(1, line.encode())
    except OSError:  # nobody waits for it any more
        line = ""
    nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, 1)
