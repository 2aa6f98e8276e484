"""Keepers and the processes they keep, named so that a recycled pid is never mistaken for one.

A process is (boot, pid, start time). A signal goes through a pidfd that is opened first and checked against the start
time afterwards, so what is signalled is what was checked. Blocking; for worker threads.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from moyai.kernel.clock import Instant
from moyai.ports.runtime import CannotCreate, CannotStart, RuntimeFault
from moyai.runtime.linux import interpreter
from moyai.runtime.linux.seccomp.filters import filter_of
from moyai.runtime.linux.shim import __main__ as shim_entry
from moyai.runtime.linux.shim.order import Order
from moyai.runtime.linux.shim.record import FAILED, RUNNING, STARTING, boot_id, start_ticks

_START_TIMEOUT_MS = 30_000
_END_TIMEOUT_MS = 5_000
_ANSWER_LIMIT = 16 * 1024
_PATIENCE = 250


class Kept(msgspec.Struct, frozen=True):
    """A keeper's record, as in ``state.json``."""

    boot: str
    keeper: int
    keeper_ticks: int
    phase: str
    init: int
    init_ticks: int
    started_at: Instant
    finished_at: Instant | None
    exit_code: int | None
    reason: str | None
    health: str
    attempt: int = 0

    def keeper_lives(self) -> bool:
        """Whether the keeper is still there."""
        return _lives(self.boot, self.keeper, self.keeper_ticks)

    def init_lives(self) -> bool:
        """Whether the container's first process is still there; its keeper may not have noticed its end yet."""
        return _lives(self.boot, self.init, self.init_ticks)


_READER = msgspec.json.Decoder(Kept)


def read(directory: Path) -> Kept | None:
    """The record in a container's directory; None before there is one.

    A record that can't be read, as after a power cut, is that of a container that ran and ended unseen: the machine has
    restarted since, or the keeper would have replaced it.
    """
    try:
        return _READER.decode((directory / "state.json").read_bytes())
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _unreadable(directory / "state.json")


def _unreadable(record: Path) -> Kept:
    return Kept(
        boot="",
        keeper=0,
        keeper_ticks=0,
        phase=RUNNING,
        init=0,
        init_ticks=0,
        started_at=Instant(record.stat().st_mtime),
        finished_at=None,
        exit_code=None,
        reason=None,
        health="UNKNOWN",
    )


def start(order: Order) -> None:
    """Start a keeper and wait for its answer. A container that runs or ran already is left as it is, unless it has
    ended and this is a later attempt. The order gets the filter that belongs to its capabilities.

    Raises CannotCreate or CannotStart with the keeper's reason; the same again when it is told again.
    """
    directory = Path(order.directory)
    earlier = read(directory)
    if earlier is not None and order.attempt > earlier.attempt and not _runs(earlier):
        _clear(directory)
    elif earlier is not None:
        if earlier.phase == STARTING and not earlier.keeper_lives():
            raise CannotCreate("the container's keeper was killed while it started")
        _raise_failure(earlier.reason if earlier.phase == FAILED else None)
        return
    path = directory / "order"
    order.seccomp_filter = filter_of(order.capabilities, order.further_calls)
    _write_private(path, order.pack())
    command = [sys.executable, "-I", "-S", "-OO", shim_entry.__file__, str(path)]
    # What a keeper says on its standard error is its last word: why it died.
    with (
        (directory / "keeper.err").open("wb") as last_words,
        subprocess.Popen(  # noqa: S603 - this interpreter, our own file
            command,
            executable=interpreter.program(Path(order.run)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=last_words,
            start_new_session=True,
            env={},
            cwd="/",
        ) as launcher,
    ):
        answer = _answer(launcher)
    if answer not in {"ok", "already"}:
        words = (directory / "keeper.err").read_text(errors="replace").strip().splitlines()
        why = words[-1] if words else "it gave no reason"
        _raise_failure(answer or f"{CannotCreate.category}: the container's keeper ended without an answer: {why}")


def _write_private(path: Path, data: bytes) -> None:
    """A new file for its owner alone, whatever the umask: the container's secrets are in it."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)


def _runs(kept: Kept) -> bool:
    return kept.phase in {STARTING, RUNNING} and kept.keeper_lives()


def _clear(directory: Path) -> None:
    """Make room for another attempt: its keeper finds no record of the last one, but what that left in its files."""
    end(directory)
    (directory / "stop").unlink(missing_ok=True)
    (directory / "state.json").unlink(missing_ok=True)


def _answer(launcher: subprocess.Popen[bytes]) -> str:
    """What the keeper says. It closes its end when it has answered; a keeper that says nothing is not waited for."""
    if launcher.stdout is None:
        return ""
    poll = select.poll()
    poll.register(launcher.stdout, select.POLLIN)
    said = b""
    while len(said) < _ANSWER_LIMIT and poll.poll(_START_TIMEOUT_MS):
        chunk = os.read(launcher.stdout.fileno(), _ANSWER_LIMIT)
        if not chunk:
            break
        said += chunk
    return said.decode(errors="replace")


def _raise_failure(reason: str | None) -> None:
    if reason is None:
        return
    category, _, text = reason.partition(": ")
    kinds: tuple[type[RuntimeFault], ...] = (CannotCreate, CannotStart)
    raise next((kind for kind in kinds if kind.category == category), CannotCreate)(text)


def ask_to_stop(directory: Path) -> None:
    """Have the keeper stop its container. The file stays, so a keeper that isn't looking yet will see it."""
    kept = read(directory)
    (directory / "stop").touch()
    if kept is not None:
        _signal(kept.boot, kept.keeper, kept.keeper_ticks, signal.SIGTERM)


def bury(home: Path, grave: Path, *containers: str) -> None:
    """End the containers in ``home`` (patterns of their directories) and remove it, by way of ``grave``.

    A keeper that a killed control plane had only just started finds its directory gone and gives up; one that
    was a little faster is found in the grave.
    """
    for place in (home, grave):
        _end_all(place, containers)
    shutil.rmtree(grave, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        home.rename(grave)
    _end_all(grave, containers)
    shutil.rmtree(grave, ignore_errors=True)


def _end_all(place: Path, containers: tuple[str, ...]) -> None:
    for pattern in containers:
        for directory in place.glob(pattern):
            end(directory)


def end(directory: Path) -> None:
    """Kill the container and wait for its keeper's end: the lock is free. A keeper that hangs is killed as well."""
    for _ in range(_PATIENCE):
        kept = read(directory)
        if kept is not None and kept.boot == boot_id():
            _signal(kept.boot, kept.init, kept.init_ticks, signal.SIGKILL)
            _outlive(kept)
        if not _is_locked(directory / "lock"):
            return
        select.select([], [], [], 0.02)  # a keeper that is just beginning has no record yet
    raise CannotCreate(f"the keeper of {directory.name} can't be ended")


def _outlive(kept: Kept) -> None:
    fd = _open(kept.keeper, kept.keeper_ticks)
    if fd is None:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not kept.init or not poll.poll(_END_TIMEOUT_MS):  # one that is still starting takes its child with it
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
    fd = _open(pid, ticks)
    if fd is None:
        return
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return
    finally:
        os.close(fd)


def _open(pid: int, ticks: int) -> int | None:
    """A pidfd of exactly this process; None when it is gone."""
    if pid == 0:
        return None
    try:
        fd = os.pidfd_open(pid)
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
