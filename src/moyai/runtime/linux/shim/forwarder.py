"""Sends a container's output to the task's log router, as Docker's log driver ``fluentd`` does, without ever waiting.

Promise: the container does not notice whether the router takes its lines. Lines wait in memory while there is no
router, up to MAX_BYTES and the configured number; later ones are dropped, and the container's own log says how many.
After an interruption, sending goes on with the first event that was not sent whole. As with Docker, nothing tells
whether the router has handled what it took.

The router's container is hostile: nothing but a socket in its directory is connected to, links in the path are not
followed, and nothing that it sends is read.

An event is written out here, because a MessagePack library would be the largest part of a monitor; tests decode it with
one.
Source: https://docs.docker.com/engine/logging/drivers/fluentd/ (async, buffer limit, partial messages),
https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1 (Message Mode, EventTime),
https://github.com/msgpack/msgpack/blob/master/spec.md, https://github.com/moby/moby (daemon/logger/fluentd)
"""

from __future__ import annotations

import _socket
import errno
import os
import select
import stat
import time

from moyai.runtime.linux.shim import detached_mounts, syscalls
from moyai.runtime.linux.shim.launch_config import DISK_OPTIONS, LaunchConfig
from moyai.runtime.linux.shim.output import OutputLog, Piece

MAX_BYTES = 16 * 1024 * 1024
"""The largest size of all events that wait."""
_OVERHEAD_BYTES = 48
"""An event's size in memory beyond its bytes."""
_BATCH_BYTES = 64 * 1024
_RETRY_SECONDS = 0.5
_REPORT_SECONDS = 10.0
_FINISH_SECONDS = 10.0
"""How long a container's end waits for a router that runs and does not take the remaining events."""
_NO_LINKS = syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_BENEATH
_ALIVE = (b'"phase":"starting"', b'"phase":"running"')


class Forwarder:
    """The events that wait, and the connection to the router."""

    def __init__(self, config: LaunchConfig, log: OutputLog, poll: select.poll) -> None:
        self._config = config
        self._log = log
        self._poll = poll
        self._fields = [(name.encode(), value.encode()) for name, value in config.forward_fields]
        self._tag = config.forward_tag.encode()
        self._events: list[bytes] = []
        self._bytes = 0
        self._sent_of_first = 0
        self._socket: _socket.socket | None = None
        self._retry_at = 0.0
        self._unreported = 0
        self._report_at = 0.0
        self._partial_lines: dict[str, tuple[bytes, int]] = {}

    def append(self, stream: str, pieces: list[Piece]) -> None:
        """Add lines, or pieces of long ones. Those beyond the limits are dropped."""
        at = time.clock_gettime_ns(time.CLOCK_REALTIME)
        for piece in pieces:
            new = event(self._tag, at, self._record(stream, piece))
            size = len(new) + _OVERHEAD_BYTES
            if len(self._events) >= self._config.forward_events or self._bytes + size > MAX_BYTES:
                self._unreported += 1
            else:
                self._events.append(new)
                self._bytes += size

    def _record(self, stream: str, piece: Piece) -> list[tuple[bytes, bytes]]:
        record = [*self._fields, (b"source", stream.encode()), (b"log", piece.text)]
        line, ordinal = self._partial_lines.pop(stream, (b"", 0))
        if piece.ends_line and not ordinal:
            return record
        line = line or os.urandom(32).hex().encode()
        if not piece.ends_line:
            self._partial_lines[stream] = (line, ordinal + 1)
        last = b"true" if piece.ends_line else b"false"
        partial = [(b"partial_message", b"true"), (b"partial_id", line), (b"partial_ordinal", b"%d" % (ordinal + 1))]
        return [*record, *partial, (b"partial_last", last)]

    # ---------------------------------------------------------------------------------------------------- sending

    def deadline(self) -> float | None:
        """When ``send`` is due although nothing has happened; None = not before something does."""
        report_at = self._report_at if self._unreported else None
        retry_at = self._retry_at if self._events and self._socket is None else None
        return min((at for at in (report_at, retry_at) if at is not None), default=None)

    def send(self, poll_events: int = 0) -> None:
        """Send what the router takes now. ``poll_events``: what poll says of the connection."""
        if poll_events & (select.POLLHUP | select.POLLERR):
            self._disconnect()
        now = time.monotonic()
        if self._events and self._socket is None and now >= self._retry_at:
            self._connect(now)
        try:
            while self._socket is not None and self._events:
                self._send_batch(self._socket)
        except BlockingIOError:
            pass
        except OSError:
            self._disconnect()
        if self._socket is not None:
            self._poll.register(self._socket, select.POLLOUT if self._events else 0)
        if self._unreported and now >= self._report_at:
            self._report("there is no room for more until the log router takes some")
            self._report_at = now + _REPORT_SECONDS

    def _send_batch(self, connection: _socket.socket) -> None:
        """Send some events. Raises BlockingIOError when the router takes no more."""
        count, size = 0, -self._sent_of_first
        while count < len(self._events) and size < _BATCH_BYTES:
            size += len(self._events[count])
            count += 1
        batch = b"".join(self._events[:count])
        sent_bytes = connection.send(memoryview(batch)[self._sent_of_first :]) + self._sent_of_first
        sent_count = 0
        while sent_count < count and sent_bytes >= len(self._events[sent_count]):
            sent_bytes -= len(self._events[sent_count])
            self._bytes -= len(self._events[sent_count]) + _OVERHEAD_BYTES
            sent_count += 1
        del self._events[:sent_count]
        self._sent_of_first = sent_bytes

    def _connect(self, now: float) -> None:
        self._retry_at = now + _RETRY_SECONDS
        try:
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        except OSError:
            return
        connection.setblocking(False)  # noqa: FBT003
        try:
            file = _open_socket(self._config)
            try:
                connection.connect(f"/proc/self/fd/{file}")
            finally:
                os.close(file)
        except OSError:  # the router does not listen, or has too many connections to accept
            connection.close()
            return
        self._poll.register(connection, 0)
        self._socket, self._sent_of_first = connection, 0

    def _disconnect(self) -> None:
        """Close the connection. The router has forgotten the event of which it got a part."""
        if self._socket is not None:
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = None
        self._retry_at = time.monotonic() + _RETRY_SECONDS

    # -------------------------------------------------------------------------------------------------------- end

    def finish(self) -> None:
        """Send the events that wait, as long as the router runs and within a limit; drop those that are left then."""
        deadline = time.monotonic() + _FINISH_SECONDS
        self._retry_at = 0.0
        self.send()
        while self._events and time.monotonic() < deadline and _runs(self._config.router):
            writable = [] if self._socket is None else [self._socket]
            select.select([], writable, [], _RETRY_SECONDS)
            self.send()
        self._unreported += len(self._events)
        if self._unreported:
            self._report("the log router did not take them before the container's end")

    def _report(self, reason: str) -> None:
        lines = "1 line" if self._unreported == 1 else f"{self._unreported} lines"
        self._log.append("stderr", [f"moyai: {lines} not sent to the log router: {reason}".encode()])
        self._unreported = 0


