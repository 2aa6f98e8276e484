"""Container monitors: starts them, reads their records, and ends them with their containers.

A process is identified by boot, pid and start time, so that a reused pid is never mistaken for it. A signal goes
through a pidfd that is opened first and compared with the start time afterwards, so the signalled process is the
compared one. Blocking; for worker threads.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
from pathlib import Path

import msgspec

from moyai.images.store.trees import remove_tree
from moyai.kernel.clock import Instant
from moyai.ports.runtime import CannotCreate, CannotStart, RuntimeFault
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.seccomp.filters import filter_for
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.record import FAILED, RUNNING, STARTING, boot_id, start_ticks

_START_TIMEOUT_MS = 30_000
_END_TIMEOUT_MS = 5_000
_MAX_ANSWER_BYTES = 16 * 1024
_MAX_SERVERS = 3
"""How many monitor servers are asked for a monitor, one after the other, when each is killed before it answers."""
_LOCK_POLLS, _LOCK_POLL_SECONDS = 250, 0.02


class MonitorRecord(msgspec.Struct, frozen=True):
    """The record that a monitor keeps in ``state.json``. The names in the file are fixed (see shim/record.py)."""

    boot: str
    monitor: int = msgspec.field(name="keeper")
    monitor_ticks: int = msgspec.field(name="keeper_ticks")
    phase: str
    init: int
    init_ticks: int
    started_at: Instant
    finished_at: Instant | None
    exit_code: int | None
    reason: str | None
    health: str
    attempt: int = 0

    def monitor_lives(self) -> bool:
        """Whether the monitor is still running."""
        return _lives(self.boot, self.monitor, self.monitor_ticks)

    def is_running(self) -> bool:
        """Whether the container starts or runs. Its monitor lives on for a moment after it has recorded the end."""
        return self.phase in {STARTING, RUNNING} and self.monitor_lives()

    def init_lives(self) -> bool:
        """Whether the container's first process is still running. The monitor may not have noticed its end yet."""
        return _lives(self.boot, self.init, self.init_ticks)


_READER = msgspec.json.Decoder(MonitorRecord)


def read_record(directory: Path) -> MonitorRecord | None:
    """The record in a container's directory; None before there is one.

    A record that can't be decoded, as after a power cut, is that of a container that ran and ended unseen: the machine
    has restarted since, because otherwise the monitor would have replaced the record.
    """
    try:
        return _READER.decode((directory / "state.json").read_bytes())
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _damaged_record(directory / "state.json")


def _damaged_record(file: Path) -> MonitorRecord:
    return MonitorRecord(
        boot="",
        monitor=0,
        monitor_ticks=0,
        phase=RUNNING,
        init=0,
        init_ticks=0,
        started_at=Instant(file.stat().st_mtime),
        finished_at=None,
        exit_code=None,
        reason=None,
        health="UNKNOWN",
    )


