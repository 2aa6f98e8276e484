"""The life of a container monitor: it starts the container, watches it, and records how it ended.

The control plane starts it. It forks away and answers on its standard output with one line: ``ok``, ``already`` (this
container runs or has run), or ``<category>: <reason>``. From then on the two share only files: the record (see
record.py), the log, and a file ``stop``, which together with SIGTERM means stop. The monitor holds the lock file for
its whole life, so a container never has two.
"""

from __future__ import annotations

import fcntl
import os
import select
import time

from moyai.runtime.linux.shim import cgroup_processes, container_process, record, syscalls
from moyai.runtime.linux.shim.access_point import id_maps
from moyai.runtime.linux.shim.container_process import describe
from moyai.runtime.linux.shim.entry import NOT_STARTED, EnteringChild, EnteringProcess, reap
from moyai.runtime.linux.shim.forwarder import Forwarder
from moyai.runtime.linux.shim.launch_config import ENVOY, ENVOY_PORT, LaunchConfig, unpack
from moyai.runtime.linux.shim.output import OutputLog, OutputStream, Piece
from moyai.runtime.linux.shim.probe import KILL, START, Prober, envoy_is_ready, envoy_is_ready_at
from moyai.runtime.linux.shim.shared_namespaces import SharedNamespaces, leave_pid_namespace
from moyai.runtime.linux.shim.standard_streams import StandardStreams
from moyai.runtime.linux.shim.syscalls import SIGCHLD, SIGKILL, SIGTERM

_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_START_SECONDS = 60.0
"""Longer than the control plane waits."""
_LAST_OUTPUT_SECONDS = 1.0
_RETRY_WRITE_SECONDS = 1.0