def _open_socket(config: LaunchConfig) -> int:
    """A descriptor of the router's socket, in a volume of the task. Raises OSError for anything else."""
    if config.disk:
        volumes = detached_mounts.mount_detached("ext4", config.disk, DISK_OPTIONS.split(","))
    else:
        volumes = os.open(config.forward_volumes, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        file = syscalls.openat2(volumes, config.forward_socket, os.O_PATH | os.O_CLOEXEC, _NO_LINKS)
    finally:
        os.close(volumes)
    if not stat.S_ISSOCK(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.ENOTSOCK, "not a socket", config.forward_socket)
    return file


def _runs(container: str) -> bool:
    """Whether a container, by its directory, has started and not ended, as its monitor has recorded."""
    try:
        with open(container + "/state.json", "rb") as file:  # noqa: PTH123 - no pathlib in a monitor
            record = file.read()
    except OSError:
        return False
    return any(phase in record for phase in _ALIVE)


_NANOSECONDS = 1_000_000_000
_EVENT_TIME = b"\xd7\x00"
"""An extension of type 0 and of 8 bytes."""
_LONGEST_FIXSTR, _LONGEST_STR_8 = 31, 255
_NO_OPTIONS = b"\x80"


def event(tag: bytes, at: int, record: list[tuple[bytes, bytes]]) -> bytes:
    """An event in MessagePack. ``at``: nanoseconds since the epoch; ``record``: at most 15 fields with their values."""
    seconds, nanoseconds = divmod(at, _NANOSECONDS)
    time = _EVENT_TIME + seconds.to_bytes(4, "big") + nanoseconds.to_bytes(4, "big")
    fields = b"".join(_string(name) + _string(value) for name, value in record)
    return b"\x94" + _string(tag) + time + bytes((0x80 | len(record),)) + fields + _NO_OPTIONS


def _string(text: bytes) -> bytes:
    """A string of at most 64 KiB. Like Docker, it passes on bytes that are no UTF-8."""
    size = len(text)
    if size <= _LONGEST_FIXSTR:
        return bytes((0xA0 | size,)) + text
    if size <= _LONGEST_STR_8:
        return bytes((0xD9, size)) + text
    return b"\xda" + size.to_bytes(2, "big") + text