def start_monitor(server: MonitorServer, config: LaunchConfig) -> None:
    """Start a monitor with its container and wait for its answer.

    A container that runs, or has run, is left as it is, unless it has ended and ``config`` is for a later attempt. The
    seccomp filter is derived here from the config's capabilities. Raises CannotCreate or CannotStart with the monitor's
    reason; a repeated call raises the same.
    """
    directory = Path(config.directory)
    earlier = read_record(directory)
    if earlier is not None and config.attempt > earlier.attempt and not earlier.is_running():
        _prepare_next_attempt(directory)
    elif earlier is not None:
        if earlier.phase == STARTING and not earlier.monitor_lives():
            raise CannotCreate("the container's monitor was killed while it started")
        _raise_failure(earlier.reason if earlier.phase == FAILED else None)
        return
    path = directory / "order"
    filtered_as = config.capabilities if config.filtered_as is None else config.filtered_as
    config.seccomp_filter = filter_for(filtered_as, config.further_calls)
    _write_private(path, config.pack())
    answer = _ask_for_monitor(server, directory, path)
    if answer not in {"ok", "already"}:
        lines = (directory / "monitor.err").read_text(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "it gave no reason"
        _raise_failure(answer or f"{CannotCreate.category}: the container's monitor ended without an answer: {reason}")


def _ask_for_monitor(server: MonitorServer, directory: Path, config_file: Path) -> str:
    """The monitor's answer; empty if it ended without one, or is silent for too long.

    A monitor that has left no error, answer or record was never forked, because its server was killed; another server
    is asked. If it was forked after all, it holds the container's lock, so that there are never two.
    """
    for _ in range(_MAX_SERVERS):
        with (directory / "monitor.err").open("wb") as errors:  # the file stays: it says why a monitor died
            answer = _answer_of_new_monitor(server, config_file, errors.fileno())
        if answer != "" or read_record(directory) is not None or (directory / "monitor.err").stat().st_size:
            return answer or ""
    return ""


def _answer_of_new_monitor(server: MonitorServer, config_file: Path, errors: int) -> str | None:
    """Start a monitor and read its answer, as ``_read_answer``; empty if the server ended before it got the request."""
    with contextlib.suppress(ConnectionError):
        return _read_answer(server.start(config_file, errors))
    return ""


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, whatever the umask: it holds the container's secrets."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)


def _prepare_next_attempt(directory: Path) -> None:
    """Remove the record of the last attempt. The container's files stay."""
    kill_container(directory)
    (directory / "stop").unlink(missing_ok=True)
    (directory / "state.json").unlink(missing_ok=True)


def _read_answer(pipe: int) -> str | None:
    """The monitor's answer, after which it closes its end; None = it is silent for too long. Closes the pipe."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    answer = b""
    try:
        while len(answer) < _MAX_ANSWER_BYTES:
            if not poll.poll(_START_TIMEOUT_MS):
                return None
            chunk = os.read(pipe, _MAX_ANSWER_BYTES)
            if not chunk:
                break
            answer += chunk
    finally:
        os.close(pipe)
    return answer.decode(errors="replace")


def _raise_failure(reason: str | None) -> None:
    if reason is None:
        return
    category, _, text = reason.partition(": ")
    kinds: tuple[type[RuntimeFault], ...] = (CannotCreate, CannotStart)
    raise next((kind for kind in kinds if kind.category == category), CannotCreate)(text)


def request_stop(directory: Path) -> None:
    """Ask the monitor to stop its container, by SIGTERM and by a file for a monitor that handles no signals yet."""
    record = read_record(directory)
    (directory / "stop").touch()
    if record is not None:
        _signal(record.boot, record.monitor, record.monitor_ticks, signal.SIGTERM)


def remove_containers(home: Path, removing: Path, *patterns: str) -> None:
    """Kill the containers in ``home`` (``patterns`` of their directories) and remove it, after a move to ``removing``.

    A monitor that a killed control plane had only just started finds its directory gone and gives up, or, if it was a
    little faster, is found where the directory was moved to.
    """
    for directory in (home, removing):
        _kill_containers(directory, patterns)
    _remove(removing)
    with contextlib.suppress(FileNotFoundError):
        home.rename(removing)
    _kill_containers(removing, patterns)
    _remove(removing)


def _remove(directory: Path) -> None:
    """Remove a directory, if it exists, as far as possible. A container may have made trees of any depth in it."""
    with contextlib.suppress(OSError):
        remove_tree(str(directory))


def _kill_containers(parent: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for directory in parent.glob(pattern):
            kill_container(directory)


def kill_container(directory: Path) -> None:
    """Kill a container and wait until its monitor has ended and freed the lock. A monitor that hangs is killed, too."""
    for _ in range(_LOCK_POLLS):
        record = read_record(directory)
        if record is not None and record.boot == boot_id():
            _signal(record.boot, record.init, record.init_ticks, signal.SIGKILL)
            _await_monitor_end(record)
        if not _is_locked(directory / "lock"):
            return
        select.select([], [], [], _LOCK_POLL_SECONDS)  # a monitor that has just started has no record yet
    raise CannotCreate(f"the monitor of {directory.name} can't be ended")


def _await_monitor_end(record: MonitorRecord) -> None:
    fd = _open_pidfd(record.monitor, record.monitor_ticks)
    if fd is None:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not record.init or not poll.poll(_END_TIMEOUT_MS):  # a monitor that still starts takes its child with it
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        poll.poll(_END_TIMEOUT_MS)
    except ProcessLookupError:
        return
    finally:
        os.close(fd)


def _is_locked(lock: Path) -> bool:
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _signal(boot: str, pid: int, ticks: int, number: signal.Signals) -> None:
    if boot != boot_id():
        return
    fd = _open_pidfd(pid, ticks)
    if fd is None:
        return
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return
    finally:
        os.close(fd)


def _open_pidfd(pid: int, ticks: int) -> int | None:
    """A pidfd of exactly this process; None if it has ended."""
    if pid == 0:
        return None
    try:
        fd = syscalls.open_pidfd(pid)
    except ProcessLookupError:
        return None
    try:
        if start_ticks(pid) == ticks:
            return fd
    except OSError:
        pass
    os.close(fd)
    return None


def _lives(boot: str, pid: int, ticks: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return boot == boot_id() and start_ticks(pid) == ticks and state != "Z"
    except OSError:
        return False