def main(config_file: str) -> None:
    """Fork away from the caller and run the container of the launch configuration."""
    if os.fork():
        os._exit(0)
    with open(config_file, "rb") as file:  # noqa: PTH123 - no pathlib in a monitor
        config = unpack(file.read())
    lock = os.open(config.directory + "/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _send_answer("already")
        return
    if os.path.exists(config.directory + "/state.json"):  # noqa: PTH110
        _send_answer("already")
        return
    os.chdir(config.run)
    container_process.write_kernel_file("/proc/self/oom_score_adj", "-900")
    ContainerMonitor(config).run()


class ContainerMonitor:
    """Runs one container, from before its first process to after its last."""

    _first_process: EnteringProcess
    _log: OutputLog
    _forwarder: Forwarder | None = None

    def __init__(self, config: LaunchConfig) -> None:
        self._config = config
        self._cgroups = [path.rpartition("/")[0] for path in config.processes]
        self._record = record.RecordFile(config.directory, config.run, config.task, config.attempt)
        self._poll = select.poll()
        self._standard_streams = StandardStreams(config)
        self._outputs: dict[int, OutputStream] = {}
        self._running_probe: EnteringProcess | None = None
        self._namespaces: list[tuple[int, int]] = []
        self._exit_code: int | None = None
        self._kill_at: float | None = None
        self._earlier_oom_kills = self._count_oom_kills()
        syscalls.block_signals((SIGCHLD, SIGTERM))
        self._signals = syscalls.signal_fd((SIGCHLD, SIGTERM))
        self._poll.register(self._signals, select.POLLIN)
        self._prober = Prober(config, time.monotonic())

    def run(self) -> None:
        """Start the container, answer, and stay until its end."""
        self._record.write()
        failure = self._start()
        if failure:
            self._record.phase = record.FAILED
            self._record.reason = failure
            self._record.write()
            _send_answer(failure)
            return
        self._record.phase = record.RUNNING
        self._record.started_at = record.now()
        self._record.init = self._first_process.pid
        self._record.init_ticks = record.start_ticks(self._first_process.pid)
        self._record.write()
        _send_answer("ok")
        self._prober = Prober(self._config, time.monotonic())
        while self._exit_code is None:
            self._wait_and_handle()
        self._finish()

    # ----------------------------------------------------------------------------------------------------- start

    def _start(self) -> str:
        """Fork the first process. Returns the reason if it can't start, else ""."""
        try:
            namespaces = SharedNamespaces(self._config)
            self._kill_in_shared_pid_namespace()
            maps = id_maps(self._config)
            self._first_process = EnteringProcess(self._config.processes, namespaces.make_pid_namespace)
            if self._first_process.child is not None:
                container_process.run_first_process(
                    self._config, self._standard_streams, namespaces, maps, self._first_process.child
                )
            leave_pid_namespace()
        except OSError as error:
            return f"CannotCreateContainerError: the container can't be created: {describe(error)}"
        namespaces.close()
        for id_map in maps:
            id_map.close()
        self._standard_streams.close_container_ends()
        try:
            reason = self._first_process.wait_until_started(_START_SECONDS)
        except TimeoutError as error:
            reason = f"CannotStartContainerError: {error}"
        if reason:
            return reason
        self._open_namespaces()
        self._log = OutputLog(self._config.logs, self._config.held_output)
        if self._config.router:
            self._forwarder = Forwarder(self._config, self._log, self._poll)
        for name, fd in self._standard_streams.outputs():
            self._outputs[fd] = OutputStream(name, fd)
            self._poll.register(fd, select.POLLIN)
        return ""

    def _open_namespaces(self) -> None:
        """Open the container's namespaces, for its health checks."""
        try:
            self._namespaces = container_process.open_namespaces(f"/proc/{self._first_process.pid}")
        except OSError:  # the container has ended already
            return

    # ------------------------------------------------------------------------------------------------------- run

    def _wait_and_handle(self) -> None:
        """Wait for output, a child's end, a request to stop, or a deadline, and handle it."""
        if self._kill_at is None and os.path.exists(self._config.directory + "/stop"):  # noqa: PTH110
            os.kill(self._first_process.pid, self._config.stop_signal)
            cgroup_processes.thaw(self._cgroups)
            self._kill_at = time.monotonic() + self._config.stop_timeout
        retry_at = None if self._record.saved else time.monotonic() + _RETRY_WRITE_SECONDS
        send_at = None if self._forwarder is None else self._forwarder.deadline()
        deadlines = [at for at in (self._kill_at, self._prober.deadline(), retry_at, send_at) if at is not None]
        wait = None if not deadlines else max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1
        self._handle_output(self._poll.poll(wait))
        self._reap()
        if not self._record.saved:
            self._record.write()
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at and self._exit_code is None:
            os.kill(self._first_process.pid, SIGKILL)
            cgroup_processes.kill(self._cgroups)
            self._kill_at = now + 1
        if self._exit_code is None:
            self._probe(self._prober.due(now), now)

    def _handle_output(self, polled: list[tuple[int, int]]) -> None:
        """Read what the container has written, keep it, and forward it."""
        router_events = 0
        for fd, events in polled:
            if fd == self._signals:
                os.read(fd, 4096)
            elif fd in self._outputs:
                stream = self._outputs[fd]
                self._store_output(stream, stream.read())
                if stream.has_ended:
                    self._poll.unregister(fd)
                    os.close(fd)
                    del self._outputs[fd]
            else:
                router_events = events
        if self._forwarder is not None:
            self._forwarder.send(router_events)

    def _store_output(self, stream: OutputStream, pieces: list[Piece]) -> None:
        if pieces:
            continuing = frozenset(n for n, piece in enumerate(pieces) if piece.continues)
            self._log.append(stream.name, [piece.text for piece in pieces], continuing)
        if pieces and self._forwarder is not None:
            self._forwarder.append(stream.name, pieces)

    def _reap(self) -> None:
        for pid, code in reap():
            if self._first_process.record_end(pid):
                self._exit_code = code
            elif self._running_probe is not None and self._running_probe.record_end(pid):
                self._running_probe = None
                self._record_health(code)

    def _probe(self, action: str | None, now: float) -> None:
        if action == START:
            self._prober.record_start(now)
            try:
                kind = self._config.probe[0]
                self._running_probe = EnteringProcess(() if kind in {ENVOY, ENVOY_PORT} else self._config.processes)
            except OSError:  # the machine has no process or file left
                self._record_health(NOT_STARTED)
                return
            if self._running_probe.child is not None:
                self._run_probe(self._running_probe.child)
        elif action == KILL and self._running_probe is not None:
            self._running_probe.kill()

    def _record_health(self, code: int) -> None:
        if self._prober.record_end(code, time.monotonic()) and self._exit_code is None:
            self._record.health = self._prober.health
            self._record.write()

    def _run_probe(self, child: EnteringChild) -> None:
        try:
            if not self._namespaces:  # the probe would run outside of the container
                os._exit(NOT_STARTED)
            kind, *words = self._config.probe
            if kind == ENVOY:
                os._exit(0 if envoy_is_ready(words[0]) else 1)
            if kind == ENVOY_PORT:
                container_process.enter_network(self._namespaces)
                os._exit(0 if envoy_is_ready_at(int(words[0])) else 1)
            arguments = ("/bin/sh", "-c", *words) if kind == "CMD-SHELL" else tuple(words)
            container_process.run_probe(self._config, self._namespaces, arguments, child)
        finally:
            os._exit(NOT_STARTED)

    # ------------------------------------------------------------------------------------------------------- end

    def _finish(self) -> None:
        """End the container after its first process: end the other processes, keep the last output, record the end."""
        self._kill_in_shared_pid_namespace()
        if self._running_probe is not None:
            self._running_probe.kill()
        self._standard_streams.end()
        deadline = time.monotonic() + _LAST_OUTPUT_SECONDS
        while self._outputs and time.monotonic() < deadline:
            for fd, stream in list(self._outputs.items()):
                self._store_output(stream, stream.read())
                if stream.has_ended:
                    del self._outputs[fd]
            if self._outputs:
                self._poll.poll(10)
        for stream in self._outputs.values():
            self._store_output(stream, stream.take_partial_line())
        if self._forwarder is not None:
            self._forwarder.finish()
        self._record.phase = record.STOPPED
        self._record.finished_at = record.now()
        self._record.exit_code = self._exit_code
        if self._exit_code == 128 + SIGKILL and self._count_oom_kills() > self._earlier_oom_kills:
            self._record.reason = _OUT_OF_MEMORY
        self._record.write()
        while not self._record.saved:
            select.select([], [], [], _RETRY_WRITE_SECONDS)
            self._record.write()

    def _kill_in_shared_pid_namespace(self) -> None:
        """Kill the container's processes by their cgroup, if no PID namespace of its own ends them."""
        if any(kind == "pid" for kind, _, _ in self._config.joins):
            cgroup_processes.kill_all(self._cgroups)

    def _count_oom_kills(self) -> int:
        """The number of processes of the container's group that the kernel killed for lack of memory, in all runs."""
        if not self._config.oom_events:
            return 0
        with open(self._config.oom_events, encoding="ascii") as file:  # noqa: PTH123
            return sum(int(line.split()[1]) for line in file if line.startswith("oom_kill "))


def _send_answer(line: str) -> None:
    """Answer the control plane, if it still waits, and close the pipe to it."""
    try:
        os.write(1, line.encode())
    except OSError:  # the control plane no longer waits
        line = ""
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, 1)
