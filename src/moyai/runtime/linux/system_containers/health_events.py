"""The events of proxies' active health checks, which Envoy writes to a file in its run directory.

Promise: a proxy that was asked about is watched until its run directory is gone, and every change of its file is
notified. The file is emptied when it grows over a limit, and no more than that is ever read. It outlives the control
plane, so the status of a check that failed earlier is known to the next one.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/core/v3/health_check_event.proto
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from moyai.domain.elb.front import HEALTH_EVENTS
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.system_containers.envoy_clusters import HostKey

_POLL = Seconds(0.5)
_MAX_BYTES = 4 * 1024 * 1024
_MAX_HOSTS = 100_000
_FILE = Path(HEALTH_EVENTS).name


class _SocketAddress(msgspec.Struct):
    address: str = ""
    port_value: int = 0


class _Host(msgspec.Struct):
    socket_address: _SocketAddress | None = None


class _Failure(msgspec.Struct):
    http_status_code: int = 0
    """0: there was no answer."""


class _Event(msgspec.Struct):
    cluster_name: str = ""
    host: _Host = msgspec.field(default_factory=_Host)
    health_check_failure_event: _Failure | None = None


_READER = msgspec.json.Decoder(_Event)


class _WatchedFile:
    """The file of one proxy, and what was read of it. ``statuses``: with which status each host's last check failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.statuses: dict[HostKey, int] = {}
        self._position = 0
        self._rest = b""

    def read(self) -> None:
        """Read what is new, and empty the file when it is too large."""
        try:
            lines = self._new_lines()
        except OSError:  # there is no event yet, or the proxy is gone
            self.size = 0
            return
        if len(self.statuses) > _MAX_HOSTS:  # most of them are gone
            self.statuses.clear()
        for host, status in _failures(lines):
            self.statuses.pop(host, None)
            if status is not None:
                self.statuses[host] = status

    def _new_lines(self) -> list[bytes]:
        fd = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "r+b", buffering=0) as file:
            self.size = os.fstat(fd).st_size
            if self.size < self._position:
                self._position, self._rest = 0, b""
            content = os.pread(fd, _MAX_BYTES, self._position)
            self._position += len(content)
            *lines, self._rest = (self._rest + content).split(b"\n")
            if self._position > _MAX_BYTES:
                file.truncate(0)
                self._position, self._rest, self.size = 0, b"", 0
        return lines


class HealthEvents:
    """The files of the proxies that were asked about."""

    def __init__(self, notify: Callable[[TaskId], None], clock: Clock) -> None:
        """``notify``: is called with the sandbox of a proxy whose file has changed."""
        self._notify, self._clock = notify, clock
        self._files: dict[TaskId, _WatchedFile] = {}
        self._running: asyncio.Task[None] | None = None

    async def watch(self, task: TaskId, run: Path) -> Mapping[HostKey, int]:
        """Watch the proxy with this run directory from now on; the statuses of its failed checks."""
        file = self._files.setdefault(task, _WatchedFile(run / _FILE))
        await asyncio.to_thread(file.read)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return file.statuses

    async def close(self) -> None:
        """Stop watching all files."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while self._files:
            await self._clock.sleep(_POLL)
            for task, file in tuple(self._files.items()):
                if not file.path.parent.exists():
                    del self._files[task]
                elif _size(file.path) != file.size:
                    self._notify(task)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _failures(lines: list[bytes]) -> Iterator[tuple[HostKey, int | None]]:
    """The host of each event, and the status of its failed check. A line that is no event is skipped."""
    for line in lines:
        try:
            event = _READER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        at, failure = event.host.socket_address, event.health_check_failure_event
        if at is not None:
            status = 0 if failure is None else failure.http_status_code
            yield (event.cluster_name, at.address, at.port_value), status or None
