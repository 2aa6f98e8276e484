"""The events of proxies' active health checks, which Envoy writes to its standard output.

Promise: a proxy that was asked about is watched until its run directory is gone. Every event leads to a notification;
other output, such as the log of requests, does not. The container monitor bounds the output, also while the control
plane is down, and keeps the latest: the next control plane learns the status of a check that failed earlier.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/core/v3/health_check_event.proto
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.system_containers.envoy_clusters import HostKey
from moyai.runtime.linux.tasks import logs

_POLL = Seconds(0.5)
_MAX_HOSTS = 100_000
_MAX_NAME = 1024
"""Characters of a cluster's name or an address; an event with more is skipped."""
_log = logging.getLogger(__name__)


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


class _WatchedOutput:
    """The output of one proxy, and what was read of it. ``run``: the proxy's run directory; ``statuses``: the HTTP
    status with which each host's last check failed.
    """

    def __init__(self, run: Path, directory: Path) -> None:
        self.run = run
        self.statuses: dict[HostKey, int] = {}
        self._directory = directory
        self._position = self._end = 0
        self._lock = threading.Lock()

    def has_changed(self) -> bool:
        """Whether the output has grown, or was replaced, since it was read."""
        return logs.output_end(self._directory) != self._end

    def read(self) -> bool:
        """Read new output. Returns whether there are events in it."""
        with self._lock:
            self._end = logs.output_end(self._directory)
            if self._end < self._position:  # another proxy has replaced the output
                self._position = 0
            has_events = False
            while (output := logs.read_output(self._directory, self._position)).position != self._position:
                self._position = output.position
                events = tuple(_failures(line.text for line in output.lines if line.stream == "stdout"))
                has_events = has_events or bool(events)
                self._record(events)
            return has_events

    def _record(self, events: Iterable[tuple[HostKey, int | None]]) -> None:
        for host, status in events:
            self.statuses.pop(host, None)
            if status is not None:
                self.statuses[host] = status
        if len(self.statuses) > _MAX_HOSTS:  # most of the hosts are gone
            self.statuses.clear()


class HealthEvents:
    """The proxies that were asked about."""

    def __init__(self, notify: Callable[[TaskId], None], clock: Clock) -> None:
        """``notify``: is called with the sandbox of a proxy that has written an event."""
        self._notify, self._clock = notify, clock
        self._outputs: dict[TaskId, _WatchedOutput] = {}
        self._running: asyncio.Task[None] | None = None

    async def watch(self, task: TaskId, run: Path, directory: Path) -> Mapping[HostKey, int]:
        """Watch a proxy from now on. Returns the HTTP statuses of failed checks. ``run``: the proxy's run directory;
        ``directory``: the directory of its output.
        """
        output = self._outputs.setdefault(task, _WatchedOutput(run, directory))
        await asyncio.to_thread(output.read)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return output.statuses

    async def close(self) -> None:
        """Stop watching."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while self._outputs:
            await self._clock.sleep(_POLL)
            for task, output in tuple(self._outputs.items()):
                if not output.run.exists():
                    del self._outputs[task]
                else:
                    await self._follow(task, output)

    async def _follow(self, task: TaskId, output: _WatchedOutput) -> None:
        """Read new output, and notify if there are events in it. An output that can't be read holds up no other."""
        try:
            if output.has_changed() and await asyncio.to_thread(output.read):
                self._notify(task)
        except (OSError, ValueError) as error:
            _log.warning("the health check events of %s can't be read, will be tried again: %s", task, error)


def _failures(lines: Iterable[str]) -> Iterator[tuple[HostKey, int | None]]:
    """The host of each event, and the status of its failed check. A line that is no event is skipped."""
    for line in lines:
        try:
            event = _READER.decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        address, failure = event.host.socket_address, event.health_check_failure_event
        if address is not None and max(len(event.cluster_name), len(address.address)) <= _MAX_NAME:
            status = 0 if failure is None else failure.http_status_code
            yield (event.cluster_name, address.address, address.port_value), status or None
