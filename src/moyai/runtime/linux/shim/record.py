"""The record of a monitor: one small JSON file that is replaced atomically, with a notification to the control plane.

``observe`` reads it. It names processes by pid, start time and boot, so that a later process with the same pid is never
taken for them. The names in the file and of the socket are fixed, because monitors outlive an upgrade of moyai.
"""

from __future__ import annotations

import _socket
import os
import time

_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\"} | {n: f"\\u{n:04x}" for n in (*range(32), 0x7F, 0x2028, 0x2029)}

STARTING, RUNNING, STOPPED, FAILED = "starting", "running", "stopped", "failed"


def now() -> float:
    """Seconds since the epoch."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def quote(text: str) -> str:
    """A JSON string. Lone surrogates become question marks."""
    return '"' + text.translate(_ESCAPES).encode("utf-8", "replace").decode() + '"'


def boot_id() -> str:
    """The kernel's id of this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - no pathlib in a monitor
        return file.read().strip()


def start_ticks(pid: int) -> int:
    """The start time of a process, in clock ticks since boot. Raises OSError if there is none."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return int(file.read().rpartition(")")[2].split()[19])


class RecordFile:
    """The record. Set attributes, then ``write``."""

    phase = STARTING
    init = 0
    init_ticks = 0
    started_at = 0.0
    finished_at: float | None = None
    exit_code: int | None = None
    reason: str | None = None
    health = "UNKNOWN"
    saved = True
    """Whether the last ``write`` succeeded; it fails when the disk is full."""

    def __init__(self, directory: str, run: str, task: str, attempt: int) -> None:
        self._path = directory + "/state.json"
        self._socket_path = run + "/doorbell.sock"
        self._task = task.encode()
        self._attempt = attempt
        self._boot = boot_id()
        self._ticks = start_ticks(os.getpid())

    def write(self) -> None:
        """Replace the file and notify. Raises FileNotFoundError if the directory is gone: the container was removed."""
        fields = {
            "boot": quote(self._boot),
            "keeper": str(os.getpid()),
            "keeper_ticks": str(self._ticks),
            "attempt": str(self._attempt),
            "phase": quote(self.phase),
            "init": str(self.init),
            "init_ticks": str(self.init_ticks),
            "started_at": repr(self.started_at),
            "finished_at": _optional(self.finished_at),
            "exit_code": _optional(self.exit_code),
            "reason": "null" if self.reason is None else quote(self.reason),
            "health": quote(self.health),
        }
        text = "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}\n"
        self.saved = self._replace(text.encode())
        self._notify()

    def _replace(self, data: bytes) -> bool:
        fd = os.open(self._path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if os.write(fd, data) < len(data):
                return False
        except OSError:
            return False
        finally:
            os.close(fd)
        os.replace(self._path + ".new", self._path)  # noqa: PTH105
        return True

    def _notify(self) -> None:
        """Notify the control plane. If it is down, it reads all records when it starts."""
        try:
            sender = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
            sender.setblocking(False)  # noqa: FBT003
            directory = os.open(os.path.dirname(self._socket_path), os.O_PATH | os.O_CLOEXEC)  # noqa: PTH120
            try:
                sender.sendto(self._task, f"/proc/self/fd/{directory}/doorbell.sock")
            finally:
                os.close(directory)
                sender.close()
        except OSError:
            return


def _optional(value: float | None) -> str:
    return "null" if value is None else repr(value)
